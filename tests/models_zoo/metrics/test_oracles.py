"""Region scores beside torchmetrics and scikit-learn, on random and on adversarial cases."""

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, jaccard_score

from models_zoo.metrics import confusion, image_counts, image_scores, scores

pytestmark = pytest.mark.filterwarnings("ignore")  # the oracles' own deprecations


def random_pair(seed: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    truth = generator.integers(0, classes, (3, 20, 30))
    wrong = generator.random(truth.shape) < 0.4
    return truth, np.where(wrong, generator.integers(0, classes, truth.shape), truth)


CASES = {
    "random": random_pair(0, 7),
    "absent class": tuple(np.where(part == 3, 0, part) for part in random_pair(1, 7)),
    "one class": (np.zeros((4, 5), int), np.zeros((4, 5), int)),
    "all wrong": (np.zeros((4, 5), int), np.full((4, 5), 6)),
    "one pixel": (np.array([[2]]), np.array([[5]])),
    "predicted only": (np.zeros((6, 6), int), np.arange(36).reshape(6, 6) % 7),
}


@pytest.mark.parametrize("case", CASES)
def test_scikit_learn_agrees(case):
    truth, prediction = CASES[case]
    counts = confusion(truth, prediction, 7)
    wanted = confusion_matrix(truth.ravel(), prediction.ravel(), labels=range(7))
    assert np.array_equal(counts, wanted)
    occurring = np.union1d(truth, prediction)
    per_class = jaccard_score(
        truth.ravel(), prediction.ravel(), labels=occurring, average=None, zero_division=0
    )
    result = scores(counts)
    assert [iou for iou in result["per_class_iou"] if iou is not None] == pytest.approx(per_class)
    assert result["miou"] == pytest.approx(per_class.mean())
    assert result["pixel_accuracy"] == pytest.approx((truth == prediction).mean())


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("ignored", [None, 0, 255])
def test_torchmetrics_agrees(case, ignored):
    from models_zoo.torchvision_ops import torchvision  # noqa: F401  (torchmetrics imports it)

    classification = pytest.importorskip("torchmetrics.functional.classification")
    truth, prediction = (part.copy() for part in CASES[case])
    if ignored == 255:
        truth[..., ::3] = 255
    counts = confusion(truth, prediction, 7, ignore_index=ignored)
    wanted = classification.multiclass_confusion_matrix(
        torch.from_numpy(prediction), torch.from_numpy(truth), 7, ignore_index=ignored
    )
    assert np.array_equal(counts, wanted.numpy())


def test_torchmetrics_mean_agrees_over_a_data_set():
    from models_zoo.torchvision_ops import torchvision  # noqa: F401

    classification = pytest.importorskip("torchmetrics.classification")
    oracle = classification.MulticlassJaccardIndex(7, average="macro")
    counts = np.zeros((7, 7), np.int64)
    for seed in range(4):
        truth, prediction = random_pair(seed, 7)
        oracle.update(torch.from_numpy(prediction), torch.from_numpy(truth))
        counts += confusion(truth, prediction, 7)
    assert scores(counts)["miou"] == pytest.approx(oracle.compute().item(), abs=1e-6)


def test_means_over_images_by_hand():
    images = [
        ([0, 0], [0, 0]),  # 1
        ([0, 1], [0, 0]),  # (1/2 + 0) / 2
        ([1, 1], [1, 0]),  # (0 + 1/2) / 2
    ]
    counts = [confusion(np.array(truth), np.array(guess), 2) for truth, guess in images]
    result = image_scores([image_counts(count) for count in counts])
    assert result["image_miou"] == pytest.approx((1 + 0.25 + 0.25) / 3)
    assert result["worst_tenth"] == 0.25


def test_the_worst_tenth_is_a_tenth_rounded_up():
    images = [
        {"hits": [number, 0], "truth": [20, 0], "predicted": [number, 0]} for number in range(1, 21)
    ]
    assert image_scores(images)["worst_tenth"] == pytest.approx((1 + 2) / 2 / 20)
    assert image_scores([{"hits": [0], "truth": [0], "predicted": [0]}]) == {
        "image_miou": None,
        "worst_tenth": None,
    }
