"""What a compare page says at once, against figures that REST gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from django.test import Client
from rest_framework.test import APIClient

from experiments.models import Checkpoint, Dataset, Run
from inference.compare.answer import comparison_answer, standings
from inference.compare.class_table import class_tables
from inference.compare.panes import comparison_panes
from inference.labels import labels, told_apart
from inference.models import Comparison
from inference.templatetags.segmentation import labelled
from segweb.jobs import State
from tests.inference.compare.test_panels_api import masks, scored  # noqa: F401  (a fixture)
from tests.inference.conftest import checkpoint_make

pytestmark = pytest.mark.django_db


def told(api: APIClient, comparison: Comparison, part: str) -> Any:
    return api.get(f"/api/v1/comparisons/{comparison.pk}/{part}/").json()


def test_who_is_best_and_where_the_others_lose(api: APIClient, scored: Comparison) -> None:  # noqa: F811
    found = told(api, scored, "truth")["predictions"]
    panes = comparison_panes(scored)
    order = sorted(range(3), key=lambda place: -found[place]["miou"])
    for rank, place in enumerate(order, start=1):
        stands = standings(panes)[place + 1]
        other = found[order[1] if rank == 1 else order[0]]["miou"]
        assert (stands.rank, stands.of) == (rank, 3)
        assert stands.gap == pytest.approx(found[place]["miou"] - other)
    answer = comparison_answer(scored, panes)
    assert [pane.number for pane in answer.best] == [order[0] + 1]
    ious = np.array([found[place]["per_class_iou"] for place in order], float)
    losses = ious[0] - np.nanmean(ious[1:], axis=0)
    names = ["sky", "road", "car"]
    wanted = {name: loss for name, loss in zip(names, losses, strict=True) if loss > 0}
    assert {figure.name: figure.value for figure in answer.classes} == pytest.approx(wanted)


def test_a_score_of_rounded_figures_says_that_it_may_differ(
    client: Client,
    scored: Comparison,  # noqa: F811
) -> None:
    scored.predictions.update(precision="fp32")
    page, sentence = f"/c/{scored.pk}/", "Computed in bf16, which is quicker."
    assert sentence not in client.get(page).content.decode()
    quick = scored.predictions.first()
    scored.predictions.filter(pk=quick.pk).update(precision="bf16")
    # Beside its score in the head, and among its facts.
    assert client.get(page).content.decode().count(sentence) == 2


def test_equal_scores_share_a_rank(scored: Comparison) -> None:  # noqa: F811
    first = scored.predictions.first()
    scored.predictions.update(scores=first.scores)
    panes = comparison_panes(Comparison.objects.get(pk=scored.pk))
    assert [stands.rank for stands in standings(panes).values()] == [1, 1, 1]
    answer = comparison_answer(scored, panes)
    assert len(answer.best) == 3
    assert answer.lead is None


def test_without_truth_who_stands_apart(api: APIClient, scored: Comparison) -> None:  # noqa: F811
    scored.predictions.update(scores=None)
    comparison = Comparison.objects.get(pk=scored.pk)
    pairs = told(api, comparison, "agreement")["pairs"]
    ids = [str(prediction.pk) for prediction in comparison.predictions.all()]
    mean = {
        own: np.mean([pair["agreement"] for pair in pairs if own in (pair["a"], pair["b"])])
        for own in ids
    }
    apart = min(ids, key=lambda own: mean[own])
    answer = comparison_answer(comparison, comparison_panes(comparison))
    assert str(answer.apart.prediction.pk) == apart
    assert answer.agreement == pytest.approx(mean[apart])
    (rest,) = (pair for pair in pairs if apart not in (pair["a"], pair["b"]))
    assert answer.elsewhere == pytest.approx(rest["agreement"])
    disputed = told(api, comparison, "agreement")["groups"][0]["disputed"]
    assert answer.classes[0].value == max(disputed)


def test_the_classes_with_each_models_share(scored: Comparison, truth: np.ndarray) -> None:  # noqa: F811
    (table,) = class_tables(scored, comparison_panes(scored))
    assert [row.name for row in table.rows] == ["sky", "road", "car"]
    for row in table.rows:
        shares = [(mask == row.id).mean() for mask in masks(scored)]
        assert [cell.share for cell in row.cells] == pytest.approx(shares)
        # A bar shows size: it is full for the largest share of all, not for that of its class.
        assert [cell.height for cell in row.cells] == pytest.approx(
            [max(share / table.most, 1 / 9 if share else 0) for share in shares]
        )
        assert row.true == pytest.approx((truth == row.id).mean())
    assert table.most == max(cell.share for row in table.rows for cell in row.cells)
    disputed = [row.disputed for row in table.rows]
    assert [row.worst for row in table.rows] == [share == max(disputed) for share in disputed]


def test_an_agreement_of_an_earlier_version_is_settled_anew(
    client: Client,
    scored: Comparison,  # noqa: F811
) -> None:
    kept = scored.agreement
    for group in kept["groups"]:
        del group["disputed"]
    Comparison.objects.filter(pk=scored.pk).update(agreement=kept)
    page = client.get(f"/c/{scored.pk}/").content.decode()
    assert f"/c/{scored.pk}/answer/" in page
    assert "≠" in client.get(f"/c/{scored.pk}/answer/").content.decode()
    assert f"/c/{scored.pk}/answer/" not in client.get(f"/c/{scored.pk}/").content.decode()


def test_failed_masks_are_counted(client: Client, scored: Comparison) -> None:  # noqa: F811
    last = scored.predictions.last()
    scored.predictions.filter(pk=last.pk).update(state=State.FAILED, mask="", scores=None)
    page = client.get(f"/c/{scored.pk}/").content.decode()
    assert "Masks: 2 of 3</span>" not in page
    assert "1 failed" in page


def test_predictions_of_one_architecture_are_labelled_apart(scored: Comparison) -> None:  # noqa: F811
    first, second, *_others = (row.checkpoint for row in scored.predictions.all())
    Checkpoint.objects.filter(pk=second.pk).update(architecture=first.architecture)
    (one, _row), (two, _other), *_rest = labelled(scored)
    assert one.partition(" · ")[0] == two.partition(" · ")[0]
    assert one != two


def test_labels_tell_networks_of_one_architecture_apart(
    dataset: Dataset, checkpoints: list[Checkpoint]
) -> None:
    assert labels(checkpoints) == ["FCN-8s", "SegNet", "U-Net"]
    twin = checkpoint_make(dataset, "run7-unet-slim")
    assert labels([*checkpoints, twin])[2:] == [
        "U-Net · camvid-unet-slim",
        "U-Net · run7-unet-slim",
    ]
    runs = [Run.objects.create(name=name) for name in ("one", "two")]
    checkpoints[2].run, twin.run = runs
    assert labels([checkpoints[2], twin]) == [f"U-Net · run {run.pk}" for run in runs]
    for checkpoint, seed in ((checkpoints[2], 0), (twin, 1)):
        checkpoint.sidecar = checkpoint.sidecar | {"training": {"seed": seed}}
    seeded = [f"run {run.pk}, seed {seed}" for seed, run in enumerate(runs)]
    assert labels([checkpoints[2], twin]) == [f"U-Net · {text}" for text in seeded]
    # In lists, which say the variant beside.
    twin.shipped = False
    details = [detail for _checkpoint, detail in told_apart([*checkpoints, twin])]
    assert details[:2] == ["", ""]
    assert details[2:] == ["shipped, seed 0", seeded[1]]
    twin.variant = "full"
    assert labels([checkpoints[2], twin]) == ["U-Net · slim", "U-Net · full"]
    assert [detail for _checkpoint, detail in told_apart([*checkpoints, twin])] == [""] * 4
