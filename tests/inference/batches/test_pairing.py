"""Every mask of a zip goes to the image that it lies with, or the zip is refused."""

from __future__ import annotations

import io
import zipfile

import pytest

from inference.batches.files import batch_files
from inference.images.uploads import UploadRefused


def paired(*names: str) -> dict[str, bytes | None]:
    """What each image of a zip of these names gets for its mask; files hold their own names."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    files = batch_files([buffer])
    return {file.read().decode(): file.read_mask and file.read_mask() for file in files}


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a.png", "a.mask.png"),
        ("a.jpg", "masks/a.png"),
        ("images/a.jpg", "masks/a.png"),
        ("set/images/a.jpg", "set/Masks/a.png"),
        ("train/x.png", "train/masks/x.png"),
        ("images/train/x.png", "masks/train/x.png"),
        ("photos/a.jpg", "masks/a.png"),
        ("images/a.png", "deep/masks/a.png"),
        ("images/e\N{COMBINING ACUTE ACCENT}.png", "masks/\N{LATIN SMALL LETTER E WITH ACUTE}.png"),
    ],
)
def test_an_image_and_its_mask(image: str, mask: str) -> None:
    assert paired(image, mask) == {image: mask.encode()}


@pytest.mark.parametrize(
    "form", ["{}/images/0001.png {}/masks/0001.png", "{}/x.png {}/masks/x.png"]
)
def test_folders_keep_their_own_masks(form: str) -> None:
    names = [name.format(folder) for folder in ("seq1", "seq2") for name in form.split()]
    assert paired(*names) == {names[0]: names[1].encode(), names[2]: names[3].encode()}


def test_a_mask_is_one_images_only() -> None:
    names = ("seq1/images/0001.png", "seq1/masks/0001.png", "seq2/images/0001.png")
    assert paired(*names) == {names[0]: names[1].encode(), names[2]: None}


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("a.jpg", "a.png", "masks/a.png"), "a.jpg, a.png"),
        (("seq1/a.png", "seq2/a.png", "masks/a.png"), "seq1/a.png, seq2/a.png"),
        (("a.png", "a.mask.png", "masks/a.png"), "a.mask.png, masks/a.png"),
        (("a.png", "x/masks/a.png", "y/masks/a.png"), "x/masks/a.png: there is no image"),
        (("a.png", "masks/b.png"), "masks/b.png: there is no image"),
    ],
)
def test_what_nobody_can_tell_is_refused(names: tuple[str, ...], words: str) -> None:
    with pytest.raises(UploadRefused, match=words):
        paired(*names)


def test_names_say_which_folder_they_are_of() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in ("seq1/1.png", "seq2/1.png", "seq2/2.png"):
            archive.writestr(name, name)
    assert [file.name for file in batch_files([buffer])] == ["seq1_1.png", "seq2_1.png", "2.png"]
