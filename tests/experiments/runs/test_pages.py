"""A run's page: what it shows while the run trains and afterwards, and its buttons."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from experiments.models import Probe, Run
from segweb.jobs import State
from tests.experiments.factories import (
    checkpoint_make,
    evaluation_make,
    run_make,
)
from tests.experiments.visiting import body, url

pytestmark = pytest.mark.django_db


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


def test_an_owner_without_the_permission_stops_an_external_run(client: Client) -> None:
    owner = User.objects.create_user("owner")
    run = run_make(epochs=2, planned=9, owner=owner, kind="external")
    client.force_login(owner)
    client.post(url("stop", run.pk))
    run.refresh_from_db()
    assert run.state == State.STOPPED


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
    name = evaluation.image_counts.names[4]
    hits, truth, predicted = evaluation.image_counts.table[4]
    expected = (hits / (truth + predicted - hits)).mean()
    assert next(i for i in worst if i.name == name).miou == pytest.approx(expected)


def test_masks_whose_images_may_not_be_passed_on_stand_alone(reader: Client) -> None:
    run = run_make(epochs=2)
    key = default_storage.save(f"{run.folder}/probes/0002/street.png", ContentFile(b"mask"))
    Probe.objects.create(run=run, epoch=2, name="street", file=key)
    alone = reader.get(url("run", run.pk)).content.decode()
    assert "Their masks alone" in alone
    assert "images/street.jpg" not in alone
    assert 'data-probe="street"' in alone
    default_storage.save(f"{run.folder}/images/street.jpg", ContentFile(b"photo"))
    pictured = reader.get(url("run", run.pk)).content.decode()
    assert "Their masks alone" not in pictured
    assert "images/street.jpg" in pictured
