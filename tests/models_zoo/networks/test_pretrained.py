"""Published weights: where they are found, what they fill, what is said of the rest."""

from __future__ import annotations

import logging
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from models_zoo import architecture_get, build
from models_zoo.checkpoints.published import published_checkpoint, published_keys
from models_zoo.cli import main
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD, normalise
from models_zoo.networks import pretrained
from models_zoo.networks.backbones import VGG16
from models_zoo.networks.pretrained import (
    VGG_CONVOLUTIONS,
    VGG_MEAN,
    File,
    WeightsUnavailable,
    backbone_load,
    fold_input,
    weights_find,
)
from models_zoo.torchvision_ops import torchvision
from models_zoo.training.record.events import events_read
from tests.models_zoo.fixtures import draw_camvid

VGG_FILE = "vgg16_imagenet_features.safetensors"
SHARED = Path(__file__).parents[4] / "shared" / "weights"


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """SEGWEB_WEIGHTS; torch's hub cache lies beside it, and there is no network."""
    named, hub = tmp_path / "weights", tmp_path / "hub"
    named.mkdir()
    (hub / "checkpoints").mkdir(parents=True)
    monkeypatch.setenv("SEGWEB_WEIGHTS", str(named))
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(hub))

    def no_network(*_arguments, **_named):
        raise URLError("Name or service not known")

    monkeypatch.setattr(pretrained, "fetch", no_network)
    return named


def vgg_features() -> dict[str, torch.Tensor]:
    """Tensors of VGG-16's convolutions under torchvision's names, with random values."""
    with torch.device("meta"):
        layers = list(VGG16(width=1.0, batch_norm=False).modules())
    generator, tensors = torch.Generator().manual_seed(0), {}
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d)]
    for number, layer in zip(VGG_CONVOLUTIONS, convolutions, strict=True):
        for part in ("weight", "bias"):
            shape = getattr(layer, part).shape
            tensors[f"features.{number}.{part}"] = torch.randn(shape, generator=generator) / 50
    return tensors


def test_the_named_folder_comes_before_the_hub_cache_and_the_fuller_file_first(folder, tmp_path):
    full, features = File("full-00000000.pth", "https://example.org/full"), File("features.pth")
    cached = tmp_path / "hub" / "checkpoints"
    (cached / full.name).touch()
    assert weights_find(full, features) == cached / full.name
    (folder / features.name).touch()
    assert weights_find(full, features) == folder / features.name
    (folder / full.name).touch()
    assert weights_find(full, features) == folder / full.name


def test_a_download_lands_in_the_hub_cache_and_its_hash_is_checked(folder, tmp_path, monkeypatch):
    asked = []

    def download(url, target, *, digest, progress):
        asked.append((url, digest))
        target.write_bytes(b"weights")

    monkeypatch.setattr(pretrained, "fetch", download)
    found = weights_find(File("net-0123abcd.pth", "https://example.org/net-0123abcd.pth"))
    assert found == tmp_path / "hub" / "checkpoints" / "net-0123abcd.pth"
    assert asked == [("https://example.org/net-0123abcd.pth", "0123abcd")]


@pytest.mark.parametrize("key", ["pspnet_resnet50", "segnet", "torchvision_lraspp_mobilenet"])
@pytest.mark.usefixtures("folder")
def test_without_network_it_says_so_plainly(key):
    with pytest.raises(WeightsUnavailable, match=r"is not here and cannot be downloaded.*SEGWEB_"):
        build(key, pretrained=True)
    assert issubclass(WeightsUnavailable, OSError), "the command line prints these as sentences"


def test_folding_gives_the_same_features_for_the_projects_input():
    tensors = vgg_features()
    pixels = np.random.default_rng(0).integers(0, 256, (20, 24, 3), np.uint8)
    image = torch.from_numpy(pixels).permute(2, 0, 1).float()

    def first_layer(tensors, x, padding):
        return nn.functional.conv2d(
            x[None], tensors["features.0.weight"], tensors["features.0.bias"], padding=padding
        )

    raw = image - torch.tensor(VGG_MEAN)[:, None, None]
    usual = normalise(image, IMAGENET_MEAN, IMAGENET_STD)
    folded = fold_input(tensors)
    torch.testing.assert_close(
        first_layer(folded, usual, 0), first_layer(tensors, raw, 0), rtol=1e-4, atol=1e-3
    )
    border = first_layer(folded, usual, 1) - first_layer(tensors, raw, 1)
    half_a_level = 0.5 * tensors["features.0.weight"].abs().sum(dim=(1, 2, 3)).max()
    assert border.abs().max() <= half_a_level
    assert all(torch.equal(folded[k], tensors[k]) for k in tensors if "features.0." not in k)


def test_a_networks_convolutions_are_the_files_and_its_statistics_its_own(folder, caplog):
    tensors = vgg_features()
    save_file(tensors, folder / VGG_FILE)
    with caplog.at_level(logging.INFO, "models_zoo.networks.pretrained"):
        network = build("segnet", num_classes=3, pretrained=True)
    layers = [layer for layer in network.encoder.modules() if isinstance(layer, nn.Conv2d)]
    published = fold_input(tensors)
    weights = [name for name in published if name.endswith("weight")]
    for layer, name in zip(layers, weights, strict=True):
        assert torch.equal(layer.weight, published[name])
    norms = [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert all((norm.running_mean == 0).all() and (norm.running_var == 1).all() for norm in norms)
    assert "SegNet: 13 layers from vgg16_imagenet_features.safetensors; initialised" in caplog.text


@pytest.mark.parametrize(
    ("key", "initialised"),
    [
        ("fcn32s", {"fc6.0", "fc7.0", "score_fr"}),
        ("dilatednet_front", {"fc6.0", "fc7.0", "score"}),
        ("deeplab_v1", {"fc6.0", "fc7.0", "score"}),
    ],
)
def test_layers_without_weights_are_named(folder, key, initialised):
    save_file(vgg_features(), folder / VGG_FILE)
    with torch.device("meta"):
        network = build(key, num_classes=3)
    report = backbone_load(network, key)
    assert report.source == VGG_FILE
    assert len(report.loaded) == 13
    assert set(report.initialised) == initialised
    assert "initialised: fc6.0, fc7.0" in str(report)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["fcn32s", "deconvnet"])
def test_fc6_and_fc7_come_from_the_classifier(folder, key):
    torch.manual_seed(0)
    published = torchvision.models.vgg16(init_weights=False).state_dict()
    torch.save(published, folder / "vgg16-397923af.pth")
    network = build(key, num_classes=3)
    report = backbone_load(network, key)
    assert len(report.loaded) == 15
    own = network.state_dict()
    prefix = "middle." if key == "deconvnet" else ""
    fc6 = own[f"{prefix}fc6.0.weight"]
    assert torch.equal(fc6.flatten(1), published["classifier.0.weight"])
    assert torch.equal(own[f"{prefix}fc7.0.weight"].flatten(1), published["classifier.3.weight"])
    first = next(own[name] for name in own if name.endswith("0.0.0.weight"))
    assert torch.equal(first, published["features.0.weight"]), "this file takes the usual input"


@pytest.mark.slow
def test_resnets_take_everything_but_what_a_deep_stem_changes(folder):
    torch.manual_seed(0)
    published = torchvision.models.resnet50().state_dict()
    torch.save(published, folder / "resnet50-0676ba61.pth")
    network = build("deeplab_v3_resnet50", num_classes=3, pretrained=True)
    own = network.backbone.state_dict()
    assert all(torch.equal(own[name], published[name]) for name in own)
    with torch.device("meta"):
        deep = build("pspnet_resnet50", num_classes=3, stem="deep")
    report = backbone_load(deep, "PSPNet")
    changed = {name for name in report.initialised if name.startswith("backbone.")}
    assert changed == {
        *(f"backbone.conv1.{number}" for number in (0, 3, 6)),
        "backbone.layer1.0.conv1",
        "backbone.layer1.0.downsample.0",
    }


@pytest.mark.parametrize(
    ("key", "variant", "sentence"),
    [
        ("segnet", "slim", "fit the full variant only"),
        ("unet", "full", "U-Net has no backbone"),
        ("fc_densenet56", "full", "has no backbone"),
        ("segnet_basic", "full", "has no backbone"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_where_nothing_can_be_loaded_it_says_so(key, variant, sentence):
    with pytest.raises(ValueError, match=sentence):
        build(key, variant=variant, pretrained=True)


@pytest.mark.usefixtures("folder")
def test_a_narrow_backbone_is_refused_before_anything_is_downloaded():
    with pytest.raises(ValueError, match="not a narrower one"):
        backbone_load(build("fcn8s", variant="slim"), "FCN-8s")


def test_a_published_network_becomes_a_checkpoint_like_any_other(folder, tmp_path):
    key = "cocovoc-torchvision_lraspp_mobilenet-full"
    architecture = published_keys()[key]
    network = build(architecture.key)
    torch.save(network.state_dict(), folder / "lraspp_mobilenet_v3_large-d234d4ea.pth")
    checkpoint = published_checkpoint(key)
    assert checkpoint.weights_path.is_relative_to(tmp_path / "hub")
    assert checkpoint.sidecar["parameters"] == 3_221_538
    image, out = tmp_path / "image.png", tmp_path / "out"
    Image.new("RGB", (60, 40), "navy").save(image)
    weights = str(checkpoint.weights_path)
    assert main(["predict", "--checkpoint", weights, str(image), "--out", str(out)]) == 0
    with Image.open(out / "image.png") as mask:
        assert mask.size == (60, 40)
    (folder / "lraspp_mobilenet_v3_large-d234d4ea.pth").unlink()
    assert published_checkpoint(key) == checkpoint, "the second time nothing is fetched"


def test_published_lines_are_complete():
    for key, architecture in published_keys().items():
        assert key == f"cocovoc-{architecture.key}-full"
        assert architecture_get(architecture.key) == architecture


@pytest.mark.slow
def test_a_run_says_what_was_loaded_and_what_not(folder, tmp_path):
    save_file(vgg_features(), folder / VGG_FILE)
    data = draw_camvid(tmp_path / "data", train=2, val=1)
    out = tmp_path / "run"
    arguments = ["--arch", "segnet", "--variant", "full", "--epochs", "1", "--out", str(out)]
    settings = [f"--set={pair}" for pair in ("pretrained=true", "batch=2", "crop=48,64")]
    assert main(["train", "--data", f"camvid:{data}", *arguments, *settings]) == 0
    said = next(event for event in events_read(out) if event["event"] == "pretrained")
    assert said["source"] == VGG_FILE
    assert len(said["loaded"]) == 13
    assert "score" in said["initialised"]


@pytest.mark.skipif(
    not (SHARED / VGG_FILE).is_file(), reason="the published VGG-16 file is not on this machine"
)
def test_the_published_vgg16_sees_edges_in_the_projects_input(folder, monkeypatch):
    """Its features of an ordinary picture are alive and of ordinary size at every stage."""
    monkeypatch.setenv("SEGWEB_WEIGHTS", str(SHARED))
    network = build("segnet", num_classes=3, batch_norm=False, pretrained=True).eval()
    rows, columns = np.mgrid[:64, :64]
    pixels = np.stack([rows * 4, columns * 4, (rows // 8 + columns // 8) % 2 * 255], axis=-1)
    image = torch.from_numpy(pixels.transpose(2, 0, 1))
    x = normalise(image, IMAGENET_MEAN, IMAGENET_STD)[None]
    with torch.inference_mode():
        for stage in network.encoder:
            x = network.pool(stage(x))[0]
            assert 0.02 < (x > 0).float().mean() < 0.98
            assert 1 < x.max() < 65504, "fp16 holds no more"
