"""What lies in a data set's folders: images, the masks of their names, and what is neither."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from models_zoo.data.findings import Finding, named
from models_zoo.files import is_plain
from models_zoo.translation import gettext_noop as _

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp")
MASK_SUFFIX = ".png"
# What people and systems put beside images: notes, and indexes of folders.
_NOTES = ("", ".txt", ".md", ".json", ".xml", ".csv", ".yaml", ".html", ".db", ".ini")
_MEASURED = 1000  # images whose headers tell the most common size
Item = TypeVar("Item")


def composed(name: str) -> str:
    """A file's name as one sequence of characters, however a system writes é."""
    return unicodedata.normalize("NFC", name)


def files_in(folder: Path) -> list[Path]:
    """The files in `folder` that people put there, sorted by name.

    ValueError names those that could not be stored or shown.
    """
    # Hidden ones are a system's: "._a.png" holds what macOS knows of a.png.
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    unnameable = [ascii(path.name) for path in files if not is_plain(path.name)]
    if unnameable:
        raise ValueError(_(f"Names in {folder.name} are no UTF-8: {named(unnameable)}."))
    return files


def image_files(folder: Path) -> list[Path]:
    """The images in `folder`, sorted by name.

    ValueError names two that differ in nothing but how their names end: a mask has one image.
    """
    images = [path for path in files_in(folder) if path.suffix.lower() in IMAGE_SUFFIXES]
    images_require_apart(images, folder.name)
    return images


def images_require_apart(images: Sequence[Path], where: str) -> None:
    """ValueError names images that differ in nothing but their folder and how their names end."""
    if shared := _alike(images):
        raise ValueError(
            _(
                f"Images in {where} would share a mask and a name: {named(shared)}. "
                "Rename one of each."
            )
        )


def below(root: Path, path: Path) -> Path:
    """`path`, of anyone's files, if it lies in `root`; ValueError if it or its link leads out."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(_(f"{path.name} lies outside of {root}. Copy it there, not a link to it."))
    return path


def left_out(folder: Path, split: str) -> list[Finding]:
    """What lies among the images in `folder` and is none that is read."""
    strange = [
        path.name
        for path in files_in(folder)
        if path.suffix.lower() not in (*IMAGE_SUFFIXES, *_NOTES)
    ]
    if not strange:
        return []
    says = _("%(count)d files among the images of %(split)r are left out; images are %(suffixes)s")
    suffixes = ", ".join(suffix[1:].upper() for suffix in IMAGE_SUFFIXES)
    values = {"count": len(strange), "split": split, "suffixes": suffixes}
    return [Finding("left out", says, strange, False, values)]


def pair_files(images: Sequence[Path], masks: Path) -> list[tuple[Path, Path]]:
    """Every image with the PNG of the same name in `masks`.

    ValueError names the first images without one, and masks that share a name.
    """
    files = files_in(masks) if masks.is_dir() else []
    pngs = [path for path in files if path.suffix.lower() == MASK_SUFFIX]
    if shared := _alike(pngs):
        raise ValueError(_(f"Masks in {masks} share a name: {named(shared)}."))
    by_stem = {composed(path.stem): path for path in pngs}
    missing = [image.name for image in images if composed(image.stem) not in by_stem]
    if missing:
        sentence = _(f"{len(missing)} images have no mask in {masks}: {named(missing)}.")
        hint = "" if pngs or not files else " " + _(f"A mask is a PNG; there are {files[0].name}.")
        raise ValueError(sentence + hint)
    return [(image, by_stem[composed(image.stem)]) for image in images]


def _alike(files: Sequence[Path]) -> list[str]:
    """Files that differ in their suffix, or in how a system writes é, as "a.jpg = a.png"."""
    names: dict[str, list[str]] = {}
    for path in files:
        names.setdefault(composed(path.stem), []).append(path.name)
    return [" = ".join(several) for several in names.values() if len(several) > 1]


def most_common_size(
    items: Sequence[Item], size: Callable[[Item], tuple[int, int]]
) -> tuple[int, int]:
    """The most common height and width of images, the larger one of two as common.

    Of very many images some stand for all. ValueError when not one could be measured.
    """
    counted: Counter[tuple[int, int]] = Counter()
    fault: Exception | None = None
    for item in items[:: max(1, len(items) // _MEASURED)]:
        try:
            counted[size(item)] += 1
        except (ValueError, OSError) as error:
            fault = error  # an audit names each
    if not counted:
        raise ValueError(_(f"No image could be measured: {fault}"))
    return max(counted, key=lambda one: (counted[one], one))


def existing_folder(path: str, form: str) -> Path:
    """`path` as a folder; ValueError that shows the `form` of the specification if it is none."""
    folder = Path(path)
    # Path("") would be the current folder.
    if not path or not folder.is_dir():
        raise ValueError(_(f"There is no folder {path!r}. Give it as {form}."))
    return folder


def missing_split(split: str, place: Path | str, available: Sequence[str]) -> ValueError:
    """The error for a split that is not there; it names those that are."""
    there = ", ".join(sorted(available)) or "none"
    return ValueError(_(f"Split {split!r} is missing: there is no {place}. Found: {there}."))
