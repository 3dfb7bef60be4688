"""Every format of data set loads from a small fixture, and says what is wrong with it."""

import json
from importlib import import_module
from pkgutil import iter_modules

import numpy as np
import pytest
from PIL import Image

from models_zoo.data import DatasetSplit, format_of, open_dataset
from models_zoo.data.formats import formats
from models_zoo.data.rasters import polygon_fill, rle_decode
from models_zoo.data.scenes import draw, split_seed
from tests.models_zoo.fixtures import draw_camvid, draw_street


def save(path, array) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


def street(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    return draw_street(seed, 48, 64)


def test_ten_frames_of_a_drive_are_a_block_and_other_images_their_own():
    names = [f"Seq05VD_f{30 * n:05d}" for n in range(12)] + ["0001TP_000001", "0001TP_000031"]
    blocks = formats()["camvid"].blocks_of(names)
    assert blocks[:10] == [blocks[0]] * 10
    assert blocks[10] == blocks[11] != blocks[0]
    assert blocks[12] == blocks[13]
    assert len(set(blocks)) == 3
    assert DatasetSplit.blocks_of(["b", "a", "c"]) == [0, 1, 2]


def test_camvid(tmp_path):
    dataset = open_dataset(f"camvid:{draw_camvid(tmp_path / 'c', train=2, val=1)}", "train")
    image, mask = dataset.load(1)
    assert len(dataset) == 2
    assert dataset.name(1) == "train01"
    assert image.shape == (48, 64, 3)
    assert set(np.unique(mask)) == {0, 3, 8, 11}
    assert dataset.size(1) == (48, 64)
    with pytest.raises(ValueError, match=r"'test' is missing.*Found: train, val"):
        open_dataset(f"camvid:{tmp_path / 'c'}", "test")


@pytest.mark.parametrize("nested", ["", "VOCdevkit/VOC2012/"])
def test_voc(nested, tmp_path):
    root = tmp_path / nested
    image, mask = street()
    mask[mask == 11] = 255
    indexed = Image.fromarray(mask)
    indexed.putpalette([7] * 768)
    save(root / "JPEGImages" / "2007_1.jpg", image)
    save(root / "JPEGImages" / "2008_1.jpg", image)
    (root / "SegmentationClass").mkdir()
    indexed.save(root / "SegmentationClass" / "2007_1.png")
    lists = root / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("2007_1\n")
    (lists / "test.txt").write_text("2008_1\n")
    dataset = open_dataset(f"voc:{tmp_path}", "train")
    assert np.array_equal(dataset.load(0)[1], mask)
    assert dataset.ignore_index == 255
    assert len(dataset.classes) == 21
    kept_back = open_dataset(f"voc:{tmp_path}", "test")
    assert not kept_back.labelled
    assert kept_back.load_image(0).shape == (48, 64, 3)
    with pytest.raises(ValueError, match="has no masks"):
        kept_back.load(0)
    with pytest.raises(ValueError, match="'val' is missing"):
        open_dataset(f"voc:{tmp_path}", "val")


SQUARE = [[10, 10, 30, 10, 30, 30, 10, 30]]
COLUMN = {"counts": [20 * 48, 5 * 48, 39 * 48], "size": [48, 64]}


def coco_file(annotations, images=("a.jpg", "b.jpg")) -> str:
    return json.dumps(
        {
            "images": [
                {"id": 7 + n, "file_name": name, "height": 48, "width": 64}
                for n, name in enumerate(images)
            ],
            "categories": [{"id": 90, "name": "can"}, {"id": 5, "name": "bottle"}],
            "annotations": annotations,
        }
    )


@pytest.fixture
def coco(tmp_path):
    """Two images, with a bottle (polygon) behind a can (run lengths) in the second."""
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / "waste" / name, street()[0])
    annotations = [
        {"id": 1, "image_id": 8, "category_id": 90, "segmentation": COLUMN},
        {"id": 2, "image_id": 8, "category_id": 5, "segmentation": SQUARE},
    ]
    (tmp_path / "train.json").write_text(coco_file(annotations))
    (tmp_path / "val.json").write_text(coco_file(annotations[:1]))
    (tmp_path / "test.json").write_text(coco_file([]))
    return f"coco:{tmp_path / 'waste'}:{tmp_path / 'train.json'}"


def test_coco_paints_small_over_large_with_classes_in_order(coco):
    dataset = open_dataset(coco, "train")
    assert [entry["name"] for entry in dataset.classes] == ["background", "bottle", "can"]
    assert dataset.slug == "waste"
    wanted = np.zeros((48, 64), np.uint8)
    wanted[10:30, 10:30] = 1
    wanted[:, 20:25] = 2
    assert np.array_equal(dataset.load(1)[1], wanted)
    assert not dataset.load(0)[1].any()


def test_coco_splits_are_files_beside_each_other(coco):
    assert set(np.unique(open_dataset(coco, "val").load(1)[1])) == {0, 2}
    assert not open_dataset(coco, "test").labelled
    assert open_dataset(coco.replace("train.json", "val.json"), "train").split == "train"
    with pytest.raises(ValueError, match=r"'trainval' is missing.*Found: test, train, val"):
        open_dataset(coco, "trainval")


def test_coco_images_may_lie_in_folders_of_splits(tmp_path):
    for word in ("train", "val"):
        save(tmp_path / f"{word}2017" / "a.jpg", street()[0])
        annotation = {"id": 1, "image_id": 7, "category_id": 5, "segmentation": SQUARE}
        (tmp_path / f"instances_{word}2017.json").write_text(coco_file([annotation], ["a.jpg"]))
    spec = f"coco:{tmp_path / 'train2017'}:{tmp_path / 'instances_train2017.json'}"
    assert open_dataset(spec, "val").pairs[0][0] == tmp_path / "val2017" / "a.jpg"


def test_coco_without_splits_keeps_one_image_in_five_for_val(tmp_path):
    names = [f"{number}.jpg" for number in range(10)]
    (tmp_path / "images").mkdir()
    (tmp_path / "all.json").write_text(coco_file([], names))
    spec = f"coco:{tmp_path / 'images'}:{tmp_path / 'all.json'}"
    train, val = (open_dataset(spec, split) for split in ("train", "val"))
    assert len(val) == 2
    assert sorted(d.name(i) for d in (train, val) for i in range(len(d))) == list("0123456789")


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        ({"category_id": 4, "segmentation": SQUARE}, r"annotation 1 of a\.jpg: category_id 4"),
        ({"category_id": 5, "segmentation": {"counts": [5]}}, "runs fill 5 pixels instead"),
        ({"category_id": 5, "segmentation": {"counts": "\x07"}}, "does not occur"),
        ({"category_id": 5, "segmentation": [[1, 2, 3]]}, "an x without its y"),
    ],
)
def test_coco_names_the_annotation_that_does_not_fit(annotation, message, tmp_path):
    save(tmp_path / "waste" / "a.jpg", street()[0])
    content = coco_file([{"id": 1, "image_id": 7, **annotation}], ["a.jpg"])
    (tmp_path / "train.json").write_text(content)
    dataset = open_dataset(f"coco:{tmp_path / 'waste'}:{tmp_path / 'train.json'}", "train")
    with pytest.raises(ValueError, match=message):
        dataset.load(0)


def test_coco_never_leaves_its_folder(tmp_path):
    save(tmp_path / "secret.png", street()[0])
    (tmp_path / "waste").mkdir()
    (tmp_path / "train.json").write_text(coco_file([], ["../secret.png"]))
    with pytest.raises(ValueError, match="outside"):
        open_dataset(f"coco:{tmp_path / 'waste'}:{tmp_path / 'train.json'}", "train").load_image(0)


def test_compressed_runs_are_those_of_pycocotools():
    corner = np.zeros((6, 7), bool)
    corner[1:4, 2:6] = corner[5, 0] = True
    assert np.array_equal(rle_decode("5172L000005", 6, 7), corner)


def test_a_polygon_holds_the_pixels_whose_centre_it_holds():
    square = np.array([[2, 1], [6, 1], [6, 4], [2, 4]], float)
    inside = polygon_fill(square, 6, 8)
    assert inside[1:4, 2:6].all()
    assert inside.sum() == 12
    corners = np.array([[-5.0, -5], [20, -5], [-5, 20]])
    x, y = np.meshgrid(np.arange(8) + 0.5, np.arange(6) + 0.5)
    assert np.array_equal(polygon_fill(corners, 6, 8), x + y < 15)


def folder(root, classes=("sky", {"name": "road", "colour": "#102030"}), **more):
    (root / "classes.json").write_text(json.dumps({"classes": classes, **more}))
    return f"folder:{root}"


@pytest.mark.parametrize("form", ["{split}/{kind}", "{kind}/{split}"])
def test_folder_with_splits(form, tmp_path):
    for split, colour in (("train", 0), ("val", 1)):
        image, mask = np.full((8, 9, 3), colour, np.uint8), np.full((8, 9), colour, np.uint8)
        save(tmp_path / form.format(split=split, kind="images") / "x.jpg", image)
        save(tmp_path / form.format(split=split, kind="masks") / "x.png", mask)
    spec = folder(tmp_path, title="Mine", licence="CC0", ignore_index=9, input_size=[8, 9])
    dataset = open_dataset(spec, "val")
    assert dataset.load(0)[1].all()
    assert dataset.classes[1]["colour"] == "#102030"
    assert dataset.passport["licence"] == "CC0"
    assert (dataset.title, dataset.ignore_index, dataset.input_size) == ("Mine", 9, (8, 9))
    with pytest.raises(ValueError, match=r"'test' is missing.*Found: train, val"):
        open_dataset(spec, "test")


def test_folder_without_splits_keeps_one_in_five_for_val(tmp_path):
    for number in range(10):
        save(tmp_path / "images" / f"{number}.png", np.zeros((8, 8, 3), np.uint8))
        save(tmp_path / "masks" / f"{number}.png", np.zeros((8, 8), np.uint8))
    train, val = (open_dataset(folder(tmp_path), split) for split in ("train", "val"))
    assert (len(train), len(val)) == (8, 2)
    assert not {train.name(i) for i in range(8)} & {val.name(i) for i in range(2)}


def test_folder_without_masks_is_unlabelled(tmp_path):
    save(tmp_path / "test" / "images" / "x.png", np.zeros((8, 8, 3), np.uint8))
    assert not open_dataset(folder(tmp_path), "test").labelled


def test_folder_names_images_without_mask(tmp_path):
    save(tmp_path / "train" / "images" / "x.png", np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "train" / "masks").mkdir()
    with pytest.raises(ValueError, match=r"have no mask.*x\.png"):
        len(open_dataset(folder(tmp_path), "train"))


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        (["one"], "2 to 255 classes"),
        ([1, 2], "name of class 0 in classes is no text"),
        (None, "should hold"),
        (["a", {"colour": "#000000"}], "name of class 1 in classes is no text"),
        (["a", {"name": "b", "colour": "red;}"}], "no colour"),
    ],
)
def test_folder_says_what_is_wrong_with_its_classes(classes, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        open_dataset(folder(tmp_path, classes), "train")
    (tmp_path / "classes.json").unlink()
    with pytest.raises(ValueError, match="is missing: it names the classes"):
        open_dataset(f"folder:{tmp_path}", "train")


def test_scenes_are_the_drawings_of_their_seeds():
    dataset = open_dataset("scenes:64x96", "val")
    scene = draw(seed=split_seed("val", 3), height=64, width=96)
    image, mask = dataset.load(3)
    assert np.array_equal(image, scene.image)
    assert np.array_equal(mask, scene.mask)
    assert dataset.input_size == (64, 96)
    assert len(dataset.classes) >= 10
    assert open_dataset("scenes", "train").input_size == (192, 256)


def test_fewer_scenes_are_the_first_ones():
    lengths = [len(open_dataset("scenes:64x96:30", split)) for split in ("train", "val", "test")]
    assert lengths == [30, 3, 3]
    assert [len(open_dataset("scenes", split)) for split in ("train", "val")] == [2000, 200]
    few, all_of_them = (open_dataset(f"scenes:64x96{n}", "val") for n in (":30", ""))
    assert np.array_equal(few.load_image(2), all_of_them.load_image(2))
    assert list(few.audited) == [0, 1, 2]


@pytest.mark.slow
def test_scenes_hash_depends_on_split_size_and_number():
    specs = [("scenes:64x96", "val"), ("scenes:64x96", "train"), ("scenes:64x64", "val")]
    specs.append(("scenes:64x96:30", "val"))
    assert len({open_dataset(*spec).split_hash for spec in specs}) == 4
    first, second = (open_dataset("scenes:64x96", "val").split_hash for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    "spec",
    ["scenes:64", "scenes:0x9", "scenes:99999x99999", "scenes:axb", "scenes:64x64:9", "scenes::9"],
)
def test_scenes_of_no_size_are_refused(spec):
    with pytest.raises(ValueError, match="is no size of scenes"):
        open_dataset(spec, "train")


def test_a_split_hash_follows_every_file(tmp_path):
    spec = f"camvid:{draw_camvid(tmp_path / 'c', train=2, val=1)}"
    before = open_dataset(spec, "train").split_hash
    assert open_dataset(spec, "train").split_hash == before
    mask = tmp_path / "c" / "trainannot" / "train00.png"
    save(mask, np.zeros((48, 64), np.uint8))
    assert open_dataset(spec, "train").split_hash != before


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        (["classes.json", "trainannot"], "folder"),
        (["trainannot"], "camvid"),
        (["SegmentationClass"], "voc"),
        (["VOCdevkit"], "voc"),
        (["images"], None),
    ],
)
def test_a_folder_is_known_by_its_layout(inside, kind, tmp_path):
    for name in inside:
        (tmp_path / name).mkdir()
    assert format_of(tmp_path) == kind


def test_every_format_says_how_it_is_written():
    assert {"scenes", "camvid", "voc", "coco", "folder"} <= set(formats())
    modules = iter_modules(import_module(formats.__module__).__path__)
    assert len(formats()) == len(list(modules))  # each declares one
    for kind, format_ in formats().items():
        assert format_.form.split(":")[0] == kind
        assert format_.__doc__
