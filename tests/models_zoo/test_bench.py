"""The table of networks: its figures follow from times taken in turns; what is missing is said."""

from __future__ import annotations

import pytest

from models_zoo.bench import networks, peers
from models_zoo.cli import bench as command
from tests.models_zoo.fixtures import draw_camvid


def test_contenders_take_turns():
    called: list[str] = []
    contenders = {name: lambda name=name: called.append(name) for name in "ab"}
    assert networks.in_turns(contenders, 2).keys() == {"a", "b"}
    assert called == ["a", "b"] * 3  # the first round is not timed


@pytest.mark.slow
def test_a_network_beside_every_peer_that_is_here(monkeypatch):
    monkeypatch.setattr(networks, "SIZE", (48, 64))
    row = networks.row("unet", "slim", rounds=1)
    times = row["milliseconds"]
    assert times.keys() == {"ours", "predict", *peers.installed()}, row["lacking"]
    best = min(times[name] for name in peers.installed())
    assert row["ratio"] == pytest.approx(times["ours"] / best)
    assert row["predict_ratio"] == pytest.approx(times["predict"] / times["ours"])
    assert row["memory_bytes"] > 0


@pytest.mark.slow
def test_peers_that_are_not_installed_are_left_out_and_said(monkeypatch, capsys):
    monkeypatch.setattr(peers, "find_spec", lambda package: package == "torch" or None)
    monkeypatch.setattr(networks, "SIZE", (48, 64))
    monkeypatch.setattr(networks, "QUICK", ("unet",))
    (row,) = command._networks(quick=True)
    told = capsys.readouterr().out
    assert row["milliseconds"].keys() == {"ours", "predict", "eager fp32", "torch bf16"}
    *_, openvino = peers.PEERS
    assert f"left out, not installed: ONNX Runtime fp32, {openvino}" in told


def test_masks_are_counted_over_a_whole_split(tmp_path, monkeypatch):
    from models_zoo.bench import masks
    from models_zoo.checkpoints.shipped import shipped

    one = [c for c in shipped() if c.sidecar["key"] == "camvid-fcn32s-slim"]
    monkeypatch.setattr(masks, "shipped", lambda: one)
    (row,) = masks.agreements(f"camvid:{draw_camvid(tmp_path / 'camvid', train=1, val=2)}")
    assert row["runtime"] == "torch"  # as tests are run
    assert 0.5 < row["same"] <= 1
    assert {0 <= row[name] <= 1 for name in ("miou", "miou_fp32")} == {True}
