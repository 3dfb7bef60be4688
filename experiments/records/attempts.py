"""Recording an attempt at a run: its beginning and end, and what came of it beside the scores."""

from __future__ import annotations

from typing import Any

from django.core.files.storage import default_storage
from django.utils import timezone

from experiments.models import Attempt, Probe, Run, Usage
from segweb.jobs import State


def attempt_begin(*, run: Run, number: int, owner: str) -> Attempt:
    """The attempt `number` of a run, the lease's token; begun again, it is the same one."""
    # Repeated by `patiently`, it may have been made the first time.
    return Attempt.objects.get_or_create(run=run, number=number, defaults={"owner": owner})[0]


def attempt_end(*, attempt: Attempt, outcome: str, exit_code: int | None) -> None:
    """End an attempt with its outcome (see Attempt) and the exit code of its trainer, if any."""
    Attempt.objects.filter(pk=attempt.pk).update(
        ended_at=timezone.now(), outcome=outcome, exit_code=exit_code
    )


def attempts_lose(*, run: Run) -> None:
    """End as lost what is still open of a run's attempts."""
    unended = Attempt.objects.filter(run_id=run.pk, ended_at=None)
    unended.update(ended_at=timezone.now(), outcome="lost")


def run_ended(run: Run) -> None:
    """After the last word on an attempt: end it, where the worker's fault or end left it open."""
    token = run.lease_token
    failed = Run.objects.filter(pk=run.pk, state=State.FAILED, lease_token=token).exists()
    unended = Attempt.objects.filter(run_id=run.pk, number=token, ended_at=None)
    unended.update(ended_at=timezone.now(), outcome="failed" if failed else "lost")


def attempt_reach(*, attempt: Attempt, epoch: int) -> None:
    """Note that an attempt recorded an epoch."""
    if attempt.first_epoch is None:
        attempt.first_epoch = epoch
    attempt.last_epoch = epoch
    attempt.save(update_fields=["first_epoch", "last_epoch"])


def attempt_fall_back(*, attempt: Attempt, damaged: list[str], epoch: int, step: int) -> None:
    """Note that an attempt found its newest states damaged, and where it went on instead."""
    told = {"damaged": damaged, "epoch": epoch, "step": step}
    Attempt.objects.filter(pk=attempt.pk).update(fallback=told)


def probes_record(*, run: Run, epoch: int) -> None:
    """Rows for the masks that the trainer wrote of its probe images; each once."""
    folder = f"{run.folder}/probes/{epoch:04d}"
    try:
        names = default_storage.listdir(folder)[1]
    except FileNotFoundError:
        return
    Probe.objects.bulk_create(
        (
            Probe(run=run, epoch=epoch, name=name.removesuffix(".png"), file=f"{folder}/{name}")
            for name in sorted(names)
            if name.endswith(".png")
        ),
        # A replay that was cut off tells the same epoch again.
        ignore_conflicts=True,
    )


def usage_record(*, run: Run, **sample: Any) -> None:
    """Keep a sample of what the trainer uses, by Usage's fields."""
    Usage.objects.create(run=run, **sample)
