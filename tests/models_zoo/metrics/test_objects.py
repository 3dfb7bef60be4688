"""Recall by object size, and the six failures, by hand and beside scipy."""

import numpy as np
import pytest
from scipy import ndimage

from models_zoo.data.scenes import FAILURES, draw, split_seed
from models_zoo.data.scenes.classes import BUILDING, SKYSCRAPER
from models_zoo.data.scenes.diagnosis import Diagnosis
from models_zoo.metrics.objects import ObjectCounts, components


def canonical(labels: np.ndarray) -> np.ndarray:
    """Labels renumbered in the order in which they are met."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].reshape(labels.shape)


def reference(mask: np.ndarray) -> np.ndarray:
    labels = np.zeros(mask.shape, int)
    for number in np.unique(mask):
        found, _ = ndimage.label(mask == number, np.ones((3, 3)))
        labels += np.where(found, found + labels.max(), 0)
    return labels


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (40, 57)])
@pytest.mark.parametrize("classes", [1, 2, 3])
def test_components_are_those_of_scipy(shape, classes):
    mask = np.random.default_rng(classes).integers(0, classes, shape).astype(np.uint8)
    assert np.array_equal(canonical(components(mask)), canonical(reference(mask)))


def test_a_spiral_hangs_together():
    spiral = np.zeros((21, 21), np.uint8)
    top, bottom, left, right = 0, 20, 0, 20
    while right - left > 1:
        spiral[top, left : right + 1] = spiral[top : bottom + 1, right] = 1
        spiral[bottom, left : right + 1] = 1
        spiral[top + 2 : bottom + 1, left] = 1
        spiral[top + 2, left : left + 2] = 1
        top, bottom, left, right = top + 2, bottom - 2, left + 2, right - 2
    assert np.array_equal(canonical(components(spiral)), canonical(reference(spiral)))


def test_recall_by_size_by_hand():
    truth = np.zeros((200, 200), np.uint8)
    truth[0:10, 0:10] = truth[0:10, 20:30] = 1  # two small ones
    truth[50:100, 0:50] = 1  # a medium one
    prediction = np.zeros((200, 200), np.uint8)
    prediction[0:10, 0:10] = 1
    prediction[50:100, 0:25] = 1
    counts = ObjectCounts()
    counts.add(truth, prediction)
    result = counts.scores()
    assert result["small"] == {"objects": 2, "recall": 0.5}
    assert result["medium"] == {"objects": 1, "recall": 0.5}
    assert result["large"] == {"objects": 1, "recall": 1.0}  # what is left of the background


def test_ignored_pixels_are_no_object_and_no_part_of_one():
    truth = np.zeros((40, 40), np.uint8)
    truth[:20] = 255
    counts = ObjectCounts(ignore_index=255)
    counts.add(truth, np.full((40, 40), 255, np.uint8))
    assert counts.scores()["small"] == {"objects": 1, "recall": 0.0}
    assert counts.scores()["medium"] == {"objects": 0, "recall": None}


def scenes(count: int, height: int = 96, width: int = 128):
    return [draw(seed=split_seed("test", i), height=height, width=width) for i in range(count)]


def provoking(scene, failure: str):
    """The scene's instances that provoke the failure."""
    return [instance for instance in scene.instances if failure in instance.failures]


def diagnose(drawn, predict) -> dict:
    diagnosis = Diagnosis()
    for scene in drawn:
        diagnosis.add(scene, predict(scene))
    return diagnosis.scores()


@pytest.mark.slow
def test_the_truth_shows_no_failure():
    result = diagnose(scenes(30), lambda scene: scene.mask)
    assert set(result) == set(FAILURES)
    assert {entry["value"] for entry in result.values()} == {1.0}
    assert all(entry["objects"] for entry in result.values())


@pytest.mark.slow
def test_mistaking_each_for_its_like_shows_in_two_numbers():
    def mistaken(scene):
        mask = scene.mask.copy()
        for instance in scene.instances:
            if instance.confusable is not None:
                mask[scene.instance_map == instance.id] = instance.confusable
        return mask

    result = diagnose(scenes(30), mistaken)
    assert result["context"]["value"] == result["look_alike"]["value"] == 0.0
    assert result["thin"]["value"] == 1.0


@pytest.mark.slow
def test_a_missed_object_is_as_wrong_as_a_mistaken_one():
    """Named as a third class, it counted for nothing, and each network had other objects."""
    drawn = scenes(30)
    whole = diagnose(drawn, lambda scene: scene.mask)

    def missed(scene):
        mask = scene.mask.copy()
        for instance in provoking(scene, "context")[::4]:
            mask[scene.instance_map == instance.id] = 3
        return mask

    result = diagnose(drawn, missed)
    assert result["context"]["objects"] == whole["context"]["objects"] > 20
    assert 0 < result["context"]["value"] < 0.9
    nothing = diagnose(drawn, lambda scene: np.full_like(scene.mask, 3))
    assert nothing["context"] == {"value": 0.0, "objects": whole["context"]["objects"]}


@pytest.mark.slow
def test_a_large_object_cut_in_half_counts_half():
    def cut(scene):
        mask = scene.mask.copy()
        for instance in provoking(scene, "large"):
            left, top, right, bottom = instance.box
            here = scene.instance_map[top:bottom, left:right] == instance.id
            columns = here.sum(0).cumsum()
            # A cut as thin as can be, where half of its pixels are on either side.
            middle = int(np.searchsorted(columns, columns[-1] / 2))
            mask[top:bottom, left + middle][here[:, middle]] = 255
        return mask

    drawn = [scene for scene in scenes(60) if provoking(scene, "large")]
    value = diagnose(drawn, cut)["large"]["value"]
    assert 0.4 < value < 0.65


@pytest.mark.slow
def test_to_call_all_by_one_name_tells_nothing_apart():
    """However often that name is the right one."""

    def houses(scene):
        mask = scene.mask.copy()
        mask[mask == SKYSCRAPER] = BUILDING
        return mask

    result = diagnose(scenes(30), houses)
    assert result["look_alike"]["value"] == 0.0
    assert result["context"]["value"] == 1.0


def test_missing_thin_things_shows_in_one_number():
    def without_thin(scene):
        mask = scene.mask.copy()
        for instance in scene.instances:
            if instance.failures == ("thin",):
                mask[scene.instance_map == instance.id] = 255
        return mask

    result = diagnose(scenes(20), without_thin)
    assert result["thin"]["value"] < 0.5
    assert {result[name]["value"] for name in ("large", "context", "look_alike")} == {1.0}


def moved(scene, pixels: int):
    """The truth with every small thing drawn `pixels` further right and down."""
    mask = scene.mask.copy()
    for instance in provoking(scene, "small"):
        rows, columns = np.nonzero(scene.instance_map == instance.id)
        height, width = mask.shape
        mask[rows, columns] = 255
        rows, columns = np.minimum(rows + pixels, height - 1), columns + pixels
        mask[rows, np.minimum(columns, width - 1)] = instance.class_id
    return mask


@pytest.mark.slow
def test_a_small_object_is_found_where_it_is():
    drawn = scenes(20, 192, 256)
    near = diagnose(drawn, lambda scene: moved(scene, 1))["small"]["value"]
    far = diagnose(drawn, lambda scene: moved(scene, 12))["small"]["value"]
    assert near > 0.6  # of narrow ones, and of such that others were drawn over, less is left
    assert far < 0.1


@pytest.mark.slow
def test_a_blob_over_a_small_object_does_not_find_it():
    def blobs(scene):
        mask = scene.mask.copy()
        for instance in provoking(scene, "small"):
            left, top, right, bottom = instance.box
            height, width = bottom - top, right - left
            rows = slice(max(0, top - height), bottom + height)
            mask[rows, max(0, left - width) : right + width] = instance.class_id
        return mask

    assert diagnose(scenes(20), blobs)["small"]["value"] < 0.1


def test_no_scene_is_no_number():
    assert diagnose([], None)["large"] == {"value": None, "objects": 0}
