"""Region scores from confusion counts: by hand, and where counting usually goes wrong."""

import numpy as np
import pytest

from models_zoo.metrics import confusion, scores

TRUTH = np.array([[0, 0, 1], [1, 1, 2]])
PREDICTION = np.array([[0, 1, 1], [1, 2, 2]])


def test_counts_by_hand():
    counts = confusion(TRUTH, PREDICTION, 3)
    assert counts.dtype == np.int64
    assert counts.tolist() == [[1, 1, 0], [0, 2, 1], [0, 0, 1]]


def test_scores_by_hand():
    result = scores(np.array([[1, 1, 0], [0, 2, 1], [0, 0, 1]]))
    assert result["per_class_iou"] == [1 / 2, 2 / 4, 1 / 2]
    assert result["miou"] == 0.5
    assert result["pixel_accuracy"] == 4 / 6
    assert result["mean_accuracy"] == pytest.approx((1 / 2 + 2 / 3 + 1) / 3)
    assert result["fw_iou"] == pytest.approx(0.5)
    assert result["classes_counted"] == 3


def test_ignored_truth_leaves_the_union_too():
    truth, prediction = np.array([0, 0, 255, 255]), np.array([0, 0, 1, 0])
    result = scores(confusion(truth, prediction, 2, ignore_index=255))
    assert result["per_class_iou"] == [1.0, None]
    assert result["miou"] == 1.0
    assert result["classes_counted"] == 1


def test_ignored_id_may_equal_the_number_of_classes():
    # np.histogram(bins=arange(K + 1)) counts such a void as the last class.
    truth, prediction = np.array([0, 1, 2, 2]), np.array([0, 1, 1, 1])
    assert confusion(truth, prediction, 2, ignore_index=2).tolist() == [[1, 0], [0, 1]]


def test_ignored_id_within_the_classes_is_still_a_prediction():
    truth, prediction = np.array([0, 1, 1]), np.array([1, 1, 0])
    assert confusion(truth, prediction, 2, ignore_index=1).tolist() == [[0, 1], [0, 0]]


def test_a_class_predicted_but_absent_scores_zero_not_none():
    result = scores(confusion(np.array([0, 0]), np.array([0, 1]), 3))
    assert result["per_class_iou"] == [0.5, 0.0, None]
    assert result["miou"] == 0.25
    assert result["mean_accuracy"] == 0.5


def test_nothing_counted_scores_none():
    counts = confusion(np.full(4, 255), np.zeros(4, int), 2, ignore_index=255)
    result = scores(counts)
    assert result["miou"] is result["pixel_accuracy"] is result["fw_iou"] is None
    assert result["classes_counted"] == 0


def test_uint8_ids_do_not_overflow():
    truth = np.full((4, 4), 199, np.uint8)
    counts = confusion(truth, truth, 200)
    assert counts[199, 199] == counts.sum() == 16


def test_counts_beyond_32_bits_stay_exact():
    counts = np.array([[2**53 + 1, 1], [0, 1]], np.int64)
    assert scores(counts)["per_class_iou"][1] == 0.5


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_the_batch_does_not_matter(batch):
    generator = np.random.default_rng(1)
    truth = generator.integers(0, 5, (17, 8, 9))
    prediction = generator.integers(0, 4, (17, 8, 9))
    parts = [
        confusion(truth[i : i + batch], prediction[i : i + batch], 5, ignore_index=4)
        for i in range(0, 17, batch)
    ]
    whole = confusion(truth, prediction, 5, ignore_index=4)
    assert np.array_equal(sum(parts), whole)
    # … where the mean over batches of small size is another number.
    assert scores(sum(parts)) == scores(whole)


@pytest.mark.parametrize(
    ("truth", "prediction", "message"),
    [
        ([0, 1], [0, 1, 1], "Truth is"),
        ([0, 3], [0, 0], "truth holds ids outside 0 … 2"),
        ([0, 0], [0, 255], "prediction holds ids outside"),
        ([0, -1], [0, 0], "ids outside 0 … 255"),
        ([0, 0], [0, 256], "ids outside 0 … 255"),
    ],
)
def test_what_is_no_class_is_refused(truth, prediction, message):
    with pytest.raises(ValueError, match=message):
        confusion(np.array(truth), np.array(prediction), 3)
