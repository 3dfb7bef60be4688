"""Published weights: where they are looked for, how they come, and what of a network they fill.

A file is taken from the folder that SEGWEB_WEIGHTS names, else from torch's hub cache, else it is
downloaded there with a progress bar. A backbone's weights fill what they fit; everything else stays
initialised, and the report says so.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from tqdm import tqdm

from models_zoo.fetch import Progress, fetch
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.networks.backbones import VGG16, ResNet
from models_zoo.networks.paper import Architecture, Published
from models_zoo.torchvision_ops import torchvision
from models_zoo.translation import gettext_noop as _

FOLDER = "SEGWEB_WEIGHTS"
VGG_MEAN = (123.68, 116.779, 103.939)
# Where torchvision's `features` hold the thirteen convolutions.
VGG_CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)

log = logging.getLogger(__name__)


class WeightsUnavailable(OSError):
    """Published weights are neither here nor to be had."""


@dataclass(frozen=True)
class File:
    """A file of weights. `raw_input`: its network takes RGB in 0–255 minus VGG_MEAN."""

    name: str
    url: str = ""
    raw_input: bool = False


@dataclass(frozen=True)
class Report:
    """What published weights did to a network, by the names of its layers."""

    source: str
    loaded: tuple[str, ...]
    initialised: tuple[str, ...]

    def __str__(self) -> str:
        rest = f"; initialised: {', '.join(self.initialised)}" if self.initialised else ""
        return f"{len(self.loaded)} layers from {self.source}{rest}."


def published_load(
    network: nn.Module, architecture: Published, *, progress: Progress | None = None
) -> Report:
    """Fills `network` with the weights that are all its catalogue line is about.

    ValueError when they do not fit, WeightsUnavailable when they cannot be had.
    """
    file = _torchvision_file(architecture.weights)
    path = weights_find(file, progress=progress)
    tensors = _read(path)
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(_(f"{path.name} does not fit {architecture.key}: {error}")) from error
    return report_of(network, {path.name}, set(tensors))


def pretrained_load(network: nn.Module, architecture: Architecture) -> Report:
    """Fills `network` with the weights published for it or its backbones, and logs the report.

    ValueError when none fit, WeightsUnavailable when they cannot be had.
    """
    if isinstance(architecture, Published):
        report = published_load(network, architecture)
    else:
        report = backbone_load(network, architecture.title)
    log.info("%s: %s", architecture.title, report)
    return report


def backbone_load(network: nn.Module, title: str) -> Report:
    """Fills each VGG-16 or ResNet inside `network`, and fc6 and fc7 where shapes and file allow.

    Batch normalisation of a VGG-16 stays as it is: the published network has none. ValueError when
    there is no backbone or a narrowed one, WeightsUnavailable when weights cannot be had.
    """
    backbones = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, VGG16 | ResNet)
    }
    if not backbones:
        raise ValueError(_(f"{title} has no backbone that weights are published for."))
    if any(backbone.width != 1.0 for backbone in backbones.values()):
        raise ValueError(_("Published weights fit the full variant only, not a narrower one."))
    published = {kind: _backbone_tensors(kind) for kind in {b.weights for b in backbones.values()}}
    own, loaded = network.state_dict(), set()
    for prefix, backbone in backbones.items():
        tensors = published[backbone.weights][1]
        if isinstance(backbone, VGG16):
            named = _vgg16_names(network, prefix, backbone, tensors)
        else:
            named = ((f"{prefix}.{name}", tensor) for name, tensor in tensors.items())
        for name, tensor in named:
            if name in own and own[name].shape == tensor.shape:
                own[name].copy_(tensor)
                loaded.add(name)
    return report_of(network, {source for source, _ in published.values()}, loaded)


def fold_input(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """VGG-16's tensors with another first layer, which takes the project's input.

    The published layer takes v = x − VGG_MEAN of x in 0–255; the project gives z = (x/255 − mean) /
    std, so v = 255·std·z + (255·mean − VGG_MEAN): weights take the factor and the bias the rest.
    Both pad with zeros, which stand for two means that differ by at most half a grey level; in the
    outermost pixels the outputs differ by as much, elsewhere they are the same.
    """
    mean, std = torch.tensor(IMAGENET_MEAN), torch.tensor(IMAGENET_STD)
    weight, bias = tensors["features.0.weight"], tensors["features.0.bias"]
    offset = 255 * mean - torch.tensor(VGG_MEAN)
    return tensors | {
        "features.0.weight": weight * (255 * std)[:, None, None],
        "features.0.bias": bias + (weight.sum(dim=(2, 3)) * offset).sum(dim=1),
    }


def weights_find(*files: File, progress: Progress | None = None) -> Path:
    """The first of `files` in the folder of SEGWEB_WEIGHTS, else in torch's hub cache.

    The first of all is downloaded where there is none. WeightsUnavailable when that fails.
    """
    cache = Path(torch.hub.get_dir()) / "checkpoints"
    named = os.environ.get(FOLDER)
    for folder in ([Path(named)] if named else []) + [cache]:
        for file in files:
            if (folder / file.name).is_file():
                return folder / file.name
    _download(files[0], cache / files[0].name, progress)
    return cache / files[0].name


def _download(file: File, target: Path, progress: Progress | None) -> None:
    """Fetches `file` and checks the hash that its name carries."""
    digest = re.search(r"-([0-9a-f]{8,})\.", file.name)
    log.info("Downloading %s", file.url)
    try:
        with tqdm(total=100, desc=file.name, unit="%", disable=progress is not None) as bar:
            fetch(
                file.url,
                target,
                digest=digest.group(1) if digest else "",
                progress=progress or (lambda share: bar.update(round(100 * share) - bar.n)),
            )
    except (OSError, ValueError) as error:
        raise WeightsUnavailable(
            _(
                f"{file.name} is not here and cannot be downloaded from {file.url} ({error}). "
                f"Connect to the network, or put the file into a folder and name it in {FOLDER}."
            )
        ) from error


def _files(backbone: str) -> tuple[File, ...]:
    """The files that fit a backbone, the fullest first."""
    if backbone == "vgg16":
        features = _torchvision_file("VGG16_Weights.IMAGENET1K_FEATURES")
        return (
            _torchvision_file("VGG16_Weights.IMAGENET1K_V1"),
            File(features.name, features.url, raw_input=True),
            File("vgg16_imagenet_features.safetensors", raw_input=True),
        )
    return (_torchvision_file(f"ResNet{backbone.removeprefix('resnet')}_Weights.IMAGENET1K_V1"),)


def _torchvision_file(weights: str) -> File:
    url = torchvision.models.get_weight(weights).url
    return File(url.rsplit("/", 1)[-1], url)


def _backbone_tensors(backbone: str) -> tuple[str, dict[str, Tensor]]:
    """The name of the file that was found for `backbone`, and its tensors for the usual input."""
    files = _files(backbone)
    path = weights_find(*files)
    tensors = _read(path)
    if any(file.raw_input for file in files if file.name == path.name):
        tensors = fold_input(tensors)
    return path.name, tensors


def _read(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        return {name: tensor.float() for name, tensor in load_file(path).items()}
    # A file from elsewhere: tensors only, since unpickling anything else could run it.
    return torch.load(path, map_location="cpu", weights_only=True)


def _vgg16_names(
    network: nn.Module, prefix: str, backbone: VGG16, tensors: dict[str, Tensor]
) -> Iterator[tuple[str, Tensor]]:
    """The published tensors under the network's own names; fc6 and fc7 in convolution's shape."""
    layers = [name for name, layer in backbone.named_modules() if isinstance(layer, nn.Conv2d)]
    for name, number in zip(layers, VGG_CONVOLUTIONS, strict=True):
        for part in ("weight", "bias"):
            yield f"{prefix}.{name}.{part}", tensors[f"features.{number}.{part}"]
    linear = {
        # A fully connected layer over 7×7 cells is a 7×7 convolution (FCN, section 3.1).
        "fc6": ("classifier.0", (4096, 512, 7, 7)),
        "fc7": ("classifier.3", (4096, 4096, 1, 1)),
    }
    for name, _module in network.named_modules():
        source, shape = linear.get(name.rsplit(".", 1)[-1], ("", ()))
        if f"{source}.weight" in tensors:
            yield f"{name}.0.weight", tensors[f"{source}.weight"].view(shape)
            yield f"{name}.0.bias", tensors[f"{source}.bias"]


def report_of(network: nn.Module, sources: set[str], loaded: set[str]) -> Report:
    """What became of the network's convolutions when its tensors `loaded` came from `sources`."""
    layers = [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
    ]
    return Report(
        source=", ".join(sorted(sources)),
        loaded=tuple(name for name in layers if f"{name}.weight" in loaded),
        initialised=tuple(name for name in layers if f"{name}.weight" not in loaded),
    )
