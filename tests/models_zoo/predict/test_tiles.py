"""Tiles: weights that add up, every pixel once, and the whole image's result where nothing is cut.

How near a tiled result is to the whole image's follows from the receptive field: a logit that sees
no farther than the tiles that have a say reach is the same one.
"""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from models_zoo.memory import PeakBytes
from models_zoo.networks.measure import architecture_view
from models_zoo.networks.papers.unet.network import UNet
from models_zoo.predict.engine import Engine, logit_blocks
from models_zoo.predict.tiles import GRID, overlap, spans, tile_size, tiled_logits
from tests.generated import generated
from tests.models_zoo.fixtures import write_checkpoint


@given(length=st.integers(1, 3000), tile=st.integers(2, 20).map(lambda n: n * GRID))
@generated(60)
def test_weights_add_up_to_one_at_every_pixel(length, tile):
    total = torch.zeros(length)
    found = spans(length, tile)
    for span in found:
        assert span.start % GRID == 0
        assert 0 < span.stop - span.start <= tile
        assert (span.weights >= 0).all()
        total[span.start : span.stop] += span.weights
    torch.testing.assert_close(total, torch.ones(length))
    assert (found[0].start, found[-1].stop) == (0, length)
    for left, right in pairwise(found):
        assert left.stop - right.start >= overlap(tile)


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (200, 90), (90, 200), (1, 333), (129, 131)])
def test_blocks_cover_every_pixel_once_and_blend_what_is_equal(size, monkeypatch):
    monkeypatch.setattr("models_zoo.predict.tiles.PIECE_PIXELS", 1000)
    field = torch.randn(2, *size, generator=torch.Generator().manual_seed(0))
    seen, found = torch.zeros(size), torch.zeros(2, *size)
    for rows, columns, logits in tiled_logits(lambda r, c: field[:, r, c], size, (64, 64)):
        seen[rows, columns] += 1
        found[:, rows, columns] = logits
    assert (seen == 1).all()
    torch.testing.assert_close(found, field)


def scorer(network: nn.Module):
    def score(pixels: np.ndarray, scored_at: tuple[int, int]) -> Tensor:
        assert scored_at == pixels.shape[:2]
        with torch.inference_mode():
            return network(torch.tensor(pixels).permute(2, 0, 1)[None].float() / 255)[0]

    return score


def both(network: nn.Module, size: tuple[int, int], known: tuple[int, int]):
    """The whole image's logits and the tiled ones."""
    pixels = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
    tiled = None
    for rows, columns, logits in logit_blocks(scorer(network), pixels, known, "tiles"):
        tiled = torch.zeros(logits.shape[0], *size) if tiled is None else tiled
        tiled[:, rows, columns] = logits
    return scorer(network)(pixels, size), tiled


def strided() -> nn.Module:
    """Sees 14 pixels: two 3×3 convolutions around a 2×2 pooling, and back up."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ConvTranspose2d(8, 4, 2, stride=2),
    )


@pytest.mark.parametrize("size", [(200, 150), (150, 200), (64, 300)])
def test_a_narrow_view_gives_the_whole_images_logits_exactly(size):
    """It reaches 7 pixels, less than the 8 without a say in tiles of 64 that share 32."""
    whole, tiled = both(strided(), size, (64, 64))
    assert overlap(64) / 4 == 8
    torch.testing.assert_close(tiled, whole, atol=1e-5, rtol=1e-5)


def test_a_wide_view_gives_the_whole_images_logits_away_from_the_seams():
    """U-Net reaches 94 pixels; at 96 from where a tile was cut it cannot tell."""
    reach = architecture_view("unet").receptive_field / 2
    assert reach <= 96
    torch.manual_seed(0)
    network = UNet(num_classes=4, width=1 / 16, batch_norm=True).eval()
    whole, tiled = both(network, (96, 640), (384, 384))
    first, second = spans(640, 384)
    seam = slice(first.stop - 96, second.start + 96)  # where a tile with a say was cut nearby
    assert (seam.start, seam.stop) == (288, 352)
    for part in (slice(0, seam.start), slice(seam.stop, 640)):
        torch.testing.assert_close(tiled[..., part], whole[..., part], atol=1e-4, rtol=1e-4)
    differs = (tiled - whole).abs()[..., seam]
    assert differs.max() > 1e-4  # the test can tell
    assert (tiled.argmax(0) == whole.argmax(0)).float().mean() > 0.97


def test_an_image_that_fits_a_tile_is_scored_whole(tmp_path):
    checkpoint = write_checkpoint(tmp_path)
    assert tile_size((48, 64)) == (64, 64)
    engine, pixels = Engine(0, precision="fp32"), np.full((40, 60, 3), 99, np.uint8)
    whole = engine.predict(*checkpoint, pixels)
    tiled = engine.predict(*checkpoint, pixels, scale="tiles")
    assert np.array_equal(whole.top_probabilities, tiled.top_probabilities)
    assert not tiled.tiled


def test_tiles_see_full_resolution_in_bounded_memory(tmp_path):
    checkpoint = write_checkpoint(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 255, (200, 160, 3), np.uint8)
    engine = Engine(1 << 30, precision="fp32")
    one_tile = engine.predict(*checkpoint, pixels[:64, :64], scale="tiles")
    tiled = engine.predict(*checkpoint, pixels, scale="tiles")
    assert (tiled.scored_at, tiled.tiled, tiled.mask.shape) == ((200, 160), True, (200, 160))
    # The tile before leaves its logits, and that is all.
    assert tiled.memory_bytes - one_tile.memory_bytes <= 11 * 64 * 64 * 4
    shrunk = engine.predict(*checkpoint, pixels)
    assert (shrunk.tiled, shrunk.scored_at) == (False, (62, 50))


def test_peak_bytes_counts_what_is_alive_at_once():
    image, peak = torch.zeros(1000), PeakBytes("cpu")
    with peak:
        one = image + 1  # 4000 bytes
        two = one.view(10, 100) * 2  # and 4000
        del one
        two.relu_()
        del two
    assert peak.bytes == 8000
    with peak:
        image.double().sum()  # 8000, and the sum
    assert peak.bytes == 8008


def test_memory_grows_with_the_image_and_holds_the_weights(tmp_path):
    weights, sidecar = write_checkpoint(tmp_path)
    engine = Engine(1 << 30, precision="fp32")
    small, large = (
        engine.predict(weights, sidecar | {"input_size": [side, side]}, np.zeros((96, 96, 3), "u1"))
        for side in (32, 96)
    )
    activations = [p.memory_bytes - weights.stat().st_size for p in (small, large)]
    assert activations[0] > 0
    assert activations[1] > 1.5 * activations[0]  # U-Net mirrors 92 pixels around either
