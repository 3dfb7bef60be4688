"""The zoo's plan, and training it: what is missing, what is outdated, what fails."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open

from models_zoo import build, catalogue
from models_zoo.checkpoints.counts import counts_read
from models_zoo.checkpoints.eight_bits import FORM
from models_zoo.checkpoints.history import history_read
from models_zoo.checkpoints.shipped import FOLDER, sidecar_read
from models_zoo.data import open_dataset
from models_zoo.networks.backbones import VGG16, ResNet
from models_zoo.predict.engine import Engine
from models_zoo.predict.evaluation import evaluate
from models_zoo.training.config import TEACHER_FILE
from models_zoo.training.zoo import plan as zoo
from models_zoo.training.zoo import shrinking
from models_zoo.training.zoo.plan import Item, plan, zoo_train
from models_zoo.training.zoo.recipes import TEACHER, on_camvid
from tests.models_zoo.fixtures import draw_folder, tiny_catalogue, tiny_config


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("data") / "streets", train=4, val=2)


@pytest.fixture
def item(data):
    with tiny_catalogue():
        yield Item("streets", tiny_config(data))


def test_the_plan_holds_every_architecture_on_both_data_sets():
    planned = [(item.dataset, item.config.architecture) for item in plan(camvid="there")]
    assert sorted(planned) == sorted((d, key) for d in ("camvid", "scenes") for key in catalogue())
    assert {item.dataset for item in plan()} == {"scenes"}
    assert all(item.config.variant == "slim" for item in plan(camvid="there"))


def test_what_is_shipped_has_room():
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 52_000_000


@pytest.mark.slow
def test_with_a_gpu_the_full_networks_follow_on_every_published_backbone():
    slim, whole = plan(camvid="there"), plan(camvid="there", full=True)
    assert whole[: len(slim)] == slim
    full = whole[len(slim) :]
    assert [(i.dataset, i.config.architecture) for i in full] == [
        (i.dataset, i.config.architecture) for i in slim
    ]
    assert {item.config.variant for item in full} == {"full"}
    for item in [item for item in full if item.dataset == "scenes"]:
        with torch.device("meta"):
            network = build(item.config.architecture, num_classes=3, **item.config.options)
        has_backbone = any(isinstance(part, VGG16 | ResNet) for part in network.modules())
        assert item.config.pretrained == has_backbone, item.config.architecture


def test_of_large_weights_only_the_history_is_shipped(item, tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "SHIPPED_BYTES", 1)
    said, shipped = [], tmp_path / "weights"
    for _ in range(2):
        zoo_train([item], runs=tmp_path / "runs", folder=shipped, say=said.append)
    assert [path.name for path in (shipped / "streets").iterdir()] == ["tiny-full.history.zip"]
    assert "story --also" in said[-2]
    assert said[-1].endswith("shipped already")
    monkeypatch.undo()
    assert not item.is_current(shipped)


def test_what_is_missing_is_trained_and_what_is_current_is_not(item, tmp_path):
    said = []
    shipped = tmp_path / "weights"
    for _ in range(2):
        assert zoo_train([item], runs=tmp_path / "runs", folder=shipped, say=said.append) == {}
    sidecar = sidecar_read(shipped / "streets" / "tiny-full.json")
    assert sidecar["key"] == "streets-tiny-full"
    assert (shipped / "streets" / "tiny-full.safetensors").stat().st_size == sidecar["bytes"]
    assert len(history_read(shipped / "streets" / "tiny-full.history.zip").about["epochs"]) == 2
    assert [line.endswith("shipped already") for line in said] == [False, False, True]


def test_weights_are_shipped_in_8_bits_and_scored_as_shipped(item, tmp_path):
    shipped = tmp_path / "weights"
    zoo_train([item], runs=tmp_path / "runs", folder=shipped, say=print)
    sidecar = sidecar_read(shipped / "streets" / "tiny-full.json")
    weights = shipped / "streets" / "tiny-full.safetensors"
    with safe_open(weights, "pt") as file:
        assert file.metadata() == FORM
    scores = sidecar["scores"][0]
    engine, val = Engine(0, precision="fp32"), open_dataset(item.config.data, "val")
    assert evaluate(engine, weights, sidecar, val).scores == scores
    assert scores["passport"]["checkpoint_sha256"] == sidecar["sha256"]
    about = history_read(weights.with_suffix(".history.zip")).about
    assert (about["sha256"], about["bytes"]) == (sidecar["sha256"], weights.stat().st_size)


def test_what_8_bits_would_cost_too_much_is_shipped_as_it_was_trained(item, tmp_path, monkeypatch):
    monkeypatch.setattr(shrinking, "MOST_LOST", -2)  # no score is that much above another
    zoo_train([item], runs=tmp_path / "runs", folder=tmp_path / "weights", say=print)
    trained = item.run_folder(tmp_path / "runs") / "best.safetensors"
    shipped = tmp_path / "weights" / "streets" / "tiny-full.safetensors"
    assert shipped.read_bytes() == trained.read_bytes()
    told = json.loads(trained.with_suffix(".evaluation.json").read_bytes())["per_image"]
    assert counts_read(shipped, sha256=sidecar_read(shipped.with_suffix(".json"))["sha256"]) == told
    assert sidecar_read(shipped.with_suffix(".json")) == sidecar_read(trained.with_suffix(".json"))


@pytest.mark.slow
def test_a_teacher_is_trained_first_and_where_it_lies_is_no_part_of_the_recipe(
    item, tmp_path, monkeypatch
):
    teaching = replace(item.config, seed=1)
    monkeypatch.setattr(zoo, "on_camvid", lambda key, folder: teaching)
    taught = Item("streets", replace(item.config, teacher=TEACHER_FILE))
    shipped, said = tmp_path / "weights", []
    for runs in (tmp_path / "runs", tmp_path / "elsewhere"):
        assert zoo_train([taught], runs=runs, folder=shipped, say=said.append) == {}
    assert [line for line in said if "teacher" in line] == ["Its teacher, tiny-full: 2 epochs"]
    assert said[-1].endswith("shipped already")
    teacher = sidecar_read(Item("streets", teaching).run_folder(tmp_path / "runs") / "best.json")
    sidecar = sidecar_read(shipped / "streets" / "tiny-full.json")
    assert sidecar["teacher"] == {name: teacher[name] for name in ("key", "sha256")}
    assert f"teacher={TEACHER_FILE}" in sidecar["command"]
    assert len(list((tmp_path / "runs" / "streets").iterdir())) == 2
    assert len(list((shipped / "streets").iterdir())) == 4


def test_the_teachers_recipe_is_one_of_the_catalogues():
    recipe = on_camvid(TEACHER, "there")
    assert (recipe.variant, recipe.pretrained, recipe.teacher) == ("full", True, "")
    taught = [item.config for item in plan(camvid="there") if item.config.teacher]
    assert len(taught) > 1
    assert {config.teacher for config in taught} == {TEACHER_FILE}


@pytest.mark.slow
def test_another_recipe_is_trained_anew(item, tmp_path):
    places = {"runs": tmp_path / "runs", "folder": tmp_path / "weights", "say": print}
    zoo_train([item], **places)
    changed = Item("streets", replace(item.config, lr=item.config.lr / 2))
    assert item.is_current(places["folder"])
    assert not changed.is_current(places["folder"])
    zoo_train([changed], **places)
    assert changed.is_current(places["folder"])


def test_one_failure_is_told_and_the_next_goes_on(item, tmp_path):
    broken = Item("elsewhere", replace(item.config, data="folder:nowhere"))
    said = []
    failed = zoo_train(
        [broken, item], runs=tmp_path / "runs", folder=tmp_path / "weights", say=said.append
    )
    assert list(failed) == ["elsewhere tiny-full"]
    assert "nowhere" in failed["elsewhere tiny-full"]
    assert item.is_current(tmp_path / "weights")
