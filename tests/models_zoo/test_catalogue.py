"""CONTRIBUTING's recipe for an architecture, followed inside the repository and from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models_zoo.networks.catalogue import catalogue
from models_zoo.networks.papers import folders, in_lineage

ROOT = Path(__file__).parents[2]
PLACE = "models_zoo/networks/papers/two_step"


def recipe() -> dict[str, str]:
    """The two files that CONTRIBUTING shows, by name."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## Add an architecture")[1].split("\n## ")[0]
    steps = re.findall(rf"`{PLACE}/(\w+\.py)`.*?```python\n(.*?)```", section, re.DOTALL)
    return {name: re.sub("^   ", "", code, flags=re.MULTILINE) for name, code in steps}


def recipe_follow(folder: Path) -> None:
    """Writes the recipe's files into a new `folder`."""
    folder.mkdir()
    files = recipe()
    assert set(files) == {"__init__.py", "network.py"}
    for name, code in files.items():
        (folder / name).write_text(code, encoding="utf-8")


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
    recipe_follow(tmp_path / "two_step")
    path = f"{ROOT}{os.pathsep}{tmp_path}"
    return {"PYTHONPATH": path, "SEGWEB_CATALOGUE": "two_step"}


FROM_OUTSIDE = """
import sys
from models_zoo import build, catalogue
from models_zoo.networks.catalogue import place
from models_zoo.study.cards import cards_text
from models_zoo.training.zoo.plan import plan
from models_zoo.training.zoo.presets import paper_settings

assert list(catalogue())[-1] == "two_step"
assert place("two_step") == len(catalogue()) - 1
assert paper_settings("two_step")["lr"] == 0.01
recipes = {i.dataset: i.config for i in plan(camvid="there") if i.name == "two_step-slim"}
assert (recipes["camvid"].epochs, recipes["scenes"].epochs) == (20, 10)
assert "| `two_step` | camvid, scenes |" in cards_text()
assert "torch" not in sys.modules

import torch
from models_zoo.networks.measure import figures
for variant in ("full", "slim"):
    network = build("two_step", variant=variant, num_classes=5).eval()
    for size in ((64, 64), (97, 131), (1, 1)):
        assert network(torch.zeros(1, 3, *size)).shape == (1, 5, *size)
    print(figures("two_step", variant, num_classes=5))
"""


@pytest.mark.slow
def test_the_recipe_works_from_outside_the_repository(outside, tmp_path):
    full, slim = run("-c", FROM_OUTSIDE, **outside).splitlines()
    assert "parameters=2245" in full
    assert "parameters=285" in slim
    run("-m", "models_zoo", "describe", "two_step", "--out", str(tmp_path), **outside)
    assert (tmp_path / "two_step.json").is_file()


@pytest.mark.slow
def test_the_recipe_works_inside_the_repository(tmp_path):
    """In a copy: two new files, and every test that runs over all architectures runs over it."""
    heavy = shutil.ignore_patterns("*.safetensors", "__pycache__", ".*", "var")
    copy = tmp_path / "copy"
    shutil.copytree(ROOT, copy, ignore=heavy)
    before = {path for path in copy.rglob("*") if path.is_file()}
    recipe_follow(copy / PLACE)
    added = {path for path in copy.rglob("*") if path.is_file()} - before
    assert {str(path.relative_to(copy)) for path in added} == {
        f"{PLACE}/__init__.py",
        f"{PLACE}/network.py",
    }
    variables = {"PYTHONPATH": str(copy)}
    run("-m", "models_zoo", "describe", "two_step", cwd=copy, **variables)
    run("-m", "models_zoo", "cards", cwd=copy, **variables)
    assert (copy / "models_zoo/study/descriptions/two_step.json").is_file()
    assert "`two_step`" in (copy / "docs/zoo.md").read_text(encoding="utf-8")
    pytest_words = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not slow")
    rooms = ("tests/models_zoo", "tests/lineage", "tests/experiments/runs")
    told = run(*pytest_words, "-k", "two_step", *rooms, cwd=copy, **variables)
    assert int(re.search(r"(\d+) passed", told).group(1)) >= 14, told
    told = run(
        *pytest_words,
        "tests/models_zoo/training/test_config.py",
        "tests/models_zoo/training/test_zoo.py::test_the_plan_holds_every_architecture_on_both_data_sets",
        "tests/models_zoo/study/test_story.py::test_the_cards_file_is_what_the_sidecars_say",
        "tests/lineage/test_story.py",
        "tests/lineage/test_pages.py",
        "tests/inference/test_translations.py",
        cwd=copy,
        **variables,
    )
    assert "failed" not in told


def test_the_command_line_lists_it(outside):
    listed = run("-m", "models_zoo", "list", **outside)
    assert "two_step" in listed
    assert "TwoStep" in listed


@pytest.mark.parametrize(
    ("modules", "sentence"),
    [
        ("no_such_module", "SEGWEB_CATALOGUE names no_such_module"),
        ("json", "SEGWEB_CATALOGUE names json, which gives no ARCHITECTURES"),
        ("models_zoo.networks.papers.fcn", "adds 'fcn32s' to the catalogue a second time"),
    ],
)
def test_a_wrong_module_is_said_plainly(monkeypatch, modules, sentence):
    monkeypatch.setenv("SEGWEB_CATALOGUE", modules)
    with pytest.raises(ValueError, match=sentence):
        catalogue()


def test_papers_stand_where_they_say():
    first, *others = in_lineage(folders())
    assert first == "fcn"
    for name in others:
        assert folders()[name].AFTER in in_lineage(folders())
    moved = {**folders(), "ours": type("Module", (), {"AFTER": "unet"}), "last": object()}
    order = in_lineage(moved)
    assert order.index("ours") > order.index("unet")
    assert order[-1] == "last"
    with pytest.raises(ValueError, match="follow one that is not there: ours"):
        in_lineage({**folders(), "ours": type("Module", (), {"AFTER": "alexnet"})})
