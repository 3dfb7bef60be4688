"""ONNX files from elsewhere: what they give is what their own runtime gives, at any size."""

import json
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from models_zoo.cli import main
from models_zoo.exchange.asked import asked_of
from models_zoo.exchange.importing import onnx_import
from models_zoo.files import sha256_of
from models_zoo.predict.engine import Engine
from tests.models_zoo.exchange.drawn import ASKED, CLASSES, colours, ids, write_multiple


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def onnx_mask(file, pixels: np.ndarray) -> np.ndarray:
    """By ONNX Runtime alone, as whoever wrote the file would."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    batch = (pixels.transpose(2, 0, 1)[None] / 255).astype(np.float32)
    return session.run(None, {"image": batch})[0][0].argmax(0)


@pytest.mark.slow
def test_a_file_becomes_a_checkpoint_that_predicts_as_its_own_runtime_does(tmp_path):
    file = colours(tmp_path / "net.onnx")
    checked = onnx_import(file, tmp_path / "out", ASKED | {"name": "tints"})
    sidecar = checked["sidecar"]
    assert sidecar["key"] == "colours-tints-imported"
    assert (sidecar["architecture"], sidecar["variant"]) == ("tints", "imported")
    assert sidecar["onnx"] == {"order": "RGB", "output": "logits", "size": None, "multiple": 1}
    assert sidecar["parameters"] == 16
    assert sidecar["input_size"] == [64, 96]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {f"colours-tints-imported{end}" for end in (".onnx", ".json", ".png")}
    engine, kept = Engine(), tmp_path / "out" / f"{sidecar['key']}.onnx"
    for size in ((64, 96), (31, 47)):
        predicted = engine.predict(kept, sidecar, noise(*size))
        assert (predicted.mask == onnx_mask(file, noise(*size))).all()
    assert (predicted.runtime, predicted.precision) == ("onnxruntime", "fp32")
    assert engine.warm == {sidecar["sha256"]}


@pytest.mark.slow
def test_a_network_does_not_take_the_place_of_another_of_its_name(tmp_path):
    first, other = colours(tmp_path / "net.onnx"), ids(tmp_path / "other.onnx")
    asked = ASKED | {"name": "tints"}
    for _ in range(2):  # the same once more
        kept = onnx_import(first, tmp_path / "out", asked)["file"]
    with pytest.raises(ValueError, match="another --name"):
        onnx_import(other, tmp_path / "out", asked)
    assert sha256_of(Path(kept)) == sha256_of(first)


@pytest.mark.slow
def test_a_file_of_one_size_a_multiple_ids_or_bgr_says_so_and_is_computed(tmp_path):
    cases = {
        "fixed": (colours(tmp_path / "fixed.onnx", given=(1, 3, 64, 96)), {}),
        "multiple": (write_multiple(tmp_path / "multiple.onnx"), {}),
        "ids": (ids(tmp_path / "ids.onnx"), {}),
        "bgr": (colours(tmp_path / "bgr.onnx"), {"order": "bgr", "mean": "0,0,0"}),
    }
    pixels, masks = noise(50, 70), {}
    for name, (file, options) in cases.items():
        sidecar = onnx_import(file, tmp_path / "out", ASKED | options)["sidecar"]
        taken = sidecar["onnx"]
        wanted = {"fixed": ([64, 96], 1), "multiple": (None, 8)}.get(name, (None, 1))
        assert (taken["size"], taken["multiple"]) == wanted
        assert taken["output"] == ("ids" if name == "ids" else "logits")
        for scale in ("model", "tiles"):
            predicted = Engine().predict(file, sidecar, pixels, scale=scale)
            assert predicted.mask.shape == (50, 70)
        masks[name] = predicted.mask
    truth = onnx_mask(tmp_path / "bgr.onnx", pixels)
    assert (masks["ids"] == truth).all()
    assert (masks["bgr"] == onnx_mask(tmp_path / "bgr.onnx", pixels[..., ::-1])).all()


@pytest.mark.slow
def test_metadata_answer_what_nobody_says(tmp_path, capsys):
    file = colours(tmp_path / "net.onnx", classes=CLASSES, mean="0", std="1", input_size="64,96")
    assert main(["import", "--onnx", str(file), "--out", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["key"] == "colours-net-imported"
    assert [entry["name"] for entry in told["sidecar"]["classes"]] == [
        "dark",
        "red",
        "green",
        "blue",
    ]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"classes": ""}, "Say what the classes are"),
        ({"classes": '{"classes": ["one"]}'}, "should name 2 to 255"),
        ({"classes": "nowhere.json"}, "nowhere.json is missing"),
        ({"mean": ""}, "Say the mean"),
        ({"std": "0"}, "above 0"),
        ({"mean": "1,2"}, "three figures"),
        ({"std": "nan"}, "three figures"),
        ({"order": "RGBA"}, "RGB or BGR"),
        ({"input_size": "0,7"}, "height,width"),
        ({"input_size": "9999,9999"}, "height,width"),
        ({"name": "segnet"}, "a network of the catalogue"),
        ({"name": "../up"}, "is no name"),
    ],
)
def test_what_is_asked_for_is_refused_in_a_sentence(options, sentence, tmp_path):
    with pytest.raises(ValueError, match=sentence):
        asked_of(ASKED | options, {}, tmp_path / "net.onnx")


def test_figures_of_0_to_255_and_bgr_mean_the_same_pixels(tmp_path):
    caffe = {"mean": "104,117,123", "std": "1", "order": "BGR"}
    asked = asked_of(ASKED | caffe, {}, tmp_path / "net.onnx")
    assert asked.mean == [123 / 255, 117 / 255, 104 / 255]
    assert asked.std == [1 / 255] * 3
    known = asked_of(ASKED | {"classes": "camvid"}, {}, tmp_path / "net.onnx")
    assert (known.dataset["title"], len(known.classes), known.ignore_index) == ("CamVid", 11, 11)
