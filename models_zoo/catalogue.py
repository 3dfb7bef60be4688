"""The torch-free catalogue: which architectures exist, what each is about and where its code lives.

Listing it imports no network. An architecture is one file in `models_zoo/architectures/` and its
lines here; everything else (tests, command line, pages) picks it up by itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

VARIANTS = ("full", "slim")


@dataclass(frozen=True)
class Architecture:
    """One catalogue line.

    `path` names the builder as "module:function"; `slim_width` is the factor by which the `slim`
    variant narrows every layer (see `models_zoo.blocks.narrow`).
    """

    key: str
    title: str
    paper: str
    year: int
    idea: str
    path: str
    slim_width: float


_ARCHITECTURES = (
    Architecture(
        key="fcn8s",
        title="FCN-8s",
        paper="Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation",
        year=2015,
        idea="Classifier layers become convolutions; skips from pool4 and pool3 are added.",
        path="models_zoo.architectures.fcn:fcn8s",
        slim_width=3 / 16,
    ),
    Architecture(
        key="segnet",
        title="SegNet",
        paper="Badrinarayanan, Kendall, Cipolla: SegNet, a Deep Convolutional Encoder-Decoder",
        year=2015,
        idea="The decoder unpools to where each maximum was, which is light and keeps boundaries.",
        path="models_zoo.architectures.segnet:segnet",
        slim_width=3 / 16,
    ),
    Architecture(
        key="unet",
        title="U-Net",
        paper="Ronneberger, Fischer, Brox: U-Net, Convolutional Networks for Biomedical Images",
        year=2015,
        idea="A symmetric decoder sees the encoder's features again through concatenated skips.",
        path="models_zoo.architectures.unet:unet",
        slim_width=3 / 16,
    ),
)


def catalogue() -> dict[str, Architecture]:
    """Every architecture by key, in the order of the lineage."""
    return {architecture.key: architecture for architecture in _ARCHITECTURES}


def architecture_get(key: str) -> Architecture:
    """One architecture; ValueError names the known keys when there is none."""
    known = catalogue()
    if key not in known:
        raise ValueError(f"Unknown architecture {key!r}. Known: {', '.join(known)}.")
    return known[key]


def build(
    key: str,
    *,
    variant: str = "full",
    num_classes: int = 21,
    pretrained: bool = False,
    **options: Any,
) -> nn.Module:
    """The network `key` as an `nn.Module` that maps N×3×H×W to N×num_classes×H×W logits.

    `full` is the paper's network; `slim` the same graph, narrower, with batch normalisation.
    `options` are the builder's own, by name, with the paper's choice as default.
    Raises ValueError for an unknown key, variant or option.
    """
    architecture = architecture_get(key)
    if variant not in VARIANTS:
        raise ValueError(f"Unknown variant {variant!r}. Known: {', '.join(VARIANTS)}.")
    module, function = architecture.path.split(":")
    builder = getattr(import_module(module), function)
    width = architecture.slim_width if variant == "slim" else 1.0
    if variant == "slim":
        options = {"batch_norm": True, **options}
    try:
        return builder(num_classes=num_classes, width=width, pretrained=pretrained, **options)
    except TypeError as error:
        raise ValueError(f"{key} does not take these options: {error}") from error
