"""A worker answers by PyTorch first, then by OpenVINO; the command line gives the same masks."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from segweb.env import BASE_DIR
from tests.inference.pictures import encoded, noise
from tests.stack import stack_up
from tests.waiting import wait_until

pytest.importorskip("openvino")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_each_prediction_says_its_runtime_and_the_command_line_gives_the_same_mask(
    tiny_weights: Path, tmp_path: Path
) -> None:
    home = {"SEGWEB_RUNTIME": "auto", "TORCH_HOME": str(tmp_path / "torch")}
    stack = stack_up(tmp_path / "var", tiny_weights, **home)
    photo = tmp_path / "photo.png"
    photo.write_bytes(encoded(noise(160, 120)))

    def answer() -> tuple[dict[str, Any], np.ndarray]:
        image = stack.image_post(photo.read_bytes())[1]
        (prediction,) = stack.wait_for(stack.comparison_post(image["id"]))["predictions"]
        return prediction, mask_of(stack.call(prediction["mask_url"])[1])

    def command(runtime: str) -> np.ndarray:
        out = tmp_path / runtime
        words = ["predict", "--checkpoint", str(tiny_weights), str(photo), "--out", str(out)]
        subprocess.run(
            [sys.executable, "-m", "models_zoo", *words],
            cwd=BASE_DIR,
            env=stack.env | {"SEGWEB_RUNTIME": runtime},
            check=True,
        )
        return mask_of((out / "photo.png").read_bytes())

    try:
        stack.start("worker", "sweeper")
        first, mask = answer()  # of PyTorch, unless the graph was made before the worker came to it
        assert np.array_equal(mask, command("torch" if first["runtime"] == "torch" else "auto"))
        # Of the lowest priority: beside other tests it may take minutes.
        wait_until(lambda: any((tmp_path / "torch").rglob("*.graph")), seconds=600)
        later, mask = answer()
        assert later["runtime"] == "openvino"
        assert np.array_equal(mask, command("auto"))
    finally:
        stack.stop()


def mask_of(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)))
