"""Scores of a written checkpoint with what they come from, and labels that a checkpoint gives."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from models_zoo.cli import main
from models_zoo.data import open_dataset
from models_zoo.data.description import description_read
from models_zoo.masks import read_mask
from models_zoo.metrics import scores
from models_zoo.predict.engine import Engine
from models_zoo.predict.evaluation import evaluate
from models_zoo.predict.pseudo import thresholds_parse
from models_zoo.training.record.events import events_read
from models_zoo.training.run import train
from tests.models_zoo.fixtures import draw_folder, tiny_catalogue, tiny_config


@pytest.fixture(scope="module", autouse=True)
def _catalogue():
    with tiny_catalogue():
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "streets"
    specification = draw_folder(root, train=4, val=11, test=3)
    for mask in (root / "test" / "masks").iterdir():
        mask.unlink()
    (root / "test" / "masks").rmdir()
    return specification


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    sidecar = train(tiny_config(data, options={}, epochs=6, lr=0.03), out)
    return out / "best.safetensors", sidecar


@pytest.mark.slow
def test_the_file_keeps_the_counts_of_every_image(data, trained, tmp_path):
    out = tmp_path / "scores.json"
    words = ["evaluate", "--checkpoint", str(trained[0]), "--data", data, "--split", "val"]
    assert main([*words, "--out", str(out)]) == 0
    kept = json.loads(out.read_text())
    images = kept["per_image"]
    assert [image["name"] for image in images] == [f"val{number:02d}" for number in range(11)]
    total = np.array(kept["confusion"])
    assert np.sum([image["hits"] for image in images], axis=0).tolist() == total.diagonal().tolist()
    assert np.sum([i["truth"] for i in images], axis=0).tolist() == total.sum(axis=1).tolist()
    assert np.sum([i["predicted"] for i in images], axis=0).tolist() == total.sum(axis=0).tolist()
    assert kept["miou"] == scores(total)["miou"] == trained[1]["scores"][0]["miou"]
    assert kept["worst_tenth"] <= kept["image_miou"]
    wanted = {"boundary_iou", "boundary_f1", "trimap_miou", "recall_by_size", "passport", "key"}
    assert wanted <= set(kept)
    assert "diagnosis" not in kept


def test_masks_whose_foreground_is_ignored_are_not_scored(data, trained, tmp_path, capsys):
    """Masks of 0 and 255 gave an mIoU of 1.0000 over one class."""
    draw_folder(tmp_path / "binary", val=2)
    for path in (tmp_path / "binary" / "val" / "masks").iterdir():
        ids = np.asarray(Image.open(path))
        Image.fromarray(np.where(ids > 0, 255, 0).astype(np.uint8)).save(path)
    words = ["evaluate", "--checkpoint", str(trained[0]), "--split", "val"]
    assert main([*words, "--data", f"folder:{tmp_path / 'binary'}"]) == 2
    assert "all others are 'sky': there is nothing to tell apart" in capsys.readouterr().err


@pytest.mark.slow
def test_scenes_are_diagnosed(tmp_path):
    few = "scenes:48x64:20"
    sidecar = train(tiny_config(few, epochs=1), tmp_path)
    assert sidecar["key"] == "scenes-tiny-full"
    assert sidecar["training"]["data"] == few
    weights = tmp_path / "best.safetensors"
    found = evaluate(Engine(0), weights, sidecar, open_dataset(few, "test"))
    numbers = found.scores["diagnosis"]
    assert len(numbers) == 6
    assert all(entry["value"] is None or 0 <= entry["value"] <= 1 for entry in numbers.values())


def test_other_classes_are_not_scored(data, trained):
    with pytest.raises(ValueError, match="trained on other classes"):
        evaluate(Engine(0), *trained, open_dataset("scenes:48x64", "val"))


def test_a_split_without_masks_is_not_scored(data, trained):
    with pytest.raises(ValueError, match="has no masks"):
        evaluate(Engine(0), *trained, open_dataset(data, "test"))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("0.8", [0.8, 0.8, 0.8]), ("0.7,car=0.5", [0.7, 0.7, 0.5]), ("car=1", [0.9, 0.9, 1.0])],
)
def test_thresholds(text, wanted):
    assert thresholds_parse(text, ["sky", "road", "car"]).tolist() == wanted


@pytest.mark.parametrize("text", ["2", "x", "", "boat=0.5", "car=", "nan"])
def test_thresholds_that_are_none(text):
    with pytest.raises(ValueError, match=r"is no class|is no threshold"):
        thresholds_parse(text, ["sky", "road", "car"])


def label(data, trained, out, threshold: str) -> int:
    words = ["pseudo", "--checkpoint", str(trained[0]), "--data", data, "--split", "test"]
    return main([*words, "--threshold", threshold, "--out", str(out)])


def test_pseudo_labels_are_a_data_set_of_their_own(data, trained, tmp_path):
    assert label(data, trained, tmp_path / "all", "0") == 0
    assert label(data, trained, tmp_path / "sure", "0,sky=1,road=1,car=1") == 0
    dataset = open_dataset(f"folder:{tmp_path / 'all'}", "train")
    assert [entry["name"] for entry in dataset.classes] == ["sky", "road", "car"]
    image, mask = dataset.load(0)
    source = open_dataset(data, "test")
    assert np.array_equal(image, source.load_image(0))
    predicted = Engine(0).predict(*trained, image)
    assert np.array_equal(mask, predicted.mask)
    provenance = json.loads((tmp_path / "all" / "pseudo.json").read_text())
    assert provenance["sha256"] == trained[1]["sha256"]
    assert provenance["source"]["split_hash"] == source.split_hash
    assert provenance["kept_share"] == 1.0
    assert description_read(tmp_path / "all" / "classes.json").ignore_index == 255
    sure = read_mask(tmp_path / "sure" / "train" / "masks" / "test00.png") != 255
    assert 0 < sure.mean() < 1
    # Less than what a byte of 255 stands for: that begins at .998.
    assert set(predicted.top_probabilities[0][sure]) == {255}
    assert sure.sum() < np.count_nonzero(predicted.top_probabilities[0] == 255)


def test_only_what_is_sure_reaches_a_threshold_of_one(data, trained, tmp_path, monkeypatch):
    """A prediction's bytes round .998 up to 255, which is no 1."""
    biased = Engine.scorer

    def nearly(self, network, sidecar, peak):
        score = biased(self, network, sidecar, peak)

        def scored(pixels, scored_at):
            logits = torch.zeros_like(score(pixels, scored_at))
            logits[0] = 8.0  # .998 of three classes
            logits[0, 0] = 200.0
            return logits

        return scored

    monkeypatch.setattr(Engine, "scorer", nearly)
    assert label(data, trained, tmp_path / "one", "1.0") == 0
    assert label(data, trained, tmp_path / "less", "0.99") == 0
    shares = [
        json.loads((tmp_path / name / "pseudo.json").read_text())["kept_share"]
        for name in ("one", "less")
    ]
    assert 0 < shares[0] < 0.1
    assert shares[1] == 1


def test_pseudo_labels_do_not_overwrite(data, trained, tmp_path, capsys):
    Image.new("RGB", (2, 2)).save(tmp_path / "mine.png")
    assert label(data, trained, tmp_path, "0.9") == 2
    assert "is not empty" in capsys.readouterr().err


def test_a_run_mixes_pseudo_labels_in_and_records_them(data, trained, tmp_path):
    label(data, trained, tmp_path / "labels", "0.5")
    config = tiny_config(data, pseudo=f"folder:{tmp_path / 'labels'}", pseudo_ratio=0.5)
    sidecar = train(config, tmp_path / "run")
    assert sidecar["pseudo_labels"]["checkpoint"] == "streets-tiny-full"
    assert sidecar["training"]["pseudo"] == "folder:PATH"
    assert sidecar["training"]["pseudo_ratio"] == 0.5
    steps = json.loads(json.dumps(next(events_read(tmp_path / "run"))))
    assert steps["config"]["pseudo"] == config.pseudo


def test_the_bench_gives_a_ratio_and_what_it_is_made_of():
    from models_zoo.bench.ratios import counting_ratio

    measured = counting_ratio(side=64, images=2, rounds=1)
    assert measured["ratio"] > 0, "how large it is, is make bench's to say and no test's"
