"""The check's code paths on whatever device there is, at tiny sizes; its figures are not judged."""

import json

import pytest

from models_zoo.cli import main
from models_zoo.gpu_check import report, sharing
from models_zoo.gpu_check.agreement import Job, agreements
from models_zoo.gpu_check.report import gpu_check, page, report_write
from models_zoo.gpu_check.sharing import resumed, shared
from models_zoo.gpu_check.speed import speeds, torchvision_speeds

pytestmark = pytest.mark.slow

TINY = Job("cpu", variant="slim", size=(32, 40), batch=2)


def test_half_precision_is_near_fp32():
    rows = agreements("unet", TINY)
    assert [row["precision"] for row in rows] == ["fp16", "bf16"]
    fp16, bf16 = rows
    assert 0 < fp16["logits_error"] < bf16["logits_error"] < 0.2
    assert 0 < fp16["gradient_error"] < bf16["gradient_error"] < 0.5


def test_speeds_are_ours_beside_plain_ones():
    row = speeds("segnet_basic", TINY, seconds=0.01)
    for name in ("train", "predict", "plain_train", "plain_predict"):
        assert row[name] > 0
        assert row[f"{name}_bytes"] > 0
    assert torchvision_speeds("lraspp_mobilenet_v3_large", TINY, seconds=0.01)["plain_train"] > 0


@pytest.mark.timeout(300)  # it starts processes that import torch
def test_two_share_a_device():
    told = shared("unet", TINY, seconds=0.2)
    assert told["alone"] > 0
    assert len(told["together"]) == 2


@pytest.mark.timeout(300)  # it starts processes that import torch
def test_a_killed_run_resumes_bit_for_bit_on_a_processor(tmp_path, monkeypatch):
    monkeypatch.setattr(sharing, "PASSES", 1)
    told = resumed("unet", tmp_path, precision="fp32")
    assert told["killed"]
    assert told["repeatable"]
    assert told["resumed_alike"]
    assert told["resumed_difference"] == told["repeated_difference"] == 0


@pytest.fixture
def _one_of_each(monkeypatch):
    """Neither processes nor torchvision's networks, which take long, nor long measurements."""
    monkeypatch.setattr(report, "_MEASURED_SECONDS", 0.01)
    alone = {"architecture": "unet", "alone": 10.0, "together": [5.0, 6.0]}
    monkeypatch.setattr(report, "shared", lambda *_, **__: alone)

    def fails() -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(report, "_resumption", fails)
    monkeypatch.setattr(report, "TORCHVISION", ())


@pytest.mark.usefixtures("_one_of_each")
def test_the_check_tells_what_failed_and_goes_on(tmp_path):
    said = []
    result = gpu_check("cpu", seconds=60, say=said.append, keys=("unet",), job=TINY)
    assert result["failed"] == {"resumed unet": "RuntimeError: out of luck"}
    assert len(said) == 4
    assert len(result["agreement"]) == 2
    assert len(result["speed"]) == 1
    report_write(result, tmp_path)
    assert json.loads((tmp_path / "gpu.json").read_text()) == json.loads(json.dumps(result))
    text = (tmp_path / "gpu.md").read_text()
    assert "| unet | bf16 |" in text
    assert "out of luck" in text
    assert "5 and 6 two at once" in text


@pytest.mark.usefixtures("_one_of_each")
def test_what_there_is_no_time_for_is_named(tmp_path, capsys):
    assert main(["gpu-check", "--minutes", "0", "--out", str(tmp_path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert "agreement fcn32s" in result["left_out"]
    assert not result["agreement"]
    assert "Left out for want of time: shared unet" in page(result)
