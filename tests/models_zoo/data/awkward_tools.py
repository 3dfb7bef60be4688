"""Small data sets as labelling tools lay them out, sound ones and some that are wrong in one way.

The layouts are those that the tools document; what the tools' own packages wrote lies in `written/`
(test_tools.py). `CASES` is as in `awkward`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from models_zoo.data.labelling.brush import brush_encode
from tests.models_zoo.data.awkward import (
    HEIGHT,
    WIDTH,
    Case,
    Edit,
    every,
    folder,
    picture,
    rename,
    repaint,
)

Make = Callable[[Path], str]
NAMES = ["bush", "pond"]  # of the classes 1 and 2
BOXES = {1: (WIDTH // 4, HEIGHT // 4, WIDTH, HEIGHT // 2), 2: (0, 12, WIDTH // 2, HEIGHT - 2)}
ONE = np.ones((HEIGHT, WIDTH, 3), np.uint8)
COLOURS = np.array([[0, 0, 0], [250, 50, 83], [51, 221, 255]], np.uint8)


def _pictures(split: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    for number in range(4 if split == "train" else 2):
        yield (f"{split}{number}", *picture(number + 100 * (split == "val")))


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def _corners(box: tuple[int, int, int, int]) -> list[list[float]]:
    left, top, right, bottom = box
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def values(*of_class: Any, edit: Edit, **described: Any) -> Make:
    """A folder whose classes say what they are in the masks."""
    names = ("ground", "tree", "pond")
    entries = [{"name": n, "value": v} for n, v in zip(names, of_class, strict=True)]
    return folder(edit, classes=entries, **described)


def _coloured(path: Path) -> None:
    _save(path, COLOURS[np.asarray(Image.open(path))])


def _colours_by_palette(path: Path) -> None:
    Image.open(path).convert("RGB").quantize(len(COLOURS), dither=Image.Dither.NONE).save(path)


def _deep_values(path: Path) -> None:
    _save(path, np.asarray(Image.open(path)).astype(np.uint16) * 1000)


def cvat(edit: Edit | None = None, names: tuple[str, str] = ("Train", "Validation")) -> Make:
    """CVAT's "Segmentation mask 1.1", with images."""

    def make(root: Path) -> str:
        lists = root / "ImageSets" / "Segmentation"
        lists.mkdir(parents=True)
        labels = ["background:0,0,0::", "bush:250,50,83::", "pond:51,221,255::"]
        (root / "labelmap.txt").write_text("\n".join(["# label:color_rgb:parts:actions", *labels]))
        for split, called in zip(("train", "val"), names, strict=True):
            for name, image, mask in _pictures(split):
                _save(root / "JPEGImages" / f"{name}.png", image)
                _save(root / "SegmentationClass" / f"{name}.png", COLOURS[mask])
                with (lists / f"{called}.txt").open("a") as file:
                    file.write(f"{name}\n")
        if edit:
            edit(root)
        return f"cvat:{root}"

    return make


def _labelmap(change: Callable[[str], str]) -> Edit:
    return every("labelmap.txt", lambda path: path.write_text(change(path.read_text())))


YAML = "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['bush', 'pond']\n"


def yolo(edit: Edit | None = None, text: str = YAML) -> Make:
    """Images and texts of polygons, as Roboflow lays them out."""

    def make(root: Path) -> str:
        (root / "data.yaml").write_text(text)
        for split, called in (("train", "train"), ("val", "valid")):
            (root / called / "labels").mkdir(parents=True)
            for name, image, _mask in _pictures(split):
                _save(root / called / "images" / f"{name}.png", image)
                lines = [
                    " ".join(map(str, [n - 1, *np.divide(_corners(box), (WIDTH, HEIGHT)).ravel()]))
                    for n, box in BOXES.items()
                ]
                (root / called / "labels" / f"{name}.txt").write_text("\n".join(lines))
        if edit:
            edit(root)
        return f"yolo:{root}"

    return make


def _lists(root: Path) -> None:
    for split, called in (("train", "train"), ("val", "valid")):
        names = sorted(path.name for path in (root / called / "images").iterdir())
        lines = "".join(f"{called}/images/{name}\n" for name in names)
        (root / f"{split}.txt").write_text(lines)


def _lines(change: Callable[[list[str]], list[str]], pattern: str = "*/labels/*.txt") -> Edit:
    def edit(path: Path) -> None:
        path.write_text("\n".join(change(path.read_text().splitlines())))

    return every(pattern, edit)


def _link_out(path: Path) -> None:
    """Puts a link in a file's place, and the file beside the data set's folder."""
    root = path.parents[2]
    path.symlink_to(path.rename(root.with_name(f"{root.name}-{path.name}")))


def _brush(class_id: int, mask: np.ndarray) -> dict[str, Any]:
    value = {"format": "rle", "rle": brush_encode(mask == class_id)}
    return {"type": "brushlabels", "value": value | {"brushlabels": [NAMES[class_id - 1]]}}


def _polygon(class_id: int, _mask: np.ndarray) -> dict[str, Any]:
    points = [[100 * x / WIDTH, 100 * y / HEIGHT] for x, y in _corners(BOXES[class_id])]
    value = {"points": points, "closed": True, "polygonlabels": [NAMES[class_id - 1]]}
    return {"type": "polygonlabels", "value": value}


def label_studio(
    region: Callable[[int, np.ndarray], dict[str, Any]] = _brush,
    task: Callable[[dict[str, Any]], Any] = lambda task: task,
    edit: Edit | None = None,
) -> Make:
    """Exports of Label Studio's, one a split, each task changed by `task`."""

    def make(root: Path) -> str:
        for split in ("train", "val"):
            tasks = []
            for number, (name, image, mask) in enumerate(_pictures(split), start=1):
                _save(root / split / "images" / f"{name}.png", image)
                sides = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0}
                names = {"to_name": "image", "from_name": "tag"}
                results = [{"id": f"r{n}"} | sides | names | region(n, mask) for n in BOXES]
                annotation = {"id": number, "was_cancelled": False, "result": results}
                address = f"/data/upload/1/0a1b2c3d-{name}.png"
                one = {"id": number, "annotations": [annotation], "data": {"image": address}}
                tasks.append(task(one))
            (root / split / "project-1.json").write_text(json.dumps(tasks))
        if edit:
            edit(root)
        return f"label_studio:{root}"

    return make


def _two_corners(result: dict[str, Any]) -> dict[str, Any]:
    return result | {"value": result["value"] | {"points": result["value"]["points"][:2]}}


def _first(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A change of the first task alone."""
    return lambda task: change(task) if task["id"] == 1 else task


def _results(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A change of every region of a task."""

    def edit(task: dict[str, Any]) -> dict[str, Any]:
        kept = task["annotations"][0]
        results = [change(result) for result in kept["result"]]
        return task | {"annotations": [kept | {"result": results}]}

    return edit


BOX = {"type": "rectanglelabels", "value": {"x": 1, "y": 1, "rectanglelabels": ["bush"]}}
CUT = {"format": "rle", "rle": [0, 0, 12, 0, 57, 27, 127, 0], "brushlabels": ["bush"]}


def _older(task: dict[str, Any]) -> dict[str, Any]:
    newest = task["annotations"][0] | {"updated_at": "2026-05-02T08:00:00Z"}
    older = {"id": 90, "updated_at": "2026-05-01T08:00:00Z", "result": []}
    return task | {"annotations": [newest, older]}


def labelme(
    shape: Callable[[dict[str, Any]], Any] = lambda shape: shape,
    file: dict[str, Any] | None = None,
    edit: Edit | None = None,
) -> Make:
    """Images with labelme's JSON beside them, each shape changed by `shape`."""

    def make(root: Path) -> str:
        for split in ("train", "val"):
            for name, image, _mask in _pictures(split):
                _save(root / split / f"{name}.png", image)
                shapes = [
                    {"label": NAMES[n - 1], "points": _corners(box), "shape_type": "polygon"}
                    for n, box in BOXES.items()
                ]
                content = {"version": "5.5.0", "flags": {}, "shapes": [shape(s) for s in shapes]}
                content |= {"imagePath": f"{name}.png", "imageData": None}
                content |= {"imageHeight": HEIGHT, "imageWidth": WIDTH, **(file or {})}
                (root / split / f"{name}.json").write_text(json.dumps(content))
        if edit:
            edit(root)
        return f"labelme:{root}"

    return make


def _as_rectangle(shape: dict[str, Any]) -> dict[str, Any]:
    points = [shape["points"][2], shape["points"][0]]
    return shape | {"shape_type": "rectangle", "points": points}


def _as_mask(shape: dict[str, Any]) -> dict[str, Any]:
    (left, top), _, (right, bottom), _ = shape["points"]
    content = BytesIO()
    Image.fromarray(np.ones((bottom - top, right - left), bool)).save(content, "PNG")
    packed = base64.b64encode(content.getvalue()).decode()
    points = [[left, top], [right - 1, bottom - 1]]
    return shape | {"shape_type": "mask", "points": points, "mask": packed}


def _bushes(change: dict[str, Any]) -> Callable[[dict[str, Any]], Any]:
    return lambda shape: shape | (change if shape["label"] == "bush" else {})


LINE = {"shape_type": "linestrip"}

CASES: dict[str, Case] = {
    "folder: masks of 0, 128 and 255, and each class says its value": Case(
        values(0, 128, 255, edit=repaint(lambda m: np.array([0, 128, 255])[m])), "read"
    ),
    "folder: masks of 16 bits, and each class says its value": Case(
        values(0, 1000, 2000, edit=every("*/masks/*", _deep_values)), "read"
    ),
    "folder: masks of colours, and each class says its colour as its value": Case(
        values("#000000", "#FA3253", "#33ddff", edit=every("*/masks/*", _coloured)), "read"
    ),
    "folder: colours of a palette, and each class says its colour as its value": Case(
        values(
            "#000000",
            "#fa3253",
            "#33ddff",
            edit=lambda root: [
                every("*/masks/*", change)(root) for change in (_coloured, _colours_by_palette)
            ],
        ),
        "read",
    ),
    "folder: pixels of the stated ignore_value": Case(
        values(0, 1, 2, ignore_value=9, edit=repaint(lambda mask: np.where(mask == 2, 9, mask))),
        "told",
        ("1 classes do not occur in 'train': pond",),
    ),
    "folder: a value in the masks that no class says": Case(
        values(0, 1, 7, edit=repaint(lambda mask: mask)),
        "refused",
        ("train/000", "000.png has values that classes.json does not name: 2"),
    ),
    "folder: a colour in the masks that no class says": Case(
        values("#000000", "#fa3253", "#ffffff", edit=every("*/masks/*", _coloured)),
        "refused",
        ("000.png has colours that classes.json does not name: #33ddff",),
    ),
    "folder: values of some classes alone, or of two kinds": Case(
        values(0, "#fa3253", 2, edit=repaint(lambda mask: mask)),
        "refused",
        ("classes.json: value should be said of every class",),
    ),
    "folder: two classes of one value": Case(
        values(0, 1, 1, edit=repaint(lambda mask: mask)),
        "refused",
        ("classes.json: two classes have one value",),
    ),
    "folder: ignore_index where classes say values": Case(
        values(0, 1, 2, ignore_index=255, edit=repaint(lambda mask: mask)),
        "refused",
        ("say ignore_value, not ignore_index",),
    ),
    "cvat: subsets Train and Validation": Case(cvat(), "read"),
    "cvat: subsets train and val": Case(cvat(names=("train", "val")), "read"),
    "cvat: masks with a palette of the labels' colours": Case(
        cvat(every("SegmentationClass/*", _colours_by_palette)), "read"
    ),
    "cvat: a colour that labelmap.txt lacks": Case(
        cvat(_labelmap(lambda text: text.replace("51,221,255", "51,221,0"))),
        "refused",
        ("train0.png has colours that labelmap.txt does not name: #33ddff",),
    ),
    "cvat: two labels of one colour": Case(
        cvat(_labelmap(lambda text: text.replace("51,221,255", "250,50,83"))),
        "refused",
        ("labelmap.txt: several labels have one colour: #fa3253",),
    ),
    "cvat: a label without a colour": Case(
        cvat(_labelmap(lambda text: text.replace("51,221,255", ""))),
        "refused",
        ("labelmap.txt: line 4 should be label:red,green,blue",),
    ),
    "cvat: exported without images": Case(
        cvat(rename("JPEGImages", lambda path: "elsewhere")),
        "refused",
        ("4 images are not in", "Export with “Save images”"),
    ),
    "cvat: train0.jpg beside train0.png": Case(
        cvat(every("JPEGImages/train0.png", lambda path: _save(path.with_suffix(".jpg"), ONE))),
        "refused",
        ("Images in JPEGImages would share a mask and a name: train0",),
    ),
    "cvat: an image without a mask": Case(
        cvat(every("SegmentationClass/train1.png", Path.unlink)),
        "refused",
        ("1 images have no mask in", "train1"),
    ),
    "cvat: a subset that names files outside": Case(
        cvat(
            every("*/*/Train.txt", lambda path: path.write_text("../JPEGImages/train0\n")),
        ),
        "refused",
        ("1 images are not in", "../JPEGImages/train0"),
    ),
    "yolo: Roboflow's train/ and valid/, with ../train/images in data.yaml": Case(yolo(), "read"),
    "yolo: names by their numbers, and a path that is another machine's": Case(
        yolo(text="path: /a/b\ntrain: train/images\nval: valid/images\nnames: {1: pond, 0: bush}"),
        "read",
    ),
    "yolo: files that list the images": Case(
        yolo(_lists, "train: train.txt\nval: val.txt\nnames: [bush, pond]"), "read"
    ),
    "yolo: an image without a text of labels": Case(
        yolo(every("train/labels/train1.txt", Path.unlink)),
        "told",
        ("1 images of 'train' have no text of labels", "train1.png"),
    ),
    "yolo: some boxes among the polygons": Case(
        yolo(_lines(lambda lines: [*lines, "0 0.5 0.5 0.2 0.2"])),
        "told",
        ("4 of 12 annotations of 'train' are boxes, not polygons",),
    ),
    "yolo: boxes alone": Case(
        yolo(_lines(lambda lines: ["0 0.5 0.5 0.2 0.2"])),
        "refused",
        ("4 of 4 annotations of 'train' are boxes",),
    ),
    "yolo: corners in pixels": Case(
        yolo(_lines(lambda lines: ["0 4 4 20 4 20 16"])),
        "refused",
        ("train0.txt: line 1 has a corner outside of the image",),
    ),
    "yolo: a class that data.yaml lacks": Case(
        yolo(_lines(lambda lines: [line.replace("1 ", "5 ", 1) for line in lines])),
        "refused",
        ("train0.txt: class 5 is none of data.yaml's",),
    ),
    "yolo: a polygon of two corners": Case(
        yolo(_lines(lambda lines: ["0 0.1 0.1 0.2 0.2 0.3"])),
        "refused",
        ("train0.txt: line 1 is no class with three corners",),
    ),
    "yolo: a class that is no whole number": Case(
        yolo(_lines(lambda lines: ["0.9 0.1 0.1 0.2 0.2 0.3 0.1"])),
        "refused",
        ("train0.txt: line 1 begins with 0.9, no class",),
    ),
    "yolo: key points": Case(
        yolo(text=YAML + "kpt_shape: [2, 2]\n"), "refused", ("data.yaml: these are key points",)
    ),
    "yolo: words in place of numbers": Case(
        yolo(_lines(lambda lines: ["bush 0.1 0.1 0.2 0.2 0.3 0.1"])),
        "refused",
        ("train0.txt: line 1 holds no numbers",),
    ),
    "yolo: no texts of labels at all": Case(
        yolo(every("*/labels/*", Path.unlink)), "refused", ("'train' has no masks",)
    ),
    "yolo: data.yaml without names": Case(
        yolo(text="train: train/images\nval: valid/images"), "refused", ("data.yaml: names",)
    ),
    "yolo: data.yaml that is no YAML": Case(
        yolo(text="train: [\nnames: }"), "refused", ("data.yaml is no YAML",)
    ),
    "yolo: images outside of the folder": Case(
        yolo(text="train: ../../images\nval: /etc\nnames: [bush, pond]"),
        "refused",
        ("'train' is missing", "'../../images'"),
    ),
    "yolo: an image that is a link to outside of the folder": Case(
        yolo(every("train/images/train1.png", _link_out)),
        "refused",
        ("train1.png lies outside of", "Copy it there"),
    ),
    "yolo: a text of labels that is a link to outside of the folder": Case(
        yolo(every("train/labels/train1.txt", _link_out)),
        "refused",
        ("train1.txt lies outside of", "Copy it there"),
    ),
    "yolo: two classes of one name": Case(
        yolo(text=YAML.replace("pond", "bush")), "refused", ("several classes have one name: bush",)
    ),
    "label_studio: brushes": Case(label_studio(), "read"),
    "label_studio: polygons": Case(label_studio(_polygon), "read"),
    "label_studio: a newer annotation beside an older one": Case(
        label_studio(task=_first(_older)),
        "told",
        ("1 images of 'train' have several annotations; the newest of each is read: train0.png",),
    ),
    "label_studio: a task that was skipped": Case(
        label_studio(
            task=_first(
                lambda task: (
                    task | {"annotations": [task["annotations"][0] | {"was_cancelled": True}]}
                )
            )
        ),
        "told",
        ("1 tasks of project-1.json have no annotation and are left out",),
    ),
    "label_studio: some boxes": Case(
        label_studio(
            task=_first(_results(lambda result: result | (BOX if result["id"] == "r1" else {})))
        ),
        "told",
        ("1 of 8 annotations of 'train' are no brush or polygon of one label",),
    ),
    "label_studio: boxes alone": Case(
        label_studio(lambda _class, _mask: BOX),
        "refused",
        ("the labels should name 1 to 254 classes", "not 0"),
    ),
    "label_studio: a polygon of two corners": Case(
        label_studio(lambda class_id, mask: _two_corners(_polygon(class_id, mask))),
        "refused",
        ("region r1 of train0.png: a polygon has three corners or more",),
    ),
    "label_studio: several images in one task": Case(
        label_studio(
            task=_first(
                lambda task: task | {"data": task["data"] | {"second": "/data/upload/1/train1.png"}}
            )
        ),
        "refused",
        ("Task 1 has several images: train0.png, train1.png",),
    ),
    "label_studio: images that are not there": Case(
        label_studio(edit=every("train/images/train1.png", Path.unlink)),
        "refused",
        ("1 images of project-1.json are not in", "0a1b2c3d-train1.png"),
    ),
    "label_studio: run lengths that are cut off": Case(
        label_studio(task=_first(_results(lambda result: result | {"value": CUT}))),
        "refused",
        ("project-1.json: region r1 of train0.png: rle ends before",),
    ),
    "label_studio: run lengths of another size": Case(
        label_studio(task=_results(lambda result: result | {"original_width": HEIGHT})),
        "refused",
        ("train/train0 (mask 24×24, image 32×24)",),
    ),
    "label_studio: an image that was turned while it was labelled": Case(
        label_studio(task=_results(lambda result: result | {"image_rotation": 90})),
        "refused",
        ("region r1 of train0.png: the image was turned",),
    ),
    "label_studio: JSON-MIN": Case(
        label_studio(task=lambda task: {"image": "a.png", "id": 1, "annotations": 1}),
        "refused",
        ("project-1.json: task 0 has no data and annotations", "JSON-MIN"),
    ),
    "label_studio: no JSON": Case(
        label_studio(edit=every("*/*.json", Path.unlink)),
        "refused",
        ("'train' is missing: there is no export of Label Studio's",),
    ),
    "labelme: polygons": Case(labelme(), "read"),
    "labelme: rectangles": Case(labelme(_as_rectangle), "read"),
    "labelme: masks": Case(labelme(_as_mask), "read"),
    "labelme: __ignore__ and _background_": Case(
        labelme(_bushes({"label": "__ignore__"})),
        "told",
        ("train: 4 images",),
    ),
    "labelme: some lines": Case(
        labelme(_bushes(LINE)),
        "told",
        ("4 of 8 annotations of 'train' are lines or points",),
    ),
    "labelme: lines alone": Case(
        labelme(lambda shape: shape | LINE), "refused", ("8 of 8 annotations of 'train' are lines",)
    ),
    "labelme: a shape without a label": Case(
        labelme(lambda shape: shape | {"label": None}),
        "refused",
        ("train0.json: shape 0 has no label",),
    ),
    "labelme: a polygon of two corners": Case(
        labelme(lambda shape: shape | {"points": shape["points"][:2]}),
        "refused",
        ("train0.json: shape 0: a polygon has 3 points or more",),
    ),
    "labelme: images outside of the folder": Case(
        labelme(file={"imagePath": "../../secret.png"}), "refused", ("secret.png lies outside of",)
    ),
    "labelme: images of another size than when they were labelled": Case(
        labelme(file={"imageHeight": WIDTH, "imageWidth": HEIGHT}),
        "refused",
        ("mask 24×32, image 32×24",),
    ),
    "labelme: a label that labels.txt lacks": Case(
        labelme(edit=lambda root: (root / "labels.txt").write_text("__ignore__\npond\n")),
        "refused",
        ("labels.txt lacks labels of the shapes: bush",),
    ),
}


def roboflow(edit: Edit | None = None) -> Make:
    """Roboflow's folders, whose first category names the others' group."""

    def make(root: Path) -> str:
        group = {"id": 0, "name": "things", "supercategory": "none"}
        drawn = [{"id": n, "name": NAMES[n - 1], "supercategory": "things"} for n in BOXES]
        for split, called in (("train", "train"), ("val", "valid")):
            images, annotations = [], []
            for number, (name, image, _mask) in enumerate(_pictures(split)):
                _save(root / called / f"{name}.png", image)
                entry = {"id": number, "file_name": f"{name}.png"}
                images.append(entry | {"height": HEIGHT, "width": WIDTH})
                for class_id, box in BOXES.items():
                    polygon = [float(part) for corner in _corners(box) for part in corner]
                    one = {"id": len(annotations), "image_id": number, "category_id": class_id}
                    annotations.append(one | {"segmentation": [polygon], "iscrowd": 0})
            content = {"images": images, "annotations": annotations, "categories": [group, *drawn]}
            (root / called / "_annotations.coco.json").write_text(json.dumps(content))
        if edit:
            edit(root)
        return f"roboflow:{root}"

    return make


CASES |= {
    "roboflow: train/ and valid/ with _annotations.coco.json": Case(roboflow(), "read"),
}
