"""Receptive field and output stride, measured by gradient, against the published table."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from models_zoo import architecture_get, build, catalogue
from models_zoo.networks.build import network_build
from models_zoo.networks.measure import NARROWEST, View, figures, multiply_adds, view
from models_zoo.networks.papers.dilatednet.network import CONTEXTS, Context

VIEWS = [
    ("fcn8s", {}, "fc7", 32, 404),
    ("fcn8s", {}, "score_pool4", 16, 100),
    ("fcn8s", {}, "score_pool3", 8, 44),
    ("deeplab_v1", {}, "fc7", 8, 435),
    *[
        ("deeplab_v2_vgg16", {}, f"classifier.{branch}", 8, size)
        for branch, size in enumerate((323, 419, 515, 611))
    ],
    ("dilatednet_front", {}, "score", 8, 380),
    ("dilatednet_basic", {}, "context", 8, 908),
    ("dilatednet_large", {}, "context", 8, 908),
    ("segnet", {}, "pool", 32, 212),
    ("deconvnet", {}, "pool", 32, 212),
    ("segnet_basic", {}, "pool", 16, 106),
    ("unet", {}, "down.4", 16, 140),
    ("deeplab_v2_resnet101", {}, "backbone.layer4", 8, 1019),
    ("deeplab_v3_resnet101", {"image_pooling": False}, "backbone.layer4", 16, 1259),
    (
        "deeplab_v3_resnet101",
        {"image_pooling": False, "multi_grid": (1, 1, 1)},
        "backbone.layer4",
        16,
        1003,
    ),
    ("deeplab_v3_resnet101", {}, "backbone.layer4", 16, "global"),
    ("deeplab_v3_resnet101", {"output_stride": 8}, "backbone.layer4", 8, "global"),
    ("pspnet_resnet50", {}, "backbone.layer4", 8, "global"),
]


@pytest.mark.parametrize(("key", "options", "layer", "stride", "size"), VIEWS)
def test_stride_and_receptive_field_equal_the_table(key, options, layer, stride, size):
    network = network_build(architecture_get(key), num_classes=2, width=NARROWEST, **options)
    assert view(network, layer) == View(stride, size)


def test_deeplab_v1_sees_less_without_its_average_pool():
    network = network_build(architecture_get("deeplab_v1"), num_classes=2, width=NARROWEST)
    network.pool5a = nn.Identity()
    assert view(network, "fc7") == View(8, 419)


def test_the_context_module_alone_sees_67_cells():
    assert view(Context(3, CONTEXTS["basic"], width=1.0)) == View(1, 67)


def test_figures_are_computed_for_a_key_and_variant():
    seen = figures("segnet", "slim", num_classes=11)
    assert (seen.parameters, seen.output_stride, seen.receptive_field) == (1_846_571, 32, 212)
    with torch.device("meta"):
        network = build("segnet", variant="slim", num_classes=11).eval()
    counts = []

    def count(layer: nn.Conv2d, _inputs: object, output: torch.Tensor) -> None:
        counts.append(output[0].numel() * layer.weight[0].numel())

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(count)
    network(torch.empty(1, 3, 360, 480, device="meta"))
    assert seen.gmacs == round(sum(counts) / 1e9, 3)


def test_multiply_adds_of_a_convolution():
    assert multiply_adds(nn.Conv2d(3, 8, 3, padding=1), (10, 20)) == 3 * 8 * 9 * 10 * 20


@pytest.mark.parametrize("key", catalogue())
def test_every_line_names_layers_that_exist(key):
    architecture = architecture_get(key)
    with torch.device("meta"):
        network = network_build(architecture, num_classes=2, width=NARROWEST)
    for layer in (architecture.sees_at, architecture.strides_at):
        network.get_submodule(layer)
