"""The procedural scenes: the same everywhere, true masks, all six failures, hard by colour."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models_zoo.data.scenes import CLASSES, FAILURES, SPLITS, draw, split_seed
from models_zoo.data.scenes.camera import Camera
from models_zoo.data.scenes.canvas import Canvas
from models_zoo.data.scenes.classes import BICYCLE, BOAT, CAR, FENCE, POLE
from models_zoo.data.scenes.facts import LARGE_SHARE, LOW_CONTRAST, SMALL_DISTANCE, SMALL_SHARE
from models_zoo.data.scenes.light import light_draw
from models_zoo.data.scenes.samples import HEIGHT, SAMPLES, WIDTH
from models_zoo.data.scenes.things.buildings import building_paint, shop_paint
from models_zoo.data.scenes.things.buses import bus_paint
from models_zoo.data.scenes.things.furniture import fence_paint, lamp_paint, sign_paint
from models_zoo.data.scenes.things.hulls import hull_paint
from models_zoo.data.scenes.things.nature import tree_paint
from models_zoo.data.scenes.things.people import bicycle_paint, cyclist_paint, person_paint
from models_zoo.data.scenes.things.thing import Thing, dice
from models_zoo.masks import read_mask
from models_zoo.metrics import confusion, scores

SHIPPED = Path(__file__).parents[3] / "inference" / "images" / "samples"
THIN = {CLASSES[number]["name"] for number in (BICYCLE, FENCE)}


PAINTERS = (  # with length, width, height in metres
    (hull_paint, (4.4, 1.8, 1.6)),
    (bus_paint, (8.0, 2.5, 3.0)),
    (bus_paint, (11.5, 2.5, 4.3)),
    (building_paint, (9.0, 9.0, 8.0)),
    (shop_paint, (9.0, 9.0, 40.0)),
    (person_paint, (0.5, 0.4, 1.8)),
    (bicycle_paint, (1.75, 0.4, 1.1)),
    (cyclist_paint, (1.75, 0.4, 1.1)),
    (lamp_paint, (0.3, 0.2, 3.4)),
    (lamp_paint, (1.5, 0.2, 6.0)),
    (sign_paint, (1.0, 0.1, 2.8)),
    (fence_paint, (10.0, 0.1, 1.1)),
    (tree_paint, (4.0, 4.0, 6.0)),
)


@pytest.fixture(scope="module")
def train():
    return [draw(seed=split_seed("train", index), height=96, width=128) for index in range(200)]


@pytest.fixture(scope="module")
def val():
    return [draw(seed=split_seed("val", index), height=96, width=128) for index in range(40)]


def digest(scene) -> str:
    parts = (scene.image, scene.mask, scene.instance_map)
    facts = repr(scene.instances).encode()
    return hashlib.sha256(b"".join(part.tobytes() for part in parts) + facts).hexdigest()


@pytest.mark.slow
def test_another_process_draws_the_same_scene():
    code = (
        "from models_zoo.data.scenes import draw; import hashlib;"
        "s = draw(seed=7, height=120, width=160);"
        "parts = (s.image, s.mask, s.instance_map);"
        "print(hashlib.sha256(b''.join(p.tobytes() for p in parts)"
        " + repr(s.instances).encode()).hexdigest())"
    )
    environment = os.environ | {"PYTHONHASHSEED": "123"}
    found = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == digest(draw(seed=7, height=120, width=160))


@pytest.mark.parametrize(("height", "width"), [(64, 64), (97, 131), (48, 200), (240, 135)])
def test_any_size(height, width):
    scene = draw(seed=3, height=height, width=width)
    assert scene.image.shape == (height, width, 3)
    assert scene.image.dtype == scene.mask.dtype == np.uint8
    assert scene.mask.shape == scene.instance_map.shape == (height, width)


def test_a_seed_is_one_world_at_every_size():
    for seed in range(4):
        small = draw(seed=seed, height=96, width=128).mask
        large = draw(seed=seed, height=192, width=256).mask
        assert (large[::2, ::2] == small).mean() > 0.9


def test_too_small_is_refused():
    with pytest.raises(ValueError, match="at least 32"):
        draw(seed=0, height=16, width=64)


def test_splits_share_no_seed():
    seeds = [split_seed(split, index) for split in SPLITS for index in (0, 1, 10**9)]
    assert len(set(seeds)) == len(seeds)
    assert draw(seed=split_seed("val", 0), height=64, width=64) is not None
    with pytest.raises(ValueError, match="Unknown split"):
        split_seed("dev", 0)
    with pytest.raises(ValueError, match="index"):
        split_seed("train", 1 << 40)


def test_picture_and_owners_take_every_stroke_alike():
    """What is opaque is painted on exactly the pixels that it owns."""
    rng = dice(5)
    light = light_draw(rng)
    for kind in ("polygon", "line", "curve", "ellipse"):
        canvas = Canvas(Camera(200, 260, 90, 200, 1.7), light)
        canvas.begin(0)
        canvas.begin(1)
        for _ in range(20):
            points = [(rng.uniform(-60, 320), rng.uniform(-60, 260)) for _ in range(4)]
            if kind == "polygon":
                canvas.polygon(points, (200, 180, 220))
            elif kind == "ellipse":
                canvas.ellipse(points[0], rng.uniform(1, 40), rng.uniform(1, 40), (200, 180, 220))
            else:
                canvas.line(points, (200, 180, 220), rng.uniform(0, 4 if kind == "line" else 15))
        painted = np.asarray(canvas.image).any(axis=2)
        assert painted.any()
        assert (painted == (np.asarray(canvas.owner) == 1)).all()


@pytest.mark.slow
def test_nothing_is_painted_beside_what_owns_it():
    """On black, a thing's details leave no colour outside of its own mask."""
    light = next(found for found in map(light_draw, map(dice, range(99))) if found.lit == 0)
    for paint, size in PAINTERS:
        for seed in range(6):
            canvas = Canvas(Camera(400, 520, 200, 330, 1.7), light)
            canvas.begin(0)
            heading = ((1.0, 0.0), (0.0, 1.0), (0.0, -1.0))[seed % 3]
            paint(canvas, Thing(paint, 3.0, 14.0, *size, seed, 0.0, heading, CAR))
            painted, owned = np.asarray(canvas.image).any(axis=2), np.asarray(canvas.owner) > 0
            assert (painted & ~owned).sum() <= 0.003 * owned.sum(), (paint.__name__, seed)


def test_a_line_one_pixel_wide_stays_whole():
    for x in (40, 41):
        canvas = Canvas(Camera(60, 80, 20, 60, 1.7), light_draw(dice(1)))
        canvas.begin(0)
        canvas.begin(POLE)
        canvas.line([(x, 0), (x, 60)], (90, 90, 90), 0.2)
        _, owner = canvas.finish()
        assert (owner == 1).sum(axis=1).tolist() == [1] * 30


@pytest.mark.slow
def test_facts_agree_with_mask_and_picture(train):
    for scene in train[:60]:
        assert scene.mask.max() < len(CLASSES)
        areas = np.bincount(scene.instance_map.ravel())
        for one in scene.instances:
            left, top, right, bottom = one.box
            here = scene.instance_map[top:bottom, left:right] == one.id
            assert one.area == areas[one.id] == here.sum() > 0  # nothing of it outside its box
            for edge in (here[0], here[-1], here[:, 0], here[:, -1]):
                assert edge.any()
            assert (scene.mask[top:bottom, left:right][here] == one.class_id).all()
            assert set(one.failures) <= set(FAILURES)
            if "large" in one.failures:
                assert one.area >= LARGE_SHARE * scene.mask.size
            if "small" in one.failures:
                assert one.area <= SMALL_SHARE * scene.mask.size
                assert one.distance >= SMALL_DISTANCE
            if "low_contrast" in one.failures:
                assert one.contrast <= LOW_CONTRAST
            if {"context", "look_alike"} & set(one.failures):
                assert one.confusable not in (None, one.class_id)


@pytest.mark.slow
def test_every_failure_is_there(train):
    scenes = Counter(f for s in train[:100] for f in {f for i in s.instances for f in i.failures})
    assert set(scenes) == set(FAILURES)
    assert min(scenes.values()) >= 40


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "val"])
def test_every_class_is_frequent_enough(split, request):
    masks = np.stack([scene.mask for scene in request.getfixturevalue(split)])
    share = np.bincount(masks.ravel(), minlength=len(CLASSES)) / masks.size
    for entry, found in zip(CLASSES, share, strict=True):
        assert found > (0.003 if entry["name"] in THIN else 0.01), entry["name"]
        assert (masks == entry["id"]).any(axis=(1, 2)).mean() > 0.3, entry["name"]


def colour_keys(scenes) -> np.ndarray:
    levels = np.stack([scene.image for scene in scenes]).astype(np.int64) >> 3
    return (levels[..., 0] << 10) | (levels[..., 1] << 5) | levels[..., 2]


@pytest.mark.slow
def test_colour_alone_stays_under_030(train, val, record_property):
    """A lookup from 32³ colours to the likeliest class, learned from 200 scenes."""
    classes = len(CLASSES)
    truth = np.stack([scene.mask for scene in train])
    pairs = colour_keys(train) * classes + truth
    table = np.bincount(pairs.ravel(), minlength=32**3 * classes).reshape(-1, classes)
    guess = table.argmax(axis=1)[colour_keys(val)].astype(np.uint8)
    matrix = confusion(np.stack([s.mask for s in val]), guess, classes, None)
    found = scores(matrix)["miou"]
    record_property("colour_miou", found)
    assert 0.05 < found < 0.30


def test_a_car_on_water_is_a_boat():
    """The drawing is the same, down to the pixel."""
    for seed in range(6):
        pictures = []
        for class_id in (CAR, BOAT):
            canvas = Canvas(Camera(200, 300, 80, 260, 1.7), light_draw(dice(0)))
            canvas.begin(0)
            heading = (1.0, 0.0) if seed % 2 else (0.0, 1.0)
            hull_paint(
                canvas, Thing(hull_paint, 1.0, 9.0, 4.4, 1.8, 1.6, seed, 0.0, heading, class_id)
            )
            assert canvas.surfaces[1].class_id == class_id
            pictures.append((np.asarray(canvas.image), np.asarray(canvas.owner)))
        assert all((a == b).all() for a, b in zip(*pictures, strict=True))


@pytest.mark.slow
def test_cars_and_boats_overlap_in_colour_and_shape(train):
    """Histograms of mean brightness and of box proportions share more than half."""
    found = {CAR: [], BOAT: []}
    for scene in train:
        for one in scene.instances:
            if "context" in one.failures and one.area >= 40:
                x0, y0, x1, y1 = one.box
                bright = scene.image[scene.instance_map == one.id].mean()
                found[one.class_id].append((bright, (x1 - x0) / (y1 - y0)))
    for column, bins in ((0, np.linspace(0, 256, 9)), (1, [0, 0.8, 1.3, 1.8, 2.5, 99])):
        shares = []
        for pairs in found.values():
            counts = np.histogram([pair[column] for pair in pairs], bins)[0]
            shares.append(counts / counts.sum())
        assert np.minimum(*shares).sum() > 0.5


def lab(colours: np.ndarray, sight: np.ndarray) -> np.ndarray:
    """CIE Lab of K×3 sRGB colours as seen through a 3×3 matrix over linear RGB."""
    levels = colours / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = (linear @ sight.T).clip(0, 1) @ to_xyz.T / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = f.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


# How people without green or red receptors see linear RGB (Machado, Oliveira, Fernandes 2009).
SIGHT = {
    "normal": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}


@pytest.mark.parametrize("sight", SIGHT)
def test_class_colours_can_be_told_apart(sight):
    colours = np.array([list(bytes.fromhex(entry["colour"][1:])) for entry in CLASSES])
    points = lab(colours, SIGHT[sight])
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    assert distances[~np.eye(len(points), dtype=bool)].min() > 14


@pytest.mark.slow
def test_shipped_samples_are_what_the_code_draws():
    index = json.loads((SHIPPED / "samples.json").read_text())
    assert index["dataset"]["classes"] == CLASSES
    assert [entry["name"] for entry in index["samples"]] == [sample.name for sample in SAMPLES]
    assert {entry["failure"] for entry in index["samples"]} == set(FAILURES)
    for sample, entry in zip(SAMPLES, index["samples"], strict=True):
        scene = sample.scene()
        path = SHIPPED / entry["file"]
        assert path.stat().st_size <= 500_000
        with Image.open(path) as picture:
            assert picture.size == (WIDTH, HEIGHT)
            assert (np.asarray(picture) == scene.image).all()
        assert (read_mask(SHIPPED / entry["mask"]) == scene.mask).all()
        assert any(sample.failure in one.failures for one in scene.instances)
