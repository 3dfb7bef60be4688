"""What people do with runs: launch, stop, resume, clone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import Dataset, Kind, Preflight, Run
from experiments.records.configuration import (
    checkpoints_require,
    config_columns,
    train_config,
)
from experiments.records.sources import data_dataset, data_find, data_open
from experiments.runs.keeping import description_check
from models_zoo.training.config import LIMITS
from segweb.audit import act_record
from segweb.http.idempotency import made_already, made_once, request_digest
from segweb.jobs import ENDED, State, wakeups
from segweb.jobs.quotas import queue_require
from segweb.models import Act

MOST_SEEDS = 20
MOST_GPUS = 64
MOST_SETTINGS = 500  # of a run from elsewhere
REQUEST = ("architecture", "variant", "data", "epochs", "seed", "config", "gpus")


def run_launch(*, seed: int = 0, group: uuid.UUID | None = None, **request: Any) -> Run:
    """Queue the training that `request` asks for, in the words that `_runs_queue` takes."""
    (run,) = _runs_queue(seeds=[seed], group=group, **request)
    return run


def runs_launch_group(*, seeds: Sequence[int], **request: Any) -> list[Run]:
    """Queue the same training once for each seed; several make a group. All of them or none.

    ValidationError for no seed, more than twenty or equal ones, and as by `run_launch`.
    """
    if not 1 <= len(seeds) <= MOST_SEEDS or len(set(seeds)) < len(seeds):
        raise ValidationError({"seed": _("Give one to twenty different seeds.")})
    group = uuid.uuid4() if len(seeds) > 1 else None
    return _runs_queue(seeds=seeds, group=group, **request)


def _runs_queue(
    *,
    seeds: Sequence[int],
    group: uuid.UUID | None,
    owner: User | None,
    name: str = "",
    notes: str = "",
    tags: Sequence[str] = (),
    private: bool = False,
    parent: Run | None = None,
    idempotency_key: str = "",
    **request: Any,
) -> list[Run]:
    """A run for each seed of what `request` asks for, in the words that `request_check` takes.

    The same request of the same owner under the same `idempotency_key` gives the run that exists
    already. ValidationError says what is wrong with the request.
    """
    # The largest stands for all: nothing else about a seed can be wrong.
    checked = request_check(**request, seed=max(seeds, key=abs))
    checked |= description_check(name=name, notes=notes, tags=tags)
    # Once, and before the transaction: no other writer waits while data are read.
    dataset = data_dataset(checked["data"])

    def queue(seed: int) -> Run:
        fields = checked | {"seed": seed}
        digest = request_digest(
            caller=owner.pk if owner else None,
            key=idempotency_key,
            # Clones of two runs may ask for the same.
            request=fields
            | ({"parent": parent.pk} if parent else {})
            | ({"private": True} if private else {}),
        )
        fields |= {"dataset": dataset, "group": group, "parent": parent, "owner": owner}
        fields |= {"private": private}

        def insert() -> Run:
            queue_require((Run, Preflight), owner=owner)
            run = Run.objects.create(**fields, idempotency_key=digest)
            wakeups.send_on_commit(run)
            act_record(what=Act.What.LAUNCHED, subject=f"run {run.pk}: {run}", account=owner)
            return run

        # Asked first: a repetition is the same run in a full queue too.
        return made_already(Run, digest) or made_once(Run, digest, insert)

    with transaction.atomic():
        return [queue(seed) for seed in seeds]


def request_check(
    *,
    architecture: str,
    data: str,
    variant: str = "slim",
    epochs: int = 30,
    seed: int = 0,
    config: dict[str, Any] | None = None,
    gpus: int = 1,
) -> dict[str, Any]:
    """The fields of a run (those of REQUEST) that is asked for. ValidationError by field.

    `data` is a data set's slug or a specification (see `records.sources`).
    """
    if not 1 <= gpus <= MOST_GPUS:
        raise ValidationError({"gpus": _("A run uses one GPU or more.")})
    subject: dict[str, Any] = {"architecture": architecture, "variant": variant}
    subject["data"] = data_find(data)
    amount: dict[str, Any] = {"epochs": epochs, "seed": seed}
    checked = train_config(**subject, **amount, config=config or {})
    checkpoints_require(checked)
    # Opened now: whoever asks hears at once of data that are not there, not in the queue.
    for images in filter(None, (checked.data, checked.pseudo)):
        data_open(images, "train")
    return {**subject, **amount, "config": config_columns(checked), "gpus": gpus}


def preflight_request(*, owner: User | None, **request: Any) -> Preflight:
    """Queue a look at what `run_launch` would be asked for. ValidationError as there."""
    checked = request_check(**request)
    with transaction.atomic():
        queue_require((Run, Preflight), owner=owner)
        preflight = Preflight.objects.create(request=checked, owner=owner)
        wakeups.send_on_commit(preflight)
    return preflight


def preflight_stop(*, preflight: Preflight) -> bool:
    """End a look that nobody waits for any more; False when it had ended. Its worker notices."""
    going = Preflight.objects.filter(pk=preflight.pk).exclude(state__in=ENDED)
    return bool(going.update(state=State.STOPPED, ended_at=Now()))


def external_run_create(
    *,
    owner: User,
    architecture: str,
    variant: str = "",
    dataset: Dataset | None = None,
    epochs: int | None = None,
    seed: int = 0,
    config: dict[str, Any] | None = None,
    name: str = "",
    notes: str = "",
    tags: Sequence[str] = (),
    private: bool = False,
    idempotency_key: str = "",
) -> Run:
    """A run that reports from elsewhere: RUNNING at once, without worker and lease.

    `epochs` is how many it plans, None where nobody knows. The same request under the same
    `idempotency_key` gives the run that exists already. ValidationError for tags too many or long,
    and for too many settings.
    """
    options = (config or {}).get("options")
    if len(config or {}) + (len(options) if isinstance(options, dict) else 0) > MOST_SETTINGS:
        said = _("A run has at most %(limit)s settings.") % {"limit": MOST_SETTINGS}
        raise ValidationError({"config": said})
    described = description_check(name=name, notes=notes, tags=tags)
    subject: dict[str, Any] = {"architecture": architecture, "variant": variant}
    subject |= {"epochs": epochs, "seed": seed}
    subject["config"] = config or {}
    digest = request_digest(
        caller=owner.pk if owner else None,
        key=idempotency_key,
        request={**subject, **described, "dataset": dataset.slug if dataset else None}
        | ({"private": True} if private else {}),
    )
    fields = {
        **subject,
        **described,
        "kind": Kind.EXTERNAL,
        "state": State.RUNNING,
        "started_at": timezone.now(),
        "dataset": dataset,
        "private": private,
        "owner": owner,
        "idempotency_key": digest,
    }

    def insert() -> Run:
        run = Run.objects.create(**fields)
        act_record(what=Act.What.LAUNCHED, subject=f"run {run.pk}: {run}", account=owner)
        return run

    return made_once(Run, digest, insert)


def run_stop(*, run: Run) -> bool:
    """Stop at once what waits, ask what trains to stop; False when it had ended already.

    The worker sees the flag within moments, lets the trainer finish its step and save, and kills
    it if that takes too long.
    """
    rows = Run.objects.filter(pk=run.pk)
    ended = {"state": State.STOPPED, "ended_at": Now()}
    # What waits first: a run that is claimed meanwhile is among the running ones below.
    if rows.filter(state=State.QUEUED).update(**ended):
        return True
    running = rows.filter(state=State.RUNNING)
    if run.kind == Kind.EXTERNAL:
        # It has no worker that would see the flag.
        return bool(running.update(**ended))
    return bool(running.update(stop_requested=True))


def run_resume(*, run: Run, epochs: int | None = None) -> bool:
    """Queue a run that was stopped, failed or got lost again; False when it is none of these.

    With `epochs`, more than it was to have, also one that is done. ValidationError for fewer, and
    for one that ended before its last epoch because it got no better.
    """
    resumable = [State.STOPPED, State.FAILED, State.LOST]
    further = {}
    if epochs is not None:
        _require_further(run, epochs)
        resumable.append(State.DONE)
        further = {"epochs": epochs}
    rows = Run.objects.filter(pk=run.pk, kind=Kind.TRAINED, state__in=resumable)
    with transaction.atomic():
        queue_require((Run, Preflight), owner=run.owner)
        changed = rows.update(
            state=State.QUEUED,
            attempt=0,
            stop_requested=False,
            error="",
            queued_at=Now(),
            woken_at=None,
            ended_at=None,
            **further,
        )
        if changed:
            wakeups.send_on_commit(run)
            act_record(what=Act.What.LAUNCHED, subject=f"run {run.pk} again: {run}")
    return bool(changed)


def _require_further(run: Run, epochs: int) -> None:
    if not (run.epochs or 0) < epochs <= LIMITS["epochs"]:
        limits = {"least": (run.epochs or 0) + 1, "most": LIMITS["epochs"]}
        text = _("Give more epochs than before: from %(least)d to %(most)d.") % limits
        raise ValidationError({"epochs": text})
    if run.state == State.DONE and run.epoch < (run.epochs or 0):
        text = _("This run ended because it got no better. Clone it with another patience.")
        raise ValidationError({"epochs": text})


def run_request(*, run: Run) -> dict[str, Any]:
    """What `run_launch` would be called with to repeat a run, to be edited and launched."""
    request = {name: getattr(run, name) for name in REQUEST}
    described = {name: getattr(run, name) for name in ("name", "notes", "tags", "private")}
    return request | described


def run_clone(*, run: Run, owner: User, idempotency_key: str = "", **changes: Any) -> Run:
    """Launch a run again, with changes to its request; settings in `config` are merged.

    The same clone of the same owner under the same `idempotency_key` is made once.
    ValidationError for a run from elsewhere, and as by `run_launch`.
    """
    if run.kind == Kind.EXTERNAL:
        raise ValidationError(_("A run from elsewhere cannot be trained here."))
    request = run_request(run=run) | changes
    request["config"] = run.config | (changes.get("config") or {})
    return run_launch(**request, owner=owner, parent=run, idempotency_key=idempotency_key)
