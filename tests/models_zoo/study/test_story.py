"""The story command: every checkpoint measured alike, and kept while nothing changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from models_zoo import build, catalogue
from models_zoo.checkpoints.files import sidecar_save, weights_save
from models_zoo.checkpoints.shipped import CheckpointFiles, sidecar_read
from models_zoo.cli import main
from models_zoo.data import open_dataset
from models_zoo.data.scenes.classes import CLASSES
from models_zoo.study import showcase, stories, story
from models_zoo.study.cards import PATH, cards_text
from models_zoo.study.descriptions import grids_read
from models_zoo.study.grids import CELL, KINDS, grid_compute
from models_zoo.study.story import story_tell


def ship(folder: Path, key: str, seed: int = 0) -> CheckpointFiles:
    """An untrained slim network with the classes of scenes, as if it were shipped."""
    torch.manual_seed(seed)
    weights = folder / f"{key}-slim.safetensors"
    network = build(key, variant="slim", num_classes=len(CLASSES))
    sidecar = {
        "format": 1,
        "key": f"scenes-{key}-slim",
        "architecture": key,
        "variant": "slim",
        "options": {},
        "classes": CLASSES,
        "ignore_index": 255,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "input_size": [48, 64],
        "dataset": {"slug": "scenes", "title": "Scenes", "licence": "ours", "source": "drawn"},
        "parameters": sum(p.numel() for p in network.parameters()),
        "gmacs": 0.1,
        "training": {"epochs": 1, "best_epoch": 1, "seed": 0, "pretrained": False},
        "scores": [],
        "command": "python -m models_zoo train",
        "sha256": weights_save(weights, network),
        "bytes": weights.stat().st_size,
        "created": "2026-11-25T00:00:00Z",
    }
    sidecar_save(weights, sidecar)
    return CheckpointFiles(
        sidecar_read(weights.with_suffix(".json")), weights.with_suffix(".json"), weights
    )


@pytest.fixture
def dataset(monkeypatch):
    """Six small scenes."""
    found = open_dataset("scenes:48x64", "test")
    monkeypatch.setattr(type(found), "__len__", lambda _: 6)
    return found


@pytest.fixture
def zoo_folder(tmp_path, monkeypatch) -> Path:
    """What lies in here counts as shipped."""
    monkeypatch.setattr(story, "FOLDER", tmp_path)
    return tmp_path


@pytest.mark.slow
def test_every_checkpoint_is_measured_and_kept_while_nothing_changed(zoo_folder, dataset):
    said: list[str] = []
    zoo = [ship(zoo_folder, "fcn8s"), ship(zoo_folder, "segnet")]
    first = story_tell(zoo, dataset, before=None, say=said.append)
    assert said == ["scenes-fcn8s-slim: measuring", "scenes-segnet-slim: measuring"]
    assert (first["dataset"], first["images"], first["size"]) == ("scenes", 6, (48, 64))
    fcn, segnet = first["entries"]
    assert 0 <= fcn["scores"]["miou"] <= 1
    assert set(fcn["scores"]["diagnosis"]) >= {"large", "small", "context"}
    assert segnet["field"]["theoretical"] > segnet["field"]["effective"] > 0
    assert fcn["corners"]["images"] == 6
    assert segnet["corners"] is None
    assert min(e["milliseconds"] for e in first["entries"]) > 0
    assert [e["epochs"] for e in first["entries"]] == [1] * len(first["entries"])
    assert fcn["memory_bytes"] > 4 * fcn["parameters"]

    zoo[1] = ship(zoo_folder, "segnet", seed=1)
    older = {**first, "format": first["format"] - 1}
    story_tell(zoo[:1], dataset, before=older, say=said.append)
    assert said.pop() == "scenes-fcn8s-slim: measuring"
    second = story_tell(zoo, dataset, before=json.loads(json.dumps(first)), say=said.append)
    assert said[2:] == ["scenes-fcn8s-slim: kept", "scenes-segnet-slim: measuring"]
    assert second["entries"][0]["scores"] == json.loads(json.dumps(fcn["scores"]))
    assert [e["sha256"] for e in second["entries"]] == [z.sidecar["sha256"] for z in zoo]


@pytest.mark.slow
def test_weights_that_are_not_shipped_stay_in_the_story(zoo_folder, tmp_path_factory, dataset):
    other = ship(tmp_path_factory.mktemp("runs"), "unet")
    zoo = [ship(zoo_folder, "segnet")]
    first = story_tell([*zoo, other], dataset, before=None, say=lambda _: None)
    assert [entry["shipped"] for entry in first["entries"]] == [True, False]
    second = story_tell(zoo, dataset, before=json.loads(json.dumps(first)), say=lambda _: None)
    assert [entry["key"] for entry in second["entries"]] == [
        "scenes-segnet-slim",
        "scenes-unet-slim",
    ]
    assert second["entries"][1]["milliseconds"] is None, "it was not taken in turns with the others"


@pytest.mark.slow
def test_masks_are_shown_of_those_that_are_there(tmp_path, monkeypatch):
    monkeypatch.setattr(showcase, "SHOWN", {"bus": ("fcn8s", "unet"), "quay": ("segnet",)})
    zoo = [ship(tmp_path, "fcn8s"), ship(tmp_path, "segnet")]
    shown = showcase.masks_show(zoo, open_dataset("scenes", "test"), tmp_path)
    assert {name: list(masks) for name, masks in shown.items()} == {
        "bus": ["fcn8s"],
        "quay": ["segnet"],
    }
    told = shown["bus"]["fcn8s"]
    assert told["key"] == "scenes-fcn8s-slim"
    assert 0 <= told["scores"]["large"] <= 1
    with Image.open(stories.picture_path("scenes", "bus", "fcn8s", tmp_path)) as mask:
        assert (mask.mode, mask.size) == ("P", (768, 576))


def test_the_storys_still_figures_are_what_torch_computes():
    still = grids_read()
    assert list(still) == list(KINDS)
    for kind, (_, rows, choices) in KINDS.items():
        told = {"choice": choices[0], "cell": list(CELL)}
        assert still[kind] == told | {"grids": grid_compute(kind, rows, choices[0])}, (
            "python -m models_zoo describe"
        )


def test_the_cards_file_is_what_the_sidecars_say():
    assert PATH.read_text(encoding="utf-8") == cards_text(), "python -m models_zoo cards"


def test_a_card_says_what_one_has_to_know(tmp_path):
    item = ship(tmp_path, "unet")
    score = {"split": "val", "miou": 0.51239, "pixel_accuracy": 0.8, "images": 9}
    passport = {"resolution": "original", "precision": "fp32", "split_hash": "abc"}
    item.sidecar["scores"] = [score | {"passport": passport}]
    text = cards_text([item])
    for part in ("U-Net", "ours", "0.5124", "from scratch", "not measured", "models_zoo train"):
        assert part in text
    missing = text.split("## Not trained yet")[1]
    assert "| `fcn8s` | camvid, scenes |" in missing
    assert "| `unet` | camvid |" in missing


def test_the_cards_command_writes_the_file(tmp_path, capsys):
    assert main(["cards", "--out", str(tmp_path / "docs" / "zoo.md")]) == 0
    assert (tmp_path / "docs" / "zoo.md").read_text(encoding="utf-8").startswith("# The zoo")


def test_architectures_in_stories_are_known():
    for path in stories.FOLDER.glob("*.json"):
        entries = stories.story_read(path.stem)["entries"]
        assert {entry["architecture"] for entry in entries} <= set(catalogue())
