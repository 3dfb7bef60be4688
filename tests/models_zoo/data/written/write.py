"""Writes the archives beside it, each by the labelling tool's own package.

Run in environments of their own, since these packages need other versions than SegWeb does:
`pip install PACKAGE`, then `python tests/models_zoo/data/written/write.py WHAT`, with

    datumaro==1.13.12           cvat
    supervision==0.31.2         yolo
    label_studio_sdk==2.1.2     label_studio
    labelme==6.3.1           labelme

The pictures are those of `awkward.picture`, whose masks a test compares with what is read.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

HERE = Path(__file__).parent
NAMES = ["bush", "pond"]
HEIGHT, WIDTH = 24, 32


def picture(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """As `tests.models_zoo.data.awkward.picture`, which needs pytest's environment."""
    random = np.random.default_rng(seed)
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[HEIGHT // 4 : HEIGHT // 2, WIDTH // 4 :] = 1
    mask[HEIGHT // 2 : -2, : WIDTH // 2] = 2
    image = random.integers(0, 60, (HEIGHT, WIDTH, 3)) + mask[..., None] * 60
    return image.astype(np.uint8), mask


def pictures(split: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Four to train on, two to score by."""
    count, seed = (4, 0) if split == "train" else (2, 100)
    return [(f"{split}{n}", *picture(n + seed)) for n in range(count)]


def cvat(root: Path) -> None:
    """With Datumaro, which writes CVAT's "Segmentation mask 1.1"."""
    from datumaro.components.annotation import Mask
    from datumaro.components.dataset import Dataset
    from datumaro.components.dataset_base import DatasetItem
    from datumaro.components.media import Image as Media

    items = [
        DatasetItem(
            id=name,
            subset=subset,
            media=Media.from_numpy(data=image[..., ::-1], ext=".png"),
            annotations=[Mask(mask == n, label=n) for n in range(3)],
        )
        for split, subset in (("train", "Train"), ("val", "Validation"))
        for name, image, mask in pictures(split)
    ]
    dataset = Dataset.from_iterable(items, categories=["background", *NAMES])
    # Colours of the labels, as CVAT hands them on.
    colours = {"background": (0, 0, 0), "bush": (250, 50, 83), "pond": (51, 221, 255)}
    labels = {name: [colour, [], []] for name, colour in colours.items()}
    dataset.export(
        str(root), "voc_segmentation", save_media=True, label_map=labels, apply_colormap=True
    )


def yolo(root: Path) -> None:
    """With supervision, Roboflow's package; its data.yaml lacks the splits, which are added."""
    import supervision

    for split, called in (("train", "train"), ("val", "valid")):
        (root / called).mkdir()
        images, detections = {}, {}
        for name, image, mask in pictures(split):
            path = root / f"{name}.png"
            Image.fromarray(image).save(path)
            masks = np.stack([mask == 1, mask == 2])
            images[str(path)] = image[..., ::-1]
            detections[str(path)] = supervision.Detections(
                xyxy=supervision.mask_to_xyxy(masks), mask=masks, class_id=np.array([0, 1])
            )
        dataset = supervision.DetectionDataset(
            classes=NAMES, images=list(images), annotations=detections
        )
        dataset.as_yolo(
            images_directory_path=str(root / called / "images"),
            annotations_directory_path=str(root / called / "labels"),
            data_yaml_path=str(root / "data.yaml"),
        )
        for path in images:
            Path(path).unlink()
    with (root / "data.yaml").open("a") as file:
        file.write("train: ../train/images\nval: ../valid/images\n")


def label_studio(root: Path) -> None:
    """With the run lengths of Label Studio's own converter."""
    from label_studio_sdk.converter.brush import mask2rle

    for split in ("train", "val"):
        tasks = []
        for number, (name, image, mask) in enumerate(pictures(split), start=1):
            (root / split).mkdir(exist_ok=True)
            Image.fromarray(image).save(root / split / f"{name}.png")
            results = [
                {
                    "id": f"{name}-{n}",
                    "type": "brushlabels",
                    "from_name": "tag",
                    "to_name": "image",
                    "original_width": WIDTH,
                    "original_height": HEIGHT,
                    "image_rotation": 0,
                    "value": {
                        "format": "rle",
                        "rle": mask2rle((mask == n).astype(np.uint8) * 255),
                        "brushlabels": [NAMES[n - 1]],
                    },
                }
                for n in (1, 2)
            ]
            annotations = [{"id": number, "was_cancelled": False, "result": results}]
            data = {"image": f"/data/upload/1/0a1b2c3d-{name}.png"}
            tasks.append({"id": number, "annotations": annotations, "data": data})
        (root / split / "project-1.json").write_text(json.dumps(tasks))


def labelme(root: Path) -> None:
    """With labelme's own writer: polygons with the image inside to train on, masks to score by."""
    from labelme._label_file import write_label_file
    from labelme.utils import img_arr_to_b64

    boxes = {1: (WIDTH // 4, HEIGHT // 4, WIDTH, HEIGHT // 2), 2: (0, 12, WIDTH // 2, HEIGHT - 2)}
    for split in ("train", "val"):
        (root / split).mkdir()
        for name, image, _mask in pictures(split):
            path = root / split / f"{name}.png"
            Image.fromarray(image).save(path)
            shapes = []
            for n, (left, top, right, bottom) in boxes.items():
                shape = {"label": NAMES[n - 1], "group_id": None, "description": "", "flags": {}}
                if split == "train":
                    points = [[left, top], [right, top], [right, bottom], [left, bottom]]
                    shape |= {"points": points, "shape_type": "polygon", "mask": None}
                else:
                    inside = np.ones((bottom - top, right - left), np.uint8)
                    points = [[left, top], [right - 1, bottom - 1]]
                    shape |= {"points": points, "shape_type": "mask"}
                    shape["mask"] = img_arr_to_b64(inside)
                shapes.append(shape)
            write_label_file(
                filename=str(path.with_suffix(".json")),
                shapes=shapes,
                image_path=path.name,
                image_height=HEIGHT,
                image_width=WIDTH,
                image_data=path.read_bytes() if split == "train" else None,
            )


if __name__ == "__main__":
    tool = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        globals()[tool](Path(folder))
        shutil.make_archive(str(HERE / tool), "zip", folder)
