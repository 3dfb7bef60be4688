"""The Makefile's own care: what is up to date costs nothing, a missing Python gets a sentence."""

import subprocess
from pathlib import Path

import pytest

from segweb.env import BASE_DIR


def _make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["make", *words], cwd=BASE_DIR, capture_output=True, text=True)


@pytest.mark.parametrize("python", ["no-such-python", "false"])
def test_a_missing_or_old_python_is_told_in_a_sentence(python: str, tmp_path: Path):
    run = _make("install", f"PYTHON={python}", f"VENV={tmp_path / 'venv'}")
    assert run.returncode != 0
    assert "SegWeb needs Python 3.11 or newer" in run.stdout
    assert not (tmp_path / "venv").exists()


def test_an_environment_that_is_up_to_date_is_left_alone(tmp_path: Path):
    for stamp in ("installed", "installed-dev"):
        (tmp_path / stamp).touch()
    run = _make("install", "install-dev", f"VENV={tmp_path}", "PYTHON=no-such-python")
    assert run.returncode == 0
    assert "pip" not in run.stdout
