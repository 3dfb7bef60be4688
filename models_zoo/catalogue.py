"""The torch-free catalogue: which architectures exist, what each is about and where its code lives.

Listing it imports no network. An architecture is one file and its lines in the ARCHITECTURES of
`models_zoo.networks.papers`, or of a module that SEGWEB_CATALOGUE names (comma-separated,
importable, itself free of torch); everything else (tests, command line, pages) picks it up by
itself.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

VARIANTS = ("full", "slim")
OUTSIDE = "SEGWEB_CATALOGUE"


@dataclass(frozen=True)
class Architecture:
    """One catalogue line.

    `path` names the network's class as "module:Class"; it is called with `num_classes`, `width`
    and `arguments`, which make this key of it; its other keyword arguments are the options.
    `slim_width`: the factor by which the `slim` variant narrows every layer (see
    `models_zoo.networks.blocks.narrow`).
    `sees_at`, `strides_at`: the modules inside the network at whose output the receptive field and
    the output stride are measured; empty for the logits, and for the same place.
    `published`: torchvision's name of the weights that are all this line is about.
    """

    key: str
    title: str
    paper: str
    year: int
    idea: str
    path: str
    slim_width: float = 1.0
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    sees_at: str = ""
    strides_at: str = ""
    published: str = ""


def catalogue() -> dict[str, Architecture]:
    """Every architecture that can be trained, by key, in the order of the lineage.

    ValueError when SEGWEB_CATALOGUE names a module that cannot be read or a key that exists.
    """
    found: dict[str, Architecture] = {}
    outside = [name.strip() for name in os.environ.get(OUTSIDE, "").split(",") if name.strip()]
    for name in ("models_zoo.networks.papers", *outside):
        for architecture in _architectures(name):
            if architecture.key in found:
                raise ValueError(
                    f"{name} adds {architecture.key!r} to the catalogue a second time."
                )
            found[architecture.key] = architecture
    return found


def place(key: str) -> int:
    """Where in the lineage an architecture stands; what the catalogue lacks comes after all."""
    order = list(catalogue())
    return order.index(key) if key in order else len(order)


def _architectures(name: str) -> tuple[Architecture, ...]:
    try:
        return tuple(import_module(name).ARCHITECTURES)
    except (ImportError, AttributeError) as error:
        raise ValueError(
            f"{OUTSIDE} names {name}, which gives no ARCHITECTURES: {error}"
        ) from error


def published() -> dict[str, Architecture]:
    """The networks that come with torchvision's published weights, by key: 21 classes, to use."""
    from models_zoo.checkpoints.published import PUBLISHED

    return {architecture.key: architecture for architecture in PUBLISHED}


def architecture_get(key: str) -> Architecture:
    """One architecture, teachers and published ones included; ValueError names the known keys."""
    from models_zoo.networks.teachers import TEACHERS

    known = catalogue() | {teacher.key: teacher for teacher in TEACHERS} | published()
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
    `options` are the network's own, by name, with the paper's choice as default. `pretrained` fills
    it with published weights (`models_zoo.networks.pretrained` says which) and logs what was
    filled. Raises ValueError for an unknown key, variant or option, OSError when weights cannot be
    had.
    """
    architecture = architecture_get(key)
    if variant not in VARIANTS or (variant == "slim" and architecture.published):
        raise ValueError(f"{key} has no variant {variant!r}. Known: {', '.join(VARIANTS)}.")
    if pretrained and variant == "slim":
        raise ValueError("Published weights fit the full variant only, not the slim one.")
    slim = variant == "slim"
    if slim and "batch_norm" in option_names(architecture):
        options = {"batch_norm": True, **options}
    network = network_build(
        architecture,
        num_classes=num_classes,
        width=architecture.slim_width if slim else 1.0,
        **options,
    )
    if pretrained:
        from models_zoo.networks.pretrained import pretrained_load

        pretrained_load(network, architecture)
    return network


def network_build(
    architecture: Architecture, *, num_classes: int, width: float = 1.0, **options: Any
) -> nn.Module:
    """The network of one catalogue line, `width` times as wide. ValueError for unknown options."""
    known = option_names(architecture)
    for name in options:
        if name not in known:
            raise ValueError(
                f"{architecture.key} has no option {name!r}. It has: {', '.join(known) or 'none'}."
            )
    return _network_class(architecture)(
        num_classes=num_classes, width=width, **architecture.arguments, **options
    )


def option_names(architecture: Architecture) -> list[str]:
    """The options of a network, by name. Imports its module, and with it torch."""
    given = {"num_classes", "width", *architecture.arguments}
    return [
        name for name in signature(_network_class(architecture)).parameters if name not in given
    ]


def _network_class(architecture: Architecture) -> type[nn.Module]:
    module, name = architecture.path.split(":")
    return getattr(import_module(module), name)
