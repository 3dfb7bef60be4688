"""Masks as indexed PNG: pixel = class id, palette = class colours."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from models_zoo.data.classes import CAMVID, class_list
from models_zoo.masks import colourise, mask_png, palette, read_mask

CLASSES = class_list(("sky", "#010203"), ("road", "#ff0080"))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (64, 1)])
def test_every_id_survives_the_file(shape):
    mask = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert np.array_equal(read_mask(BytesIO(mask_png(mask, CAMVID))), mask)


def test_the_file_shows_the_class_colours():
    mask = np.array([[0, 1], [1, 200]], np.uint8)
    with Image.open(BytesIO(mask_png(mask, CLASSES))) as image:
        assert image.mode == "P"
        shown = np.asarray(image.convert("RGB"))
    assert shown.tolist() == [[[1, 2, 3], [255, 0, 128]], [[255, 0, 128], [0, 0, 0]]]
    assert np.array_equal(colourise(mask, CLASSES), shown)


def test_equal_masks_give_equal_bytes():
    mask = np.zeros((9, 9), np.uint8)
    assert mask_png(mask, CLASSES) == mask_png(mask.T, CLASSES)


def test_ids_need_not_be_in_order():
    assert palette(CLASSES[::-1]).tolist() == palette(CLASSES).tolist()
