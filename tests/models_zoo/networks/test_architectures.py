"""What every architecture must keep: published parameter counts, sizes in and out, its options."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from models_zoo import build, catalogue, published
from models_zoo.checkpoints.shipped import shipped

KEYS = tuple(catalogue())
SIZES = ((360, 480), (321, 321), (97, 131), (64, 64))

PARAMETERS = [
    ("fcn32s", {}, 134_346_581, 134_305_611),
    ("fcn16s", {}, 134_357_354, 134_311_254),
    ("fcn8s", {}, 134_362_751, 134_314_081),
    ("deconvnet", {}, 251_805_653, 251_805_003),
    ("deconvnet", {"batch_norm": False}, 251_772_245, None),
    ("edeconvnet", {}, 386_168_404, 386_119_084),
    ("segnet", {}, 29_455_125, 29_449_355),
    ("segnet_basic", {}, 1_417_237, 1_416_587),
    ("unet", {}, 31_033_045, 31_032_395),
    ("unet", {"batch_norm": True}, 31_044_821, None),
    ("unet", {"batch_norm": True, "bias": False}, 31_038_933, None),
    ("fc_densenet56", {}, 1_378_725, 1_376_795),
    ("fc_densenet67", {}, 3_466_133, 3_463_243),
    ("fc_densenet103", {}, 9_324_661, 9_322_091),
    ("deeplab_v1", {}, 20_505_429, 20_495_179),
    ("dilatednet_front", {}, 134_346_581, 134_305_611),
    ("dilatednet_basic", {}, 134_374_973, 134_313_443),
    ("dilatednet_large", {}, 141_149_720, 136_172_740),
    ("deeplab_v2_vgg16", {}, 37_877_652, 37_836_652),
    ("deeplab_v2_resnet101", {}, 44_048_532, 43_311_212),
    ("pspnet_resnet50", {}, 46_592_597, None),
    ("pspnet_resnet101", {}, 65_584_725, None),
    ("pspnet_resnet50", {"aux": True}, 46_592_597 + 2_365_205, None),
    ("pspnet_resnet101", {"stem": "deep"}, 65_708_501, None),
    ("pspnet_resnet101", {"stem": "deep", "aux": True}, 68_073_706, None),
    ("deeplab_v3_resnet50", {}, 39_048_533, None),
    ("deeplab_v3_resnet101", {}, 58_040_661, None),
    ("deeplab_v3_resnet50", {"image_pooling": False}, 38_458_197, None),
    ("deeplab_v3_resnet101", {"image_pooling": False}, 57_450_325, None),
    ("deeplab_v3_resnet50", {"head": "torchvision"}, 39_638_869, None),
    ("deeplab_v3_resnet101", {"head": "torchvision"}, 58_630_997, None),
]


def trainable(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters() if p.requires_grad)


def on_meta(key: str, **options) -> torch.nn.Module:
    with torch.device("meta"):
        return build(key, **options)


def test_the_whole_lineage_is_there():
    assert len({key for key, *_ in PARAMETERS} & set(KEYS)) == 21


@pytest.mark.slow
@pytest.mark.parametrize(("key", "options", "voc", "camvid"), PARAMETERS)
def test_parameters_equal_the_published_counts(key, options, voc, camvid):
    assert trainable(on_meta(key, num_classes=21, **options)) == voc
    if camvid:
        assert trainable(on_meta(key, num_classes=11, **options)) == camvid


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
def test_slim_variants_have_two_million_parameters_at_most(key):
    assert trainable(on_meta(key, variant="slim", num_classes=11)) < 2e6


@pytest.mark.slow
def test_shipped_checkpoints_fit_their_architectures():
    for checkpoint in shipped():
        sidecar = checkpoint.sidecar
        network = on_meta(
            sidecar["architecture"],
            variant=sidecar["variant"],
            num_classes=len(sidecar["classes"]),
            **sidecar["options"],
        )
        assert trainable(network) == sidecar["parameters"], sidecar["key"]


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("variant", ["full", "slim"])
def test_the_logits_have_the_images_size(key, variant):
    network = on_meta(key, variant=variant, num_classes=5).eval()
    for size in SIZES if variant == "slim" else SIZES[:1]:
        assert network(torch.empty(2, 3, *size, device="meta")).shape == (2, 5, *size)


@pytest.mark.parametrize("key", KEYS)
def test_small_and_odd_images_give_finite_logits(key):
    network = build(key, variant="slim", num_classes=5).eval()
    with torch.inference_mode():
        for size in ((1, 1), (7, 33), (1, 40)):
            logits = network(torch.randn(1, 3, *size))
            assert logits.shape == (1, 5, *size)
            assert logits.isfinite().all()


@pytest.mark.slow
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("size", [(64, 64), (1, 1)])
def test_one_image_trains(key, size):
    network = build(key, variant="slim", num_classes=5).train()
    network(torch.randn(1, 3, *size)).mean().backward()
    gradients = [p.grad for p in network.parameters()]
    assert all(g is not None and g.isfinite().all() for g in gradients)


# One part of a network in another way, as `ablate` compares them.
OTHER_PARTS = [
    ("segnet", {"unpooling": "bilinear"}),
    ("unet", {"skips": False}),
    ("deconvnet", {"decoder": "bilinear"}),
    ("deeplab_v1", {"output_stride": 32}),
    ("deeplab_v2_vgg16", {"rates": (12, 12, 12, 12)}),
    ("dilatednet_front", {"last_pools": True}),
    ("pspnet_resnet50", {"pooling": False}),
]


@pytest.mark.parametrize(("key", "options"), OTHER_PARTS)
def test_another_part_changes_the_masks_and_else_no_weight(key, options):
    """What the two have in common begins alike, since it follows from the seed alone."""
    networks = []
    for chosen in ({}, options):
        torch.manual_seed(0)
        networks.append(build(key, variant="slim", num_classes=5, **chosen).eval())
    papers, other = (network.state_dict() for network in networks)
    shared = [name for name in other if name in papers and other[name].shape == papers[name].shape]
    # U-Net's decoder halves its inputs, DeconvNet's is left out.
    if key in ("unet", "deconvnet"):
        assert len(shared) < len(papers)
    else:
        assert len(shared) == len(papers) == len(other)
        assert all(torch.equal(papers[name], other[name]) for name in shared)
    image = torch.randn(1, 3, 96, 128)
    with torch.inference_mode():
        assert not torch.allclose(networks[0](image), networks[1](image))


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("deeplab_v3_resnet50", {"output_stride": 8}),
        ("deeplab_v3_resnet50", {"multi_grid": (1, 1, 1), "image_pooling": False}),
        ("deeplab_v3_resnet50", {"head": "torchvision"}),
        ("pspnet_resnet50", {"stem": "deep"}),
        ("edeconvnet", {"combine": "product"}),
        *OTHER_PARTS,
        *((key, {"align_corners": choice}) for key in ("fcn8s", "deeplab_v1", "pspnet_resnet50",
          "deeplab_v2_vgg16", "deeplab_v2_resnet101", "deeplab_v3_resnet50", "dilatednet_basic")
          for choice in (True, False)),
    ],
)  # fmt: skip
def test_options_keep_the_size(key, options):
    network = build(key, variant="slim", num_classes=5, **options).eval()
    with torch.inference_mode():
        assert network(torch.randn(1, 3, 41, 55)).shape == (1, 5, 41, 55)


def test_edeconvnet_combines_its_members_maps():
    image = torch.randn(1, 3, 32, 40)
    for combine in ("mean", "product"):
        network = build("edeconvnet", variant="slim", num_classes=3, combine=combine).eval()
        for parameter in network.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        with torch.inference_mode():
            deconvnet, fcn = network.deconvnet(image), network.fcn(image)
            expected = (deconvnet + fcn) / 2 if combine == "mean" else deconvnet * fcn.clamp(min=0)
            torch.testing.assert_close(network(image), expected)


@pytest.mark.parametrize("key", ["pspnet_resnet50", "deeplab_v3_resnet50"])
def test_auxiliary_logits_have_a_method_of_their_own(key):
    network = build(key, variant="slim", num_classes=5, aux=True).eval()
    image = torch.randn(1, 3, 41, 55)
    with torch.inference_mode():
        logits, auxiliary = network.with_auxiliary(image)
        assert torch.equal(logits, network(image))
    assert auxiliary.shape == logits.shape
    assert network.auxiliary_weight == 0.4
    with pytest.raises(ValueError, match="aux=True"):
        build(key, variant="slim").with_auxiliary(image)


@pytest.mark.parametrize(
    ("key", "options", "sentence"),
    [
        ("alexnet", {}, "Unknown architecture 'alexnet'"),
        ("unet", {"variant": "wide"}, "no variant 'wide'"),
        ("unet", {"stem": "deep"}, "unet has no option 'stem'. It has: batch_norm, bias"),
        ("fcn8s", {"skips": 1}, "no option 'skips'"),
        ("edeconvnet", {"combine": "max"}, "mean or product"),
        ("deeplab_v3_resnet50", {"head": "other"}, "paper or torchvision"),
        ("deeplab_v3_resnet50", {"output_stride": 4}, "8 or 16"),
        ("deeplab_v3_resnet50", {"multi_grid": (1, 2)}, "three factors"),
        ("pspnet_resnet50", {"stem": "wide"}, "7x7 or deep"),
        ("segnet", {"unpooling": "nearest"}, "indices or bilinear"),
        ("deconvnet", {"decoder": "none"}, "learned or bilinear"),
        ("deeplab_v1", {"output_stride": 16}, "8 or 32"),
    ],
)
def test_a_choice_that_is_not_there_is_said_plainly(key, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        on_meta(key, **options)


def test_errors_inside_a_network_are_not_taken_for_unknown_options():
    with pytest.raises(TypeError):
        on_meta("deeplab_v3_resnet50", multi_grid=3)


def test_published_networks_are_not_for_training():
    assert not set(published()) & set(KEYS)
    with pytest.raises(ValueError, match="no variant"):
        build("torchvision_fcn_resnet50", variant="slim")


def test_listing_imports_no_torch():
    code = """
import sys, models_zoo
from models_zoo import published
from models_zoo.checkpoints.shipped import shipped
assert len(models_zoo.catalogue()) >= 21 and len(published()) == 5
assert not {"torch", "torchvision"} & sys.modules.keys()
"""
    subprocess.run([sys.executable, "-c", code], check=True)
