"""Which architectures exist: the lines of every paper's folder, in the order of the lineage.

Listing them imports no network and no torch. A paper that lies outside the repository is added by
naming its folder's module in SEGWEB_CATALOGUE (comma-separated, importable).
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from types import ModuleType

from models_zoo.networks.paper import Architecture, Published
from models_zoo.networks.papers import folders, in_lineage
from models_zoo.translation import gettext_noop as _

VARIANTS = ("full", "slim")
OUTSIDE = "SEGWEB_CATALOGUE"


def catalogue() -> dict[str, Architecture]:
    """Every architecture that can be trained, by key, in the order of the lineage.

    ValueError when SEGWEB_CATALOGUE names a module that cannot be read or a key that exists.
    """
    return {key: line for key, line in known().items() if not isinstance(line, Published)}


def published() -> dict[str, Published]:
    """The networks that come with torchvision's published weights, by key: 21 classes, to use."""
    return {key: line for key, line in known().items() if isinstance(line, Published)}


def known() -> dict[str, Architecture]:
    """Every architecture with a page: the lineage, then torchvision's published networks."""
    return dict(_known_with(_named_outside()))


def architecture_get(key: str) -> Architecture:
    """One architecture, teachers and published ones included; ValueError names the known keys."""
    lines = _lines()
    if key not in lines:
        raise ValueError(_(f"Unknown architecture {key!r}. Known: {', '.join(lines)}."))
    return lines[key]


def architecture_title(key: str) -> str:
    """The name as its paper writes it; the key itself where no line names it."""
    line = _lines().get(key)
    return line.title if line else key


def place(key: str) -> int:
    """Where in the lineage an architecture stands; what the catalogue lacks comes after all."""
    order = list(catalogue())
    return order.index(key) if key in order else len(order)


def leaders() -> list[str]:
    """The keys of the networks that tell the whole story before its variations, by their turn."""
    with_turn = [line for line in catalogue().values() if line.recipe.turn is not None]
    return [line.key for line in sorted(with_turn, key=lambda line: line.recipe.turn or 0)]


def _named_outside() -> tuple[str, ...]:
    named = os.environ.get(OUTSIDE, "").split(",")
    return tuple(name.strip() for name in named if name.strip())


def _lines() -> dict[str, Architecture]:
    return _lines_with(_named_outside())


# By the variable's value: pages ask for every line that they draw.
@cache
def _known_with(outside: tuple[str, ...]) -> dict[str, Architecture]:
    lines = _lines_with(outside)
    published = {key: line for key, line in lines.items() if isinstance(line, Published)}
    trained = {key: line for key, line in lines.items() if key not in published}
    return {key: line for key, line in trained.items() if not line.teaches} | published


@cache
def _lines_with(outside: tuple[str, ...]) -> dict[str, Architecture]:
    papers = folders()
    if twice := papers.keys() & set(outside):
        raise ValueError(f"{OUTSIDE} names {', '.join(sorted(twice))}, which the repository has.")
    papers |= {name: _outside(name) for name in outside}
    lines: dict[str, Architecture] = {}
    for name in in_lineage(papers):
        for architecture in papers[name].ARCHITECTURES:
            if architecture.key in lines:
                raise ValueError(
                    f"{name} adds {architecture.key!r} to the catalogue a second time."
                )
            lines[architecture.key] = architecture
    return lines


def _outside(name: str) -> ModuleType:
    try:
        module = import_module(name)
    except ImportError as error:
        raise ValueError(f"{OUTSIDE} names {name}, which cannot be read: {error}") from error
    if not hasattr(module, "ARCHITECTURES"):
        raise ValueError(f"{OUTSIDE} names {name}, which gives no ARCHITECTURES.")
    return module
