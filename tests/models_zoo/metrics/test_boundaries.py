"""Boundary scores by hand and beside scipy's morphology and distances."""

import numpy as np
import pytest
from scipy import ndimage

from models_zoo.metrics.boundaries import BoundaryCounts
from models_zoo.metrics.windows import dilated, eroded, near


def boundary_scores(truth, prediction, classes=2, ignore_index=None) -> dict:
    counts = BoundaryCounts(classes, ignore_index)
    counts.add(np.array(truth), np.array(prediction))
    return counts.scores()


def blobs(seed: int, shape=(60, 80), classes: int = 4) -> np.ndarray:
    """Smooth regions of random shape."""
    noise = np.random.default_rng(seed).normal(size=(classes, *shape))
    return ndimage.gaussian_filter(noise, (0, 6, 6)).argmax(axis=0).astype(np.uint8)


@pytest.mark.parametrize("radius", [1, 2, 5])
@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (37, 23)])
def test_squares_are_repeated_three_by_threes(radius, shape):
    mask = np.random.default_rng(radius).random(shape) < 0.9
    square = np.ones((3, 3))
    wanted = ndimage.binary_erosion(mask, square, iterations=radius, border_value=0)
    assert np.array_equal(eroded(mask, radius), wanted)
    assert np.array_equal(
        dilated(~mask, radius), ndimage.binary_dilation(~mask, square, iterations=radius)
    )


@pytest.mark.parametrize("distance", [0.5, 1, 1.5, 4.5, 7])
def test_near_is_the_euclidean_distance(distance):
    mask = np.random.default_rng(1).random((30, 41)) < 0.01
    assert np.array_equal(near(mask, distance), ndimage.distance_transform_edt(~mask) <= distance)


def test_near_nothing_is_nowhere():
    assert not near(np.zeros((4, 5), bool), 3).any()


def test_a_perfect_mask_scores_one():
    truth = blobs(0)
    result = boundary_scores(truth, truth, 4)
    assert result["boundary_iou"] == result["boundary_f1"] == 1
    assert set(result["trimap_miou"].values()) == {1.0}


def test_boundary_iou_by_hand():
    # 20×20, so the band is one pixel wide; the prediction's border is two columns late.
    truth, prediction = np.zeros((2, 20, 20), np.uint8)
    truth[:, 10:] = prediction[:, 12:] = 1
    rings = (20 * 10 - 18 * 8, 20 * 8 - 18 * 6), (20 * 10 - 18 * 8, 20 * 12 - 18 * 10)
    shared = (20 + 2 * 7, 20 + 2 * 9)  # the image's border on that side
    ious = [both / (sum(ring) - both) for both, ring in zip(shared, rings, strict=True)]
    assert boundary_scores(truth, prediction)["boundary_iou"] == pytest.approx(sum(ious) / 2)


def reference_boundary_iou(truth, prediction, classes) -> float:
    """Cheng et al. 2021 with scipy, without ignored pixels."""
    width = max(1, round(0.02 * np.hypot(*truth.shape)))
    values = []
    for number in range(classes):
        bands = []
        for mask in (truth == number, prediction == number):
            padded = np.pad(mask, 1)
            inner = ndimage.binary_erosion(padded, np.ones((3, 3)), iterations=width)[1:-1, 1:-1]
            bands.append(mask & ~inner)
        values.append((bands[0] & bands[1]).sum() / (bands[0] | bands[1]).sum())
    return float(np.mean(values))


def reference_f1(truth, prediction) -> float:
    """Csurka et al. 2013 with scipy's distances, without ignored pixels."""
    tolerance = 0.0075 * np.hypot(*truth.shape)
    values = []
    for number in np.unique(truth):
        edges = [
            mask & ~ndimage.binary_erosion(mask, np.ones((3, 3)))
            for mask in (truth == number, prediction == number)
        ]
        if not edges[1].any():
            values.append(0.0)
            continue
        recall = (ndimage.distance_transform_edt(~edges[1])[edges[0]] <= tolerance).mean()
        precision = (ndimage.distance_transform_edt(~edges[0])[edges[1]] <= tolerance).mean()
        values.append(2 * precision * recall / (precision + recall) if precision + recall else 0)
    return float(np.mean(values))


@pytest.mark.parametrize("seed", range(5))
def test_boundary_scores_match_the_definitions(seed):
    truth, prediction = blobs(seed, (150, 200)), blobs(seed, (150, 200))
    prediction = np.roll(prediction, (seed - 2, 1), axis=(0, 1))
    result = boundary_scores(truth, prediction, 4)
    assert result["boundary_iou"] == pytest.approx(reference_boundary_iou(truth, prediction, 4))
    assert result["boundary_f1"] == pytest.approx(reference_f1(truth, prediction))


def test_a_trimap_is_the_iou_near_boundaries():
    truth = np.zeros((20, 20), np.uint8)
    truth[:, 10:] = 1
    prediction = np.zeros((20, 20), np.uint8)
    prediction[:, 12:] = 1  # two columns late
    trimap = boundary_scores(truth, prediction)["trimap_miou"]
    assert trimap["1"] == pytest.approx((1 / 2 + 0) / 2)  # columns 9 and 10
    assert trimap["2"] == pytest.approx((2 / 4 + 0) / 2)  # columns 8 … 11
    assert trimap["4"] == pytest.approx((4 / 6 + 2 / 4) / 2)  # columns 6 … 13
    assert trimap["16"] == pytest.approx((10 / 12 + 8 / 10) / 2)


def test_ignored_pixels_make_no_boundary_and_count_nowhere():
    truth = np.zeros((40, 40), np.uint8)
    truth[15:25] = 255
    prediction = np.zeros((40, 40), np.uint8)
    prediction[15:25] = 1
    result = boundary_scores(truth, prediction, 2, ignore_index=255)
    assert result["boundary_iou"] == result["boundary_f1"] == 1
    assert result["trimap_miou"]["4"] is None


@pytest.mark.parametrize("shape", [(1, 8), (6, 1), (5, 8)])
def test_shapes_that_differ_are_refused_before_anything_is_counted(shape):
    counts = BoundaryCounts(2)
    for add in (counts.add, counts.add_bands):
        with pytest.raises(ValueError, match="Truth is"):
            add(np.zeros((6, 8), np.uint8), np.zeros(shape, np.uint8))
    assert counts.scores()["boundary_f1"] is counts.scores()["boundary_iou"] is None


def test_nothing_labelled_is_undefined():
    nothing = np.full((8, 8), 255, np.uint8)
    result = boundary_scores(nothing, np.zeros((8, 8), np.uint8), 2, ignore_index=255)
    assert result["boundary_iou"] is result["boundary_f1"] is None


def test_images_of_one_pixel_and_one_class():
    assert boundary_scores([[0]], [[0]])["boundary_iou"] == 1
    assert boundary_scores([[0]], [[1]])["boundary_f1"] == 0


def test_a_class_that_is_missed_scores_zero():
    truth = np.zeros((30, 30), np.uint8)
    truth[10:20, 10:20] = 1
    result = boundary_scores(truth, np.zeros((30, 30), np.uint8))
    assert result["boundary_f1"] < 0.6
