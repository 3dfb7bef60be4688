"""Every finding of the audit, with the files that it names; training refuses the grave ones."""

import shutil

import numpy as np
import pytest
from PIL import Image

from models_zoo.cli import main
from models_zoo.data import open_dataset
from models_zoo.data.audit import Audit, audit
from tests.models_zoo.fixtures import draw_camvid


@pytest.fixture
def root(tmp_path):
    return draw_camvid(tmp_path / "camvid", train=3, val=2)


def look(root) -> Audit:
    return audit({split: open_dataset(f"camvid:{root}", split) for split in ("train", "val")})


def rewrite(path, change) -> None:
    mask = np.asarray(Image.open(path)).copy()
    Image.fromarray(change(mask)).save(path)


def found(root, kind: str) -> list:
    return [finding for finding in look(root).findings if finding.kind == kind]


def test_a_sound_data_set_only_lacks_classes(root):
    result = look(root)
    assert {finding.kind for finding in result.findings} == {"absent"}
    result.require_sound()
    absent = found(root, "absent")[1]
    assert "do not occur in 'val'" in str(absent)
    assert "building" in absent.files
    assert "car" not in absent.files


def test_class_frequencies_are_counted_without_the_ignored(root):
    result = look(root)
    masks = [np.asarray(Image.open(p)) for p in sorted((root / "trainannot").iterdir())]
    labelled = [int((mask != 11).sum()) for mask in masks]
    assert result.class_pixels["train"].sum() == sum(labelled)
    assert result.class_pixels["train"][8] == sum(int((mask == 8).sum()) for mask in masks)
    assert result.class_image_pixels["train"][8] == sum(labelled)
    assert result.class_image_pixels["train"][1] == 0


def test_values_outside_the_classes(root):
    rewrite(root / "trainannot" / "train01.png", lambda mask: mask + 30)
    (finding,) = found(root, "values")
    assert finding.blocking
    assert finding.files == ["train/train01 (30, 33, 38, 41)"]
    assert "Correct the masks" in str(finding)
    assert '"ignore_index"' in str(finding)


def test_masks_of_another_size(root):
    rewrite(root / "valannot" / "val00.png", lambda mask: mask[:-1])
    (finding,) = found(root, "size")
    assert finding.files == ["val/val00 (mask 64×47, image 64×48)"]


def test_files_that_cannot_be_read(root):
    (root / "trainannot" / "train00.png").write_bytes(b"no mask")
    (root / "train" / "train02.png").write_bytes(b"no image")
    (finding,) = found(root, "unreadable")
    assert [text.split(" ")[0] for text in finding.files] == ["train/train00", "train/train02"]


def test_duplicates_across_splits(root):
    shutil.copy(root / "train" / "train02.png", root / "val" / "val01.png")
    (finding,) = found(root, "duplicates")
    assert finding.files == ["train/train02 = val/val01"]


def test_an_empty_split(root):
    for folder in ("val", "valannot"):
        for path in (root / folder).iterdir():
            path.unlink()
    (finding,) = found(root, "empty")
    assert str(finding) == "The split 'val' holds no image."


def test_long_lists_are_cut_in_the_message_only(tmp_path):
    root = draw_camvid(tmp_path / "camvid", train=8, val=1)
    for path in (root / "trainannot").iterdir():
        rewrite(path, lambda mask: mask + 50)
    (finding,) = found(root, "values")
    assert len(finding.files) == 8
    assert str(finding).endswith("train/train04 (50, 53, 58, 61) and 3 more.")


def test_an_audit_survives_json(root):
    result = look(root)
    again = Audit.from_dict(result.as_dict())
    assert again.as_dict() == result.as_dict()
    assert again.findings == result.findings
    old = [{"kind": "k", "message": "50% of it", "files": [], "blocking": True}]
    (finding,) = Audit.from_dict(result.as_dict() | {"findings": old}).findings
    assert finding.message == "50% of it"


def test_training_refuses_with_the_message(root, tmp_path, capsys):
    rewrite(root / "trainannot" / "train01.png", lambda mask: mask + 30)
    out = tmp_path / "run"
    words = ["train", "--arch", "unet", "--data", f"camvid:{root}", "--out", str(out)]
    assert main(words) == 2
    assert "train/train01 (30, 33, 38, 41)" in capsys.readouterr().err
    assert not list(out.glob("state-*"))


def test_the_command_says_what_it_found(root, capsys):
    shutil.copy(root / "train" / "train02.png", root / "val" / "val01.png")
    assert main(["audit", "--data", f"camvid:{root}"]) == 2
    output = capsys.readouterr()
    assert "train/train02 = val/val01" in output.err
    assert "car" in output.out
