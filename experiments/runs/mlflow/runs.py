"""MLflow's runs: begun, read, searched, ended, deleted; what is logged to them; their metrics."""

from __future__ import annotations

import time
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Prefetch
from django.utils.translation import gettext as _

from experiments.models import Kind, Point, Run, Series
from experiments.records.points import Told, points_record
from experiments.runs.keeping import run_annotate, run_delete
from experiments.runs.mlflow.experiments import experiment_of
from experiments.runs.mlflow.protocol import (
    Given,
    number,
    pairs,
    rows,
    run_of,
    text,
    whole,
    words,
    wrong,
)
from experiments.runs.mlflow.searching import (
    MOST_ORDERS,
    Found,
    conditions_read,
    holds,
    in_order,
    order_read,
    page_of,
    run_facts,
)
from experiments.runs.mlflow.services import (
    MOST_EXPERIMENTS,
    MOST_TAGS,
    run_end,
    run_settings_record,
    run_tags_set,
    script_run_create,
)
from experiments.runs.mlflow.shown import (
    DEFAULT,
    STATES,
    info_shown,
    point_shown,
    run_shown,
)

# Of one request, as MLflow has it.
MOST_METRICS, MOST_PARAMS = 1000, 100
LONGEST_PARAM, LONGEST_TAG = 6000, 8000
LONGEST_HISTORY = 25_000
MOST_SEARCHED = 10_000  # of an account's newest runs


def create(user: User, given: Given) -> dict[str, Any]:
    """A run that begins now."""
    experiment = experiment_of(user, text(given, "experiment_id", needed=False) or DEFAULT)
    name = text(given, "run_name", most=200, needed=False)
    tags = pairs(given, "tags", most=MOST_TAGS, longest=LONGEST_TAG)
    run = script_run_create(owner=user, experiment=experiment, name=name, tags=tags)
    return {"run": run_shown(run, [])}


def get(user: User, given: Given) -> dict[str, Any]:
    """One, with the latest values of its metrics."""
    run = run_of(user, given)
    return {"run": run_shown(run, run.series.all())}


def update(user: User, given: Given) -> dict[str, Any]:
    """What it is called, and whether it goes on or has ended."""
    run = run_of(user, given, change=True)
    status = text(given, "status", needed=False)
    if status and status not in STATES:
        raise wrong(_("There is no status %(status)s.") % {"status": status})
    with transaction.atomic():
        if name := text(given, "run_name", most=200, needed=False):
            run_annotate(run=run, name=name)
        if status:
            run_end(run=run, state=STATES[status])
    run.refresh_from_db()
    return {"run_info": info_shown(run)}


def delete(user: User, given: Given) -> dict[str, Any]:
    """For good, with all its files: there is no bin."""
    run_delete(run=run_of(user, given, change=True))
    return {}


def search(user: User, given: Given) -> dict[str, Any]:
    """An account's runs of some experiments that a filter lets through, newest first."""
    named = dict.fromkeys(words(given, "experiment_ids", most=MOST_EXPERIMENTS + 1))
    experiments = [experiment_of(user, name) for name in named]
    conditions = conditions_read(text(given, "filter", most=6000, needed=False))
    order = order_read(words(given, "order_by", most=MOST_ORDERS))
    its = Run.objects.filter(owner=user, kind=Kind.EXTERNAL, removed_at=None)
    chosen = its.filter(experiment__in=[one for one in experiments if one])
    chosen = chosen | its.filter(experiment=None) if None in experiments else chosen
    metrics = {c.name for c in conditions if c.kind == "metrics"}
    metrics |= {name for kind, name, _down in order if kind == "metrics"}
    series = Prefetch("series", Series.objects.filter(name__in=metrics), to_attr="asked")
    its = chosen.select_related("owner").prefetch_related(series).order_by("-pk")
    if text(given, "run_view_type", needed=False) == "DELETED_ONLY":
        its = its.none()
    found: list[Found] = []
    for run in its[:MOST_SEARCHED]:
        facts = run_facts(run, run.asked)
        if all(holds(condition, facts) for condition in conditions):
            found.append((run, facts))
    page, further = page_of(in_order(found, order), given)
    told: dict[int, list[Series]] = {run.pk: [] for run, _facts in page}
    for one in Series.objects.filter(run__in=told):
        told[one.run_id].append(one)
    return {"runs": [run_shown(run, told[run.pk]) for run, _facts in page]} | further


def log_metric(user: User, given: Given) -> dict[str, Any]:
    """One value at a step."""
    run = run_of(user, given, change=True)
    points_record(run=run, points=[_told(given, _now())])
    return {}


def log_batch(user: User, given: Given) -> dict[str, Any]:
    """Up to a thousand values, settings and tags: all of them or none."""
    run = run_of(user, given, change=True)
    now = _now()
    points = [_told(row, now) for row in rows(given, "metrics", MOST_METRICS)]
    params = pairs(given, "params", most=MOST_PARAMS, longest=LONGEST_PARAM)
    tags = pairs(given, "tags", most=MOST_TAGS, longest=LONGEST_TAG)
    with transaction.atomic():
        if params:
            run_settings_record(run=run, told=params)
        if points:
            points_record(run=run, points=points)
        if tags:
            run_tags_set(run=run, tags=tags)
    return {}


def log_parameter(user: User, given: Given) -> dict[str, Any]:
    """One setting, told once."""
    run = run_of(user, given, change=True)
    value = text(given, "value", most=LONGEST_PARAM, needed=False)
    run_settings_record(run=run, told={text(given, "key"): value})
    return {}


def set_tag(user: User, given: Given) -> dict[str, Any]:
    """One tag, in place of what it said before."""
    run = run_of(user, given, change=True)
    value = text(given, "value", most=LONGEST_TAG, needed=False)
    run_tags_set(run=run, tags={text(given, "key"): value})
    return {}


def delete_tag(user: User, given: Given) -> dict[str, Any]:
    """Take a tag."""
    run = run_of(user, given, change=True)
    run_tags_set(run=run, tags={}, remove=[text(given, "key")])
    return {}


def history(user: User, given: Given) -> dict[str, Any]:
    """All values of a metric by step, at most LONGEST_HISTORY at once."""
    run, name = run_of(user, given), text(given, "metric_key")
    most, start = whole(given, "max_results", LONGEST_HISTORY), whole(given, "page_token")
    if not 1 <= most <= LONGEST_HISTORY or start < 0:
        raise wrong(_("max_results is between 1 and %(limit)s.") % {"limit": LONGEST_HISTORY})
    points = Point.objects.filter(series__run=run, series__name=name)
    found = list(points.values_list("step", "at", "value")[start : start + most + 1])
    told = [point_shown(name, *point) for point in found[:most]]
    further = {"next_page_token": str(start + most)} if len(found) > most else {}
    return {"metrics": told} | further


def _told(given: Given, now: int) -> Told:
    name = text(given, "key")
    return Told(name, number(given, "value"), whole(given, "step"), whole(given, "timestamp", now))


def _now() -> int:
    return time.time_ns() // 1_000_000
