"""The leaderboard ranks like with like."""

from __future__ import annotations

import pytest
from django.test import Client

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
