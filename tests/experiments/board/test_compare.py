"""Runs beside each other."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from experiments.board import comparing
from experiments.board.comparing import Verdict
from experiments.models import Checkpoint, Evaluation, ImageCounts, Kind, Probe, Run
from experiments.scores.statistics import PairedDifference
from tests.experiments.factories import (
    checkpoint_make,
    dataset_make,
    evaluation_make,
    run_make,
)
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def verdict_of(reader: Client, *runs: Run) -> Verdict:
    query = "&".join(f"run={run.pk}" for run in runs)
    (told,) = reader.get(f"{url('compare')}?{query}").context["verdicts"]
    return told


def test_compare_tells_which_is_better(reader: Client) -> None:
    runs = [run_make(seed=n, config={"batch": 8, "lr": lr}) for n, lr in ((1, 0.1), (2, 0.2))]
    for run, skill in zip(runs, (0.5, 0.7), strict=True):
        evaluation_make(checkpoint=checkpoint_make(run=run), skill=skill)
    page = reader.get(f"{url('compare')}?run={runs[0].pk}&run={runs[1].pk}")
    # The factory's truths differ with the skill, so these two cannot be paired …
    (told,) = page.context["verdicts"]
    assert (told.paired, told.pair.obstacle) == (None, None)
    assert "Their images or true masks are not the same." in page.content.decode()
    assert [name for name, _values in page.context["settings"]] == ["seed", "lr"]
    assert page.context["confusion"]["names"] == ["sky", "road", "car"]
    # … and these are the same.
    same = run_make()
    evaluation_make(checkpoint=checkpoint_make(run=same), skill=0.5)
    told = verdict_of(reader, runs[0], same)
    assert told.paired
    assert not told.paired.distinguishable


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.04, -0.013, "is worse, not by chance"),
        (0.01, 0.04, "is better, not by chance"),
        (-0.04, 0.01, "the difference may be chance"),
    ],
)
def test_the_verdict_says_whether_it_may_be_chance(
    low: float, high: float, words: str, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [run_make(seed=n) for n in (1, 2)]
    for run in runs:
        evaluation_make(checkpoint=checkpoint_make(run=run))
    found = PairedDifference((low + high) / 2, low, high, 0.14, 101)
    monkeypatch.setattr(comparing, "paired", lambda _pair: found)
    page = reader.get(url("compare"), {"run": [run.pk for run in runs]}).content.decode()
    assert words in page
    if high < 0:
        assert "[−4.0, −1.3], wins 14\N{NO-BREAK SPACE}% of images" in page


def test_a_pair_is_told_by_the_split_that_has_counts_for_both(reader: Client) -> None:
    runs = [run_make(seed=n) for n in (1, 2)]
    for run in runs:
        checkpoint = checkpoint_make(run=run)
        evaluation_make(checkpoint=checkpoint)
        # Shown first, but a score alone.
        test = evaluation_make(checkpoint=checkpoint, split="test")
        ImageCounts.objects.filter(evaluation=test).delete()
    told = verdict_of(reader, *runs)
    assert told.pair.evaluations[0].split == "val"
    assert told.paired


def test_the_picker_says_beforehand_which_runs_can_be_told_apart(reader: Client) -> None:
    first, fine, shipped, _unlike, _queued, mine = runs = [
        run_make(name=name) for name in ("first", "fine", "shipped", "unlike", "queued", "mine")
    ]
    scored = {run.name: evaluation_make(checkpoint=checkpoint_make(run=run)) for run in runs[:4]}
    ImageCounts.objects.filter(evaluation=scored["shipped"]).delete()
    Checkpoint.objects.filter(run=shipped).update(
        shipped=True, key="camvid-unet-slim", sidecar={"training": {"data": "camvid:PATH"}}
    )
    Evaluation.objects.filter(pk=scored["unlike"].pk).update(split_hash="other")
    Run.objects.filter(pk=mine.pk).update(kind=Kind.EXTERNAL)
    page = reader.get(url("compare"), {"run": first.pk})
    told = {pair.second.run.name: pair.reason for pair in page.context["partners"]}
    assert told == {
        "fine": "",
        "mine": "elsewhere",
        "queued": "unscored",
        "unlike": "unlike",
        "shipped": "uncounted",
    }
    assert page.context["partners"][0].second.run == fine  # what can be told stands first
    text = page.content.decode()
    assert "Train it again" in text
    assert f'href="?run={first.pk}&amp;run={fine.pk}#verdict"' in text
    # Of the first one it is told once, above.
    page = reader.get(url("compare"), {"run": shipped.pk})
    assert "shipped itself lacks the counts of each image" in page.content.decode()
    assert (
        "nothing can be said"
        in reader.get(f"{url('compare')}?run={shipped.pk}&run={fine.pk}").content.decode()
    )
    found = reader.get(url("compare"), {"run": first.pk, "pick": "fine"}).context["partners"]
    assert [pair.second.run for pair in found] == [fine]


def test_the_picker_tells_of_the_pair_whose_verdict_comes(reader: Client) -> None:
    first, last, like_last = (run_make(name=name) for name in ("first", "last", "like last"))
    for run in (first, last, like_last):
        evaluation_make(checkpoint=checkpoint_make(run=run))
    Evaluation.objects.exclude(checkpoint__run=first).update(split_hash="other")
    elsewhere = dataset_make("elsewhere")
    Run.objects.exclude(pk=first.pk).update(dataset=elsewhere)
    page = reader.get(url("compare"), {"run": [first.pk, last.pk]})
    (pair,) = page.context["partners"]
    assert (pair.first.run, pair.second.run, pair.reason) == (last, like_last, "")
    assert f"beside last #{last.pk}?" in page.content.decode()


def test_the_picker_begins_with_the_newest_not_with_those_without_data(reader: Client) -> None:
    bare = run_make()
    Run.objects.filter(pk=bare.pk).update(dataset=None)
    newest = run_make()
    page = reader.get(url("compare"))
    assert [pair.second.run for pair in page.context["partners"]] == [newest, bare]


def test_a_run_too_many_is_told(reader: Client) -> None:
    runs = [run_make(epochs=0).pk for _ in range(21)]
    page = reader.get(url("compare"), {"run": runs[:20]}).content.decode()
    assert "Add a run" not in page
    assert "are left out" not in page
    page = reader.get(url("compare"), {"run": runs}).content.decode()
    assert "At most 20 runs stand beside each other; the others are left out." in page
    assert "Add a run" in reader.get(url("compare"), {"run": runs[:19]}).content.decode()


def test_the_picker_takes_few_queries_for_any_number_of_runs(
    reader: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        evaluation_make(checkpoint=checkpoint_make(run=run_make(epochs=1)))
    with django_assert_max_num_queries(12):
        reader.get(url("compare"), {"run": Run.objects.first().pk})


def test_probes_are_shown_in_step(reader: Client) -> None:
    long, short, other = (run_make(name=name) for name in ("long", "short", "other"))
    Run.objects.filter(pk=other.pk).update(dataset=dataset_make("elsewhere"))
    for run, last in ((long, 9), (short, 3), (other, 2)):
        for epoch in range(1, last + 1):
            for image in ("a", "b"):
                key = f"{run.folder}/probes/{epoch}/{image}.png"
                Probe.objects.create(run=run, epoch=epoch, name=image, file=key)
    query = f"{url('compare')}?run={long.pk}&run={short.pk}&run={other.pk}"
    grid = reader.get(query + "&probe=b").context["grid"]
    assert (grid.name, grid.names) == ("b", ["a", "b"])
    assert [row.run for row in grid.rows] == [long, short]  # other images are another's
    assert grid.epochs == list(range(1, 10))
    first, second = grid.steps["rows"]
    assert [epoch for epoch, _mask in first] == grid.epochs
    assert [epoch for epoch, _mask in second] == [1, 2, 3, 3, 3, 3, 3, 3, 3]
    assert second[8][1] == url("file", short.pk, "probes/3/b.png")
    assert [epoch for epoch, _mask in grid.strips[0][1]] == [1, 3, 4, 6, 7, 9]
    assert reader.get(query + "&probe=nonsense").context["grid"].name == "a"


def test_the_slider_has_a_hundred_steps_at_most(reader: Client) -> None:
    run, other = run_make(), run_make()
    for owner, start in ((run, 1), (other, 2)):
        Probe.objects.bulk_create(
            Probe(run=owner, epoch=n, name="a", file=f"{owner.folder}/probes/{n}/a.png")
            for n in range(start, 200, 2)
        )
    grid = reader.get(url("compare"), {"run": [run.pk, other.pk]}).context["grid"]
    steps = grid.steps
    assert len(steps["epochs"]) == len(steps["rows"][1]) == 100
    assert (steps["epochs"][0], steps["epochs"][-1]) == (1, 199)


def test_compare_answers_for_any_choice(reader: Client) -> None:
    run = run_make(epochs=0, planned=3)
    for query in ("", "?run=", "?run=x&run=9999", f"?run={run.pk}", f"?run={run.pk}&run={run.pk}"):
        assert reader.get(url("compare") + query).status_code == 200
        assert reader.get(url("compare-curves") + query).status_code == 200


def test_curves_of_one_architecture_are_told_apart_by_their_seed(reader: Client) -> None:
    runs = [run_make(name="a", seed=1), run_make(name="b", seed=2)]
    other = run_make(name="c", architecture="segnet")

    def labels(*shown: Run) -> list[str]:
        query = "&".join(f"run={run.pk}" for run in shown)
        curves = reader.get(f"{url('compare-curves')}?{query}").json()["runs"]
        return [curve["label"] for curve in curves]

    a, b = (run.pk for run in runs)
    assert labels(*runs, other) == [f"a #{a}, seed 1", f"b #{b}, seed 2", f"c #{other.pk}"]
    assert labels(runs[0], other) == [f"a #{a}", f"c #{other.pk}"]


def test_wall_time_is_summed(reader: Client) -> None:
    run = run_make(epochs=3)
    (curve,) = reader.get(url("compare-curves"), {"run": run.pk}).json()["runs"]
    assert [row["minutes"] for row in curve["rows"]] == [1, 2, 3]
