"""From a key of the catalogue to a network. Imports torch only when it builds one."""

from __future__ import annotations

from importlib import import_module
from inspect import signature
from typing import TYPE_CHECKING, Any

from models_zoo.networks.catalogue import VARIANTS, architecture_get
from models_zoo.networks.paper import Architecture, Published
from models_zoo.translation import gettext_noop as _

if TYPE_CHECKING:
    from torch import nn


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
    if variant not in VARIANTS or (variant == "slim" and isinstance(architecture, Published)):
        raise ValueError(_(f"{key} has no variant {variant!r}. Known: {', '.join(VARIANTS)}."))
    if pretrained and variant == "slim":
        raise ValueError(_("Published weights fit the full variant only, not the slim one."))
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
            there = ", ".join(known) or "none"
            raise ValueError(_(f"{architecture.key} has no option {name!r}. It has: {there}."))
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
