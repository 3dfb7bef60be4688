"""CONTRIBUTING's recipe for an architecture: two files, inside the repository and outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import reverse

from experiments.runs.launching import preset_initial

ROOT = Path(__file__).parents[2]
PLACE = "models_zoo/networks/papers/two_step"


def recipe() -> dict[str, str]:
    """The two files that CONTRIBUTING shows, by name."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## Add an architecture")[1].split("\n## ")[0]
    steps = re.findall(rf"`{PLACE}/(\w+\.py)`.*?```python\n(.*?)```", section, re.DOTALL)
    return {name: re.sub("^   ", "", code, flags=re.MULTILINE) for name, code in steps}


def recipe_follow(folder: Path) -> None:
    """Writes the recipe's files into a new `folder`, whose name is the architecture's key."""
    folder.mkdir()
    files = recipe()
    assert set(files) == {"__init__.py", "network.py"}
    for name, code in files.items():
        (folder / name).write_text(code.replace("two_step", folder.name), encoding="utf-8")


def run(*words: str, cwd: Path = ROOT, **variables: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def outside(tmp_path) -> dict[str, str]:
    """The environment in which the recipe's folder lies outside the repository."""
    recipe_follow(tmp_path / "our_step")
    path = f"{ROOT}{os.pathsep}{tmp_path}"
    return {"PYTHONPATH": path, "SEGWEB_CATALOGUE": "our_step"}


FROM_OUTSIDE = """
import sys
from models_zoo import build, catalogue
from models_zoo.networks.catalogue import place
from models_zoo.study.cards import cards_text
from models_zoo.training.zoo.plan import plan
from models_zoo.training.zoo.presets import paper_settings

assert place("our_step") > place("deeplab_v3_resnet101")
assert paper_settings("our_step")["lr"] == 0.01
recipes = {i.dataset: i.config for i in plan(camvid="there") if i.name == "our_step-slim"}
assert (recipes["camvid"].epochs, recipes["scenes"].epochs) == (20, 10)
assert "| `our_step` | camvid, scenes |" in cards_text()
assert "torch" not in sys.modules

import torch
from models_zoo.networks.measure import figures
for variant in ("full", "slim"):
    network = build("our_step", variant=variant, num_classes=5).eval()
    for size in ((64, 64), (97, 131), (1, 1)):
        assert network(torch.zeros(1, 3, *size)).shape == (1, 5, *size)
    print(figures("our_step", variant, num_classes=5))
"""


@pytest.mark.slow
def test_the_recipe_works_from_outside_the_repository(outside, tmp_path):
    full, slim = run("-c", FROM_OUTSIDE, **outside).splitlines()
    assert "parameters=2245" in full
    assert "parameters=285" in slim
    run("-m", "models_zoo", "describe", "our_step", "--out", str(tmp_path), **outside)
    assert (tmp_path / "our_step.json").is_file()


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Path:
    """A copy of the repository in which the recipe was followed: two files, and two commands."""
    copy = tmp_path_factory.mktemp("repository") / "copy"
    heavy = shutil.ignore_patterns("*.safetensors", "__pycache__", ".*", "var")
    shutil.copytree(ROOT, copy, ignore=heavy)
    before = {path for path in copy.rglob("*") if path.is_file()}
    recipe_follow(copy / PLACE)
    added = {path for path in copy.rglob("*") if path.is_file()} - before
    assert {str(path.relative_to(copy)) for path in added} == {
        f"{PLACE}/__init__.py",
        f"{PLACE}/network.py",
    }
    run("-m", "models_zoo", "describe", "two_step", cwd=copy, PYTHONPATH=str(copy))
    run("-m", "models_zoo", "cards", cwd=copy, PYTHONPATH=str(copy))
    return copy


def run_tests(copy: Path, *words: str) -> str:
    """What pytest says of some tests of the copy."""
    how = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not browser")
    return run(*how, *words, cwd=copy, PYTHONPATH=str(copy))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_runs_over_all_architectures_runs_over_a_new_one(copy):
    assert (copy / "models_zoo/study/descriptions/two_step.json").is_file()
    assert "`two_step`" in (copy / "docs/zoo.md").read_text(encoding="utf-8")
    rooms = ("tests/models_zoo", "tests/lineage", "tests/experiments/runs")
    told = run_tests(copy, "-k", "two_step", *rooms)
    assert int(re.search(r"(\d+) passed", told).group(1)) >= 14, told


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_counts_the_architectures_holds_with_a_new_one(copy):
    run_tests(
        copy,
        "tests/models_zoo/training/test_config.py",
        "tests/models_zoo/training/test_zoo.py::test_the_plan_holds_every_architecture_on_both_data_sets",
        "tests/models_zoo/study/test_story.py::test_the_cards_file_is_what_the_sidecars_say",
        "tests/lineage/test_story.py",
        "tests/lineage/test_pages.py",
        "tests/inference/test_translations.py",
    )


def test_the_command_line_lists_it(outside):
    listed = run("-m", "models_zoo", "list", **outside)
    assert "our_step" in listed
    assert "TwoStep" in listed


@pytest.mark.django_db
def test_a_paper_from_outside_says_all_that_one_inside_says(client, monkeypatch, tmp_path):
    recipe_follow(tmp_path / "our_step")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SEGWEB_CATALOGUE", "our_step")
    page = client.get(reverse("lineage:architecture", args=["our_step"])).content.decode()
    assert "what its forerunners could not" in page
    assert "Author: Title</span>, 2026" in page
    story = client.get(reverse("lineage:story")).content.decode()
    assert "TwoStep" in story
    assert "Two steps are enough." in story
    assert preset_initial("our_step", "paper")["lr"] == 0.01
