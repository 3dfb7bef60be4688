"""A plan carried out: results, pictures, what is not done twice, stopping, failures."""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models_zoo.ablations import SIDES, VERDICTS, picture_path
from models_zoo.ablations.plan import plan_read
from models_zoo.ablations.report import Results
from models_zoo.ablations.results import Counts, Truth
from models_zoo.ablations.runner import carry_out, results_of, wanted
from models_zoo.checkpoints.resolve import resolve
from models_zoo.data import open_dataset
from models_zoo.predict.engine import Engine
from models_zoo.predict.evaluation import evaluate
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

PLAN = {
    "settings": {
        "data": "scenes:48x64:10", "crop": [48, 64], "epochs": 1, "batch": 5, "workers": 0,
        "jitter": 0, "scale": [1, 1], "class_weights": "none", "architecture": "fcn32s",
        "precision": "fp32",
    },
    "test": {"data": "scenes:48x64:30"},
    "seeds": 1,
    "arms": {
        "plain": {},
        "corners": {"options": {"align_corners": True}},
        "more": {"after": "plain"},
        "mean": {"members": ["plain", "corners"]},
    },
    "comparisons": {
        "corners": {"arm": "corners", "against": "plain", "measure": "miou"},
        "mean": {"arm": "mean", "against": "plain", "measure": "miou"},
    },
}  # fmt: skip


def command(plan: Path, out: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "models_zoo", "ablate", str(plan), "--out", str(out), *words]


def ablate(plan: Path, out: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(plan, out, "--json", *words), capture_output=True, text=True, check=False
    )


def plan_write(folder: Path, **changes: Any) -> Path:
    path = folder / "plan.json"
    path.write_text(json.dumps(PLAN | changes))
    return path


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A plan that was carried out, here and not in processes of its own: its file, its folder."""
    folder = tmp_path_factory.mktemp("ablation")
    plan = plan_read(plan_write(folder))
    out = folder / "out"
    for arm, seed in plan.pairs:
        carry_out(plan, out, (arm.name, seed))
    return plan.path, out


def test_a_plan_brings_runs_results_and_pictures(done):
    plan, out = done
    told = Results(plan_read(plan), out).to_json()
    assert (told["done"], told["of"], told["images"]) == (4, 4, 3)
    effects = told["comparisons"]["corners"]["effects"]
    assert {"miou", "boundary_f1", "of_size_small", "large"} <= effects.keys()
    assert (effects["miou"]["verdict"], effects["miou"]["low"]) == ("unclear", None)
    assert told["arms"]["plain"]["fields"][0]["effective"] > 0
    for name in ("plain", "corners", "more"):
        assert (out / "runs" / f"{name}-0" / "events.jsonl").is_file()
        assert not list((out / "runs" / f"{name}-0").glob("state-*"))
    picture = told["comparisons"]["mean"]["picture"]
    assert None not in picture["miou"]
    for side in SIDES:
        assert picture_path("mean", picture["index"], side, out).is_file()


def test_kept_counts_give_the_scores_of_evaluate(done):
    plan, out = done
    results = Results(plan_read(plan), out)
    counts, truth = results.counts(("corners", 0)), results.truth
    checkpoint = resolve(str(out / "runs" / "corners-0" / "best.safetensors"))
    dataset = open_dataset(PLAN["test"]["data"], "test")
    wanted = evaluate(
        Engine(precision="fp32"), checkpoint.weights_path, checkpoint.sidecar, dataset
    ).scores
    every = np.ones((1, len(truth.truth)))

    def score(measure: str) -> float:
        return counts.score(measure, truth, every)[0]

    assert score("miou") == pytest.approx(wanted["miou"])
    assert score("boundary_f1") == pytest.approx(wanted["boundary_f1"], abs=1e-3)
    small = wanted["recall_by_size"]["small"]
    assert score("of_size_small") == pytest.approx(small["recall"], abs=1e-3)
    for failure, told in wanted["diagnosis"].items():
        if told["value"] is not None:
            assert max(0, score(failure)) == pytest.approx(told["value"], abs=2e-3)
            rows = [n for n, (name, _) in enumerate(truth.about["failures"]) if name == failure]
            assert truth.failures[:, rows].sum() == told["objects"]


def test_an_arm_begins_with_anothers_weights(done):
    _, out = done
    events = [
        json.loads(line)
        for line in (out / "runs" / "more-0" / "events.jsonl").read_text().splitlines()
    ]
    begun = next(event for event in events if event["event"] == "begun_with")
    assert begun["initialised"] == []
    sidecar = json.loads((out / "runs" / "more-0" / "best.json").read_text())
    assert sidecar["start"]["sha256"] == Counts.read(out / "plain-0.npz").about["sha256"][0]
    assert "start=START.safetensors" in sidecar["command"]


def test_what_has_results_is_not_trained_again(done, tmp_path):
    """Those kept beside the plan count, with no run at all."""
    plan, out = plan_read(plan_write(tmp_path)), done[1]
    assert len(wanted(plan, tmp_path / "new")) == 4
    plan.results.mkdir()
    for path in out.glob("*.npz"):
        shutil.copy(path, plan.results)
    assert wanted(plan, tmp_path / "new") == []
    # Of a mean whose results are missing, the members are needed with their weights.
    (plan.results / "mean-0.npz").unlink()
    assert wanted(plan, tmp_path / "new") == [("plain", 0), ("corners", 0), ("mean", 0)]
    assert wanted(plan, out) == []
    for pair in wanted(plan, tmp_path / "new"):
        carry_out(plan, tmp_path / "new", pair)
    assert [path.name for path in (tmp_path / "new").glob("*.npz")] == ["mean-0.npz"]


def test_results_of_another_recipe_or_other_scenes_do_not_count(done, tmp_path):
    _, out = done
    for changes in (
        {"settings": PLAN["settings"] | {"lr": 0.01}},
        {"settings": PLAN["settings"] | {"data": "scenes:48x64:20"}},
        {"test": {"data": "scenes:48x64:30", "split": "val"}},
    ):
        plan = plan_read(plan_write(tmp_path, **changes))
        assert results_of(plan, out).to_json()["done"] == 0


def test_results_of_before_a_setting_was_made_still_count(done):
    plan, out = done
    counts = Counts.read(out / "plain-0.npz")
    recipe = dict(counts.about["recipes"]["plain"])
    del recipe["ema"], recipe["passes"]
    older = replace(counts, about={**counts.about, "recipes": {"plain": recipe}})
    older.write(out / "plain-0.npz")
    assert Results(plan_read(plan), out).counts(("plain", 0)) is not None


@pytest.mark.timeout(600)  # its processes are niced, and give way to all others
def test_a_stopped_plan_goes_on(tmp_path):
    arms = {"plain": {"epochs": 40}, "corners": {"epochs": 40, "options": {"align_corners": True}}}
    comparisons = {"corners": PLAN["comparisons"]["corners"]}
    plan = plan_write(tmp_path, arms=arms, comparisons=comparisons)
    process = subprocess.Popen(
        command(plan, tmp_path / "out"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    log = tmp_path / "out" / "runs" / "plain-0" / "events.jsonl"
    wait_until(lambda: log.is_file() and '"step"' in log.read_text(), 500)
    os.kill(process.pid, signal.SIGTERM)
    out, _ = process.communicate()
    assert process.returncode == 3, out
    assert "Stopped; the same command goes on." in out
    assert list((tmp_path / "out" / "runs" / "plain-0").glob("state-*"))
    result = ablate(plan, tmp_path / "out")
    assert json.loads(result.stdout.splitlines()[-1])["done"] == 2
    assert "1 seed: cannot tell" in result.stdout
    assert json.loads((tmp_path / "out" / VERDICTS).read_text())["done"] == 2
    events = [json.loads(line) for line in log.read_text().splitlines()]
    starts = [event["resumed"] for event in events if event["event"] == "start"]
    assert starts == [False, True]


@pytest.mark.timeout(600)
def test_a_failed_arm_is_told_and_the_others_go_on(tmp_path):
    arms = {"broken": {"options": {"skips": 1}}, "plain": {}, "more": {"after": "broken"}}
    plan = plan_write(tmp_path, arms=arms, comparisons={})
    result = ablate(plan, tmp_path / "out", "--jobs", "1")
    assert result.returncode == 4
    assert "2 failed: broken-0, more-0. fcn32s has no option 'skips'" in result.stderr
    assert (tmp_path / "out" / "plain-0.npz").is_file()


def test_broken_results_are_told(tmp_path):
    (tmp_path / "plain-0.npz").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"plain-0.npz holds no results"):
        Counts.read(tmp_path / "plain-0.npz")
    with pytest.raises(OSError, match="truth"):
        Truth.read(tmp_path / "truth.npz")
