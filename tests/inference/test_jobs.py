"""Leases, fencing and the sweeper's pass, with predictions as the jobs."""

from __future__ import annotations

import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from pytest_django import Settings

from experiments.models import Checkpoint
from inference.comparisons import comparison_create
from inference.models import Comparison, Image, Prediction
from segweb import jobs
from segweb.jobs import State, wakeups
from segweb.jobs.working import follow_up


@pytest.fixture
def job(image: Image, checkpoints: list[Checkpoint]) -> Prediction:
    """A prediction queued a minute ago, whose wake-up got lost."""
    comparison = Comparison.objects.create(image=image)
    return Prediction.objects.create(
        comparison=comparison,
        checkpoint=checkpoints[0],
        queued_at=timezone.now() - timedelta(minutes=1),
    )


def claim(job: Prediction) -> jobs.Lease | None:
    return jobs.job_claim(model=Prediction, pk=job.pk, owner="host:1:cpu")


def expire(job: Prediction) -> None:
    Prediction.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(hours=1))


def test_a_job_is_claimed_once(job: Prediction) -> None:
    lease = claim(job)
    assert lease.token == 1
    assert claim(job) is None
    job.refresh_from_db()
    assert (job.state, job.attempt, job.lease_owner) == (State.RUNNING, 1, "host:1:cpu")
    assert abs(job.heartbeat_at - timezone.now()) < timedelta(seconds=5)


def test_only_the_current_token_beats_and_finishes(job: Prediction, sent: list[str]) -> None:
    zombie = claim(job)
    expire(job)
    jobs.sweep_once()
    heir = claim(job)
    assert heir.token == zombie.token + 1
    assert not jobs.job_heartbeat(lease=zombie)
    assert not jobs.job_finish(lease=zombie, state=State.FAILED, error="from the dead")
    assert jobs.job_finish(lease=heir, state=State.DONE)
    assert not jobs.job_finish(lease=heir, state=State.FAILED)
    job.refresh_from_db()
    assert (job.state, job.error, job.attempt) == (State.DONE, "", 2)
    assert job.ended


def test_the_sweeper_leaves_living_jobs_alone(job: Prediction, sent: list[str]) -> None:
    claim(job)
    assert jobs.sweep_once() == jobs.Swept()
    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_an_expired_lease_is_taken_back_until_no_attempt_is_left(
    job: Prediction, sent: list[str], settings: Settings
) -> None:
    settings.MAX_ATTEMPTS = 2
    claim(job)
    expire(job)
    assert jobs.sweep_once() == jobs.Swept(requeued=1, woken=1)
    assert sent == [str(job.pk)]
    claim(job)
    expire(job)
    assert jobs.sweep_once() == jobs.Swept(lost=1)
    job.refresh_from_db()
    assert (job.state, job.error) == (State.LOST, jobs.LOST_ERROR)
    assert job.ended_at


def test_wake_ups_are_topped_up_not_repeated(
    job: Prediction, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message per waiting job: what lies in the broker already is not sent again."""
    monkeypatch.setattr(wakeups, "queue_length", lambda queue: len(sent))
    for _ in range(3):
        jobs.sweep_once()
    assert sent == [str(job.pk)]


def test_a_pass_sends_no_more_wake_ups_than_help(
    job: Prediction, sent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The longest waiting first; what a pass leaves out has its turn in the next one."""
    monkeypatch.setattr(wakeups, "queue_length", lambda queue: 0)
    monkeypatch.setattr(Prediction, "wakeups_most", 1)
    later = Prediction.objects.create(
        comparison=job.comparison,
        checkpoint=Checkpoint.objects.exclude(pk=job.checkpoint_id).first(),
        queued_at=job.queued_at + timedelta(seconds=1),
    )
    for _ in range(2):
        assert jobs.sweep_once().woken == 1
    assert sent == [str(job.pk), str(later.pk)]


def test_a_fresh_job_has_its_own_wake_up_on_the_way(job: Prediction, sent: list[str]) -> None:
    Prediction.objects.filter(pk=job.pk).update(queued_at=timezone.now())
    assert jobs.sweep_once().woken == 0


def test_a_broker_that_is_away_costs_a_pass_one_try(
    job: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeups, "_closed_until", 0.0)
    tried = []

    class Broken:
        def send_task(self, name: str, **kwargs: object) -> None:
            tried.append(name)
            raise ConnectionRefusedError

    monkeypatch.setattr(wakeups, "current_app", Broken())
    monkeypatch.setattr(wakeups, "queue_length", lambda queue: 0)
    assert jobs.sweep_once().woken == 0
    assert jobs.sweep_once().woken == 0
    assert tried == [Prediction.task_name]


@pytest.mark.django_db(transaction=True)
def test_a_heartbeat_keeps_the_lease(job: Prediction, settings: Settings) -> None:
    settings.HEARTBEAT_SECONDS = 0.02
    lease = claim(job)
    expire(job)
    with jobs.job_heartbeats(lease=lease):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            job.refresh_from_db()
            if timezone.now() - job.heartbeat_at < timedelta(seconds=30):
                return
            time.sleep(0.02)
    pytest.fail("no beat")


def test_a_write_waits_for_a_locked_database(settings: Settings) -> None:
    answers = iter([OperationalError("database is locked"), "written"])

    def write() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert jobs.patiently(write) == "written"


def test_a_write_does_not_wait_for_ever(settings: Settings) -> None:
    settings.LEASE_SECONDS = 0

    def write() -> None:
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        jobs.patiently(write)


def test_what_follows_a_job_waits_for_the_database(
    job: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = []

    def settle(prediction: Prediction) -> None:
        settled.append(prediction.pk)
        if len(settled) == 1:
            raise OperationalError("PostgreSQL did not answer for 10 s.")

    monkeypatch.setattr("inference.compare.predicting.settle", settle)
    follow_up(job)
    assert settled == [job.pk, job.pk]


@pytest.mark.django_db(transaction=True)
def test_eight_threads_that_claim_the_same_jobs(
    image: Image, checkpoints: list[Checkpoint]
) -> None:
    """Each job goes to one of them, whatever they do at the same time."""
    for _ in range(4):
        comparison_create(image=image)
    pks = list(Prediction.objects.values_list("pk", flat=True))
    together = threading.Barrier(8)

    def claim_all(number: int) -> list[uuid.UUID]:
        together.wait()
        try:
            owner = f"host:{number}:cpu"
            claims = [
                jobs.patiently(lambda pk=pk: jobs.job_claim(model=Prediction, pk=pk, owner=owner))
                for pk in pks
            ]
            return [lease.pk for lease in claims if lease]
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        claimed = [pk for found in pool.map(claim_all, range(8)) for pk in found]
    assert sorted(claimed) == sorted(pks)
    assert set(Prediction.objects.values_list("attempt", "lease_token")) == {(1, 1)}
