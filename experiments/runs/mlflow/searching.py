"""Search of runs and experiments in MLflow's words: metrics.miou > 0.5 and params.lr = '0.1'.

Conditions are held against the rows here, not in the database: names come from scripts and may be
anything, and JSON of numbers and texts compares differently on each database.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from experiments.models import Run, Series
from experiments.runs.mlflow.protocol import Given, whole, wrong
from experiments.runs.mlflow.services import setting_text
from experiments.runs.mlflow.shown import info_shown, tags_of

MOST_CONDITIONS, MOST_ORDERS, LONGEST = 20, 20, 6000
PAGE, LARGEST_PAGE = 1000, 50_000
KINDS = {
    "metric": "metrics",
    "metrics": "metrics",
    "param": "params",
    "params": "params",
    "parameter": "params",
    "tag": "tags",
    "tags": "tags",
    "attribute": "attributes",
    "attributes": "attributes",
    "attr": "attributes",
    "run": "attributes",
}
SAME = {"created": "start_time", "run name": "run_name", "name": "run_name"}
NUMERIC = ("start_time", "end_time", "creation_time", "last_update_time")
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_NAME = r"""(?:`[^`]+`|"[^"]+"|[^\s=<>!`"'()]+)"""
_VALUE = r"""(?:'[^']*'|"[^"]*"|\((?:[^()'"]|'[^']*'|"[^"]*")*\)|[^\s()'"]+)"""
_CONDITION = re.compile(
    rf"\s*(?:(?P<kind>\w+)\.)?(?P<name>{_NAME})\s*"
    rf"(?P<compare>!=|>=|<=|=|>|<|\b(?:NOT\s+IN|IN|LIKE|ILIKE)\b)\s*(?P<value>{_VALUE})\s*",
    re.IGNORECASE,
)
_AND = re.compile(r"and\s", re.IGNORECASE)


Found = tuple[Any, Mapping[str, Mapping[str, Any]]]  # a row with its facts


class Condition(NamedTuple):
    """One of those that have to hold together; `value` is a number, a text or several texts."""

    kind: str
    name: str
    compare: str
    value: Any


def conditions_read(text: str) -> list[Condition]:
    """What a filter asks for. Refused for what is not of that language."""
    if len(text) > LONGEST:
        raise wrong(_("The filter is too long."))
    found: list[Condition] = []
    place = 0
    while text[place:].strip():
        if found and not (link := _AND.match(text, place)):
            raise wrong(_("Conditions of a filter are joined by “and”: %(text)s") % {"text": text})
        place = link.end() if found and link else place
        match = _CONDITION.match(text, place)
        if match is None or len(found) == MOST_CONDITIONS:
            raise wrong(_("This filter is not understood: %(text)s") % {"text": text})
        found.append(_condition(match))
        place = match.end()
    return found


def _condition(match: re.Match[str]) -> Condition:
    kind, name = _named(match["kind"], match["name"])
    compare = " ".join(match["compare"].upper().split())
    raw = match["value"]
    if compare in ("IN", "NOT IN"):
        texts = re.findall(r"""'([^']*)'|"([^"]*)\"""", raw)
        return Condition(kind, name, compare, [one or other for one, other in texts])
    value = raw[1:-1] if raw[0] in "'\"" else raw
    if kind != "metrics" and (kind != "attributes" or name not in NUMERIC):
        return Condition(kind, name, compare, value)
    try:
        return Condition(kind, name, compare, float(value))
    except ValueError as fault:
        raise wrong(_("%(name)s is compared with a number.") % {"name": name}) from fault


def _named(kind: str | None, name: str) -> tuple[str, str]:
    bare = name[1:-1] if name[0] in '`"' else name
    if kind and kind.lower() not in KINDS:
        raise wrong(_("There is nothing called %(kind)s to search by.") % {"kind": kind})
    found = KINDS[kind.lower()] if kind else "attributes"
    return found, SAME.get(bare.lower(), bare) if found == "attributes" else bare


def holds(condition: Condition, facts: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the facts, by kind and name, meet a condition; what is not there meets none."""
    value = facts[condition.kind].get(condition.name)
    if value is None:
        return False
    if condition.compare in ("LIKE", "ILIKE"):
        flags = re.DOTALL | (re.IGNORECASE if condition.compare == "ILIKE" else 0)
        return re.fullmatch(_like(str(condition.value)), str(value), flags) is not None
    if condition.compare in ("IN", "NOT IN"):
        return (str(value) in condition.value) is (condition.compare == "IN")
    wanted = condition.value
    value = value if isinstance(wanted, float) else str(value)
    return COMPARED[condition.compare](value, wanted)


def _like(pattern: str) -> str:
    """SQL's % and _ as a regular expression that never tries a place twice."""
    first, *others = (
        "".join("." if letter == "_" else re.escape(letter) for letter in part)
        for part in pattern.split("%")
    )
    if not others:
        return first
    # The first place of each part is as good as any later one, so none is tried again: with .*
    # alone, ten parts on a text of a thousand letters would take years.
    between = "".join(f"(?>.*?{part})" for part in others[:-1] if part)
    return f"{first}{between}.*{others[-1]}"


def run_facts(run: Run, series: Iterable[Series]) -> dict[str, dict[str, Any]]:
    """What a run can be searched by."""
    return {
        "metrics": {one.name: one.value for one in series},
        "params": {key: setting_text(value) for key, value in run.config.items()},
        "tags": tags_of(run),
        "attributes": info_shown(run),
    }


def order_read(terms: Iterable[str]) -> list[tuple[str, str, bool]]:
    """What a list is sorted by: kind, name, and whether downwards."""
    found = []
    for term in terms:
        match = re.fullmatch(rf"\s*(?:(\w+)\.)?({_NAME})(?:\s+(asc|desc))?\s*", term, re.IGNORECASE)
        if match is None:
            raise wrong(_("This order is not understood: %(text)s") % {"text": term})
        found.append((*_named(match[1], match[2]), (match[3] or "").lower() == "desc"))
    return found


def in_order(found: list[Found], order: list[tuple[str, str, bool]]) -> list[Found]:
    """Rows with their facts by these terms, each stable over the next; without a value last."""
    for kind, name, down in reversed(order):
        values = [row for row in found if row[1][kind].get(name) is not None]
        without = [row for row in found if row[1][kind].get(name) is None]
        values.sort(key=lambda row: row[1][kind][name], reverse=down)
        found = values + without
    return found


def page_of(found: list[Found], given: Given) -> tuple[list[Found], dict[str, Any]]:
    """The page that a request asks for, and the token of the next one where there is one."""
    most, start = whole(given, "max_results", PAGE), whole(given, "page_token")
    if not 1 <= most <= LARGEST_PAGE or start < 0:
        raise wrong(_("max_results is between 1 and %(limit)s.") % {"limit": LARGEST_PAGE})
    end = start + most
    return found[start:end], {"next_page_token": str(end)} if len(found) > end else {}
