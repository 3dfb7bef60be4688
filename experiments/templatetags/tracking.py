"""Filters that show runs: small curves, times, and the looks by which a page knows a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from experiments.fields import RunField
from experiments.models import Epoch, Run
from experiments.scores.metrics import figure_text
from experiments.scores.statistics import PairedDifference
from experiments.vocabulary import PASSPORT
from models_zoo.networks.catalogue import architecture_title
from segweb.jobs import State
from segweb.sentences import told
from segweb.templatetags.figures import points, term

register = template.Library()

OUTCOMES = {
    "": _("goes on"),
    "done": _("done"),
    "stopped": _("stopped"),
    "failed": _("failed"),
    "released": _("given back: the worker was shut down"),
    "crashed": _("the trainer was killed"),
    "stalled": _("the trainer did nothing any more and was ended"),
    "lost": _("the worker was lost"),
}
WIDTH, HEIGHT = 96, 24


@register.simple_tag
def sparkline(history: Sequence[float | None]) -> SafeString | str:
    """A run's mIoU so far as a small line, drawn from 0 to the highest of its values."""
    values = [value for value in history if value is not None]
    if len(values) < 2:
        return ""
    top = max(values) or 1
    step = WIDTH / (len(values) - 1)
    points = " ".join(
        f"{n * step:.1f},{HEIGHT - 1 - (HEIGHT - 2) * value / top:.1f}"
        for n, value in enumerate(values)
    )
    return format_html(
        '<svg class="spark" viewBox="0 0 {} {}" aria-hidden="true"><polyline points="{}"/></svg>',
        WIDTH,
        HEIGHT,
        points,
    )


@register.filter
def architecture_name(key: str) -> str:
    """A catalogue key as its paper writes the name; runs from elsewhere may name anything."""
    return architecture_title(key)


@register.filter
def passport_term(name: str) -> str:
    """What an entry of a score's passport is about."""
    return gettext(PASSPORT.get(name, name))


@register.filter
def passport_facts(protocol: dict[str, Any]) -> SafeString:
    """A score's passport as entries of a list of facts."""
    language = get_language()
    facts = (_passport_fact(name, str(value), language) for name, value in protocol.items())
    return mark_safe("\n".join(facts))  # noqa: S308  # each is


# Not by a template, and kept: a page of the models has five hundred of them.
@lru_cache(maxsize=4096)
def _passport_fact(name: str, value: str, language: str | None) -> SafeString:
    markup = "<div><dt>{}</dt><dd><code>{}</code></dd></div>"
    return format_html(markup, passport_term(name), value)


@register.filter
def span(seconds: float | None) -> str:
    """Seconds as "42 s", "3 min 20 s" or "2 h 5 min"; a dash where they are not known."""
    if seconds is None:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return gettext("%(seconds)d s") % {"seconds": whole}
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return gettext("%(minutes)d min %(seconds)d s") % {"minutes": minutes, "seconds": rest}
    hours, minutes = divmod(minutes, 60)
    return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": minutes}


@register.filter
def took(job: Any) -> float | None:
    """Seconds from a job's (or an attempt's) start to its end; None before it ended."""
    if job.started_at is None or job.ended_at is None:
        return None
    return (job.ended_at - job.started_at).total_seconds()


@register.filter
def progress(run: Run) -> float:
    """The share of a run's epochs that is done, from 0 to 1."""
    if not run.epochs:
        return 0
    within = run.step / run.steps if run.steps else 0
    return min(1, (run.epoch + within) / run.epochs)


@register.filter
def state_title(state: str) -> Any:
    """Where a job stands, in words."""
    return State(state).label  # get_state_display lists all of them anew for each row


@register.filter
def outcome(name: str) -> Any:
    """How an attempt ended, in words."""
    return OUTCOMES.get(name, name)


@register.filter
def verdict(paired: PairedDifference) -> str:
    """A paired difference as "+1.3 mIoU [+0.4, +2.2], wins 63 % of images"."""
    return gettext("%(difference)s mIoU [%(low)s, %(high)s], wins %(wins)s of images") % {
        "difference": points(paired.difference),
        "low": points(paired.low),
        "high": points(paired.high),
        "wins": f"{100 * paired.wins:.0f}\N{NO-BREAK SPACE}%",
    }


@register.filter
def setting(value: Any) -> str:
    """A setting as one writes it for the command line: lists by commas, true and false; or "–"."""
    if value is None:
        return "–"
    if isinstance(value, dict):
        return ", ".join(f"{name}={setting(part)}" for name, part in value.items()) or "–"
    if isinstance(value, (list, tuple)):
        return ", ".join(setting(part) for part in value) or "–"
    return str(value).lower() if isinstance(value, bool) else str(value) or "–"


@register.filter
def finding_sentence(finding: Mapping[str, Any]) -> str:
    """What an audit found, in the reader's language."""
    if "says" in finding:
        return term(finding["says"]) % finding["values"]
    return told(finding["message"])  # of an earlier version


# Not by a template: the run table has a hundred of them.
@register.simple_tag
def field_options(fields: Sequence[RunField]) -> SafeString:
    """The fields as options of a list, with the unit that a value is written in."""
    rows = ((one.name, one.title, " (%)" if one.fraction else "") for one in fields)
    return format_html_join("", '<option value="{}">{}{}</option>', rows)


@register.simple_tag
def field_boxes(fields: Sequence[RunField], shows: Mapping[str, bool]) -> SafeString:
    """The fields as columns to tick."""
    rows = ((one.name, " checked" if one.name in shows else "", one.title) for one in fields)
    box = '<label><input type="checkbox" name="columns" value="{}"{}> {}</label>\n'
    return format_html_join("", box, rows)


@register.simple_tag
def field_value(field: RunField, run: Run, epochs: dict[int, Epoch]) -> str:
    """What a run has in a column of a setting or a metric; a dash where it has nothing."""
    value = field.of(run, epochs)
    if value is None:
        return "–"
    return figure_text(field.key, value) if field.measured else setting(value)


@register.simple_tag
def export_kinds() -> list[tuple[str, Any]]:
    """What can be exported, with its name."""
    return [("runs", _("Runs")), ("epochs", _("Epochs")), ("confusions", _("Confusion matrices"))]
