"""Every slim network overfits one small batch, in fp32 and bf16 autocast, and can be exported."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from models_zoo import build, catalogue
from models_zoo.architectures.deconvnet import DeconvNet
from models_zoo.precision import autocast

pytestmark = pytest.mark.slow

CLASSES = 4
STEPS = 150


def batch() -> tuple[Tensor, Tensor]:
    """Two 64×64 images of four noisy squares each; a square's colour says nothing of its class."""
    generator = torch.Generator().manual_seed(0)
    colours = torch.randn(2, 3, 2, 2, generator=generator)
    classes = torch.stack([torch.randperm(CLASSES, generator=generator) for _ in range(2)])
    images = colours.repeat_interleave(32, 2).repeat_interleave(32, 3)
    masks = classes.view(2, 2, 2).repeat_interleave(32, 1).repeat_interleave(32, 2)
    return images + 0.3 * torch.randn(images.shape, generator=generator), masks


def accuracy(network: nn.Module, images: Tensor, masks: Tensor, precision: str) -> float:
    """Pixel accuracy as it is used: evaluating, with the running statistics."""
    # DeconvNet's fc6 has one cell an image here; two values make no statistics to run on.
    network.train(isinstance(network, DeconvNet))
    with torch.inference_mode(), autocast(precision, "cpu"):
        predicted = network(images).argmax(1)
    network.train()
    return (predicted == masks).float().mean().item()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("key", catalogue())
def test_overfits_one_small_batch(key, precision):
    torch.manual_seed(0)
    images, masks = batch()
    network = build(key, variant="slim", num_classes=CLASSES).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    best = 0.0
    for step in range(1, STEPS + 1):
        with autocast(precision, "cpu"):
            logits = network(images)
        loss = nn.functional.cross_entropy(logits.float(), masks)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimizer.step()
        if step % 10 == 0:
            best = max(best, accuracy(network, images, masks, precision))
        if best > 0.9:
            return
    pytest.fail(f"pixel accuracy {best:.3f} after {STEPS} steps, loss {loss.item():.3f}")


@pytest.mark.parametrize("key", catalogue())
def test_exports(key):
    torch.manual_seed(0)
    network = build(key, variant="slim", num_classes=CLASSES).eval()
    image = torch.randn(1, 3, 64, 64)
    exported = torch.export.export(network, (image,)).module()
    torch.testing.assert_close(exported(image), network(image), rtol=1e-4, atol=1e-4)
