"""Ensembles of checkpoints: weighted mean and product of probabilities."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from models_zoo import build
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.predict.combining import Ensemble, ensemble_load
from models_zoo.predict.engine import logits_of
from tests.models_zoo.fixtures import write_checkpoint


class Fixed(nn.Module):
    """Gives the same logits for every image."""

    def __init__(self, logits: torch.Tensor) -> None:
        super().__init__()
        self.logits = nn.Parameter(logits)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return self.logits.expand(len(image), -1, *image.shape[-2:])


def members() -> tuple[Fixed, Fixed, torch.Tensor, torch.Tensor]:
    first, second = torch.randn(1, 4, 1, 1), torch.randn(1, 4, 1, 1) * 30
    return Fixed(first), Fixed(second), first.softmax(1), second.softmax(1)


def test_the_mean_is_that_of_probabilities():
    one, two, p, q = members()
    logits = Ensemble([one, two], shares=[3, 1])(torch.zeros(1, 3, 2, 2))
    torch.testing.assert_close(logits.softmax(1)[..., :1, :1], 0.75 * p + 0.25 * q)


def test_the_product_is_normalised():
    one, two, p, q = members()
    logits = Ensemble([one, two], combine="product")(torch.zeros(1, 3, 2, 2))
    expected = (p * q).sqrt() / (p * q).sqrt().sum(1)
    torch.testing.assert_close(logits.softmax(1)[..., :1, :1], expected)
    torch.testing.assert_close(logits.exp().sum(1), torch.ones(1, 2, 2))


def test_impossible_classes_stay_finite():
    sure = Fixed(torch.tensor([300.0, 0.0]).view(1, 2, 1, 1))
    assert Ensemble([sure, sure])(torch.zeros(1, 3, 1, 1)).isfinite().all()


@pytest.mark.parametrize(
    ("shares", "combine"), [([1], "mean"), ([0, 0], "mean"), ([2, -1], "mean"), ([1, 1], "max")]
)
def test_what_makes_no_sense_is_refused(shares, combine):
    one, two, *_ = members()
    with pytest.raises(ValueError, match=r"ensemble needs|mean or product"):
        Ensemble([one, two], shares=shares, combine=combine)


def test_checkpoints_of_one_class_list_predict_together(tmp_path):
    checkpoints = [write_checkpoint(tmp_path, name=name) for name in ("one", "two")]
    ensemble = ensemble_load(checkpoints)
    pixels = np.zeros((33, 47, 3), np.uint8)
    how = {"mean": IMAGENET_MEAN, "std": IMAGENET_STD, "scored_at": (33, 47), "precision": "fp32"}
    logits = logits_of(ensemble, pixels, **how)
    assert logits.shape == (len(checkpoints[0][1]["classes"]), 33, 47)
    other = {**checkpoints[1][1], "key": "other", "classes": checkpoints[1][1]["classes"][:-1]}
    with pytest.raises(ValueError, match="other knows other classes"):
        ensemble_load([checkpoints[0], (checkpoints[1][0], other)])
    shifted = {**checkpoints[1][1], "mean": [0.5, 0.5, 0.5]}
    with pytest.raises(ValueError, match="another input"):
        ensemble_load([checkpoints[0], (checkpoints[1][0], shifted)])


def test_edeconvnet_combines_its_members_maps():
    image = torch.randn(1, 3, 32, 40)
    for combine in ("mean", "product"):
        network = build("edeconvnet", variant="slim", num_classes=3, combine=combine).eval()
        for parameter in network.parameters():
            nn.init.normal_(parameter, std=0.2)
        with torch.inference_mode():
            deconvnet, fcn = network.deconvnet(image), network.fcn(image)
            expected = (deconvnet + fcn) / 2 if combine == "mean" else deconvnet * fcn.clamp(min=0)
            torch.testing.assert_close(network(image), expected)
