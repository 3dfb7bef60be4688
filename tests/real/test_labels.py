"""docs/labels.md, word for word, against a real stack."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
from PIL import Image

from models_zoo.data.labelling.brush import brush_decode
from segweb.env import BASE_DIR
from tests.models_zoo.data.awkward_tools import label_studio
from tests.models_zoo.fixtures import draw_camvid
from tests.stack import stack_up

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


RUNS = """
import django; django.setup()
from experiments.models import Run
print(*Run.objects.values_list("name", "kind", "state"))
"""


def test_the_guide_to_labels_works(tiny_weights: Path, tmp_path: Path) -> None:
    labels, theirs, work = (tmp_path / name for name in ("export", "theirs.zip", "work"))
    label_studio()(labels)
    streets = draw_camvid(tmp_path / "var" / "data" / "streets", train=1, val=1, test=2)
    with ZipFile(theirs, "w") as archive:
        for mask in sorted((streets / "testannot").iterdir()):
            # Void is no class that a network predicts.
            ids = np.asarray(Image.open(mask)) % 11
            Image.fromarray(ids).save(tmp_path / mask.name)
            archive.write(tmp_path / mask.name, mask.name)
    text = (BASE_DIR / "docs" / "labels.md").read_text()
    assert "```bash" not in text
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    places = {"LABELS": labels, "THEIRS": theirs, "WORK": work, "STREETS": streets}
    stack = stack_up(tmp_path / "var", tiny_weights)
    try:
        stack.start("worker", "sweeper")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "".join(blocks)],
            cwd=BASE_DIR,
            env=stack.env | {"SEGWEB": stack.url} | {name: str(at) for name, at in places.items()},
            capture_output=True,
            text=True,
            timeout=350,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "('Theirs', 'external', 'DONE')" in stack.python("-c", RUNS)
    finally:
        stack.stop()
    assert "train: 4 images" in done.stdout
    assert "Theirs: mIoU 1.0000, run " in done.stdout
    assert json.loads((work / "theirs.json").read_text())["miou"] == 1
    bus, dusk = json.loads((work / "prelabels.json").read_text())
    assert (bus["data"]["image"], dusk["data"]["image"]) == ("bus.png", "dusk.png")
    regions = bus["predictions"][0]["result"]
    for one in regions:
        height, width = one["original_height"], one["original_width"]
        assert brush_decode(one["value"]["rle"], height, width).any()
    # The same masks in each form.
    with ZipFile(work / "cvat.zip") as cvat, ZipFile(work / "yolo.zip") as yolo:
        mask = np.asarray(Image.open(cvat.open("SegmentationClass/bus.png")))
        assert len(np.unique(mask.reshape(-1, 3), axis=0)) == len(regions)
        lines = yolo.read("labels/bus.txt").decode().splitlines()
        assert len({line.split()[0] for line in lines}) == len(regions)
