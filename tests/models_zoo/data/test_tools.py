"""What labelling tools' own packages wrote (`written/write.py`) is read as what was labelled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from models_zoo.data import format_of, open_dataset
from models_zoo.data.audit import audit
from models_zoo.data.labelling.brush import brush_decode, brush_encode
from models_zoo.data.labelling.labelmap import LABELMAP, labelmap_read, labelmap_text
from models_zoo.data.labelling.outlines import outlines
from models_zoo.data.rasters import polygon_fill
from tests.models_zoo.data.awkward import picture
from tests.models_zoo.data.awkward_tools import cvat, label_studio, labelme, roboflow, yolo

WRITTEN = Path(__file__).parent / "written"


def _grown(region: np.ndarray) -> np.ndarray:
    """A region with the pixels around it; it goes on around the picture."""
    padded = np.pad(region, 1, constant_values=True)
    height, width = region.shape
    shifts = [(row, column) for row in range(3) for column in range(3)]
    return np.any([padded[r : r + height, c : c + width] for r, c in shifts], axis=0)


@pytest.mark.parametrize("archive", sorted(WRITTEN.glob("*.zip")), ids=lambda path: path.stem)
def test_what_a_tool_wrote_is_what_was_labelled(archive: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(archive, tmp_path)
    assert format_of(tmp_path) == archive.stem
    splits = {
        split: open_dataset(f"{archive.stem}:{tmp_path}", split) for split in ("train", "val")
    }
    assert not audit(splits).findings
    for (split, dataset), count in zip(splits.items(), (4, 2), strict=True):
        assert [entry["name"] for entry in dataset.classes] == ["background", "bush", "pond"]
        assert len(dataset) == count
        for index in range(count):
            wanted = picture(index + 100 * (split == "val"))[1]
            mask = dataset.load(index)[1]
            for class_id in (1, 2):
                region, labelled = mask == class_id, wanted == class_id
                if archive.stem != "yolo":
                    assert np.array_equal(region, labelled)
                # As OpenCV finds them, outlines go through the outermost pixels: they lose one.
                assert not (region & ~labelled).any()
                assert not (labelled & ~region & ~_grown(~labelled)).any()


@pytest.mark.parametrize("make", [cvat, yolo, label_studio, labelme, roboflow])
def test_a_tools_folder_is_known_by_its_layout(make, tmp_path: Path) -> None:
    spec = make()(tmp_path)
    assert format_of(tmp_path) == spec.partition(":")[0]


def test_cvats_default_subset_keeps_one_image_in_five_for_val(tmp_path: Path) -> None:
    spec = cvat(names=("default", "default"))(tmp_path)
    assert [len(open_dataset(spec, split)) for split in ("train", "val")] == [5, 1]


def test_an_export_without_splits_keeps_one_image_in_five_for_val(tmp_path: Path) -> None:
    label_studio()(tmp_path)
    spec = f"label_studio:{tmp_path / 'train'}"
    assert [len(open_dataset(spec, split)) for split in ("train", "val")] == [3, 1]


def test_labelmes_ignore_is_ignored_and_its_background_is_class_0(tmp_path: Path) -> None:
    names = {"bush": "__ignore__", "pond": "_background_"}

    def renamed(shape):
        return shape | {"label": names.get(shape["label"], shape["label"])}

    spec = labelme(renamed)(tmp_path)
    (tmp_path / "labels.txt").write_text("__ignore__\n_background_\nreed\n")
    dataset = open_dataset(spec, "train")
    assert [entry["name"] for entry in dataset.classes] == ["background", "reed"]
    assert set(np.unique(dataset.load(0)[1])) == {0, 255}


def test_a_table_of_values_is_part_of_what_a_data_set_is(tmp_path: Path) -> None:
    spec = cvat()(tmp_path)
    before = open_dataset(spec, "train").split_hash
    swapped = "background:0,0,0::\nbush:51,221,255::\npond:250,50,83::\n"
    (tmp_path / LABELMAP).write_text(swapped)
    assert open_dataset(spec, "train").split_hash != before


def test_a_class_list_survives_labelmap(tmp_path: Path) -> None:
    classes = open_dataset(cvat()(tmp_path), "train").classes
    (tmp_path / "again.txt").write_text(labelmap_text(classes))
    assert labelmap_read(tmp_path / "again.txt") == classes


@pytest.mark.parametrize("shape", [(1, 1), (5, 7), (48, 64)])
@pytest.mark.parametrize("share", [0, 0.02, 0.5, 1])
def test_a_brush_survives_its_bytes(shape: tuple[int, int], share: float) -> None:
    region = np.random.default_rng(0).random(shape) < share
    packed = json.loads(json.dumps(brush_encode(region)))
    assert np.array_equal(brush_decode(packed, *shape), region)


def test_a_brush_is_written_byte_by_byte_as_label_studio_does(tmp_path: Path) -> None:
    shutil.unpack_archive(WRITTEN / "label_studio.zip", tmp_path)
    for index, task in enumerate(json.loads((tmp_path / "train" / "project-1.json").read_text())):
        for class_id, result in enumerate(task["annotations"][0]["result"], start=1):
            assert brush_encode(picture(index)[1] == class_id) == result["value"]["rle"]


def test_a_long_run_is_written_in_pieces() -> None:
    region = np.ones((300, 400), bool)
    assert brush_decode(brush_encode(region), 300, 400).all()


@pytest.mark.parametrize(
    "packed",
    [[], [0, 0, 0, 4], [300] * 20, [0, 0, 0, 4, 57, 27, 127, 128], [0, 0, 0, 4] + [255] * 9],
)
def test_bytes_that_are_no_brush_end_in_a_sentence(packed: list[int]) -> None:
    with pytest.raises(ValueError, match="rle"):
        brush_decode(packed, 1, 1)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1])
def test_filled_outlines_are_the_region(share: float) -> None:
    region = np.random.default_rng(1).random((30, 40)) < share
    filled = [polygon_fill(np.array(one, float), 30, 40) for one in outlines(region)]
    assert np.array_equal(np.sum(filled, axis=0), region)


def test_a_ring_is_one_polygon_and_parts_that_touch_at_a_corner_are_two() -> None:
    ring = np.ones((5, 6), bool)
    ring[1:4, 2:4] = False
    assert len(outlines(ring)) == 1
    assert len(outlines(np.eye(2, dtype=bool))) == 2
    assert outlines(np.ones((2, 3), bool)) == [[(0, 0), (3, 0), (3, 2), (0, 2)]]


def test_a_folder_that_yaml_names_whole_may_be_a_link_to_it(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    whole = f"path: {folder}\ntrain: train/images\nval: valid/images\nnames: [bush, pond]\n"
    yolo(text=whole)(folder)
    (tmp_path / "link").symlink_to(folder)
    dataset = open_dataset(f"yolo:{tmp_path / 'link'}", "train")
    assert set(np.unique(dataset.load(0)[1])) == {0, 1, 2}


def test_the_same_texts_with_names_in_another_order_are_another_data_set(tmp_path: Path) -> None:
    hashes = set()
    for number, names in enumerate(("background, bush, pond", "bush, background, pond")):
        (tmp_path / str(number)).mkdir()
        text = f"train: train/images\nval: valid/images\nnames: [{names}]\n"
        hashes.add(open_dataset(yolo(text=text)(tmp_path / str(number)), "train").split_hash)
    assert len(hashes) == 2
