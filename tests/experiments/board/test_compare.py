"""Runs beside each other."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.experiments.factories import (
    checkpoint_make,
    evaluation_make,
    run_make,
)
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def test_compare_tells_which_is_better(reader: Client) -> None:
    runs = [run_make(seed=n, config={"batch": 8, "lr": lr}) for n, lr in ((1, 0.1), (2, 0.2))]
    for run, skill in zip(runs, (0.5, 0.7), strict=True):
        evaluation_make(checkpoint=checkpoint_make(run=run), skill=skill)
    page = reader.get(f"{url('compare')}?run={runs[0].pk}&run={runs[1].pk}")
    # The factory's truths differ with the skill, so these two cannot be paired …
    assert page.context["unlike"] == [tuple(runs)]
    assert [name for name, _values in page.context["settings"]] == ["seed", "lr"]
    assert page.context["confusion"]["names"] == ["sky", "road", "car"]


def test_compare_answers_for_any_choice(reader: Client) -> None:
    run = run_make(epochs=0, planned=3)
    for query in ("", "?run=", "?run=x&run=9999", f"?run={run.pk}", f"?run={run.pk}&run={run.pk}"):
        assert reader.get(url("compare") + query).status_code == 200
        assert reader.get(url("compare-curves") + query).status_code == 200


def test_wall_time_is_summed(reader: Client) -> None:
    run = run_make(epochs=3)
    (curve,) = reader.get(url("compare-curves"), {"run": run.pk}).json()["runs"]
    assert [row["minutes"] for row in curve["rows"]] == [1, 2, 3]
