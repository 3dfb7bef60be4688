"""What goes out gives the masks of its network, elsewhere too, and comes back in by itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

from models_zoo.checkpoints.resolve import resolve
from models_zoo.cli import main
from models_zoo.exchange import exporting
from models_zoo.exchange.exporting import export
from models_zoo.exchange.importing import onnx_import
from models_zoo.predict.engine import Engine

pytestmark = pytest.mark.slow

PIXELS = np.random.default_rng(0).integers(0, 256, (60, 85, 3), np.uint8)


# Unpooling by places of maxima too: SegNet's is written as masks, and needs no scatter.
@pytest.mark.parametrize("key", ["scenes-unet-slim", "scenes-segnet-slim"])
def test_an_onnx_file_comes_back_in_without_a_word(key, tmp_path):
    checkpoint = resolve(key)
    told = export(checkpoint, "onnx", tmp_path / "out.onnx")
    assert told["size"] is None
    assert told["alike"] >= 0.999
    assert [path.name for path in tmp_path.iterdir()] == ["out.onnx"]
    sidecar = onnx_import(tmp_path / "out.onnx", tmp_path / "in", {"name": "again"})["sidecar"]
    for name in ("classes", "ignore_index", "mean", "std", "input_size"):
        assert sidecar[name] == checkpoint.sidecar[name]
    assert sidecar["key"] == "scenes-again-imported"
    masks = [
        Engine(precision="fp32").predict(*files, PIXELS).mask
        for files in (
            (tmp_path / "out.onnx", sidecar),
            (checkpoint.weights_path, checkpoint.sidecar),
        )
    ]
    assert (masks[0] == masks[1]).mean() > 0.999


@pytest.mark.filterwarnings("ignore:`torch.jit.load` is deprecated")
def test_openvino_and_torch_give_its_masks_without_segweb(tmp_path, capsys):
    import openvino as ov
    import torch

    batch = torch.randn(1, 3, 57, 83, generator=torch.Generator().manual_seed(0))
    masks = []
    for form, name in (("openvino", "net.xml"), ("torch", "net.pt")):
        words = ["export", "--checkpoint", "scenes-segnet-slim", "--format", form]
        assert main([*words, "--out", str(tmp_path / name), "--json"]) == 0
        assert json.loads(capsys.readouterr().out.splitlines()[-1])["size"] is None
        if form == "torch":
            masks.append(torch.jit.load(tmp_path / name)(batch).argmax(1).numpy())
        else:
            hint = {"INFERENCE_PRECISION_HINT": "f32"}
            compiled = ov.Core().compile_model(tmp_path / name, "CPU", hint)
            masks.append(compiled(batch.numpy())[0].argmax(1))
    assert {path.name for path in tmp_path.iterdir()} == {"net.xml", "net.bin", "net.pt"}
    assert (masks[0] == masks[1]).mean() > 0.999


def test_one_that_gives_other_masks_is_not_handed_out(tmp_path, monkeypatch, capsys):
    def others(*args, **named):
        return lambda batch: np.zeros((1, 16, *batch.shape[-2:]))

    monkeypatch.setitem(exporting.FORMS, "torch", others)
    words = ["export", "--checkpoint", "scenes-unet-slim", "--format", "torch", "--out"]
    assert main([*words, str(tmp_path / "net.pt")]) == 2
    assert "% of the pixels get another class" in capsys.readouterr().err
    assert main([*words, str(tmp_path / "net.onnx")]) == 2
    assert "ends in .pt" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
