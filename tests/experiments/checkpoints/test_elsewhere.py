"""Masks from elsewhere stand beside networks: leaderboard, run table, and better or chance."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image
from pytest_django import Settings

from experiments.board.leaderboard import boards
from experiments.board.pairing import pair_of, paired, runs_scored
from experiments.checkpoints.elsewhere import masks_record
from experiments.models import Checkpoint, ImageCounts, Run
from segweb.jobs import State
from tests.models_zoo.data.awkward import folder, picture

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    """A data root with the data set `mine`, whose val has two images."""
    settings.DATA_ROOT = tmp_path / "data"
    (settings.DATA_ROOT / "mine").mkdir(parents=True)
    folder()(settings.DATA_ROOT / "mine")
    return tmp_path


def masks(root: Path, name: str, moved: int) -> Path:
    """The true masks of val, moved down by some rows."""
    for number in range(2):
        path = root / name / f"{number:03d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.roll(picture(number + 100)[1], moved, axis=0)).save(path)
    return root / name


def record(root: Path, name: str, moved: int) -> Checkpoint:
    place = masks(root, name, moved)
    return masks_record(name=name, masks=place, data="folder:mine", split="val")


def test_masks_of_others_are_ranked_and_told_from_chance(root: Path, admin_client: Client) -> None:
    near, far = record(root, "near", 1), record(root, "far", 6)
    (board,) = boards(reader=near.run.owner)
    assert [entry.checkpoint for entry in board.best] == [near, far]
    assert board.against("parameters") == []
    scored = runs_scored([near.run, far.run])
    pair = pair_of(scored[near.run_id], scored[far.run_id])
    assert pair.images == 2
    assert paired(pair) is not None
    for address in (
        "/leaderboard/",
        f"/runs/{near.run_id}/",
        f"/runs/compare/?runs={near.run_id}&runs={far.run_id}",
        "/runs/",
        "/models/",
        "/",
    ):
        assert admin_client.get(address).status_code == 200, address
    assert "near" in admin_client.get("/leaderboard/").content.decode()


def test_they_are_never_on_offer(root: Path) -> None:
    kept = record(root, "near", 1)
    assert not kept.offered
    assert kept not in Checkpoint.objects.offered()
    assert kept.run.state == State.DONE


def test_the_same_masks_are_kept_once(root: Path) -> None:
    assert record(root, "near", 1) == record(root, "near", 1)
    assert (Run.objects.count(), ImageCounts.objects.count()) == (1, 1)


def test_the_command_says_the_score_or_what_does_not_fit(root: Path, capsys) -> None:
    place = masks(root, "near", 0)
    given = {"name": "near", "data": "folder:mine", "split": "val"}
    call_command("score_masks", str(place), **given)
    assert "near: mIoU 1.0000, run" in capsys.readouterr().out
    (place / "001.png").unlink()
    with pytest.raises(CommandError, match="1 of the 2 images of 'val' have no mask: 001"):
        call_command("score_masks", str(place), **given)
    with pytest.raises(CommandError, match="a name of at most"):
        call_command("score_masks", str(place), **given | {"name": " "})
    assert Run.objects.count() == 1
