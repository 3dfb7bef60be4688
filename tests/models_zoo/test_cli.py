"""The command line as callers rely on it: commands, the JSON line, sentences and exit codes."""

import json

import numpy as np
import pytest
from PIL import Image

from models_zoo.cli import main
from models_zoo.masks import read_mask
from models_zoo.metrics import confusion, scores
from tests.models_zoo.fixtures import draw_camvid, write_checkpoint

TINY = ["--set", "crop=32,32", "--set", "batch=2", "--set", "workers=0", "--set", "precision=fp32"]


@pytest.fixture(scope="module")
def camvid(tmp_path_factory):
    return draw_camvid(tmp_path_factory.mktemp("data") / "camvid", train=4, val=2)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))[0]


def run(capsys, *words) -> tuple[int, dict | None, str]:
    """The exit code, the JSON of the last line (None when it is none) and what stderr said."""
    code = main([str(word) for word in words])
    output = capsys.readouterr()
    lines = output.out.strip().splitlines()
    is_json = bool(lines) and lines[-1].startswith("{")
    return code, json.loads(lines[-1]) if is_json else None, output.err


@pytest.mark.slow
def test_list_names_every_architecture(capsys):
    code, result, _ = run(capsys, "list", "--json")
    assert code == 0
    assert {"fcn8s", "segnet", "unet"} <= {entry["key"] for entry in result["architectures"]}


@pytest.mark.slow
def test_train_then_evaluate_then_predict(capsys, camvid, tmp_path):
    out = tmp_path / "run"
    train = ("train", "--arch", "unet", "--data", f"camvid:{camvid}", "--epochs", 1, "--out", out)
    code, trained, _ = run(capsys, *train, *TINY, "--json")
    assert code == 0
    checkpoint = out / "best.safetensors"
    evaluate = ("evaluate", "--checkpoint", checkpoint, "--data", f"camvid:{camvid}")
    code, evaluated, _ = run(capsys, *evaluate, "--split", "val", "--json")
    assert code == 0
    assert evaluated == trained
    assert evaluated["key"] == "camvid-unet-slim"
    assert 0 <= evaluated["miou"] <= 1
    assert len(evaluated["per_class_iou"]) == 11

    image, truth = (camvid / folder / "val00.png" for folder in ("val", "valannot"))
    code, _, _ = run(capsys, "predict", "--checkpoint", checkpoint, image, "--out", tmp_path / "m")
    assert code == 0
    mask = read_mask(tmp_path / "m" / "val00.png")
    assert confusion(read_mask(truth), mask, 11, 11).sum() == (read_mask(truth) != 11).sum()


def test_the_score_is_that_of_the_written_masks(capsys, camvid, weights, tmp_path):
    images = sorted((camvid / "val").glob("*.png"))
    run(capsys, "predict", "--checkpoint", weights, *images, "--out", tmp_path)
    evaluate = ("evaluate", "--checkpoint", weights, "--data", f"camvid:{camvid}")
    _, result, _ = run(capsys, *evaluate, "--split", "val", "--precision", "auto", "--json")
    counts = sum(
        confusion(read_mask(camvid / "valannot" / i.name), read_mask(tmp_path / i.name), 11, 11)
        for i in images
    )
    assert result["confusion"] == counts.tolist()
    assert result["miou"] == scores(counts)["miou"]


def test_masks_have_the_size_of_the_upright_image(capsys, weights, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (30, 20)).save(tmp_path / "turned.jpg", exif=exif)
    predict = ("predict", "--checkpoint", weights, tmp_path / "turned.jpg", "--out", tmp_path)
    code, result, _ = run(capsys, *predict, "--json")
    assert code == 0
    assert result["masks"][0]["mask"] == str(tmp_path / "turned.png")
    assert read_mask(tmp_path / "turned.png").shape == (30, 20)


def test_masks_never_overwrite_each_other_or_an_image(capsys, weights, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / folder / "x.png")
    images = (tmp_path / "a" / "x.png", tmp_path / "b" / "x.png")
    predict = ("predict", "--checkpoint", weights, "--out")
    code, _, error = run(capsys, *predict, tmp_path / "out", *images)
    assert code == 2
    assert "Several images are called x" in error
    before = images[0].read_bytes()
    code, _, error = run(capsys, *predict, tmp_path / "a", images[0])
    assert code == 2
    assert "would overwrite an image" in error
    assert images[0].read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["train", "--arch", "alexnet", "--data", "camvid:{data}"], "architecture 'alexnet'"),
        (["train", "--arch", "unet", "--data", "mars:{data}"], "Unknown data set"),
        (["train", "--arch", "unet", "--data", "camvid:{data}/none"], "There is no folder"),
        (["train", "--epochs", "0"], "epochs must be"),
        (["train", "--set", "lr=x"], "lr cannot be 'x'"),
        (["train", "--set", "lr=inf"], "lr must be"),
        (["train", "--set", "speed=9"], "Cannot set 'speed=9'"),
        (["train", "--set", "crop=64"], "crop cannot be '64'"),
        (["evaluate", "--checkpoint", "{weights}", "--data", "camvid:{data}"], "'test' is missing"),
        (["evaluate", "--checkpoint", "none", "--data", "camvid:{data}"], "No checkpoint 'none'"),
        (["predict", "--checkpoint", "{weights}", "{data}/none.png"], "none.png"),
        (["predict", "--checkpoint", "{weights}", "{weights}"], "cannot be read as an image"),
    ],
)
def test_what_does_not_fit_is_one_sentence(words, message, capsys, camvid, weights, tmp_path):
    if words[0] == "train" and "--arch" not in words:
        words = ["train", "--arch", "unet", "--data", "camvid:{data}", *words[1:]]
    words = [word.format(data=camvid, weights=weights) for word in words]
    out = [] if words[0] == "evaluate" else ["--out", tmp_path / "out"]
    code, result, error = run(capsys, *words, *out, "--json")
    assert code == 2
    assert result is None
    assert message in error
    assert "Traceback" not in error
    assert error.startswith("models_zoo: ")
    assert len(error.strip().splitlines()) == 1


def test_a_preflight_tells_the_size_that_crops_are_cut_from(capsys):
    words = ["preflight", "--arch", "unet", "--data", "scenes:48x64:10", "--json"]
    code, result, _ = run(capsys, *words, "--set", "crop=32,32", "--set", "batch=2")
    assert (code, result["input_size"]) == (0, [48, 64])


def test_a_preflight_tells_how_far_it_is(capsys, monkeypatch):
    monkeypatch.setattr("models_zoo.cli.preflight.TOLD_SECONDS", 0.0)
    words = ["preflight", "--arch", "unet", "--data", "scenes:48x64:10", "--json"]
    assert main([*words, "--set", "crop=32,32", "--set", "batch=2"]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = [json.loads(line)["progress"] for line in lines if line.startswith('{"progress"')]
    assert {line["stage"] for line in told} == {"images", "batch"}
    steps = [line["step"] for line in told if line["stage"] == "images"]
    assert steps == sorted(steps)
    assert steps[-1] == told[0]["steps"] > 10


def test_a_preflight_that_fails_prints_why_as_json(capsys, camvid):
    words = ["preflight", "--arch", "unet", "--data", f"camvid:{camvid}", "--json"]
    code, result, _ = run(capsys, *words, "--set", "options.nothing=1")
    assert code == 2
    assert (result["failure"]["kind"], result["failure"]["code"]) == ("misfit", 2)
    assert "no option 'nothing'" in result["failure"]["message"]


def test_a_run_that_is_waited_for_tells_what_of_its_file_does_not_fit(capsys, tmp_path):
    (tmp_path / "run.json").write_text('{"architecture": "unet", "data": "scenes", "speed": 9}')
    code, _, _ = run(capsys, "train", "--config", tmp_path / "run.json", "--out", tmp_path)
    failure = json.loads((tmp_path / "events.jsonl").read_text())
    assert (code, failure["kind"], failure["message"]) == (2, "misfit", "Unknown settings: speed.")


def test_the_random_colours_of_the_fixture_are_not_trivial(camvid):
    image = np.asarray(Image.open(camvid / "train" / "train00.png"))
    assert image.std() > 20
