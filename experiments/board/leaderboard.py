"""Which architectures score best, by data set, split and protocol; unlike scores never together."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.dateparse import parse_datetime

from experiments.models import Checkpoint, Dataset, Evaluation
from experiments.scores.costs import Cost, costs
from models_zoo.networks.catalogue import architecture_title


@dataclass(frozen=True)
class Entry:
    """A checkpoint's score on a board, with the run or the sidecar's date behind it."""

    evaluation: Evaluation
    cost: Cost

    @property
    def checkpoint(self) -> Checkpoint:
        """What was scored."""
        return self.evaluation.checkpoint

    @property
    def miou(self) -> float:
        """The score that ranks, a fraction."""
        return self.evaluation.scores["miou"]

    @cached_property
    def date(self) -> datetime:
        """When the weights were made, as far as is known."""
        made = parse_datetime(self.checkpoint.sidecar.get("created") or "")
        return made or self.checkpoint.created_at

    @cached_property
    def title(self) -> str:
        """Architecture and variant."""
        return f"{architecture_title(self.checkpoint.architecture)} {self.checkpoint.variant}"


@dataclass
class Board:
    """The scores that may be ranked together: one split of one data set under one protocol."""

    dataset: Dataset
    split: str
    split_hash: str
    protocol: dict[str, Any]
    entries: list[Entry] = field(default_factory=list)
    unlike: dict[str, Any] = field(default_factory=dict)

    @property
    def optimistic(self) -> bool:
        """Whether the best epoch was chosen on the very images that are scored."""
        return self.split == "val"

    @cached_property
    def best(self) -> list[Entry]:
        """The best of each architecture and variant, best first; once all entries are in."""
        ranked = sorted(self.entries, key=lambda entry: (-entry.miou, entry.date))
        # Reversed twice: of several entries with one title the last one put in stays, the best.
        return list({entry.title: entry for entry in reversed(ranked)}.values())[::-1]

    @property
    def history(self) -> list[dict[str, Any]]:
        """For each architecture its best mIoU so far, in percent, at each date when it rose."""
        series: dict[str, dict[str, Any]] = {}
        for entry in sorted(self.entries, key=lambda entry: entry.date):
            empty = {"label": entry.title, "kind": "step", "x": [], "y": []}
            line = series.setdefault(entry.title, empty)
            if not line["y"] or 100 * entry.miou > line["y"][-1]:
                line["x"].append(1000 * entry.date.timestamp())
                line["y"].append(100 * entry.miou)
        return [series[entry.title] for entry in self.best]

    def against(self, value: str) -> list[dict[str, Any]]:
        """Points of mIoU (in percent) over a figure of each best entry, in one series each.

        `value`: parameters (millions), milliseconds or memory (MiB) a megapixel; entries whose
        figure is not known are left out.
        """
        points = []
        for colour, entry in enumerate(self.best):  # an entry's, in all charts of the board
            memory = entry.cost.memory_bytes
            figures = {
                # None of masks without a network.
                "parameters": entry.checkpoint.parameters / 1e6 or None,
                "milliseconds": entry.cost.milliseconds,
                "memory": None if memory is None else memory / 2**20,
            }
            if (x := figures[value]) is not None:
                point = {"label": entry.title, "x": [x], "y": [100 * entry.miou]}
                points.append(point | {"kind": "points", "colour": colour})
        return points


def boards(*, reader: Any) -> list[Board]:
    """Every board of what the reader may see, test before val, those of a data set side by side."""
    current = Checkpoint.objects.visible_to(reader).filter(withdrawn_at=None)
    scored = (
        Evaluation.objects.filter(checkpoint__in=current)
        .select_related("checkpoint__dataset")
        .defer("checkpoint__dataset__classes")
    )
    by_checkpoint = costs()
    by_rules: dict[tuple[str, ...], Board] = {}
    for evaluation in scored:
        if evaluation.scores.get("miou") is None:
            continue
        dataset, split = evaluation.checkpoint.dataset, evaluation.split
        rules = (dataset.slug, split, evaluation.split_hash, evaluation.protocol_hash)
        board = Board(dataset, split, evaluation.split_hash, evaluation.protocol)
        cost = by_checkpoint.get(evaluation.checkpoint_id, Cost(None, None))
        by_rules.setdefault(rules, board).entries.append(Entry(evaluation, cost))
    ordered = sorted(
        by_rules.values(), key=lambda board: (board.dataset.slug, board.split != "test")
    )
    _mark_unlike(ordered)
    return ordered


def _mark_unlike(boards: list[Board]) -> None:
    """Name what differs between boards of the same split of a data set."""
    alike = defaultdict(list)
    for board in boards:
        alike[board.dataset.slug, board.split].append(board)
    for group in alike.values():
        # Every checkpoint has a hash of its own, which makes no other protocol.
        names = {name for board in group for name in board.protocol} - {"checkpoint_sha256"}
        for name in sorted(names):
            values = [board.protocol.get(name) for board in group]
            if any(value != values[0] for value in values):
                for board, value in zip(group, values, strict=True):
                    board.unlike[name] = value
