"""Masks from elsewhere stand beside networks: leaderboard, run table, and better or chance."""

from __future__ import annotations

from pathlib import Path

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
from tests.experiments.checkpoints.theirs import moved_masks, root_make

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(tmp_path: Path, settings: Settings) -> Path:
    return root_make(tmp_path, settings)


def masks(root: Path, name: str, moved: int) -> Path:
    """A folder of masks of val."""
    (root / name).mkdir(exist_ok=True)
    for file, content in moved_masks(moved).items():
        (root / name / file).write_bytes(content)
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


def test_equal_masks_of_another_split_are_another_score(root: Path) -> None:
    """Masks of one class alone are the same files for any split of as many images."""
    for path in (root / "data" / "mine" / "train").glob("*/00[23].png"):
        path.unlink()
    place = masks(root, "one", 0)
    for path in place.iterdir():
        Image.new("L", (32, 24), 1).save(path)
    kept = {
        split: masks_record(name="one", masks=place, data="folder:mine", split=split)
        for split in ("val", "train")
    }
    assert kept["val"].sha256 == kept["train"].sha256
    for split, checkpoint in kept.items():
        assert checkpoint.evaluation.split == split


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
    with pytest.raises(CommandError, match="an architecture called segnet"):
        call_command("score_masks", str(place), **given | {"name": "segnet"})
    assert Run.objects.count() == 1
