"""Small data sets, each unusual or wrong in one way, as people's tools write them.

`CASES` says what each is to come to: `read` as if nothing were unusual, `told` where it is read and
an audit says what was done, `refused` with the words that the sentence must hold. The table in
docs/data-sets.md has the same lines.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 24, 32
Edit = Callable[[Path], Any]


@dataclass(frozen=True)
class Case:
    """One data set: how it is made, what it comes to, and words that are said of it."""

    make: Callable[[Path], str]
    outcome: str
    words: tuple[str, ...] = ()


def picture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> tuple[np.ndarray, np.ndarray]:
    """A noisy H×W×3 image with a rectangle of each of the classes 1 and 2, and its mask."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    mask[height // 4 : height // 2, width // 4 :] = 1
    mask[height // 2 : -2, : width // 2] = 2
    image = random.integers(0, 60, (height, width, 3)) + mask[..., None] * 60
    return image.astype(np.uint8), mask


def draw(root: Path, number: int, split: str, *, height: int = HEIGHT, width: int = WIDTH) -> None:
    """Image and mask `number` of a split in the layout of `folder`."""
    image, mask = picture(number + 100 * (split == "val"), height, width)
    for kind, pixels in (("images", image), ("masks", mask)):
        path = root / split / kind / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)


def folder(edit: Edit | None = None, **described: Any) -> Callable[[Path], str]:
    """A data set of three classes in a folder, then edited."""

    def make(root: Path) -> str:
        for split, count in (("train", 4), ("val", 2)):
            for number in range(count):
                draw(root, number, split)
        content = {"classes": ["ground", "tree", "pond"], **described}
        (root / "classes.json").write_text(json.dumps(content))
        if edit:
            edit(root)
        return f"folder:{root}"

    return make


def masks(root: Path, split: str = "*") -> list[Path]:
    """The mask files of a folder."""
    return sorted(root.glob(f"{split}/masks/*"))


def repaint(change: Callable[[np.ndarray], np.ndarray], split: str = "*") -> Edit:
    """An edit of every mask's ids."""

    def edit(root: Path) -> None:
        for path in masks(root, split):
            Image.fromarray(change(np.asarray(Image.open(path))).astype(np.uint8)).save(path)

    return edit


def every(pattern: str, change: Callable[[Path], Any]) -> Edit:
    """An edit of all files that match."""
    return lambda root: [change(path) for path in sorted(root.glob(pattern))]


def rename(pattern: str, name: Callable[[Path], str]) -> Edit:
    """New names for all files that match."""
    return every(pattern, lambda path: path.rename(path.with_name(name(path))))


def _systems_files(root: Path) -> None:
    for path in sorted(root.glob("*/*/*.png")):
        (path.parent / f"._{path.name}").write_bytes(b"\0\5\26\7" + bytes(90))
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (root / "train" / "images" / name).write_bytes(b"x")


def _decomposed(root: Path) -> None:
    for kind, form in (("images", "NFD"), ("masks", "NFC")):
        rename(f"*/{kind}/*", lambda p, f=form: unicodedata.normalize(f, "é가" + p.name))(root)


def _jpeg_named_png(path: Path) -> None:
    Image.open(path).convert("L").save(path, "JPEG")


def _masks_as(path: Path, kind: Any) -> None:
    Image.fromarray(np.asarray(Image.open(path)).astype(kind)).save(path)


def _with_palette(mask: Image.Image) -> Image.Image:
    mask.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
    return mask


def _as_tiff(path: Path) -> None:
    Image.open(path).save(path.with_suffix(".tif"))
    path.unlink()


def _same_stem(root: Path) -> None:
    Image.fromarray(picture(50)[0]).save(root / "train" / "images" / "000.jpg")


def _valid(root: Path) -> None:
    (root / "val").rename(root / "valid")


POLYGON = [[4.0, 4.0, 20.0, 4.0, 20.0, 16.0, 4.0, 16.0]]
ANIMALS = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]


def coco(
    annotation: dict[str, Any] | None = None,
    *,
    image: dict[str, Any] | None = None,
    file: dict[str, Any] | None = None,
    edit: Edit | None = None,
    spec: str = "coco:{}/pictures:{}/instances_train.json",
    without: str = "",
) -> Callable[[Path], str]:
    """A data set in COCO's format, each entry with the fields given, then edited."""

    def make(root: Path) -> str:
        (root / "pictures").mkdir()
        for split, count in (("train", 4), ("val", 2)):
            images, annotations = [], []
            for number in range(count):
                name = f"{split}{number}.png"
                pixels = picture(number + 100 * (split == "val"))[0]
                Image.fromarray(pixels).save(root / "pictures" / name)
                size = {"height": HEIGHT, "width": WIDTH}
                images.append({"id": number + 1, "file_name": name, **size, **(image or {})})
                entry = {"id": number + 1, "image_id": number + 1, "category_id": 1 + number % 2}
                entry |= {"segmentation": POLYGON, "iscrowd": 0, **(annotation or {})}
                entry.pop(without, None)
                annotations.append(entry)
            content = {"images": images, "annotations": annotations, "categories": ANIMALS}
            content |= file or {}
            (root / f"instances_{split}.json").write_text(json.dumps(content))
        if edit:
            edit(root)
        return spec.format(root, root)

    return make


def _image_ids_as_text(root: Path) -> None:
    _annotations(root, lambda entry: entry | {"image_id": str(entry["image_id"])})


def _annotations(root: Path, change: Callable[[dict[str, Any]], Any], split: str = "*") -> None:
    for path in root.glob(f"instances_{split}.json"):
        content = json.loads(path.read_text())
        content["annotations"] = [change(entry) for entry in content["annotations"]]
        path.write_text(json.dumps(content))


def _one_lost(root: Path) -> None:
    lost = {"segmentation": []}
    _annotations(root, lambda entry: entry | (lost if entry["id"] == 1 else {}), "train")


def _roboflow(root: Path) -> None:
    for split, name in (("train", "train"), ("val", "valid")):
        (root / name).mkdir()
        (root / f"instances_{split}.json").rename(root / name / "_annotations.coco.json")
        for path in (root / "pictures").glob(f"{split}*"):
            path.rename(root / name / path.name)


def _with_bom(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())


def _named(form: str) -> Edit:
    return lambda root: [
        (root / f"instances_{split}.json").rename(root / form.format(split))
        for split in ("train", "val")
    ]


def _deep(name: str) -> Edit:
    return every(name, lambda path: path.write_text('{"images": ' + "[" * 5000 + "]" * 5000 + "}"))


CROWD = {"iscrowd": 1, "segmentation": {"size": [HEIGHT, WIDTH], "counts": [0, 200, 568]}}
GROUP = [{"id": 0, "name": "animals", "supercategory": "none"}]
GROUPED = GROUP + [entry | {"supercategory": "animals"} for entry in ANIMALS]
CATS = [entry | {"supercategory": "cat"} for entry in ANIMALS]
BACKGROUNDS = [{"id": 8, "name": "Background"}, {"id": 9, "name": "background "}]
MANY = [{"id": number, "name": f"c{number}"} for number in range(1, 400)]

CASES: dict[str, Case] = {
    # Folders
    "folder: names that end in .PNG": Case(
        folder(rename("*/*/*.png", lambda p: p.stem + ".PNG")), "read"
    ),
    "folder: `._a.png`, Thumbs.db, desktop.ini, .DS_Store": Case(folder(_systems_files), "read"),
    "folder: é as one character in images, as two in masks": Case(folder(_decomposed), "read"),
    "folder: classes.json with a byte order mark": Case(
        folder(every("classes.json", _with_bom)), "read"
    ),
    "folder: valid/ or validation/ in place of val/": Case(folder(_valid), "read"),
    "folder: whole numbers written as 255.0": Case(
        folder(ignore_index=255.0, input_size=[24.0, 32.0]), "read"
    ),
    "folder: classes that say their ids, 0 to K − 1 in any order": Case(
        folder(
            classes=[
                {"name": name, "id": number}
                for name, number in (("pond", 2), ("ground", 0), ("tree", 1))
            ]
        ),
        "read",
    ),
    "folder: images of several sizes": Case(
        folder(lambda root: draw(root, 0, "train", height=8, width=8)),
        "told",
        ("2 sizes", "trained at 32×24", "3 of 4"),
    ),
    "folder: TIFF and other files among the images": Case(
        folder(every("train/images/003.png", _as_tiff)), "told", ("1 files", "003.tif")
    ),
    "folder: a.jpg and a.png with one mask a.png": Case(
        folder(_same_stem), "refused", ("000.jpg = 000.png",)
    ),
    "folder: images without a mask": Case(
        folder(every("train/masks/001.png", Path.unlink)), "refused", ("no mask", "001.png")
    ),
    "folder: masks as JPEG, even when named .png": Case(
        folder(every("*/masks/*.png", _jpeg_named_png)), "refused", ("train/000", "PNG, GIF, BMP")
    ),
    "folder: masks of 0 and 255": Case(
        folder(repaint(lambda mask: (mask > 0) * 255)),
        "refused",
        ("255", "% of the pixels of 'train'", "'ground'", "tree, pond"),
    ),
    "folder: a class that never occurs while unstated 255 fills pixels": Case(
        folder(repaint(lambda mask: np.where(mask == 2, 255, mask))),
        "refused",
        ("255", "%", "pond", '"ignore_index": 255'),
    ),
    "folder: the same, and classes.json states ignore_index": Case(
        folder(repaint(lambda mask: np.where(mask == 2, 255, mask)), ignore_index=255),
        "told",
        ("1 classes do not occur", "pond"),
    ),
    "folder: a split of nothing but ignored pixels": Case(
        folder(repaint(lambda mask: mask * 0 + 255, "val")), "refused", ("All pixels of 'val'",)
    ),
    "folder: a train split of one class alone": Case(
        folder(repaint(lambda mask: mask * 0)), "refused", ("All pixels of 'train'", "'ground'")
    ),
    "folder: mask values that are no class": Case(
        folder(repaint(lambda mask: mask * 10)), "refused", ("train/000 (10, 20)",)
    ),
    "folder: masks of another size than their image": Case(
        folder(repaint(lambda mask: mask[:-1])), "refused", ("mask 32×23, image 32×24",)
    ),
    "folder: ignore_index −1, 300 or a text": Case(
        folder(ignore_index="25\n5"), "refused", ("classes.json: ignore_index",)
    ),
    "folder: input_size of one number, or zero": Case(
        folder(input_size=[64]), "refused", ("classes.json: input_size",)
    ),
    "folder: ids of classes with a gap": Case(
        folder(classes=[{"name": "a", "id": 0}, {"name": "b", "id": 7}]),
        "refused",
        ("classes.json: the ids in classes",),
    ),
    "folder: masks of 16 bits": Case(
        folder(every("*/masks/*", lambda path: _masks_as(path, np.uint16))), "read"
    ),
    "folder: masks with a palette": Case(
        folder(every("*/masks/*", lambda p: _with_palette(Image.open(p)).save(p))), "read"
    ),
    "folder: masks of colours": Case(
        folder(every("*/masks/*", lambda p: Image.open(p).convert("RGB").save(p))),
        "refused",
        ("train/000", "000.png holds colours (RGB)"),
    ),
    "folder: files that are cut off": Case(
        folder(every("train/masks/00*", lambda p: p.write_bytes(p.read_bytes()[:-40]))),
        "refused",
        ("4 items of 'train' cannot be read", "000.png"),
    ),
    "folder: one class, or more than 255": Case(
        folder(classes=[f"c{number}" for number in range(256)]),
        "refused",
        ("classes.json should name 2 to 255 classes",),
    ),
    "folder: two classes of one name": Case(
        folder(classes=["tree", "pond", {"name": "tree "}]),
        "refused",
        ("classes.json: several classes have one name: tree",),
    ),
    "folder: a class without a name": Case(
        folder(classes=["ground", " ", "pond"]),
        "refused",
        ("classes.json: a class has no name: 1",),
    ),
    "folder: classes.json nested a thousand levels deep": Case(
        folder(_deep("classes.json")), "refused", ("classes.json", "too deeply")
    ),
    # COCO
    "coco: a byte order mark": Case(coco(edit=every("*.json", _with_bom)), "read"),
    "coco: instances_Train.json beside instances_Val.json": Case(
        coco(
            edit=lambda root: [
                (root / f"instances_{split}.json").rename(root / f"instances_{split.title()}.json")
                for split in ("train", "val")
            ],
            spec="coco:{}/pictures:{}/instances_Train.json",
        ),
        "read",
    ),
    "coco: test-site_train.json: the last word is the split": Case(
        coco(edit=_named("test-site_{}.json"), spec="coco:{}/pictures:{}/test-site_train.json"),
        "read",
    ),
    "coco: Roboflow's train/ and valid/ with _annotations.coco.json": Case(
        coco(edit=_roboflow, spec="coco:{}/train:{}/train/_annotations.coco.json"), "read"
    ),
    "coco: Roboflow's first category, which only names the others' group": Case(
        coco(file={"categories": GROUPED}), "read"
    ),
    "coco: crowds (`iscrowd`), painted as regions": Case(coco(CROWD), "read"),
    "coco: height and width as 48.0": Case(
        coco(image={"height": float(HEIGHT), "width": float(WIDTH)}), "read"
    ),
    'coco: height and width as "48", null or nothing': Case(
        coco(image={"height": str(HEIGHT), "width": None}),
        "told",
        ("4 images of 'train' have no usable height and width", "instances_train.json"),
    ),
    "coco: some annotations that paint nothing": Case(
        coco(edit=_one_lost), "told", ("1 of 4 annotations of 'train' have no segmentation",)
    ),
    "coco: all annotations with an empty segmentation": Case(
        coco({"segmentation": []}), "refused", ("4 of 4 annotations of 'train'", "no segmentation")
    ),
    "coco: all annotations without segmentation": Case(
        coco(without="segmentation"), "refused", ("4 of 4 annotations", "no segmentation")
    ),
    "coco: polygons of two corners": Case(
        coco({"segmentation": [[1, 1, 5, 5]]}), "refused", ("4 of 4", "fewer than three corners")
    ),
    "coco: polygons with an x without its y": Case(
        coco({"segmentation": [[1, 1, 5, 5, 7, 7, 9]]}),
        "refused",
        ("instances_train.json: annotation 1 of train0.png: segmentation",),
    ),
    "coco: one polygon that is not in a list of polygons": Case(
        coco({"segmentation": POLYGON[0]}), "refused", ("train0.png: segmentation: a polygon",)
    ),
    "coco: corners that are NaN": Case(
        coco({"segmentation": [[1.0, 1.0, float("nan"), 5.0, 7.0, 9.0]]}),
        "refused",
        ("instances_train.json: annotation 1 of train0.png: segmentation",),
    ),
    "coco: polygons outside of the image": Case(
        coco({"segmentation": [[100, 100, 120, 100, 120, 130]]}),
        "refused",
        ("All pixels of 'train' are 'background'",),
    ),
    "coco: image_id as text beside ids as numbers": Case(
        coco(edit=_image_ids_as_text), "refused", ("4 of 4", "name no image of the file")
    ),
    "coco: annotations without image_id": Case(
        coco(without="image_id"), "refused", ("4 of 4", "name no image of the file")
    ),
    "coco: one id for several images": Case(
        coco(image={"id": 1}), "refused", ("values of id", "instances_train.json")
    ),
    "coco: annotations null": Case(
        coco(file={"annotations": None}), "refused", ("instances_train.json", "annotations")
    ),
    "coco: annotations that are no objects": Case(
        coco(file={"annotations": [None, 5]}), "refused", ("2 of 2", "are no objects")
    ),
    "coco: no annotations in a split": Case(
        coco(file={"annotations": []}), "refused", ("'train' has no masks",)
    ),
    "coco: images that are no list": Case(
        coco(file={"images": {"a": 1}}), "refused", ("instances_train.json", "images")
    ),
    "coco: category ids of two kinds": Case(
        coco(file={"categories": [{"id": "1", "name": "cat"}, {"id": 2, "name": "dog"}]}),
        "refused",
        ("instances_train.json", "categories"),
    ),
    "coco: numbers as the names of categories": Case(
        coco(file={"categories": [{"id": 1, "name": 1}, {"id": 2, "name": 2}]}),
        "refused",
        ("instances_train.json: categories, entry 0: name",),
    ),
    "coco: category ids with gaps": Case(
        coco({"category_id": 900}, file={"categories": [*ANIMALS, {"id": 900, "name": "bird"}]}),
        "told",
        ("2 classes do not occur in 'train': cat, dog",),
    ),
    "coco: height in place of width": Case(
        coco(image={"height": WIDTH, "width": HEIGHT}),
        "refused",
        ("train/train0 (mask 24×32, image 32×24)",),
    ),
    "coco: no UTF-8": Case(
        coco(edit=every("*.json", lambda p: p.write_bytes(p.read_bytes() + b"\xdf"))),
        "refused",
        ("instances_train.json", "UTF-8"),
    ),
    "coco: images outside of their folder": Case(
        coco(image={"file_name": "../../secret.png"}), "refused", ("names images outside",)
    ),
    "coco: two categories of one name": Case(
        coco(file={"categories": [{"id": 1, "name": "cat"}, {"id": 2, "name": "cat"}]}),
        "refused",
        ("instances_train.json: several classes have one name: cat",),
    ),
    "coco: Background beside background": Case(
        coco(file={"categories": [*ANIMALS, *BACKGROUNDS]}),
        "refused",
        ("instances_train.json: several classes have one name: background",),
    ),
    "coco: a category without a name": Case(
        coco(file={"categories": [*ANIMALS, {"id": 3, "name": ""}]}),
        "refused",
        ("instances_train.json: a class has no name",),
    ),
    "coco: a group that is called as one of its categories": Case(
        coco(file={"categories": [GROUP[0] | {"name": "cat"}, *CATS]}), "read"
    ),
    "coco: no category, or more than 254": Case(
        coco({"category_id": 300}, file={"categories": MANY}),
        "refused",
        ("instances_train.json: categories", "399"),
    ),
    "coco: a category_id that is none of the categories": Case(
        coco({"category_id": 9}), "refused", ("annotation 1 of train0.png: category_id 9",)
    ),
    "coco: numbers beyond any float": Case(
        coco(edit=every("*.json", lambda p: p.write_text(p.read_text().replace("4.0", "1e400")))),
        "refused",
        ("annotation 1 of train0.png: segmentation",),
    ),
    "coco: nested a thousand levels deep": Case(
        coco(edit=_deep("*.json")), "refused", ("instances_train.json", "too deeply")
    ),
    "coco: images that are not there": Case(
        coco(edit=every("pictures/train1.png", Path.unlink)), "refused", ("train/train1",)
    ),
}


def _voc(root: Path) -> str:
    lists = root / "ImageSets" / "Segmentation"
    for path in (root / "JPEGImages", root / "SegmentationClass", lists):
        path.mkdir(parents=True)
    for split in ("train", "val"):
        names = [f"street {number} {split}" for number in range(2)]
        for number, name in enumerate(names):
            image, mask = picture(number + 100 * (split == "val"))
            Image.fromarray(image).save(root / "JPEGImages" / f"{name}.jpg")
            Image.fromarray(mask).save(root / "SegmentationClass" / f"{name}.png")
        (lists / f"{split}.txt").write_text("\n".join(names) + "\n")
    return f"voc:{root}"


CASES["voc: names with spaces, one a line"] = Case(_voc, "told", ("18 classes do not occur",))
