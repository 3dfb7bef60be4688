"""Whatever a description or an annotation file holds, the answer is a sentence that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from models_zoo.cli import main
from tests.generated import generated
from tests.malformed import changed, written
from tests.models_zoo.data.awkward import coco, folder
from tests.models_zoo.data.awkward_tools import (
    YAML,
    label_studio,
    labelme,
    roboflow,
    values,
    yolo,
)

# How each format's sound data set is made, and which of its files is generated. YAML holds JSON.
SOUND = {
    "folder": (folder(input_size=[24, 32]), "classes.json"),
    "values": (
        values(0, 1, 2, ignore_value=9, edit=lambda root: None),
        "classes.json",
    ),
    "coco": (coco(), "instances_train.json"),
    "roboflow": (roboflow(), "train/_annotations.coco.json"),
    "yolo": (yolo(text=json.dumps(yaml.safe_load(YAML))), "data.yaml"),
    "label_studio": (label_studio(), "train/project-1.json"),
    "labelme": (labelme(), "train/train0.json"),
}


@pytest.fixture(scope="module", params=SOUND)
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A specification, the file that is generated, and what it holds when it is sound."""
    root = tmp_path_factory.mktemp("malformed")
    make, name = SOUND[request.param]
    spec = make(root)
    return spec, root / name, (root / name).read_text()


@pytest.mark.slow
@generated(150)
@given(data=st.data())
def test_an_audit_ends_with_a_sentence(
    sound: tuple[str, Path, str], data: st.DataObject, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, file, text = sound
    file.write_text(written(changed(data, json.loads(text))))
    code = main(["audit", "--data", spec])
    told = capsys.readouterr().err
    assert code in (0, 2)
    if code == 2:
        # The file, what it calls its images, or what an audit says of a whole split.
        assert any(name in told for name in (file.name, "train", "val"))
        assert len(told.splitlines()) == 1
