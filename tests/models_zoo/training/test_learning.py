"""Every slim network overfits one small batch, in fp32 and bf16 autocast, and can be exported.

In the layout of trainings, in which a kernel may be wrong that is right in others.
"""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from models_zoo import build, catalogue
from models_zoo.networks.papers.deconvnet.network import DeconvNet
from models_zoo.precision import autocast, to_train

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
    images += 0.3 * torch.randn(images.shape, generator=generator)
    return images.contiguous(memory_format=torch.channels_last), masks


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
    network = to_train(build(key, variant="slim", num_classes=CLASSES), "cpu").train()
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
def test_gradients_of_convolutions_in_bf16_are_those_of_fp32(key):
    """Each layer by itself: of what it was given, and of what came back to it."""
    torch.manual_seed(0)
    network = to_train(build(key, variant="slim", num_classes=CLASSES), "cpu").train()
    convolutions = [layer for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    given, came = {}, {}

    def keep(layer: nn.Conv2d, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        given[layer] = inputs[0].detach()
        output.register_hook(lambda gradient: came.__setitem__(layer, gradient))

    for layer in convolutions:
        layer.register_forward_hook(keep)
    # Maps of 25×33 cells at stride 8: on smaller ones another kernel, a right one, is taken.
    image = torch.randn(2, 3, 193, 257).contiguous(memory_format=torch.channels_last)
    with autocast("bf16", "cpu"):
        logits = network(image)
    logits.float().backward(torch.randn(logits.shape))
    for layer in given:
        wanted = torch.nn.grad.conv2d_weight(
            given[layer].bfloat16().float(),
            layer.weight.shape,
            came[layer].float(),
            stride=layer.stride,
            padding=layer.padding,
            dilation=layer.dilation,
        )
        error = (layer.weight.grad - wanted).abs().max()
        assert error < 0.05 * wanted.abs().max() + 1e-6, layer


@pytest.mark.parametrize("key", catalogue())
def test_exports(key):
    torch.manual_seed(0)
    network = build(key, variant="slim", num_classes=CLASSES).eval()
    image = torch.randn(1, 3, 64, 64)
    exported = torch.export.export(network, (image,)).module()
    torch.testing.assert_close(exported(image), network(image), rtol=1e-4, atol=1e-4)
