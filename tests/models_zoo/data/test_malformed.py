"""Whatever a description or an annotation file holds, the answer is a sentence that names it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models_zoo.cli import main
from tests.models_zoo.data.awkward import coco, folder

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.sampled_from([1e400, -0.0, 48.0, 255, 256, -1, 2**31])
    | st.text(max_size=8)
    | st.sampled_from(
        ["", "\0", "\ud800", "25\n5", "../../etc/passwd", "a" * 300, "train", "b'P0'"]
    )
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["id", "name", "counts", "size", "file_name", "colour", "image_id"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def changed(data: st.DataObject, content: Any) -> Any:
    """JSON with one to three of its values replaced, taken away or doubled, at any depth."""
    holder: Any = {"": content}
    for _ in range(data.draw(st.integers(1, 3))):
        parent, key = holder, ""
        while True:
            child = parent[key]
            if not child or not isinstance(child, dict | list) or data.draw(st.booleans()):
                break
            keys = list(child) if isinstance(child, dict) else list(range(len(child)))
            parent, key = child, data.draw(st.sampled_from(keys))
        deed = data.draw(st.sampled_from(["replace", "replace", "drop", "double"]))
        if deed == "drop" and parent is not holder:
            del parent[key]
        elif deed == "double" and isinstance(parent, list):
            parent.append(parent[key])
        else:
            parent[key] = data.draw(VALUES)
    return holder[""]


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
    file.write_text(json.dumps(changed(data, json.loads(text))))
    code = main(["audit", "--data", spec])
    told = capsys.readouterr().err
    assert code in (0, 2)
    if code == 2:
        # The file, what it calls its images, or what an audit says of a whole split.
        assert any(name in told for name in (file.name, "train", "val"))
        assert len(told.splitlines()) == 1
