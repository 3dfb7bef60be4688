"""Unpooling by masks, as exported graphs have it, beside PyTorch's operators: bit for bit."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from models_zoo import build
from models_zoo.networks import unpooling
from models_zoo.networks.unpooling import PlacePool, PlaceUnpool


def there_and_back(x: Tensor) -> Tensor:
    maxima, places = PlacePool()(x)
    return PlaceUnpool()(maxima * 3 + 1, places, output_size=x.shape[-2:])


@pytest.fixture
def as_exported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpooling, "_is_exported", lambda x: True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("size", [(6, 8), (7, 9), (1, 1), (1, 6), (5, 2)])
def test_masks_are_indices_to_the_last_bit(size, layout, dtype, as_exported):
    """Few values, so that many windows have several maxima; and what gradients become of them."""
    random = torch.Generator().manual_seed(0)
    x = torch.randint(-2, 3, (2, 3, *size), generator=random).to(dtype)
    x[0, 0, 0, 0] = float("-inf")
    x = x.contiguous(memory_format=layout).requires_grad_()
    maxima, indices = nn.MaxPool2d(2, ceil_mode=True, return_indices=True)(x)
    wanted = nn.MaxUnpool2d(2)(maxima * 3 + 1, indices, output_size=size)
    found = there_and_back(x)
    assert torch.equal(found, wanted)
    weight = torch.randn(wanted.shape, generator=random).to(dtype)
    gradients = [torch.autograd.grad(y, x, weight)[0] for y in (wanted, found)]
    assert torch.equal(*gradients)


def test_what_is_no_number_does_not_get_lost(as_exported):
    assert there_and_back(torch.full((1, 1, 4, 4), float("nan"))).isnan().any()


@pytest.mark.slow
@pytest.mark.parametrize("key", ["segnet", "segnet_basic", "deconvnet", "edeconvnet"])
def test_an_exported_network_has_no_scatter_and_the_same_logits(key):
    network = build(key, variant="slim", num_classes=3).eval()
    image = torch.randn(1, 3, 45, 61)
    exported = torch.export.export(network, (image,))
    operators = {str(node.target) for node in exported.graph.nodes}
    assert not [name for name in operators if "unpool" in name or "indices" in name]
    with torch.no_grad():
        assert torch.equal(exported.module()(image), network(image))
