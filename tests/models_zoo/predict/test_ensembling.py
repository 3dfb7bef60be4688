"""Ensembles of warm networks: equal to combining by hand, with and without each member."""

import numpy as np
import pytest
import torch

from models_zoo import build
from models_zoo.checkpoints.files import weights_save
from models_zoo.predict.engine import Engine, logits_of
from models_zoo.predict.ensembling import combined_blocks, member_part, normalised_shares
from tests.models_zoo.fixtures import write_checkpoint

SHARES = (1.0, 0.5, 2.0)


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    """Three networks of one class list, unlike in weights and in what they expect of an image."""
    folder, found = tmp_path_factory.mktemp("members"), []
    for number, key in enumerate(("unet", "segnet", "fcn8s")):
        weights, sidecar = write_checkpoint(folder, name=key, architecture=key)
        torch.manual_seed(number)
        network = build(key, variant="slim", num_classes=11)
        sidecar["sha256"] = weights_save(weights, network)
        sidecar["mean"] = [0.4 + number / 10] * 3
        found.append((weights, sidecar))
    return found


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


def combined(members, pixels, **how):
    """The ensemble's mask, and those without each member."""
    masks = np.zeros((1 + len(members), *pixels.shape[:2]), np.uint8)
    engine = Engine(1 << 30, precision="fp32")
    for rows, columns, ids, without in combined_blocks(engine, members, pixels, **how):
        masks[:, rows, columns] = [ids, *without]
    return masks


def by_hand(members, pixels, shares, combine):
    """The same from full probabilities, in double precision."""
    engine, parts = Engine(1 << 30, precision="fp32"), []
    for (weights, sidecar), share in zip(members, shares, strict=True):
        logits = logits_of(
            engine.network(weights, sidecar)[0],
            pixels,
            mean=sidecar["mean"],
            std=sidecar["std"],
            scored_at=pixels.shape[:2],
            precision="fp32",
        )
        probabilities = logits.double().softmax(0)
        parts.append(share * (probabilities if combine == "mean" else probabilities.log()))
    return sum(parts).argmax(0).numpy()


@pytest.mark.slow
@pytest.mark.parametrize("combine", ["mean", "product"])
def test_equal_to_combining_by_hand(combine, members):
    pixels = noise(40, 52)
    masks = combined(members, pixels, shares=SHARES, combine=combine)
    assert np.mean(masks[0] == by_hand(members, pixels, SHARES, combine)) > 0.999
    for index in range(3):
        others = [i for i in range(3) if i != index]
        wanted = by_hand([members[i] for i in others], pixels, [SHARES[i] for i in others], combine)
        assert np.mean(masks[1 + index] == wanted) > 0.999
    assert not np.array_equal(masks[1], masks[2])


def test_a_member_of_no_weight_changes_nothing(members):
    pixels = noise(30, 40)
    masks = combined(members[:2], pixels, shares=[1, 0], combine="mean")
    alone = Engine(1 << 30, precision="fp32").predict(*members[0], pixels).mask
    assert np.array_equal(masks[0], alone)
    assert np.array_equal(masks[2], alone)


@pytest.mark.parametrize("scale", ["model", "tiles"])
def test_large_images(scale, members, monkeypatch):
    monkeypatch.setattr("models_zoo.predict.engine.BAND_PIXELS", 1000)
    monkeypatch.setattr("models_zoo.predict.tiles.PIECE_PIXELS", 1000)
    pixels = noise(90, 130)
    masks = combined(members[:1] * 2, pixels, shares=[1, 1], combine="mean", scale=scale)
    engine = Engine(1 << 30, precision="fp32")
    alone = engine.predict(*members[0], pixels, scale=scale).mask
    assert np.mean(masks[0] == alone) > 0.999


def test_networks_are_let_go_within_the_budget(members):
    engine = Engine(1, precision="fp32")
    list(combined_blocks(engine, members, noise(20, 20), shares=SHARES, combine="mean"))
    assert len(engine.warm) == 1


@pytest.mark.parametrize("combine", ["mean", "product"])
def test_parts_add_up_to_the_weighted_mean_of_probabilities_or_of_their_logarithms(combine):
    logits = torch.randn(2, 4, 3, 3) * torch.tensor([1.0, 30.0]).view(2, 1, 1, 1)
    shares = normalised_shares([3, 1], 2, combine)
    p, q = logits.softmax(1)
    total = sum(member_part(logits[n], shares[n], combine, dim=0) for n in range(2))
    assert total.isfinite().all()
    if combine == "mean":
        torch.testing.assert_close(total, 0.75 * p + 0.25 * q)
    else:
        mixed = p**0.75 * q**0.25
        torch.testing.assert_close(total.softmax(0), mixed / mixed.sum(0))


@pytest.mark.parametrize(
    ("shares", "combine"), [([1], "mean"), ([0, 0], "mean"), ([2, -1], "mean"), ([1, 1], "max")]
)
def test_what_makes_no_sense_is_refused(shares, combine):
    with pytest.raises(ValueError, match=r"ensemble needs|mean or product"):
        normalised_shares(shares, 2, combine)


def test_shares_must_be_shares(members):
    with pytest.raises(ValueError, match="share for each"):
        combined(members, noise(8, 8), shares=[1, 1], combine="mean")
    with pytest.raises(ValueError, match="combine must be"):
        combined(members, noise(8, 8), shares=SHARES, combine="vote")
