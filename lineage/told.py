"""The chapters as the page shows them: with verdicts, numbers and masks of what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from inference.images.samples import Sample, sample_images
from lineage.chapters import CHAPTERS, Chapter
from lineage.figures import FIGURES, Figure
from lineage.measures import BY_NAME, Measure
from lineage.story import Row, Story
from lineage.verdict import Verdict
from models_zoo import Architecture, catalogue
from models_zoo.study.descriptions import description

ALWAYS = ("miou",), ("milliseconds", "memory")  # before and after what a chapter is about


@dataclass(frozen=True)
class Mask:
    """A network's mask of a sample; `value` is what it scores there."""

    architecture: Architecture
    key: str
    value: float


@dataclass(frozen=True)
class Pictures:
    """A sample with its truth and some masks; `measure` names what their values are."""

    sample: Sample
    says: Any
    measure: Measure
    masks: list[Mask]


@dataclass(frozen=True)
class Told:
    """A chapter with what is known of it. `untested`: claims of which nothing is."""

    chapter: Chapter
    verdicts: list[Verdict]
    untested: list[Verdict]
    measures: list[Measure]
    rows: list[tuple[Row, dict[str, Any]]]
    pictures: list[Pictures]

    @property
    def architectures(self) -> list[Architecture]:
        """Those it tells of."""
        return [catalogue()[key] for key in self.chapter.architectures]

    @property
    def figures(self) -> list[Figure]:
        """What one can try out in it."""
        return [FIGURES[kind] for kind in self.chapter.figures]


def chapters_tell(story: Story | None, verdicts: list[Verdict]) -> list[Told]:
    """Every chapter; what no other chapter tells of, the last one claims."""
    placed = {key for chapter in CHAPTERS for key in chapter.architectures}
    told = []
    for chapter in CHAPTERS:
        last = chapter is CHAPTERS[-1]
        own = [
            verdict
            for verdict in verdicts
            if verdict.about in chapter.architectures or (last and verdict.about not in placed)
        ]
        names = (*ALWAYS[0], *chapter.measures, *ALWAYS[1])
        measures = [BY_NAME[name] for name in names]
        asked = {*chapter.beside, *chapter.architectures}
        keys = [key for key in catalogue() if key in asked]  # in the order of the lineage
        rows = [row for row in story.rows_of(keys, measures) if row.entry] if story else []
        told.append(
            Told(
                chapter,
                [verdict for verdict in own if verdict.measured],
                [verdict for verdict in own if not verdict.measured],
                measures,
                [(row, _as_published(row.architecture)) for row in rows],
                _pictures(chapter, story.told.get("masks", {}) if story else {}),
            )
        )
    return told


def _as_published(architecture: Architecture) -> dict[str, Any]:
    """The figures of the network as its paper has it; {} before it is described."""
    facts = description(architecture.key)
    return facts["variants"]["full"]["figures"] if facts else {}


def _pictures(chapter: Chapter, masks: dict[str, dict[str, Any]]) -> list[Pictures]:
    """Of the chapter's samples, those of which all masks are there."""
    samples = {sample.name: sample for sample in sample_images()}
    found = []
    for shown in chapter.shown:
        told = masks.get(shown.sample, {})
        if not set(shown.architectures) <= set(told):
            continue
        masks_of = [
            Mask(catalogue()[key], told[key]["key"], told[key]["scores"][shown.measure])
            for key in shown.architectures
        ]
        measure = BY_NAME[shown.measure]
        found.append(Pictures(samples[shown.sample], shown.says, measure, masks_of))
    return found
