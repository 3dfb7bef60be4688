"""Inside a network: the decoder's strip equals plain hooks', the field is the gradient's."""

import numpy as np
import pytest
import torch
from torch import nn

from models_zoo import build, catalogue
from models_zoo.predict.insides import decoder_strip
from models_zoo.predict.receptive_field import (
    effective_field,
    effective_side,
    mean_effective_side,
    pixel_gradient,
    theoretical_side,
)


def network_of(key: str) -> nn.Module:
    torch.manual_seed(0)
    network = build(key, variant="slim", num_classes=5).eval()
    for module in network.modules():  # FCN's scores start at zero, where nothing has a gradient
        if isinstance(module, nn.Conv2d) and not module.weight.any():
            nn.init.kaiming_normal_(module.weight)
    return network.requires_grad_(False)


def images(*size: int, count: int = 1) -> list[torch.Tensor]:
    noise = torch.Generator().manual_seed(1)
    return [torch.randn(1, 3, *size, generator=noise) for _ in range(count)]


def strongest(maps: torch.Tensor) -> torch.Tensor:
    """Of 1×C×h×w, by the plainest code."""
    energies = [float((channel.clamp(min=0) ** 2).sum()) for channel in maps[0]]
    return maps[0][int(np.argmax(energies))].clamp(min=0)


def test_segnets_strip_is_what_plain_forward_hooks_see():
    network, (image,) = network_of("segnet"), images(64, 96)
    seen: list[torch.Tensor] = []

    def keep(_module, _inputs, output):
        seen.append(output.clone())

    watched = [network.unpool, *(block[-1] for stage in network.decoder for block in stage)]
    for module in [*watched, network.score]:
        module.register_forward_hook(keep)
    strip = decoder_strip(network, image)
    kinds = ["unpool", "conv", "conv", "conv"] * 3 + ["unpool", "conv", "conv", "unpool", "conv"]
    assert [activation.kind for activation in strip] == [*kinds, "conv"]
    assert len(seen) == len(strip)
    for activation, output in zip(strip, seen, strict=True):
        np.testing.assert_array_equal(activation.map, strongest(output).numpy())
    assert [a.map.shape for a in strip if a.kind == "unpool"] == [
        (4, 6),
        (8, 12),
        (16, 24),
        (32, 48),
        (64, 96),
    ]
    assert strip[1].name == "decoder.0.0.0"


def test_deconvnets_strip_begins_with_its_first_deconvolution():
    network, (image,) = network_of("deconvnet"), images(64, 64)
    strip = decoder_strip(network, image)
    kinds = [activation.kind for activation in strip]
    assert strip[0].name == "middle.deconv6.0"
    assert kinds.count("unpool") == 5
    assert kinds.count("deconv") == 1 + 3 + 3 + 3 + 2 + 2
    assert kinds[-1] == "conv"
    assert not any(module._forward_hooks for module in network.modules())


def test_unpooling_keeps_values_in_their_places():
    """Three quarters of an unpooled map are empty; what follows fills them."""
    network, (image,) = network_of("segnet"), images(64, 64)
    for activation in decoder_strip(network, image):
        filled = np.count_nonzero(activation.map) / activation.map.size
        assert filled <= 0.25 or activation.kind != "unpool"


@pytest.mark.parametrize(
    ("key", "has"),
    [("unet", True), ("fcn8s", True), ("fc_densenet56", True), ("pspnet_resnet50", False)],
)
def test_other_decoders(key, has):
    strip = decoder_strip(network_of(key), images(64, 64)[0])
    assert bool(strip) == has
    assert all((activation.map >= 0).all() for activation in strip)


def test_the_gradient_is_the_finite_difference():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 2, 3, padding=1))
    network.double().requires_grad_(False)
    (image,) = (batch.double() for batch in images(9, 11))
    found = pixel_gradient(network, image, 4, 5)
    logits = network(image)
    winner = int(logits[0, :, 4, 5].argmax())
    for row, column in ((4, 5), (2, 3), (0, 0)):
        moved = 0.0
        for channel in range(3):
            bumped = image.clone()
            bumped[0, channel, row, column] += 1e-4
            moved += abs(float((network(bumped) - logits)[0, winner, 4, 5])) / 1e-4
        assert float(found[row, column]) == pytest.approx(moved, abs=1e-7)
    assert found.shape == (9, 11)
    assert torch.count_nonzero(found) == 25


@pytest.mark.slow
def test_the_field_is_the_mean_over_images_and_lies_in_theorys_box():
    network, batches = network_of("segnet_basic"), images(200, 232, count=2)
    field = effective_field(network, batches, 100, 110)
    single = [pixel_gradient(network, batch, 100, 110).double().numpy() for batch in batches]
    np.testing.assert_allclose(field, np.mean(single, axis=0))
    side = theoretical_side("segnet_basic", {})
    # The encoder's view, and four 7×7 on the way up, whose windows need not begin on the grid.
    assert 106 + 6 * (8 + 4 + 2 + 1) - 16 <= side <= 106 + 6 * (8 + 4 + 2 + 1) + 16
    rows, columns = field.nonzero()
    assert np.ptp(rows) < side
    assert np.ptp(columns) < side
    assert 0 < effective_side(field) < side


def test_the_side_is_that_of_the_area_above_two_sigma():
    y, x = np.mgrid[-60:61, -60:61]
    gaussian = np.exp(-(x**2 + y**2) / (2 * 10**2))
    radius = 10 * np.sqrt(-2 * np.log(0.0455))
    assert effective_side(gaussian) == pytest.approx(np.sqrt(np.pi) * radius, rel=0.01)
    assert effective_side(np.eye(1)) == 1


def test_the_mean_side_is_that_of_the_middle_pixel():
    network, batches = network_of("unet"), images(64, 64, count=2)
    field = effective_field(network, batches, 32, 32)
    assert mean_effective_side(network, batches) == effective_side(field)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in catalogue() if "101" not in key])
def test_every_network_has_a_field(key):
    side = theoretical_side(key, {})
    assert side == "global" or side > 0
    field = effective_field(network_of(key), images(33, 50), 10, 20)
    assert field.shape == (33, 50)
    assert np.isfinite(field).all()
    assert field.max() > 0
