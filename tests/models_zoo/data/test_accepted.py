"""What each data-set format takes, tells or refuses: every case, and the table about them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from models_zoo.cli import main
from models_zoo.data import open_dataset
from models_zoo.data.audit import audit
from tests.models_zoo.data import awkward_tools
from tests.models_zoo.data.awkward import CASES as FOLDERS_AND_COCO
from tests.models_zoo.data.awkward import CROWD, coco, draw, folder, picture

CASES = FOLDERS_AND_COCO | awkward_tools.CASES

DOCUMENT = Path(__file__).parents[3] / "docs" / "data-sets.md"


@pytest.mark.parametrize("name", CASES)
def test_every_case_comes_to_what_the_table_says(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = CASES[name]
    spec = case.make(tmp_path)
    assert main(["audit", "--data", spec]) == (2 if case.outcome == "refused" else 0)
    output = capsys.readouterr()
    told = output.err if case.outcome == "refused" else output.out
    for word in case.words:
        assert word in told
    assert "Traceback" not in output.err
    if case.outcome == "read":
        splits = {split: open_dataset(spec, split) for split in ("train", "val")}
        assert [len(dataset) for dataset in splits.values()] == [4, 2]
        assert not audit(splits).findings or spec.startswith("coco")
        # The right masks, and not just some.
        if not spec.startswith("coco"):
            for index in range(4):
                assert np.array_equal(splits["train"].load(index)[1], picture(index)[1])


def test_the_document_has_every_case() -> None:
    lines = re.findall(r"^\| (\w+: .+?) \| (read|told|refused)\b", DOCUMENT.read_text(), re.M)
    assert dict(lines) == {name: case.outcome for name, case in CASES.items()}


def test_a_crowd_is_a_region(tmp_path: Path) -> None:
    dataset = open_dataset(coco(CROWD)(tmp_path), "train")
    mask = dataset.load(0)[1]
    # 200 pixels, down the columns: eight whole ones and a third.
    assert mask.sum() == 200
    assert mask[:, :8].all()
    assert mask[:8, 8].all()


def test_the_group_that_roboflow_names_is_no_class(tmp_path: Path) -> None:
    dataset = open_dataset(
        CASES["coco: Roboflow's first category, which only names the others' group"].make(tmp_path),
        "val",
    )
    assert [entry["name"] for entry in dataset.classes] == ["background", "cat", "dog"]


def test_classes_lie_in_the_order_of_the_ids_that_they_say(tmp_path: Path) -> None:
    case = CASES["folder: classes that say their ids, 0 to K − 1 in any order"]
    dataset = open_dataset(case.make(tmp_path), "train")
    assert [entry["name"] for entry in dataset.classes] == ["ground", "tree", "pond"]


def test_one_thumbnail_does_not_set_the_size_of_all(tmp_path: Path) -> None:
    spec = folder(lambda root: draw(root, 0, "train", height=8, width=8))(tmp_path)
    assert open_dataset(spec, "train").input_size == (24, 32)


def test_a_class_that_is_ignored_by_its_id_may_never_occur(tmp_path: Path) -> None:
    spec = folder(ignore_index=0)(tmp_path)
    found = audit({split: open_dataset(spec, split) for split in ("train", "val")})
    assert not [finding for finding in found.findings if finding.blocking]


def test_a_folders_name_is_not_its_content(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / name).mkdir()
    specs = [folder()(tmp_path / name) for name in ("one", "two")]
    specs.append(folder(lambda root: draw(root, 9, "train"))(tmp_path / "three"))
    one, two, three = (open_dataset(spec, "train").content for spec in specs)
    assert one == two != three
