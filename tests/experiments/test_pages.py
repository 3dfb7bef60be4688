"""The tracking pages show what is there to those who may see it, and obey those who may act."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from experiments.models import Probe, Run
from segweb.jobs import State
from tests.experiments.factories import (
    checkpoint_make,
    dataset_make,
    evaluation_make,
    run_make,
)

pytestmark = pytest.mark.django_db


def url(name: str, *args: Any, **query: Any) -> str:
    return reverse(f"experiments:{name}", args=args, query=query)


@pytest.fixture
def reader(client: Client) -> Client:
    """Someone signed in."""
    client.force_login(User.objects.create_user("reader"))
    return client


@pytest.fixture
def launcher() -> Client:
    """Staff who may launch."""
    user = User.objects.create_user("launcher", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    client = Client()
    client.force_login(user)
    return client


def shown(client: Client, **query: Any) -> list[str]:
    """The names in the run table."""
    page = client.get(url("runs"), query)
    return [run.name for run in page.context["page"]]


# who sees what


def test_runs_are_for_people_with_an_account(client: Client, settings: Settings) -> None:
    run = run_make()
    paths = [url("runs"), url("run", run.pk), url("leaderboard"), url("compare")]
    paths += [url("curves", run.pk), url("export", "runs", "json"), url("log", run.pk)]
    for path in paths:
        assert client.get(path).status_code == 302
    settings.PUBLIC_RUNS = True
    for path in paths:
        assert client.get(path).status_code == 200


def test_only_who_may_change_a_run_changes_it(reader: Client, launcher: Client) -> None:
    run = run_make(epochs=2, planned=9)
    for action in ("stop", "delete", "note", "resume"):
        assert reader.post(url(action, run.pk)).status_code == 403
        assert Client().post(url(action, run.pk)).status_code == 403
    assert url("stop", run.pk) not in reader.get(url("run", run.pk)).content.decode()
    assert url("stop", run.pk) in launcher.get(url("run", run.pk)).content.decode()
    launcher.post(url("stop", run.pk))
    run.refresh_from_db()
    assert run.stop_requested
    Run.objects.update(state=State.STOPPED)
    launcher.post(url("resume", run.pk))
    run.refresh_from_db()
    assert run.state == State.QUEUED
    launcher.post(url("note", run.pk), {"name": "new", "tags": "a, b", "notes": ""})
    run.refresh_from_db()
    assert (run.name, run.tags) == ("new", ["a", "b"])
    launcher.post(url("delete", run.pk))
    assert not Run.objects.exists()


def test_a_checkpoint_is_withdrawn_and_put_back(reader: Client, launcher: Client) -> None:
    checkpoint = checkpoint_make(run=run_make())
    address = url("offer", checkpoint.run_id)
    assert reader.post(address).status_code == 403
    for value, offered in (("", False), ("yes", True)):
        launcher.post(address, {"offered": value})
        checkpoint.refresh_from_db()
        assert checkpoint.offered is offered
    assert launcher.post(url("offer", run_make().pk)).status_code == 404


def test_only_pages_with_charts_may_set_styles(reader: Client) -> None:
    run = run_make()
    drawn = [url("run", run.pk), url("compare", run=run.pk), url("leaderboard")]
    for page in (*drawn, url("runs"), url("curves", run.pk)):
        policy = reader.get(page)["Content-Security-Policy"]
        assert "unsafe-eval" not in policy
        assert ("style-src 'self' 'unsafe-inline'" in policy) is (page in drawn)
        assert policy.count("unsafe-inline") == (page in drawn)


def test_an_owner_without_the_permission_stops_an_external_run(client: Client) -> None:
    owner = User.objects.create_user("owner")
    run = run_make(epochs=2, planned=9, owner=owner, kind="external")
    client.force_login(owner)
    client.post(url("stop", run.pk))
    run.refresh_from_db()
    assert run.state == State.STOPPED


# the table


def test_the_table_filters_and_sorts(reader: Client) -> None:
    run_make(name="first", tags=["산책로", 'a"b'], architecture="segnet")
    run_make(name="second", notes="with more light", seed=4)
    run_make(name="third", epochs=0, planned=3, state=State.QUEUED)
    assert shown(reader) == ["third", "second", "first"]
    assert shown(reader, q="LIGHT") == ["second"]
    assert shown(reader, q="산책로") == shown(reader, tag="산책로") == ["first"]
    assert shown(reader, tag='a"b') == ["first"]
    assert shown(reader, tag="산책") == []
    assert shown(reader, architecture="segnet") == ["first"]
    assert shown(reader, state="QUEUED") == ["third"]
    assert shown(reader, dataset="streets", q="third") == ["third"]
    best = sorted(Run.objects.exclude(best_miou=None), key=lambda run: run.best_miou)
    assert shown(reader, sort="best") == [*(run.name for run in best), "third"]
    assert shown(reader, sort="-best") == [*(run.name for run in best[::-1]), "third"]
    assert shown(reader, state="nonsense", sort="password", page="x") == shown(reader)
    assert shown(reader, q="\0") == shown(reader)


def test_columns_are_remembered(reader: Client) -> None:
    run_make(seed=4711)
    assert "4711" not in reader.get(url("runs")).content.decode()
    for query in ({"columns": ["seed", "state"]}, {}):
        page = reader.get(url("runs"), query)
        assert "4711" in page.content.decode()
        assert [column.name for column in page.context["columns"]] == ["state", "seed"]


def test_only_changed_rows_are_sent(reader: Client) -> None:
    going = [run_make(epochs=1, planned=9) for _ in range(2)]
    watched = reader.get(url("runs")).context["watched"]
    assert reader.get(url("changes"), {"seen": watched}).status_code == 204
    Run.objects.filter(pk=going[0].pk).update(step=7)
    answer = reader.get(url("changes"), {"seen": watched})
    assert [run.pk for run in answer.context["changed"]] == [going[0].pk]
    Run.objects.update(state=State.DONE)
    answer = reader.get(url("changes"), {"seen": answer.context["watched"]})
    assert answer.context["watched"] == ""
    for nonsense in ("", ",,", "x:1", "9" * 30, f"{going[0].pk}"):
        assert reader.get(url("changes"), {"seen": nonsense}).status_code in (200, 204)


def test_new_runs_are_told_once(reader: Client) -> None:
    newest = run_make(epochs=1).pk
    query = {"seen": "", "newest": newest}
    assert reader.get(url("changes"), query).status_code == 204
    run_make(epochs=1)
    told = reader.get(url("changes"), query)
    assert b"There are new runs" in told.content
    assert reader.get(url("changes"), query | {"told": ""}).status_code == 204


def test_a_page_of_runs_takes_few_queries(
    reader: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        run_make(epochs=1)
    with django_assert_max_num_queries(8):
        reader.get(url("runs"))


def test_empty_states_say_what_to_do(reader: Client, launcher: Client) -> None:
    assert url("launch") in launcher.get(url("runs")).content.decode()
    assert reverse("docs") in reader.get(url("runs")).content.decode()
    assert "sync_zoo" in reader.get(url("leaderboard")).content.decode()


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


# a run


def test_curves_send_what_is_new(reader: Client) -> None:
    run = run_make(epochs=5, planned=9)
    everything = reader.get(url("curves", run.pk)).json()
    assert [row["epoch"] for row in everything["rows"]] == [1, 2, 3, 4, 5]
    assert everything["best"] == run.best_epoch
    assert everything["classes"] == ["sky", "road", "car"]
    assert everything["over"] is False
    row = run.epoch_rows.get(number=3)
    assert everything["rows"][2]["miou"] == pytest.approx(row.miou, rel=1e-4)
    assert everything["rows"][2]["per_class_iou"] == pytest.approx(row.per_class_iou, rel=1e-4)
    later = reader.get(url("curves", run.pk), {"after": 3}).json()
    assert [row["epoch"] for row in later["rows"]] == [4, 5]
    assert reader.get(url("curves", run.pk), {"after": "x"}).json()["rows"] == everything["rows"]


def test_long_runs_are_thinned_but_for_the_best_and_last_epoch(reader: Client) -> None:
    run = run_make(epochs=1201, confusions=False)
    rows = reader.get(url("curves", run.pk)).json()["rows"]
    numbers = [row["epoch"] for row in rows]
    assert len(numbers) <= 502
    assert {1, run.best_epoch, 1201} <= set(numbers)


def test_overfitting_is_told(reader: Client) -> None:
    run = run_make(epochs=8)
    for epoch in run.epoch_rows.all():
        epoch.miou = 0.5 - 0.02 * max(0, epoch.number - 3)
        epoch.train_miou = 0.4 + 0.05 * epoch.number
        epoch.save()
    note = reader.get(url("curves", run.pk)).json()["note"]
    assert note.startswith("Overfitting since epoch 1: val mIoU fell by 8.0")


def test_an_epoch_brings_its_counts_and_masks(reader: Client) -> None:
    run = run_make(epochs=2)
    key = default_storage.save(f"{run.folder}/probes/0002/street.png", ContentFile(b"mask"))
    Probe.objects.create(run=run, epoch=2, name="street", file=key)
    data = reader.get(url("epoch", run.pk, 2)).json()
    assert data["counts"] == run.epoch_rows.get(number=2).confusion.matrix.tolist()
    assert [entry["name"] for entry in data["classes"]] == ["sky", "road", "car"]
    mask = reader.get(data["probes"]["street"])
    assert b"".join(mask.streaming_content) == b"mask"
    assert mask["Content-Type"] == "image/png"
    assert reader.get(url("epoch", run.pk, 1)).json()["probes"] == {}
    assert reader.get(url("epoch", run.pk, 3)).status_code == 404


def test_only_files_for_people_are_served(reader: Client) -> None:
    run, other = run_make(), run_make()
    for name in ("best.safetensors", "state-1.pt", "log.txt", "images/a b.jpg"):
        default_storage.save(f"{run.folder}/{name}", ContentFile(b"content"))
    default_storage.save("secret.png", ContentFile(b"secret"))
    assert body(reader.get(url("file", run.pk, "log.txt"))) == "content"
    assert body(reader.get(url("file", run.pk, "images/a b.jpg"))) == "content"
    hidden = ["best.safetensors", "state-1.pt", "truth/../../../secret.png", "images/../log.txt"]
    for name in (*hidden, f"../{other.pk}/log.txt", "masks/none.png"):
        assert reader.get(f"/runs/{run.pk}/files/{name}").status_code == 404


def test_the_log_is_tailed(reader: Client) -> None:
    run = run_make(epochs=1, planned=3)
    assert reader.get(url("log", run.pk)).json() == {"text": "", "next": 0, "over": False}
    default_storage.save(f"{run.folder}/log.txt", ContentFile(b"one\ntwo\n"))
    first = reader.get(url("log", run.pk)).json()
    assert first == {"text": "one\ntwo\n", "next": 8, "over": False}
    assert reader.get(url("log", run.pk), {"from": 4}).json()["text"] == "two\n"
    Run.objects.update(state=State.DONE)
    assert reader.get(url("log", run.pk), {"from": 8}).json()["over"] is True


def test_the_head_is_sent_when_it_looks_different(reader: Client) -> None:
    run = run_make(epochs=1, planned=3)
    look = reader.get(url("run", run.pk)).context["look"]
    assert reader.get(url("head", run.pk), {"seen": look}).status_code == 204
    Run.objects.update(state=State.DONE)
    changed = reader.get(url("head", run.pk), {"seen": look})
    assert changed["HX-Trigger"] == "run-over"
    assert b"hx-trigger" not in changed.content


def test_images_are_listed_worst_first(reader: Client) -> None:
    run = run_make()
    evaluation = evaluation_make(checkpoint=checkpoint_make(run=run), images=12)
    default_storage.save(f"{run.folder}/masks/004.png", ContentFile(b"mask"))
    page = reader.get(url("run", run.pk))
    worst = page.context["worst"]
    assert len(worst) == 12
    assert [image.miou for image in worst] == sorted(image.miou for image in worst)
    assert [image.name for image in worst if image.kept] == ["004"]
    name, hits, truth, predicted = evaluation.per_image[4]
    expected = (hits / (truth + predicted - hits)).mean()
    assert next(i for i in worst if i.name == name).miou == pytest.approx(expected)


# beside each other


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


def test_unlike_scores_are_never_ranked_together(reader: Client) -> None:
    slim, full = (checkpoint_make(key=f"streets-unet-{v}", variant=v) for v in ("slim", "full"))
    for checkpoint, skill in ((slim, 0.6), (full, 0.8)):
        evaluation_make(checkpoint=checkpoint, skill=skill)
    evaluation_make(checkpoint=slim, split="test")
    other = evaluation_make(checkpoint=checkpoint_make(key="streets-segnet-slim"))
    other.protocol = other.protocol | {"precision": "bf16"}
    other.protocol_hash = "another"
    other.save()
    boards = [entry["board"] for entry in reader.get(url("leaderboard")).context["boards"]]
    assert [(b.split, b.optimistic) for b in boards] == [("test", 0), ("val", 1), ("val", 1)]
    assert [[e.checkpoint.key for e in b.best] for b in boards] == [
        ["streets-unet-slim"],
        ["streets-unet-full", "streets-unet-slim"],
        ["streets-segnet-slim"],
    ]
    assert boards[1].unlike == {"precision": "fp32"}
    assert boards[2].unlike == {"precision": "bf16"}


def test_the_best_of_each_architecture_over_time(reader: Client) -> None:
    for number, skill in enumerate((0.5, 0.8, 0.6)):
        sidecar = {"created": f"2026-11-0{number + 1}T00:00:00Z", "classes": []}
        checkpoint = checkpoint_make(key=f"run{number}-best", sidecar=sidecar)
        evaluation_make(checkpoint=checkpoint, skill=skill)
    (entry,) = reader.get(url("leaderboard")).context["boards"]
    (best,) = entry["board"].best
    assert best.checkpoint.key == "run1-best"
    (series,) = entry["board"].history
    assert len(series["y"]) == 2
    assert series["y"] == sorted(series["y"])


# exports


def body(response: Any) -> str:
    return b"".join(response.streaming_content).decode()


def test_exports_hold_what_was_asked_for(reader: Client) -> None:
    one, two = run_make(name="=1+1", epochs=2), run_make(name="two", epochs=3)
    runs = json.loads(body(reader.get(url("export", "runs", "json"))))
    assert [run["id"] for run in runs] == [two.pk, one.pk]
    epochs = json.loads(body(reader.get(url("export", "epochs", "json", run=two.pk))))
    assert [(e["run_id"], e["number"]) for e in epochs] == [(two.pk, n) for n in (1, 2, 3)]
    assert epochs[0]["miou"] == two.epoch_rows.get(number=1).miou
    found = json.loads(body(reader.get(url("export", "confusions", "json", q="two"))))
    assert found[2]["confusion"] == two.epoch_rows.get(number=3).confusion.matrix.tolist()
    rows = list(csv.DictReader(io.StringIO(body(reader.get(url("export", "runs", "csv"))))))
    assert [row["name"] for row in rows] == ["two", "'=1+1"]
    assert body(reader.get(url("export", "runs", "json", q="nothing"))) == "[]\n"
    assert reader.get(url("export", "users", "json")).status_code == 404


def test_the_report_needs_nothing_else(reader: Client) -> None:
    run = run_make(name="report me")
    evaluation_make(checkpoint=checkpoint_make(run=run))
    content = reader.get(url("report", run=run.pk)).content.decode()
    assert "report me" in content
    assert "<script src" not in content
    assert 'href="http' not in content
    assert content.count("data-root-id") >= 2
