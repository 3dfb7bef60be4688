"""One training worker a GPU, pinned to it and named after it."""

from __future__ import annotations

import pytest

from segweb.host import devices, processes


def workers(monkeypatch: pytest.MonkeyPatch, found: str, share: str = "1") -> dict[str, str | None]:
    monkeypatch.setenv(devices.VISIBLE, found)
    monkeypatch.setenv("TRAINING_GPUS", share)
    return {p.name: p.environment.get(devices.VISIBLE) for p in processes.workers()}


def test_a_host_without_or_with_one_gpu_has_one_training_worker(monkeypatch):
    expected = {"inference-worker": None, "training-worker": None}
    assert workers(monkeypatch, "") == workers(monkeypatch, "0") == expected


def test_each_gpu_has_a_training_worker_of_its_own(monkeypatch):
    found = workers(monkeypatch, "0,1")
    assert found["training-worker-0"] == "0"
    assert found["training-worker-1"] == "1"
    names = [p.command[p.command.index("-n", 3) + 1] for p in processes.workers()[1:]]
    assert names == ["training0@%h", "training1@%h"]


def test_runs_on_several_gpus_need_a_worker_that_has_them(monkeypatch):
    found = workers(monkeypatch, "0,1,2,3", share="2")
    assert found["training-worker-0-1"] == "0,1"
    assert found["training-worker-2-3"] == "2,3"
