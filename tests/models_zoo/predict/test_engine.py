"""The engine: masks at the image's size whatever it is, warm networks within their budget."""

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch.nn.functional import interpolate

from models_zoo.predict import engine as engine_module
from models_zoo.predict.engine import Engine, _bands
from models_zoo.predict.inputs import scoring_size
from tests.models_zoo.fixtures import write_checkpoint


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return write_checkpoint(tmp_path_factory.mktemp("checkpoint"))


@pytest.fixture(scope="module")
def warm():
    return Engine(1 << 30, precision="fp32")


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


PREDICTS = """
import json, sys
from pathlib import Path
import numpy as np
from models_zoo.predict.engine import Engine
weights = Path(sys.argv[1])
sidecar = json.loads(weights.with_suffix(".json").read_text())
Engine(1 << 30, precision="fp32").predict(weights, sidecar, np.zeros((9, 9, 3), np.uint8))
assert not {"torchvision", "torch._dynamo"} & sys.modules.keys()
"""


@pytest.mark.slow
def test_a_process_predicts_without_torchvision_and_without_torchs_compiler(tmp_path):
    """To import them would take as long as torch itself."""
    weights, _ = write_checkpoint(tmp_path)
    subprocess.run([sys.executable, "-c", PREDICTS, str(weights)], check=True)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (7, 3), (37, 53), (48, 64), (131, 77)])
def test_the_mask_has_the_images_size(size, checkpoint, warm):
    prediction = warm.predict(*checkpoint, noise(*size))
    assert prediction.mask.shape == size
    assert prediction.mask.dtype == np.uint8
    assert prediction.mask.max() < 11
    assert prediction.top_classes.shape == prediction.top_probabilities.shape == (3, *size)
    assert np.array_equal(prediction.top_classes[0], prediction.mask)
    assert (np.diff(prediction.top_probabilities.astype(int), axis=0) <= 0).all()


def test_large_images_are_scored_at_the_size_that_the_network_knows(checkpoint, warm):
    prediction = warm.predict(*checkpoint, noise(192, 256))
    assert prediction.scored_at == (48, 64)
    assert scoring_size((30, 40), (360, 480)) == (30, 40)
    assert scoring_size((4000, 1), (48, 64)) == (3505, 1)
    height, width = scoring_size((4000, 6000), (360, 480))
    assert height * width == pytest.approx(360 * 480, rel=0.01)


def test_an_array_and_its_picture_score_the_same(checkpoint, warm):
    pixels = noise(40, 40)
    picture = warm.predict(*checkpoint, Image.fromarray(pixels))
    assert np.array_equal(picture.mask, warm.predict(*checkpoint, pixels).mask)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_the_same_image_gives_the_same_mask(precision, checkpoint):
    first, second = (
        Engine(0, precision=precision).predict(*checkpoint, noise(60, 45)) for _ in range(2)
    )
    assert first.precision == precision
    assert np.array_equal(first.top_probabilities, second.top_probabilities)
    assert np.array_equal(first.mask, second.mask)


def test_half_precision_stays_near_single(checkpoint):
    masks = [
        Engine(0, precision=precision).predict(*checkpoint, noise(48, 64)).mask
        for precision in ("fp32", "bf16")
    ]
    assert np.mean(masks[0] == masks[1]) > 0.95


@pytest.mark.parametrize("size", [(16, 20), (33, 20), (16, 61), (97, 131), (5, 7), (1, 1)])
def test_resizing_in_bands_is_interpolation(size, monkeypatch):
    monkeypatch.setattr(engine_module, "BAND_PIXELS", 500)
    logits = torch.randn(4, 16, 20, generator=torch.Generator().manual_seed(0))
    found = torch.cat([part for _, part in _bands(logits, size)], dim=1)
    wanted = interpolate(logits[None], size, mode="bilinear", align_corners=False)[0]
    torch.testing.assert_close(found, wanted, atol=2e-5, rtol=1e-4)


def test_bands_cover_every_row_once(monkeypatch):
    monkeypatch.setattr(engine_module, "BAND_PIXELS", 300)
    rows = [row for band, _ in _bands(torch.zeros(2, 8, 8), (50, 40)) for row in range(50)[band]]
    assert rows == list(range(50))


def test_a_warm_network_is_not_loaded_again(checkpoint):
    engine = Engine(1 << 30)
    assert engine.predict(*checkpoint, noise(16, 16)).load_milliseconds > 0
    assert engine.predict(*checkpoint, noise(16, 16)).load_milliseconds is None


@pytest.mark.slow
def test_the_budget_evicts_what_was_used_longest_ago(tmp_path):
    first, second, third = (write_checkpoint(tmp_path, name=name) for name in "abc")
    engine = Engine(1 << 30)

    def was_warm(checkpoint) -> bool:
        return engine.predict(*checkpoint, noise(16, 16)).load_milliseconds is None

    assert [was_warm(c) for c in (first, second, first)] == [False, False, True]
    engine.budget_bytes = sum(engine_module._bytes(n) for n in engine._warm.values())
    assert not was_warm(third)  # the second, used longest ago, makes room
    assert [was_warm(c) for c in (first, third, second)] == [True, True, False]


def test_one_network_larger_than_the_budget_still_predicts(checkpoint):
    engine = Engine(1)
    assert engine.predict(*checkpoint, noise(16, 16)).mask.shape == (16, 16)
    assert engine.predict(*checkpoint, noise(16, 16)).load_milliseconds is None


def test_fewer_classes_than_three_fill_up_with_probability_zero(tmp_path):
    from models_zoo import build
    from models_zoo.checkpoints.files import weights_save

    weights, sidecar = write_checkpoint(tmp_path)
    sidecar["classes"] = sidecar["classes"][:2]
    sidecar["sha256"] = weights_save(weights, build("unet", variant="slim", num_classes=2))
    prediction = Engine(0).predict(weights, sidecar, noise(20, 20))
    assert not prediction.top_probabilities[2].any()
    assert (prediction.top_probabilities.sum(axis=0, dtype=int) >= 254).all()


def test_weights_that_are_not_the_sidecars_are_refused(tmp_path):
    weights, sidecar = write_checkpoint(tmp_path)
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ValueError, match=r"unet\.safetensors is not the file .*sha256"):
        Engine(0).predict(weights, sidecar, noise(8, 8))


def test_predicting_warns_of_nothing(checkpoint, warm):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warm.predict(*checkpoint, noise(9, 9))
