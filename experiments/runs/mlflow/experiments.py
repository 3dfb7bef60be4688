"""MLflow's experiments: made, found by id and by name, searched; an account has its own."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from experiments.models import Experiment
from experiments.runs.mlflow.protocol import Given, Refused, pairs, text, words
from experiments.runs.mlflow.searching import (
    MOST_ORDERS,
    Found,
    conditions_read,
    holds,
    in_order,
    order_read,
    page_of,
)
from experiments.runs.mlflow.services import (
    MOST_TAGS,
    Taken,
    experiment_create,
    experiment_tag,
)
from experiments.runs.mlflow.shown import DEFAULT, experiment_shown

LONGEST_TAG = 5000


def experiment_of(user: User, name: str) -> Experiment | None:
    """The account's experiment of that id; None for the one by default."""
    if name == DEFAULT:
        return None
    its = Experiment.objects.filter(owner=user)
    found = its.filter(pk=int(name)).first() if name.isdecimal() and len(name) < 18 else None
    if found is None:
        told = _("This account has no experiment %(name)s.") % {"name": name}
        raise Refused("RESOURCE_DOES_NOT_EXIST", told)
    return found


def create(user: User, given: Given) -> dict[str, Any]:
    """A new one; its id."""
    name, tags = text(given, "name"), pairs(given, "tags", most=MOST_TAGS, longest=LONGEST_TAG)
    try:
        if name == "Default":
            raise Taken(_("Experiment “%(name)s” exists already.") % {"name": name})
        made = experiment_create(owner=user, name=name, tags=tags)
    except Taken as fault:
        raise Refused("RESOURCE_ALREADY_EXISTS", fault.messages[0]) from fault
    return {"experiment_id": str(made.pk)}


def get(user: User, given: Given) -> dict[str, Any]:
    """One by its id."""
    return {"experiment": experiment_shown(experiment_of(user, text(given, "experiment_id")))}


def get_by_name(user: User, given: Given) -> dict[str, Any]:
    """One by its name."""
    name = text(given, "experiment_name", most=5000)
    found = Experiment.objects.filter(owner=user, name=name).first()
    if found is None and name != "Default":
        told = _("This account has no experiment %(name)s.") % {"name": name}
        raise Refused("RESOURCE_DOES_NOT_EXIST", told)
    return {"experiment": experiment_shown(found)}


def tag(user: User, given: Given) -> dict[str, Any]:
    """Set one of its tags; the one by default has none."""
    found = experiment_of(user, text(given, "experiment_id"))
    told = {text(given, "key"): text(given, "value", most=LONGEST_TAG, needed=False)}
    if found is None:
        raise Refused("INVALID_PARAMETER_VALUE", _("The default experiment has no tags."))
    experiment_tag(experiment=found, tags=told)
    return {}


def search(user: User, given: Given) -> dict[str, Any]:
    """Those that a filter on names and tags lets through, newest first."""
    conditions = conditions_read(text(given, "filter", most=6000, needed=False))
    order = order_read(words(given, "order_by", most=MOST_ORDERS))
    its = [*Experiment.objects.filter(owner=user).order_by("-pk"), None]
    found: list[Found] = []
    for experiment in its:
        shown = experiment_shown(experiment)
        facts = {"tags": experiment.tags if experiment else {}, "params": {}, "metrics": {}}
        plain = {name: value for name, value in shown.items() if name != "tags"}
        facts["attributes"] = plain | {"run_name": shown["name"]}  # both are called name
        if all(holds(condition, facts) for condition in conditions):
            found.append((shown, facts))
    page, further = page_of(in_order(found, order), given)
    return {"experiments": [shown for shown, _facts in page]} | further
