"""What a script does by MLflow's protocol: experiments, runs, their settings, tags and files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from math import isfinite
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Left
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import Artifact, Dataset, Experiment, Run
from experiments.records.points import epochs_follow
from experiments.runs.keeping import LONGEST_NOTES, LONGEST_TAG, run_publish
from experiments.runs.services import MOST_SETTINGS, external_run_create
from segweb.jobs import State
from segweb.jobs.quotas import QUOTA_REACHED, limit_of, take_turns

MOST_EXPERIMENTS, MOST_TAGS, MOST_ARTIFACTS = 1000, 200, 10_000  # of an account, a run, a run
NAME_TAG, NOTE_TAG, PRIVATE_TAG = "mlflow.runName", "mlflow.note.content", "segweb.private"
# Settings by which scripts call what is a column of ours.
ARCHITECTURE = ("architecture", "arch", "model")
DATASET = ("dataset", "data")
ENDED = (State.DONE, State.FAILED, State.STOPPED)


class Taken(ValidationError):
    """There is one of that name already."""


class NoRoom(ValidationError):
    """An account's files would be more than it may keep."""

    status, type = 403, QUOTA_REACHED


def experiment_create(*, owner: User, name: str, tags: Mapping[str, str]) -> Experiment:
    """A new experiment of an account. Taken when it has one of that name."""
    with transaction.atomic():
        take_turns(f"experiments {owner.pk}")
        its = Experiment.objects.filter(owner=owner)
        if its.filter(name=name).exists():
            raise Taken(_("Experiment “%(name)s” exists already.") % {"name": name})
        if its.count() >= MOST_EXPERIMENTS:
            text = _("An account has at most %(limit)s experiments.")
            raise ValidationError(text % {"limit": MOST_EXPERIMENTS})
        return Experiment.objects.create(owner=owner, name=name, tags=dict(tags))


def experiment_tag(*, experiment: Experiment, tags: Mapping[str, str]) -> None:
    """Set tags of an experiment."""
    with transaction.atomic():
        locked = Experiment.objects.select_for_update().filter(pk=experiment.pk)
        for kept in locked.values_list("tags", flat=True):
            locked.update(tags=_within(kept | dict(tags)))


def script_run_create(
    *, owner: User, experiment: Experiment | None, name: str, tags: Mapping[str, str]
) -> Run:
    """A run that a script begins in an experiment of its account; None is the one by default."""
    named = name or tags.get(NAME_TAG, "") or (experiment.name if experiment else "MLflow")
    ours = [experiment.name[:LONGEST_TAG]] if experiment else []
    with transaction.atomic():
        run = external_run_create(
            owner=owner,
            architecture="",
            name=named,
            tags=ours,
            private=_private(tags.get(PRIVATE_TAG, "")),
        )
        Run.objects.filter(pk=run.pk).update(experiment=experiment)
        run_tags_set(run=run, tags=tags)
    run.refresh_from_db()
    return run


def run_tags_set(*, run: Run, tags: Mapping[str, str], remove: Iterable[str] = ()) -> None:
    """Set and take a script's tags; some of them say what is a column of ours."""
    remove = set(remove)
    with transaction.atomic():
        locked = Run.objects.select_for_update().filter(pk=run.pk)
        for environment in locked.values_list("environment", flat=True):
            kept = {
                key: value for key, value in told_tags(environment).items() if key not in remove
            }
            fields: dict[str, Any] = {
                "environment": environment | {"tags": _within(kept | dict(tags))}
            }
            if tags.get(NAME_TAG):
                fields["name"] = tags[NAME_TAG].strip()[:200]
            if NOTE_TAG in tags:
                fields["notes"] = tags[NOTE_TAG][:LONGEST_NOTES]
            locked.update(**fields)
        if PRIVATE_TAG in tags:
            run_publish(run=run, public=not _private(tags[PRIVATE_TAG]))


def _private(told: str) -> bool:
    # Whoever writes "1" or "yes" wants to hide a run: only what surely says no publishes it.
    return told.strip().lower() not in ("", "false", "no", "0")


def told_tags(environment: Mapping[str, Any]) -> dict[str, str]:
    """The tags that a script gave its run, among its surroundings."""
    tags = environment.get("tags")
    return tags if isinstance(tags, dict) else {}


def _within(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MOST_TAGS:
        raise ValidationError(_("There are at most %(limit)s tags.") % {"limit": MOST_TAGS})
    return tags


def run_settings_record(*, run: Run, told: Mapping[str, str]) -> None:
    """Keep settings that a script logs, each once: one told otherwise is refused.

    What reads as a number or a truth is kept as one, so that runs can be filtered by it. Some say
    what is a column of ours: the architecture, the data set by its slug, the seed.
    """
    with transaction.atomic():
        locked = Run.objects.select_for_update().filter(pk=run.pk)
        for config in locked.values_list("config", flat=True):
            for key, value in told.items():
                if key in config and setting_text(config[key]) != value:
                    text = _("%(key)s is %(old)s already; a setting is logged once.")
                    old = setting_text(config[key])[:100]
                    raise ValidationError(text % {"key": key, "old": old})
            config |= {key: _value(value) for key, value in told.items()}
            if len(config) > MOST_SETTINGS:
                said = _("A run has at most %(limit)s settings.") % {"limit": MOST_SETTINGS}
                raise ValidationError(said)
            locked.update(config=config, **_columns(told))
        if any(key in told for key in DATASET):
            epochs_follow(run=Run.objects.select_related("dataset").get(pk=run.pk))


def _columns(told: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    named = next((told[key] for key in ARCHITECTURE if told.get(key)), "")
    if named and len(named) <= 100:
        found["architecture"] = named
    for key in DATASET:
        if dataset := Dataset.objects.filter(slug=told.get(key, "").lower()).first():
            found["dataset"] = dataset
    seed = _value(told.get("seed", ""))
    if type(seed) is int and abs(seed) < 2**63:
        found["seed"] = seed
    return found


def _value(text: str) -> Any:
    """The number or the truth that a text is, where that is written as the same text again."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            value = kind(text)
        except ValueError:
            continue
        # Numbers of more digits are none that anybody compares with.
        if setting_text(value) == text and len(text) <= 24 and isfinite(value):
            return value
    return text


def setting_text(value: Any) -> str:
    """A setting as MLflow tells it: what Python writes of it."""
    return str(value)


def run_end(*, run: Run, state: State) -> None:
    """A script says how its run stands: it goes on, or it ended in one of the three ways."""
    rows = Run.objects.filter(pk=run.pk)
    if state == State.RUNNING:
        rows.filter(state__in=ENDED).update(state=state, ended_at=None)
    elif state in ENDED:
        # A script that ends stays with what it said first, and what somebody stopped is stopped.
        rows.filter(state=State.RUNNING).update(state=state, ended_at=timezone.now())


def artifact_keep(*, run: Run, path: str, file: File[bytes]) -> Artifact:
    """Keep a file of a run under a path, in place of one that is there. NoRoom where it is full.

    That is found out by the size that the file says it has before any of it is read, and by what
    it has when it is stored.
    """
    _require_room(run, path, file.size)
    key = default_storage.save(f"{run.folder}/artifacts/{uuid4().hex}", file)
    try:
        with transaction.atomic():
            take_turns(f"artifacts {run.owner_id}")
            size = default_storage.size(key)
            former = _require_room(run, path, size)
            fields = {"file": key, "size": size, "created_at": timezone.now()}
            kept, _made = Artifact.objects.update_or_create(run=run, path=path, defaults=fields)
            if former:
                transaction.on_commit(partial(default_storage.delete, str(former.file)))
    except BaseException:
        default_storage.delete(key)
        raise
    return kept


def _require_room(run: Run, path: str, size: int) -> Artifact | None:
    """The file whose place one of that size would take. NoRoom where there is none for it."""
    former = Artifact.objects.filter(run=run, path=path).first()
    if former is None and Artifact.objects.filter(run=run).count() >= MOST_ARTIFACTS:
        text = _("A run keeps at most %(limit)s files.")
        raise ValidationError(text % {"limit": MOST_ARTIFACTS})
    its = Artifact.objects.filter(run__owner=run.owner_id)
    kept = its.aggregate(total=Sum("size"))["total"] or 0
    if kept + size - (former.size if former else 0) > limit_of(run.owner, "bytes"):
        text = _("There is no room left for this account’s files: delete runs that have some.")
        raise NoRoom(text)
    return former


def artifacts_within(run: Run, folder: str) -> QuerySet[Artifact]:
    """What lies below a folder of a run's files; all of them below ""."""
    its = Artifact.objects.filter(run=run)
    start = f"{folder}/" if folder else ""
    # Letter by letter: SQLite's LIKE takes A for a.
    return its.alias(start=Left("path", len(start))).filter(start=start) if start else its


def artifacts_delete(*, run: Run, path: str) -> None:
    """Delete the file of that path or all below it, as MLflow's server does; nothing is fine."""
    with transaction.atomic():
        below = artifacts_within(run, path).values("pk")
        its = Artifact.objects.filter(Q(run=run, path=path) | Q(pk__in=below))
        for found in its.select_for_update():
            found.delete()
            transaction.on_commit(partial(default_storage.delete, str(found.file)))
