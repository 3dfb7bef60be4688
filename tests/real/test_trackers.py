"""docs/trackers.md, word for word, against a real stack."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from segweb.env import BASE_DIR
from tests.real.test_scripts import ACCOUNT
from tests.stack import stack_up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_the_guide_to_trackers_works(tmp_path: Path) -> None:
    pytest.importorskip("mlflow")
    text = (BASE_DIR / "docs" / "trackers.md").read_text()
    script = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    stack = stack_up(tmp_path / "var")
    try:
        told = {
            "SEGWEB": stack.url,
            "TOKEN": stack.python("-c", ACCOUNT).split()[-1],
            "WORK": str(tmp_path),
            "PYTHON": sys.executable,
            "OWNER": "ann",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=BASE_DIR,
            env=stack.env | told,
            capture_output=True,
            text=True,
            timeout=250,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        token = f"Token {told['TOKEN']}"
        _status, body, _headers = stack.call("runs/", Authorization=token)
    finally:
        stack.stop()
    runs = {run["name"]: run for run in json.loads(body)["results"]}
    found = {name: (run["state"], run["epoch"]) for name, run in runs.items()}
    assert found == {"by mlflow": ("DONE", 3), "by our client": ("DONE", 3), "old": ("DONE", 2)}
    assert (runs["by mlflow"]["best_miou"], runs["by mlflow"]["architecture"]) == (0.5, "unet")
