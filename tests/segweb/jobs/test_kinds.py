"""Every kind of job, whichever there are: described, reached by its worker, tidied up after."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.contrib.admin import site
from django.contrib.auth.models import AnonymousUser, User
from django.core.checks import CheckMessage
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import models
from django.test import RequestFactory
from django.test.utils import isolate_apps
from django.utils.module_loading import autodiscover_modules

from inference.access import jobs_visible
from inference.models import InferenceJob
from inference.worker import warm
from segweb.checks import job_kinds_check
from segweb.jobs import Job, Lease, State, job_models
from tests.segweb.rows import row_make

KINDS = job_models()
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)

committed = pytest.mark.django_db(transaction=True)  # files go, and hearts beat, beside the test


@pytest.fixture(autouse=True)
def _worker_without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    autodiscover_modules("tasks")
    engine = SimpleNamespace(device="cpu", warm=frozenset())
    monkeypatch.setattr(warm, "engine", lambda: engine)


@pytest.fixture
def work_is(monkeypatch: pytest.MonkeyPatch) -> Callable[[type[Job], Any], None]:
    """Let a kind's work be something else, where its description says that it is."""

    def replace(kind: type[Job], work: Any) -> None:
        monkeypatch.setattr(kind.work.replace(":", "."), work)

    return replace


def deliver(job: Job) -> None:
    """Its wake-up arrives."""
    current_app.tasks[job.task_name].run(str(job.pk))


def write_file(job: Job, lease: Lease) -> dict[str, Any]:
    """Work that leaves a file which no row names."""
    if job.folder:
        default_storage.save(f"{job.folder}/{lease.token}.txt", ContentFile(b"left behind"))
    return {}


def written(job: Job) -> list[str]:
    try:
        return default_storage.listdir(job.folder)[1] if job.folder else []
    except FileNotFoundError:
        return []


@committed
@each_kind
def test_a_wake_up_has_it_carried_out(kind: type[Job], work_is: Callable[..., None]) -> None:
    done = []
    work_is(kind, lambda job, lease: done.append(job.pk) or {})
    job = row_make(kind)
    deliver(job)
    job.refresh_from_db()
    assert (job.state, job.attempt, job.error) == (State.DONE, 1, "")
    assert done == [job.pk]


@committed
@each_kind
def test_a_fault_ends_it_with_a_sentence(kind: type[Job], work_is: Callable[..., None]) -> None:
    def fail(job: Job, lease: Lease) -> dict[str, Any]:
        raise KeyError("a mistake in the work")

    work_is(kind, fail)
    job = row_make(kind)
    deliver(job)
    job.refresh_from_db()
    assert (job.state, job.error) == (State.FAILED, kind.unexplained)


@committed
@each_kind
def test_deleted_while_it_runs_it_leaves_nothing(
    kind: type[Job], work_is: Callable[..., None]
) -> None:
    def vanish(job: Job, lease: Lease) -> dict[str, Any]:
        kind.objects.filter(pk=job.pk).delete()
        return write_file(job, lease)

    work_is(kind, vanish)
    job = row_make(kind)
    deliver(job)
    assert not kind.objects.exists()
    assert written(job) == []


@committed
@each_kind
def test_files_that_the_row_does_not_name_go_with_its_end(
    kind: type[Job], work_is: Callable[..., None]
) -> None:
    work_is(kind, write_file)
    job = row_make(kind)
    deliver(job)
    job.refresh_from_db()
    assert written(job) == ([] if job.files is not None else ["1.txt"])


@committed
@each_kind
def test_its_files_go_with_its_row(kind: type[Job]) -> None:
    job = row_make(kind)
    write_file(job, Lease(kind, job.pk, 1))
    job.delete()
    job = kind(pk=job.pk)
    assert written(job) == []


@committed
@each_kind
def test_a_bulk_deletion_takes_the_files_along(kind: type[Job]) -> None:
    job = row_make(kind)
    write_file(job, Lease(kind, job.pk, 1))
    kind.objects.filter(pk=job.pk).delete()
    assert written(job) == []


@pytest.mark.django_db
@each_kind
def test_it_belongs_to_someone(kind: type[Job]) -> None:
    """The owner's own and no one else's; anonymous ones are open to who knows the id."""
    path = f"{kind.belongs_to}__owner" if kind.belongs_to else "owner"
    job, owner = row_make(kind), User.objects.create(username="owner")
    assert kind.objects.filter(**{path: None}).get() == job
    if not issubclass(kind, InferenceJob):
        return
    request = RequestFactory().get("/?share=none")
    request.user = AnonymousUser()
    assert jobs_visible(request, kind).get() == job
    owned = job
    for name in kind.belongs_to.split("__"):
        owned = getattr(owned, name)
    owned.owner = owner
    owned.save()
    assert not jobs_visible(request, kind).exists()
    request.user = owner
    assert jobs_visible(request, kind).get() == job


@pytest.mark.django_db
@each_kind
def test_the_admin_shows_it(kind: type[Job], admin_client: Any) -> None:
    job = row_make(kind)
    page = admin_client.get(f"/admin/{kind._meta.app_label}/{kind._meta.model_name}/")
    assert site.is_registered(kind)
    assert str(job.pk) in page.content.decode()


def test_every_kind_is_described() -> None:
    assert job_kinds_check() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("work", "inference.compare.predicting:nothing"),
        ("work", "inference.compare.nowhere:predict"),
        ("afterwards", "inference.compare.predicting:nothing"),
        ("needs", ("comparison__nothing",)),
        ("belongs_to", "checkpoint"),
        ("belongs_to", "comparison__nothing"),
        ("task_name", "inference.nothing"),
        ("queue", "nobody"),
    ],
)
@each_kind
def test_a_wrong_description_is_refused(
    name: str, value: Any, kind: type[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kind, name, value)
    assert faults_of(kind) == [name]


@each_kind
@pytest.mark.parametrize("name", ["work", "belongs_to", "task_name", "queue", "files", "folder"])
def test_a_kind_that_forgets_something_is_refused(
    name: str, kind: type[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if neither it nor what it derives from had said so."""
    monkeypatch.setattr(kind, name, vars(Job).get(name))
    assert faults_of(kind) == [name]


@isolate_apps("inference")
def test_a_kind_that_says_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Forgetful(InferenceJob):
        class Meta(InferenceJob.Meta):
            app_label = "inference"

    monkeypatch.setattr("segweb.checks.job_models", lambda: [*KINDS, Forgetful])
    assert faults_of(Forgetful) == ["work", "belongs_to", "files"]


@pytest.mark.parametrize("name", ["watched", "network"])
def test_an_order_by_what_is_not_there_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = next(kind for kind in KINDS if issubclass(kind, InferenceJob))
    assert kind.check() == []
    monkeypatch.setattr(kind, name, {"watched": models.Q(nothing=1), "network": "nothing"}[name])
    assert [fault.obj for fault in kind.check()] == [kind]


def faults_of(kind: type[Job]) -> list[str]:
    """The names that the check complains of; it complains of no other kind."""
    faults: list[CheckMessage] = job_kinds_check()
    assert {fault.obj for fault in faults} <= {kind}
    return [fault.msg.split("`")[1] for fault in faults]
