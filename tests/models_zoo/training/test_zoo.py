"""The zoo's plan, and training it: what is missing, what is outdated, what fails."""

from dataclasses import replace

import pytest
import torch

from models_zoo import build, catalogue
from models_zoo.checkpoints.history import history_read
from models_zoo.checkpoints.shipped import FOLDER, sidecar_read
from models_zoo.networks.backbones import VGG16, ResNet
from models_zoo.training.zoo import plan as zoo
from models_zoo.training.zoo.plan import Item, plan, zoo_train
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
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) <= 64_000_000


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
