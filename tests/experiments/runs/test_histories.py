"""Histories that ship beside weights: written from a run's folder, read into a run, once."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage

from experiments.models import Epoch, Kind, Probe, Run
from experiments.records.sources import data_sources
from experiments.runs.histories import run_import
from experiments.runs.keeping import run_delete
from models_zoo.checkpoints.history import history_read
from models_zoo.cli import main
from models_zoo.training.zoo.history import history_write
from segweb.jobs import State

pytestmark = pytest.mark.django_db

SIDECAR = {
    "format": 1,
    "key": "scenes-unet-slim",
    "architecture": "unet",
    "variant": "slim",
    "options": {},
    "classes": [{"id": n, "name": str(n), "colour": "#000000"} for n in range(2)],
    "ignore_index": 255,
    "mean": [],
    "std": [],
    "input_size": [8, 8],
    "sha256": "ab",
    "dataset": {"slug": "scenes", "title": "Scenes", "licence": "the project's own"},
    "training": {"epochs": 9, "seed": 0, "lr": 0.1, "arch": "unet", "data": "scenes"},
    "command": "python -m models_zoo train --arch unet",
}


def run_folder(folder: Path, *, epochs: int = 9, **changes: Any) -> Path:
    (folder / "images").mkdir(parents=True)
    (folder / "truth").mkdir()
    (folder / "images" / "a.jpg").write_bytes(b"image")
    (folder / "truth" / "a.png").write_bytes(b"truth")
    (folder / "best.json").write_text(json.dumps(SIDECAR | changes))
    events: list[dict[str, Any]] = [{"event": "start", "time": 1.8e9, "protocol": {"split": "val"}}]
    for number in range(1, epochs + 1):
        told = {"event": "epoch", "epoch": number, "time": 1.8e9 + number, "seconds": 2.0}
        events.append(
            told | {"loss": 1 / number, "miou": number / 10, "confusion": [[5, 1], [0, 2]]}
        )
        (folder / "probes" / f"{number:04d}").mkdir(parents=True)
        (folder / "probes" / f"{number:04d}" / "a.png").write_bytes(b"mask")
    (folder / "events.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
    return folder


def test_a_history_becomes_a_shipped_run_once(tmp_path: Path) -> None:
    file = tmp_path / "unet-slim.history.zip"
    assert main(["history", "--run", str(run_folder(tmp_path / "run")), "--out", str(file)]) == 0
    run = run_import(history=file)
    assert (run.kind, run.state, run.name) == (Kind.SHIPPED, State.DONE, "scenes-unet-slim")
    assert (run.epoch, run.best_epoch, run.best_miou) == (9, 9, 0.9)
    assert run.config == {"lr": 0.1}
    assert run.epoch_rows.get(number=1).confusion.matrix.tolist() == [[5, 1], [0, 2]]
    assert list(Probe.objects.values_list("epoch", flat=True)) == [1, 3, 4, 6, 7, 9]
    probe = Probe.objects.last()
    for name in (probe.file.name, probe.image, probe.truth):
        assert default_storage.exists(name)
    assert run.data in {source.slug for source in data_sources()}
    assert run_import(history=file) is None
    assert Run.objects.count() == 1


def test_networks_of_a_data_set_share_their_pictures(tmp_path: Path) -> None:
    for name in ("unet", "segnet"):
        history_write(run_folder(tmp_path / name), tmp_path / f"{name}.zip")
    with zipfile.ZipFile(tmp_path / "segnet.zip") as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"history.json", "probes"}
    for name in ("unet", "segnet"):
        files = history_read(tmp_path / f"{name}.zip").files
        assert (files["images/a.jpg"], files["truth/a.png"]) == (b"image", b"truth")
    other = run_folder(tmp_path / "other")
    for path in other.rglob("a.*"):
        path.rename(path.with_stem("b"))
    history_write(other, tmp_path / "other.zip")
    assert "images/b.jpg" in history_read(tmp_path / "other.zip").files
    assert "images/b.jpg" not in history_read(tmp_path / "unet.zip").files
    assert "images/a.jpg" in history_read(tmp_path / "unet.zip").files
    (tmp_path / "pictures.zip").write_bytes(b"cut off")
    with pytest.raises(ValueError, match=r"pictures\.zip is no zip file"):
        history_read(tmp_path / "unet.zip")


def test_pictures_of_others_are_not_exported(tmp_path: Path) -> None:
    camvid = {"slug": "camvid", "title": "CamVid", "licence": "CC BY-NC 4.0"}
    history_write(run_folder(tmp_path / "run", dataset=camvid), tmp_path / "h.zip")
    assert {name.split("/")[0] for name in history_read(tmp_path / "h.zip").files} == {"probes"}
    assert [path.name for path in tmp_path.glob("*.zip")] == ["h.zip"]


def test_equal_runs_give_equal_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        history_write(run_folder(tmp_path / name), tmp_path / f"{name}.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_what_was_removed_stays_removed_and_a_newer_one_takes_the_place(tmp_path: Path) -> None:
    old, new, newest = (tmp_path / f"{name}.zip" for name in ("old", "new", "newest"))
    for epochs, file in enumerate((old, new, newest), start=2):
        history_write(run_folder(tmp_path / str(epochs), epochs=epochs), file)
    first = run_import(history=old)
    assert run_import(history=new).epoch == 3
    assert not Run.objects.filter(pk=first.pk).exists()
    run_delete(run=Run.objects.get())
    assert run_import(history=new) is None
    assert run_import(history=newest) is None
    assert not Run.objects.visible_to(None).exists()
    assert not Epoch.objects.exists()


def test_what_is_no_history_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(ValueError, match="no history"):
        run_import(history=tmp_path / "x.zip")
    with zipfile.ZipFile(tmp_path / "y.zip", "w") as archive:
        archive.writestr("history.json", '{"format": 9}')
    with pytest.raises(ValueError, match="format 9"):
        run_import(history=tmp_path / "y.zip")
