"""The lineage: a folder for each paper, which announces itself.

`<paper>/__init__.py` says in ARCHITECTURES all that is to be said of the paper's architectures, and
imports no torch; `network.py` beside it holds the modules. AFTER names the folder that the paper
follows in the lineage; a paper without it comes last.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def folders() -> dict[str, ModuleType]:
    """Every paper of the repository by its folder's name."""
    return {name: import_module(f"{__name__}.{name}") for _, name, _ in iter_modules(__path__)}


def in_lineage(papers: Mapping[str, ModuleType]) -> list[str]:
    """The names of `papers` in the order in which they answered each other.

    ValueError when one follows a paper that is not there.
    """
    follows = {name: getattr(paper, "AFTER", None) for name, paper in papers.items()}

    def with_answers(name: str) -> list[str]:
        answers = [answer for answer, before in follows.items() if before == name]
        return [name, *(later for answer in answers for later in with_answers(answer))]

    order = with_answers("")[1:] + [name for name, before in follows.items() if before is None]
    if lost := papers.keys() - set(order):
        raise ValueError(f"These papers follow one that is not there: {', '.join(sorted(lost))}.")
    return order
