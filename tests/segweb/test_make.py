"""The Makefile's own care: no work when up to date, a sentence for what is missing, its help."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from segweb.env import BASE_DIR


def _make(*words: str) -> subprocess.CompletedProcess[str]:
    # As from a shell, though `make test` may run this: a make within a make tells its folder.
    outer = {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    env = {name: value for name, value in os.environ.items() if name not in outer}
    return subprocess.run(["make", *words], cwd=BASE_DIR, env=env, capture_output=True, text=True)


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """A virtual environment that says of itself that it is up to date."""
    for stamp in ("installed", "installed-dev"):
        (tmp_path / stamp).touch()
    return tmp_path


@pytest.mark.parametrize("python", ["no-such-python", "false"])
def test_a_missing_or_old_python_is_told_in_a_sentence(python: str, tmp_path: Path):
    run = _make("install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
    assert run.returncode != 0
    assert "SegWeb needs Python 3.11 or newer" in run.stdout
    assert not (tmp_path / "venv").exists()


def test_an_environment_that_is_up_to_date_is_left_alone(environment: Path):
    run = _make("install", "install-dev", f"VENV={environment}", "PYTHON=no-such-python")
    assert run.returncode == 0
    assert "pip" not in run.stdout


def test_help_lists_every_target_with_a_line():
    phony = re.search(r"^\.PHONY: (.+)$", (BASE_DIR / "Makefile").read_text(), re.MULTILINE)
    lines = [line.split(maxsplit=2) for line in _make("help").stdout.splitlines()]
    assert {(word, target) for word, target, _ in lines} == {
        ("make", target) for target in phony.group(1).split()
    }


def test_before_a_commit_runs_what_lint_runs(environment: Path):
    linted = _make("--dry-run", "lint", f"VENV={environment}").stdout
    config = yaml.safe_load((BASE_DIR / ".pre-commit-config.yaml").read_text())
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    assert [hook["entry"].replace(".venv/", f"{environment}/") for hook in hooks] == [
        line for line in linted.splitlines() if line.startswith(str(environment))
    ]
    assert {(hook["language"], hook["pass_filenames"]) for hook in hooks} == {("system", False)}
