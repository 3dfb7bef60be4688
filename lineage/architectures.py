"""What the architecture pages show: catalogue lines, their descriptions, checkpoints on offer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from experiments.models import Checkpoint
from lineage.diagram import Diagram, diagram_draw
from lineage.vocabulary import ANSWERS, OPTIONS
from models_zoo import Architecture, catalogue
from models_zoo.catalogue import published
from models_zoo.study.descriptions import description


@dataclass(frozen=True)
class Entry:
    """One architecture of the lineage. `facts`: its description; None before it was described."""

    architecture: Architecture
    facts: dict[str, Any] | None
    checkpoints: list[Checkpoint]

    @property
    def answers(self) -> str:
        """What it set out to mend; "" where nobody has said."""
        english = ANSWERS.get(self.architecture.key, "")
        return _(english) if english else ""

    @property
    def variants(self) -> dict[str, dict[str, Any]]:
        """Figures and data path by variant."""
        return self.facts["variants"] if self.facts else {}

    @property
    def sources(self) -> list[str]:
        """What was followed and what left aside, by paragraph, as the code's docstring says it."""
        text = self.facts["sources"] if self.facts else ""
        return [paragraph.replace("\n", " ") for paragraph in text.split("\n\n")]

    @property
    def options(self) -> list[dict[str, Any]]:
        """Each option with its default, its other choices and what it means."""
        found = []
        for option in self.facts["options"] if self.facts else ():
            others = [choice for choice in option["choices"] if choice != option["default"]]
            meaning = OPTIONS.get(option["name"], "")
            found.append(option | {"others": others, "meaning": _(meaning) if meaning else ""})
        return found

    @property
    def adds_batch_norm(self) -> bool:
        """Whether the slim variant normalises where the paper does not."""
        return any(o["name"] == "batch_norm" and not o["default"] for o in self.options)

    def diagram(self, variant: str) -> Diagram:
        """The drawing of a variant's data path."""
        return diagram_draw(self.variants[variant]["path"])


@dataclass(frozen=True)
class Paper:
    """The architectures of one paper."""

    title: str
    year: int
    entries: list[Entry]


def known() -> dict[str, Architecture]:
    """Every architecture with a page: the lineage, then torchvision's published networks."""
    return catalogue() | published()


def entries() -> list[Entry]:
    """Every architecture in the order of the lineage, in two queries."""
    offered: dict[str, list[Checkpoint]] = {}
    for checkpoint in Checkpoint.objects.offered().with_scores():
        offered.setdefault(checkpoint.architecture, []).append(checkpoint)
    return [
        Entry(architecture, description(key), offered.get(key, []))
        for key, architecture in known().items()
    ]


def papers(found: list[Entry]) -> list[Paper]:
    """Entries that follow each other, by paper."""
    by_paper = groupby(found, key=lambda entry: (entry.architecture.paper, entry.architecture.year))
    return [Paper(title, year, list(group)) for (title, year), group in by_paper]
