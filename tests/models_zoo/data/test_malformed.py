"""Whatever a description or an annotation file holds, the answer is a sentence that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_zoo.cli import main
from tests.malformed import changed, written
from tests.models_zoo.data.awkward import coco, folder


@pytest.fixture(scope="module", params=["folder", "coco"])
def sound(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A specification, the file that is generated, and what it holds when it is sound."""
    root = tmp_path_factory.mktemp("malformed")
    make = folder(input_size=[24, 32]) if request.param == "folder" else coco()
    spec = make(root)
    file = root / ("classes.json" if request.param == "folder" else "instances_train.json")
    return spec, file, file.read_text()


@pytest.mark.slow
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
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
