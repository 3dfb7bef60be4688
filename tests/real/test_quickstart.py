"""docs/quickstart.md, word for word, against a real stack."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from segweb.env import BASE_DIR
from tests.stack import Stack

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def test_the_quickstart_does_what_it_says(stack: Stack, tmp_path: Path) -> None:
    stack.start("worker", "sweeper")
    account = "from django.contrib.auth.models import User; User.objects.create_superuser('admin')"
    stack.python("-c", f"import django; django.setup(); {account}")
    text = (BASE_DIR / "docs" / "quickstart.md").read_text()
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    run = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "".join(blocks)],
        cwd=BASE_DIR,
        env=stack.env | {"SEGWEB": stack.url, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert run.returncode == 0, run.stderr
    assert "\nDONE\n" in run.stdout
    assert '"status":400' in run.stdout
    assert "without the token: 404" in run.stdout
    (out,) = tmp_path.iterdir()
    with Image.open(BASE_DIR / "inference" / "images" / "samples" / "bus.png") as image:
        for name in ("camvid-unet-slim.png", "camvid-unet-slim-overlay.png", "mine.png"):
            with Image.open(out / name) as made:
                assert made.size == image.size
    assert {path.suffix for path in out.iterdir()} == {".png", ".json", ".npz", ".txt", ".zip"}
