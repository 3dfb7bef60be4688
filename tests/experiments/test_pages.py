"""Who sees the tracking pages, and who may act there."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from tests.experiments.factories import (
    checkpoint_make,
    dataset_make,
    evaluation_make,
    run_make,
)
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def test_runs_are_for_people_with_an_account(client: Client, settings: Settings) -> None:
    run = run_make()
    paths = [url("runs"), url("run", run.pk), url("leaderboard"), url("compare")]
    paths += [url("curves", run.pk), url("export", "runs", "json"), url("log", run.pk)]
    for path in paths:
        assert client.get(path).status_code == 302
    settings.PUBLIC_RUNS = True
    for path in paths:
        assert client.get(path).status_code == 200


def test_only_pages_with_charts_may_set_styles(reader: Client) -> None:
    run = run_make()
    drawn = [url("run", run.pk), url("compare", run=run.pk), url("leaderboard")]
    for page in (*drawn, url("runs"), url("curves", run.pk)):
        policy = reader.get(page)["Content-Security-Policy"]
        assert "unsafe-eval" not in policy
        assert ("style-src 'self' 'unsafe-inline'" in policy) is (page in drawn)
        assert policy.count("unsafe-inline") == (page in drawn)


def test_empty_states_say_what_to_do(reader: Client, launcher: Client) -> None:
    assert url("launch") in launcher.get(url("runs")).content.decode()
    assert reverse("docs") in reader.get(url("runs")).content.decode()
    assert "sync_zoo" in reader.get(url("leaderboard")).content.decode()


@pytest.mark.slow
def test_names_are_escaped(reader: Client) -> None:
    evil = "<img src=x onerror=alert(1)>"
    dataset = dataset_make("evil", title=evil, classes=[{"id": 0, "name": evil, "colour": "#fff"}])
    run = run_make(name=evil, notes=evil, tags=[evil], dataset=dataset, config={"loss": evil})
    other = run_make(name=evil, dataset=dataset)
    checkpoint = checkpoint_make(run=run)
    evaluation_make(checkpoint=checkpoint)
    pages = [url("runs"), url("run", run.pk), url("leaderboard"), url("report", run=run.pk)]
    pages.append(f"{url('compare')}?run={run.pk}&run={other.pk}")
    for page in pages:
        content = reader.get(page).content
        assert b"<img src=x" not in content, page
        assert b"onerror" in content
