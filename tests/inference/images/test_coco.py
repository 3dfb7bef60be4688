"""Run-length encoding beside COCO's own code, and the layout of the file."""

from __future__ import annotations

import numpy as np
import pytest

from inference.images.coco import coco, compress, run_lengths

CLASSES = [{"id": i, "name": f"class {i}", "colour": "#000000"} for i in range(4)]


@pytest.mark.parametrize(
    ("rows", "counts", "text"),
    [
        ([[0, 0], [0, 0]], [4], "4"),
        ([[1, 1], [1, 1]], [0, 4], "04"),
        ([[0, 1], [1, 1]], [1, 3], "13"),
        ([[1, 0], [0, 1]], [0, 1, 2, 1], "0120"),
    ],
)
def test_by_hand(rows: list[list[int]], counts: list[int], text: str) -> None:
    assert run_lengths(np.array(rows, bool)) == counts
    assert compress(counts) == text


@pytest.mark.parametrize("seed", range(20))
def test_equals_pycocotools(seed: int) -> None:
    masks = pytest.importorskip("pycocotools.mask")
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 300, 2))
    region = rng.random(shape) < rng.choice([0.0, 0.001, 0.5, 0.999, 1.0])
    region[: shape[0] // 2, : rng.integers(1, shape[1] + 1)] = True
    expected = masks.encode(np.asfortranarray(region.astype(np.uint8)))
    assert compress(run_lengths(region)) == expected["counts"].decode()


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # pycocotools under NumPy 2
def test_a_large_region_decodes_again() -> None:
    masks = pytest.importorskip("pycocotools.mask")
    mask = np.random.default_rng(0).integers(0, 4, (40, 30), np.uint8)
    document = coco(mask, CLASSES, file_name="a.png")
    assert document["images"] == [{"id": 1, "file_name": "a.png", "width": 30, "height": 40}]
    drawn = np.full_like(mask, 255)
    for annotation in document["annotations"]:
        region = masks.decode(annotation["segmentation"]).astype(bool)
        drawn[region] = annotation["category_id"]
        assert annotation["area"] == region.sum()
        assert annotation["bbox"] == masks.toBbox(annotation["segmentation"]).tolist()
    assert np.array_equal(drawn, mask)
