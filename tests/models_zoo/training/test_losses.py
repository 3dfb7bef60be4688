"""Losses by hand, class weights, and that parts of a batch add up to the batch."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from models_zoo.data.audit import Audit
from models_zoo.data.classes import CAMVID, VOC
from models_zoo.data.transforms import IGNORED
from models_zoo.training.class_weights import SEGNET_CAMVID, class_weights
from models_zoo.training.config import CHOICES
from models_zoo.training.losses import LOSSES
from models_zoo.training.objective import Heads, Objective


def sample(images: int = 4, classes: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(images, classes, 6, 7, generator=generator)
    mask = torch.randint(0, classes, (images, 6, 7), generator=generator)
    mask[0, :3] = IGNORED
    mask[1, 0, 0] = IGNORED
    return logits, mask


def certain(mask: torch.Tensor, classes: int = 3) -> torch.Tensor:
    """Logits that are right and sure everywhere."""
    known = mask.clamp(0, classes - 1)
    return torch.nn.functional.one_hot(known, classes).permute(0, 3, 1, 2) * 60.0


WEIGHTS = torch.tensor([1.0, 0.5, 3.0])


def test_every_loss_can_be_chosen():
    assert set(LOSSES) == set(CHOICES["loss"])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_a_loss_is_nought_when_right_and_falls_along_its_gradient(name, weights):
    logits, mask = sample()
    assert LOSSES[name](certain(mask), mask, weights).item() == pytest.approx(0, abs=1e-6)
    logits.requires_grad_()
    before = LOSSES[name](logits, mask, weights)
    before.backward()
    assert torch.isfinite(logits.grad).all()
    assert not logits.grad[0, :, :3].any()  # ignored pixels teach nothing
    after = LOSSES[name](
        (logits - 0.5 * logits.grad / logits.grad.abs().max()).detach(), mask, weights
    )
    assert 0 < after < before


@pytest.mark.parametrize("weights", [None, WEIGHTS])
def test_cross_entropy_and_its_gradient_are_torchs(weights):
    logits, mask = sample()
    own, other = (logits.clone().requires_grad_() for _ in range(2))
    wanted = 3 * cross_entropy(other, mask, weight=weights, ignore_index=IGNORED)
    loss = 3 * LOSSES["cross_entropy"](own, mask, weights)
    torch.testing.assert_close(loss, wanted)
    loss.backward()
    wanted.backward()
    torch.testing.assert_close(own.grad, other.grad)


def test_focal_by_hand():
    logits = torch.tensor([math.log(3.0), 0.0]).reshape(1, 2, 1, 1)  # p = 3/4 for class 0
    mask = torch.zeros(1, 1, 1, dtype=torch.int64)
    wanted = (1 / 4) ** 2 * -math.log(3 / 4)
    assert LOSSES["focal"](logits, mask, None).item() == pytest.approx(wanted)


def test_focal_is_of_the_softmax_and_not_of_a_sigmoid_a_class():
    logits = torch.tensor([1.0, 2.0, -1.0]).reshape(1, 3, 1, 1)
    mask = torch.ones(1, 1, 1, dtype=torch.int64)
    p = math.exp(2) / (math.e + math.exp(2) + math.exp(-1))
    wanted = (1 - p) ** 2 * -math.log(p)
    assert LOSSES["focal"](logits, mask, None).item() == pytest.approx(wanted)
    assert "softmax focal loss" in LOSSES["focal"].__doc__.lower()


def test_dice_by_hand():
    logits = torch.zeros(1, 2, 1, 4)  # p = 1/2 everywhere
    mask = torch.tensor([[[0, 0, 0, 1]]])
    dice = [2 * 1.5 / (2 + 3), 2 * 0.5 / (2 + 1)]
    assert LOSSES["dice"](logits, mask, None).item() == pytest.approx(1 - sum(dice) / 2)
    absent = LOSSES["dice"](torch.zeros(1, 3, 1, 4), mask, None)
    assert torch.isfinite(absent)


def test_ohem_leaves_out_what_is_sure():
    logits = torch.tensor([[10.0, 0.0], [0.5, 0.0]]).T.reshape(1, 2, 1, 2)
    mask = torch.zeros(1, 1, 2, dtype=torch.int64)
    hard = cross_entropy(logits[..., 1:], mask[..., 1:])
    assert LOSSES["ohem"](logits, mask, None).item() == pytest.approx(hard.item())


def test_ohem_keeps_a_sixteenth_when_all_is_sure():
    logits, mask = torch.zeros(1, 2, 4, 8), torch.zeros(1, 4, 8, dtype=torch.int64)
    logits[:, 0] = torch.arange(5.0, 37.0).reshape(4, 8)
    two_hardest = cross_entropy(logits[:, :, 0, :2], mask[:, 0, :2])
    assert LOSSES["ohem"](logits, mask, None).item() == pytest.approx(two_hardest.item())


@pytest.mark.parametrize("name", ["cross_entropy", "focal"])
@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize("parts", [1, 2, 4])
def test_parts_by_their_mass_are_the_batch(name, weights, parts):
    logits, mask = sample()
    objective = Objective(name, weights)
    whole = objective([(logits, 1.0)], mask)
    total = sum(
        objective([(part, 1.0)], truth) * objective.mass(truth) / objective.mass(mask)
        for part, truth in zip(logits.chunk(parts), mask.chunk(parts), strict=True)
    )
    assert total.item() == pytest.approx(whole.item(), rel=1e-6)


def test_auxiliary_logits_count_by_their_weight():
    logits, mask = sample()
    objective = Objective("cross_entropy", None)
    alone = objective([(logits, 1.0)], mask)
    both = objective([(logits, 1.0), (logits, 0.4)], mask)
    assert both.item() == pytest.approx(1.4 * alone.item())


def test_nothing_valid_is_no_loss_with_a_gradient():
    logits, mask = sample()
    logits.requires_grad_()
    loss = Objective("cross_entropy", WEIGHTS)([(logits, 1.0)], torch.full_like(mask, IGNORED))
    loss.backward()
    assert loss == 0
    assert not logits.grad.any()


def test_heads_ask_a_network_for_its_auxiliary_logits():
    from models_zoo import build

    image = torch.zeros(2, 3, 33, 33)
    plain = Heads(build("unet", variant="slim", num_classes=3))(image)
    assert [share for _, share in plain] == [1.0]
    helped = build("pspnet_resnet50", variant="slim", num_classes=3, aux=True)
    heads = Heads(helped)(image)
    assert [share for _, share in heads] == [1.0, 0.4]
    assert {logits.shape for logits, _ in heads} == {(2, 3, 33, 33)}


def audit_of(pixels: list[int], image_pixels: list[int]) -> Audit:
    return Audit(
        class_pixels={"train": np.array(pixels)},
        class_image_pixels={"train": np.array(image_pixels)},
    )


def test_class_weights_by_hand():
    classes = CAMVID[:3]
    audit = audit_of([60, 20, 0], [100, 40, 0])
    median = class_weights("median", classes, audit)
    assert median.tolist() == pytest.approx([0.55 / 0.6, 0.55 / 0.5, 0])
    enet = class_weights("enet", classes, audit)
    assert enet.tolist() == pytest.approx([1 / math.log(1.02 + s) for s in (0.75, 0.25, 0)])
    root = class_weights("enet_sqrt", classes, audit)
    assert root.tolist() == pytest.approx([weight**0.5 for weight in enet.tolist()])
    assert class_weights("none", classes, audit) is None


def test_segnets_weights_are_camvids():
    empty = audit_of([], [])
    assert class_weights("segnet", CAMVID, empty).tolist() == pytest.approx(SEGNET_CAMVID)
    with pytest.raises(ValueError, match="are CamVid's"):
        class_weights("segnet", VOC, empty)
