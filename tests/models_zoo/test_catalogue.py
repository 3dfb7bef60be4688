"""CONTRIBUTING's recipe for an architecture, followed inside the repository and from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from models_zoo.catalogue import catalogue

ROOT = Path(__file__).parents[2]
IMPORTS = """import torch
from torch import Tensor, nn

from models_zoo.networks.blocks import conv_block, narrow
"""


def recipe() -> tuple[str, str]:
    """The class and the catalogue line that CONTRIBUTING shows."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    blocks = [
        re.sub("^   ", "", block, flags=re.MULTILINE)
        for block in re.findall("```python\n(.*?)```", text, re.DOTALL)
    ]
    network = next(block for block in blocks if block.startswith("class "))
    line = next(block for block in blocks if block.startswith("Architecture("))
    return network, line


@pytest.fixture
def outside(tmp_path) -> Path:
    """A folder with the recipe's two files, as someone else's repository would hold them."""
    network, line = recipe()
    (tmp_path / "two_step.py").write_text(f"{IMPORTS}\n\n{network}", encoding="utf-8")
    line = line.replace("models_zoo.networks.papers.", "")
    (tmp_path / "our_networks.py").write_text(
        f"from models_zoo.catalogue import Architecture\n\nARCHITECTURES = ({line})\n",
        encoding="utf-8",
    )
    return tmp_path


def run(code: str, outside: Path, modules: str = "our_networks") -> str:
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{outside}",
        "SEGWEB_CATALOGUE": modules,
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_recipe_works_from_outside_the_repository(outside):
    code = """
import sys
from models_zoo import build, catalogue
assert list(catalogue())[-1] == "two_step"
assert "torch" not in sys.modules
import torch
from models_zoo.networks.measure import figures
for variant in ("full", "slim"):
    network = build("two_step", variant=variant, num_classes=5).eval()
    for size in ((64, 64), (97, 131), (1, 1)):
        assert network(torch.zeros(1, 3, *size)).shape == (1, 5, *size)
    print(figures("two_step", variant, num_classes=5))
"""
    full, slim = run(code, outside).splitlines()
    assert "parameters=2245" in full
    assert "parameters=285" in slim


@pytest.mark.slow
def test_the_recipe_works_inside_the_repository(tmp_path):
    """In a copy: the new file and the line in the catalogue; the tests pick it up themselves."""
    network, line = recipe()
    package = tmp_path / "models_zoo"
    heavy = shutil.ignore_patterns("*.safetensors", "__pycache__")
    shutil.copytree(ROOT / "models_zoo", package, ignore=heavy)
    shutil.copytree(ROOT / "tests/models_zoo", tmp_path / "tests/models_zoo", ignore=heavy)
    new = package / "networks/papers/two_step.py"
    new.write_text(f'"""Two steps."""\n\n{IMPORTS}\n\n{network}', encoding="utf-8")
    lines = package / "networks/papers/__init__.py"
    text, end = lines.read_text(encoding="utf-8").rsplit(")", 1)
    lines.write_text(f"{text}{line})\n{end}", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "OMP_NUM_THREADS": "1"}
    for words in (
        ["models_zoo", "describe", "two_step"],
        ["pytest", "-q", "--noconftest", "-p", "no:django", "-c", os.devnull, "-k", "two_step",
         "tests/models_zoo/networks/test_architectures.py",
         "tests/models_zoo/networks/test_measure.py"],
    ):  # fmt: skip
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    assert (package / "study/descriptions/two_step.json").is_file()
    assert "7 passed" in done.stdout, done.stdout


def test_the_command_line_lists_it(outside):
    listed = run("from models_zoo.cli import main; main(['list'])", outside)
    assert "two_step" in listed
    assert "TwoStep" in listed


@pytest.mark.parametrize(
    ("modules", "sentence"),
    [
        ("no_such_module", "SEGWEB_CATALOGUE names no_such_module"),
        ("json", "SEGWEB_CATALOGUE names json, which gives no ARCHITECTURES"),
        ("models_zoo.networks.papers", "adds 'fcn32s' to the catalogue a second time"),
    ],
)
def test_a_wrong_module_is_said_plainly(monkeypatch, modules, sentence):
    monkeypatch.setenv("SEGWEB_CATALOGUE", modules)
    with pytest.raises(ValueError, match=sentence):
        catalogue()
