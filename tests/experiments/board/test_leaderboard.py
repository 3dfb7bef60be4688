"""The leaderboard ranks like with like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from experiments.board.leaderboard import Cost
from tests.experiments.factories import (
    checkpoint_make,
    evaluation_make,
)
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def test_unlike_scores_are_never_ranked_together(reader: Client) -> None:
    slim, full = (checkpoint_make(key=f"streets-unet-{v}", variant=v) for v in ("slim", "full"))
    for checkpoint, skill in ((slim, 0.6), (full, 0.8)):
        evaluation_make(checkpoint=checkpoint, skill=skill)
    evaluation_make(checkpoint=slim, split="test")
    other = evaluation_make(checkpoint=checkpoint_make(key="streets-segnet-slim"))
    other.protocol = other.protocol | {"precision": "bf16"}
    other.protocol_hash = "another"
    other.save()
    boards = [entry["board"] for entry in reader.get(url("leaderboard")).context["boards"]]
    assert [(b.split, b.optimistic) for b in boards] == [("test", 0), ("val", 1), ("val", 1)]
    assert [[e.checkpoint.key for e in b.best] for b in boards] == [
        ["streets-unet-slim"],
        ["streets-unet-full", "streets-unet-slim"],
        ["streets-segnet-slim"],
    ]
    assert boards[1].unlike == {"precision": "fp32"}
    assert boards[2].unlike == {"precision": "bf16"}


def test_the_best_of_each_architecture_over_time(reader: Client) -> None:
    for number, skill in enumerate((0.5, 0.8, 0.6)):
        sidecar = {"created": f"2026-11-0{number + 1}T00:00:00Z", "classes": []}
        checkpoint = checkpoint_make(key=f"run{number}-best", sidecar=sidecar)
        evaluation_make(checkpoint=checkpoint, skill=skill)
    (entry,) = reader.get(url("leaderboard")).context["boards"]
    (best,) = entry["board"].best
    assert best.checkpoint.key == "run1-best"
    (series,) = entry["board"].history
    assert len(series["y"]) == 2
    assert series["y"] == sorted(series["y"])


def test_an_architecture_has_one_colour_in_all_charts(reader: Client) -> None:
    for key, skill in (("unet", 0.8), ("segnet", 0.6)):
        checkpoint = checkpoint_make(key=f"streets-{key}-slim", architecture=key)
        evaluation_make(checkpoint=checkpoint, skill=skill)
    (entry,) = reader.get(url("leaderboard")).context["boards"]
    board = entry["board"]
    # The best has no figure for the time it takes: the next one keeps its colour.
    board.best[1] = replace(board.best[1], cost=Cost(30.0, 2**20))
    points = board.against("milliseconds")
    assert [(one["label"], one["colour"]) for one in points] == [("SegNet slim", 1)]
    # Lines without a colour of their own have that of their place.
    assert [line["label"] for line in board.history] == ["U-Net slim", "SegNet slim"]
