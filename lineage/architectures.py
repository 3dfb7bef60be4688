"""What the architecture pages show: catalogue lines, their descriptions, checkpoints on offer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from experiments.models import Checkpoint
from lineage.diagram import Diagram, diagram_draw
from models_zoo import Architecture
from models_zoo.networks.catalogue import known
from models_zoo.networks.paper import COMMON_OPTIONS, Paper
from models_zoo.study.descriptions import description


@dataclass(frozen=True)
class Sheet:
    """All that a page says of one architecture. `facts`: its description; None before that ran."""

    architecture: Architecture
    facts: dict[str, Any] | None
    checkpoints: list[Checkpoint]

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
        meanings = COMMON_OPTIONS | dict(self.architecture.options)
        options = []
        for option in self.facts["options"] if self.facts else ():
            others = [choice for choice in option["choices"] if choice != option["default"]]
            meaning = meanings.get(option["name"], "")
            options.append(option | {"others": others, "meaning": _(meaning) if meaning else ""})
        return options

    @property
    def adds_batch_norm(self) -> bool:
        """Whether the slim variant normalises where the paper does not."""
        return any(o["name"] == "batch_norm" and not o["default"] for o in self.options)

    def diagram(self, variant: str) -> Diagram:
        """The drawing of a variant's data path."""
        return diagram_draw(self.variants[variant]["path"])


def sheets(*, reader: Any) -> list[Sheet]:
    """Every architecture in the order of the lineage, with the checkpoints that one may see."""
    offered: dict[str, list[Checkpoint]] = {}
    for checkpoint in Checkpoint.objects.offered().visible_to(reader).with_scores():
        offered.setdefault(checkpoint.architecture, []).append(checkpoint)
    return [
        Sheet(architecture, description(key), offered.get(key, []))
        for key, architecture in known().items()
    ]


def by_paper(sheets: list[Sheet]) -> list[tuple[Paper, list[Sheet]]]:
    """Each paper with the sheets of its architectures, which follow each other."""
    groups = groupby(sheets, key=lambda sheet: sheet.architecture.paper)
    return [(paper, list(group)) for paper, group in groups]
