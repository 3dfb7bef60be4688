"""Masks from elsewhere are scored as our own are, or refused with the file that does not fit."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models_zoo.cli import main
from models_zoo.data import open_dataset
from models_zoo.metrics import confusion, scores
from models_zoo.predict.elsewhere import masks_score
from tests.models_zoo.data.awkward import coco, folder, picture

Edit = Callable[[dict[str, bytes]], Any]


def png(mask: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(mask).save(content, "PNG")
    return content.getvalue()


def predicted(number: int) -> np.ndarray:
    """The true mask of an image of val, moved by a row."""
    return np.roll(picture(number + 100)[1], 1, axis=0)


def archive(place: Path, edit: Edit = lambda files: None) -> Path:
    """A zip of the masks of val, in a folder, after an edit of its files."""
    files = {f"out/{number:03d}.png": png(predicted(number)) for number in range(2)}
    edit(files)
    with zipfile.ZipFile(place, "w") as written:
        for name, content in files.items():
            written.writestr(name, content)
    return place


@pytest.fixture
def data(tmp_path: Path) -> str:
    (tmp_path / "data").mkdir()
    return folder()(tmp_path / "data")


def test_the_scores_are_those_of_the_masks(data: str, tmp_path: Path, capsys: Any) -> None:
    place = archive(tmp_path / "theirs.zip")
    words = ["evaluate", "--masks", str(place), "--data", data, "--split", "val", "--json"]
    assert main([*words, "--out", str(tmp_path / "kept.json")]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    counts = sum(confusion(picture(n + 100)[1], predicted(n), 3, 255) for n in range(2))
    assert told["key"] == "theirs"
    assert told["miou"] == scores(counts)["miou"]
    assert told["confusion"] == counts.tolist()
    kept = json.loads((tmp_path / "kept.json").read_text())
    assert [entry["name"] for entry in kept["per_image"]] == ["000", "001"]


def test_a_folder_scores_as_its_zip(data: str, tmp_path: Path) -> None:
    place = archive(tmp_path / "theirs.zip")
    zipfile.ZipFile(place).extractall(tmp_path / "unpacked")
    split = open_dataset(data, "val")
    assert masks_score(place, split) == masks_score(tmp_path / "unpacked", split)


def test_images_in_folders_are_told_apart(tmp_path: Path) -> None:
    spec = coco()(tmp_path)
    names = sorted((tmp_path / "pictures").glob("val*"))
    with zipfile.ZipFile(tmp_path / "z.zip", "w") as written:
        for path in names:
            written.writestr(f"a/b/{path.stem}.png", png(np.zeros((24, 32), np.uint8)))
    assert masks_score(tmp_path / "z.zip", open_dataset(spec, "val")).scores["images"] == 2


def drop(name: str) -> Edit:
    return lambda files: files.pop(name)


def put(name: str, content: bytes) -> Edit:
    return lambda files: files.update({name: content})


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (drop("out/001.png"), "1 of the 2 images of 'val' have no mask: 001. A mask is a PNG"),
        (
            put("out/other.png", png(np.zeros((24, 32), np.uint8))),
            "of no image of 'val': out/other",
        ),
        (put("more/001.png", png(predicted(1))), "001 has two masks: out/001.png, more/001.png"),
        (put("out/001.png", png(predicted(1)[:-1])), "out/001.png: it has 32×23 pixels, its image"),
        (put("out/001.png", png(predicted(1) + 3)), "out/001.png: it holds 3, 4, 5; classes are 0"),
        (put("out/001.png", png(np.zeros((24, 32, 3), np.uint8))), "holds colours"),
        (put("out/001.png", b"\x89PNG"), "out/001.png: The file cannot be read as an image"),
        (put("out/001.png", b""), "out/001.png"),
    ],
)
def test_what_does_not_fit_is_named(data: str, tmp_path: Path, edit: Edit, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)):
        masks_score(archive(tmp_path / "z.zip", edit), open_dataset(data, "val"))


def test_what_systems_add_is_nobodys_mask(data: str, tmp_path: Path) -> None:
    def edit(files: dict[str, bytes]) -> None:
        files |= {"__MACOSX/out/._000.png": b"x", "out/.DS_Store": b"x", "out/notes.txt": b"x"}

    place = archive(tmp_path / "z.zip", edit)
    assert masks_score(place, open_dataset(data, "val")).scores["images"] == 2


def test_an_archive_that_is_damaged_or_none(data: str, tmp_path: Path) -> None:
    split, place = open_dataset(data, "val"), archive(tmp_path / "z.zip")
    content = bytearray(place.read_bytes())
    content[60] ^= 0xFF
    place.write_bytes(content)
    with pytest.raises(ValueError, match=r"000\.png"):
        masks_score(place, split)
    with zipfile.ZipFile(place, "a") as written, pytest.warns(UserWarning, match="Duplicate"):
        written.writestr("out/001.png", png(predicted(0)))
    with pytest.raises(ValueError, match=r"z\.zip names a file twice"):
        masks_score(place, split)
    place.write_bytes(b"no zip")
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        masks_score(place, split)
    with pytest.raises(ValueError, match="There is no"):
        masks_score(tmp_path / "nothing", split)
