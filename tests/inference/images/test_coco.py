"""The layout of a COCO file, read back by COCO's own code."""

from __future__ import annotations

import numpy as np
import pytest

from inference.images.coco import coco

CLASSES = [{"id": i, "name": f"class {i}", "colour": "#000000"} for i in range(4)]


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
