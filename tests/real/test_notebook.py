"""docs/from-a-notebook.md, word for word, against a real stack."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from segweb.env import BASE_DIR
from tests.stack import Stack, stack_up
from tests.waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

ADMIN = """
import django; django.setup()
from django.contrib.auth.models import User; User.objects.create_superuser("admin")
"""


def run(stack: Stack, work: Path, script: str) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=BASE_DIR,
        env=stack.env | {"SEGWEB": stack.url, "WORK": str(work)},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_notebook_reports_and_then_is_trained(tmp_path: Path) -> None:
    text = (BASE_DIR / "docs" / "from-a-notebook.md").read_text()
    # SegWeb is started again where the text says so, in a block that is not run.
    before, after = text.split("```text\n")
    first, *blocks = re.findall(r"^```sh\n(.*?)^```", before, re.MULTILINE | re.DOTALL)
    last = re.findall(r"^```sh\n(.*?)^```", after, re.MULTILINE | re.DOTALL)
    stack = stack_up(tmp_path / "var")
    try:
        stack.python("-c", ADMIN)
        told = run(stack, tmp_path, first + "".join(blocks) + 'echo "TOKEN=$TOKEN"')
        assert "epoch 3: loss" in told
        assert "reported: DONE epochs: 3" in told
        web = stack.running.pop("web")
        web.terminate()
        web.wait(30)
        found = {"PYTHONPATH": str(tmp_path), "SEGWEB_CATALOGUE": "my_networks"}
        stack.env |= found | {"SEGWEB_DATA": str(tmp_path / "data")}
        stack.start("web", "trainer", "sweeper")
        wait_until(stack.answers)
        token = told.rpartition("TOKEN=")[2]
        told = run(stack, tmp_path, f"TOKEN={token}" + first + "".join(last))
        assert re.search(r"trained: DONE, run\d+-best is on the compare page", told)
        keys = [model["key"] for model in stack.get("models/")]
        assert any(re.fullmatch(r"run\d+-best", key) for key in keys)
    finally:
        stack.stop()
