"""What a compare page says at once: who is best and where others lose, or who stands apart.

Figures are those that REST gives: `scores` of the predictions, and the comparison's agreement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from inference.compare.panes import Pane
from inference.models import Comparison

NAMED = 3  # classes at most: a sentence, not a table


@dataclass(frozen=True)
class Standing:
    """Where a pane stands by its mIoU (a fraction) on this image.

    `gap`: to the best; of the best, to the next one; None where it is alone. Equal scores share a
    rank.
    """

    score: float
    rank: int
    of: int
    gap: float | None


@dataclass(frozen=True)
class ClassFigure:
    """A class, and what is told of it: fractions."""

    name: str
    value: float


@dataclass(frozen=True)
class Answer:
    """What holds of the masks that are there.

    With truth `best` are the leading panes, `score` and `lead` theirs, and `classes` those in which
    the others lose most against the first of them (by IoU, on average), or, of a single mask, the
    weakest. Without, `apart` is the pane that agrees least with the others (`agreement`, of its
    pixels on average; `elsewhere` is theirs with each other), and `classes` the most disputed, by
    the share of the image that some call so and others do not. Where none stands apart, two
    masks say, `members` are those that agree so.
    """

    best: Sequence[Pane] = ()
    score: float | None = None
    lead: float | None = None
    apart: Pane | None = None
    agreement: float | None = None
    elsewhere: float | None = None
    members: Sequence[Pane] = ()
    classes: Sequence[ClassFigure] = ()


def standings(panes: Sequence[Pane]) -> dict[int, Standing]:
    """By pane number, of those that have a score."""
    scored = {pane.number: score for pane in panes if (score := _miou(pane)) is not None}
    ranked = sorted(scored.values(), reverse=True)
    found = {}
    for number, score in scored.items():
        rank = ranked.index(score) + 1
        others = ranked[: rank - 1] + ranked[rank:]
        gap = score - others[0] if others else None
        found[number] = Standing(score, rank, len(ranked), gap)
    return found


def comparison_answer(comparison: Comparison, panes: Sequence[Pane]) -> Answer | None:
    """What to say; None as long as there is nothing that figures tell."""
    return _against_truth(panes) or _among_each_other(comparison.agreement, panes)


def _miou(pane: Pane) -> float | None:
    return (pane.prediction.scores or {}).get("miou")


def _ious(pane: Pane) -> list[float | None]:
    """By class; None where it is not in the image, nor in the mask."""
    classes = pane.prediction.checkpoint.classes
    return (pane.prediction.scores or {}).get("per_class_iou") or [None] * len(classes)


def _against_truth(panes: Sequence[Pane]) -> Answer | None:
    ranked = sorted((pane for pane in panes if _miou(pane) is not None), key=_miou, reverse=True)
    if not ranked:
        return None
    score = _miou(ranked[0])
    best = [pane for pane in ranked if _miou(pane) == score]
    others = ranked[len(best) :]
    names = [entry["name"] for entry in best[0].prediction.checkpoint.classes]
    own = _ious(best[0])
    if others:
        theirs = zip(*map(_ious, others), strict=True)
        losses = [
            ClassFigure(name, _mean_loss(mine, found))
            for name, mine, found in zip(names, own, theirs, strict=True)
            if mine is not None
        ]
        classes = sorted(losses, key=lambda figure: -figure.value)[:NAMED]
        classes = [figure for figure in classes if figure.value > 0]
        return Answer(best=best, score=score, lead=score - _miou(others[0]), classes=classes)
    known = [
        ClassFigure(n, value) for n, value in zip(names, own, strict=True) if value is not None
    ]
    weakest = sorted(known, key=lambda figure: figure.value)[:NAMED] if len(best) == 1 else []
    return Answer(best=best, score=score, classes=weakest)


def _mean_loss(mine: float, theirs: Sequence[float | None]) -> float:
    counted = [mine - value for value in theirs if value is not None]
    return fmean(counted) if counted else 0.0


def _among_each_other(agreement: dict[str, Any] | None, panes: Sequence[Pane]) -> Answer | None:
    groups = (agreement or {}).get("groups", [])
    group = max(groups, key=lambda group: len(group["predictions"]), default=None)
    if group is None:
        return None
    by_id = {str(pane.prediction.pk): pane for pane in panes}
    members = [by_id[str(pk)] for pk in group["predictions"] if str(pk) in by_id]
    classes = _disputed(group, members[0])[:NAMED]
    pairs = {
        frozenset((str(pair["a"]), str(pair["b"]))): pair["agreement"]
        for pair in agreement["pairs"]
    }
    ids = [str(pane.prediction.pk) for pane in members]

    def with_others(own: str, rest: Sequence[str]) -> float:
        return fmean(pairs[frozenset((own, other))] for other in rest if other != own)

    agreed = {own: with_others(own, ids) for own in ids}
    apart, *others = sorted(ids, key=lambda own: agreed[own])
    alike = Answer(agreement=fmean(agreed.values()), members=members, classes=classes)
    if len(ids) == 2 or agreed[apart] == agreed[others[0]]:
        return alike
    rest = [own for own in ids if own != apart]
    elsewhere = fmean(with_others(own, rest) for own in rest)
    return Answer(
        apart=by_id[apart],
        agreement=agreed[apart],
        elsewhere=elsewhere,
        classes=classes,
    )


def _disputed(group: dict[str, Any], member: Pane) -> list[ClassFigure]:
    """The classes of a group, most disputed first; none where an earlier version settled it."""
    classes = member.prediction.checkpoint.classes
    shares = group.get("disputed") or []
    figures = [ClassFigure(entry["name"], shares[entry["id"]]) for entry in classes if shares]
    return sorted((f for f in figures if f.value > 0), key=lambda figure: -figure.value)
