"""Where pixels go: upsampling, skips, unpooling, dilation, the identity of the context module."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from models_zoo import build
from models_zoo.networks.blocks import (
    BatchNorm,
    BilinearUpsample,
    crop_to,
    grid_upsample,
    narrow,
    pad_to_grid,
)
from models_zoo.networks.papers.dilatednet.network import CONTEXTS, Context


@pytest.mark.parametrize("factor", [2, 8, 16, 32])
def test_fixed_bilinear_upsampling_is_interpolation_in_the_interior(factor):
    x = torch.randn(2, 3, 6, 7)
    size = 6 * factor, 7 * factor
    expected = interpolate(x, size, mode="bilinear", align_corners=False)
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(BilinearUpsample(factor)(x, size)[inside], expected[inside])


def test_fixed_bilinear_upsampling_with_align_corners():
    x = torch.randn(1, 2, 4, 5)
    expected = interpolate(x, (30, 37), mode="bilinear", align_corners=True)
    assert torch.equal(BilinearUpsample(8, align_corners=True)(x, (30, 37)), expected)


@pytest.mark.slow
def test_the_releases_fcn_sees_an_image_moved_by_three_pixels():
    """Padded by 100 before the first convolution and not at fc6, as the release does."""
    torch.manual_seed(0)
    network = build("fcn32s", variant="slim", num_classes=3).eval().double()
    image = torch.randn(1, 3, 640, 640, dtype=torch.float64)

    def scores(network, x):
        for stage in network.stages:
            x = network.pool(stage(x))
        return network.score_fr(network.fc7(network.fc6(x)))

    nn.init.normal_(network.score_fr.weight)
    with torch.inference_mode():
        moved = scores(network, nn.functional.pad(image, (3, 0, 3, 0)))
        unmoved = scores(network, image)
        network.stages[0][0][0].padding = (100, 100)
        network.fc6[0].padding = (0, 0)
        release = scores(network, image)
    # fc6 sees 404 pixels: of 20 cells, those 7 from either side see nothing of the border.
    inside = (..., slice(7, 13), slice(7, 13))
    torch.testing.assert_close(release[inside], moved[inside])
    assert not torch.allclose(release[inside], unmoved[inside], rtol=0.01)


def test_a_skip_fusion_adds_constant_maps():
    """Far from the border, FCN-8s's sum of three constant scores is their sum."""
    network = build("fcn8s", variant="slim", num_classes=2).eval()
    with torch.no_grad():
        for name, value in (("score_fr", 1.0), ("score_pool4", 10.0), ("score_pool3", 100.0)):
            score = network.get_submodule(name)
            score.weight.zero_()
            score.bias.fill_(value)
        logits = network(torch.randn(1, 3, 256, 256))
    inside = logits[..., 64:-64, 64:-64]
    torch.testing.assert_close(inside, torch.full_like(inside, 111.0))


@pytest.mark.parametrize("size", [(41, 55), (40, 48), (1, 1)])
def test_grid_upsampling_keeps_each_cell_on_its_pixel(size):
    image = pad_to_grid(torch.zeros(1, 1, *size), 8)
    cells = torch.randn(1, 2, *[(side - 1) // 8 + 1 for side in image.shape[-2:]])
    upsampled = grid_upsample(cells, size, 8, align_corners=True)
    assert upsampled.shape[-2:] == size
    on_grid = upsampled[..., ::8, ::8]
    torch.testing.assert_close(on_grid, crop_to(cells, on_grid.shape[-2:]))


def test_grid_upsampling_of_the_papers_crop():
    cells = torch.randn(1, 2, 41, 41)
    expected = interpolate(cells, (321, 321), mode="bilinear", align_corners=True)
    assert torch.equal(grid_upsample(cells, (321, 321), 8, align_corners=True), expected)


@pytest.mark.parametrize("key", ["segnet", "segnet_basic", "deconvnet"])
@pytest.mark.parametrize("size", [(45, 61), (97, 131), (64, 64)])
def test_unpooling_puts_every_value_where_its_maximum_was(key, size):
    network = build(key, variant="slim", num_classes=3).eval()
    pooled, unpooled = [], []
    network.pool.register_forward_hook(
        lambda _, inputs, output: pooled.append((inputs[0], *output))
    )
    network.unpool.register_forward_hook(
        lambda _, inputs, output: unpooled.append((inputs[0], output))
    )
    with torch.inference_mode():
        network(torch.randn(1, 3, *size))
    assert len(pooled) == len(unpooled) == len(network.encoder)
    for (before, maxima, indices), (values, after) in zip(pooled, reversed(unpooled), strict=True):
        assert after.shape[-2:] == before.shape[-2:]
        restored = after.flatten(2).gather(2, indices.flatten(2)).view_as(values)
        assert torch.equal(restored, values)
        at_maxima = before.flatten(2).gather(2, indices.flatten(2)).view_as(maxima)
        assert torch.equal(at_maxima, maxima)
        assert after.count_nonzero() <= values.count_nonzero()


@pytest.mark.parametrize("size", ["basic", "large"])
@pytest.mark.parametrize("width", [1.0, 3 / 16])
def test_the_context_module_starts_as_the_identity(size, width):
    context = Context(4, CONTEXTS[size], width=width)
    maps = torch.rand(1, 4, 40, 40) * 10
    torch.testing.assert_close(context(maps), maps, rtol=1e-5, atol=1e-5)


def test_the_large_context_modules_channels_are_not_all_alike():
    first = Context(4, CONTEXTS["large"], width=1.0)[-2][0].weight
    assert len(first.flatten(1).unique(dim=0)) == len(first)


def test_one_value_a_channel_is_normalised_by_the_running_statistics():
    ours, usual = BatchNorm(3), nn.BatchNorm2d(3)
    batch = torch.randn(4, 3, 5, 5)
    torch.testing.assert_close(ours(batch), usual(batch))
    torch.testing.assert_close(ours.running_var, usual.running_var)
    single = torch.randn(1, 3, 1, 1)
    torch.testing.assert_close(ours(single), usual.eval()(single))
    assert ours.num_batches_tracked == 1


@pytest.mark.parametrize(
    ("channels", "width", "narrowed"),
    [(64, 1.0, 64), (4096, 1.0, 4096), (64, 3 / 16, 12), (4096, 3 / 16, 96), (12, 0.01, 4)],
)
def test_narrowing(channels, width, narrowed):
    assert narrow(channels, width) == narrowed


def test_narrowing_of_classifier_layers_has_its_own_measure():
    assert narrow(4096, 1 / 8, widest=1536) == 192
    assert narrow(4096, 1.0, widest=1536) == 4096


def test_narrowing_keeps_whole_groups():
    assert narrow(22, 0.2, multiple=11) == 11
    assert narrow(352, 0.2, multiple=11) == 66
