"""Points of metrics that scripts elsewhere log by step, and the epochs that follow from them.

An epoch ends with a validation: the first step at which a figure of ours on val came is epoch 1,
the next one epoch 2, and so on. What is of training joins the validation that follows it, the last
value of each. A series is one of ours by its name (ALIASES of models_zoo's table), and only while
all its values can be: percentages are no fractions, and are drawn under their own name alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from experiments.models import Epoch, Point, Run, Series
from experiments.records.epochs import (
    LARGEST_NUMBER,
    RunGone,
    epoch_values,
    run_summarise,
)
from models_zoo.files import is_plain
from models_zoo.metrics.table import ALIASES, METRICS, alias_class, alias_words
from models_zoo.training.config import LIMITS

MOST_SERIES, MOST_POINTS = 1000, 2_000_000  # of a run
LONGEST_NAME = 250
MOST_NUMBER = 2**63 - 1  # of a step, and of a time
LATEST_YEAR = 253_402_300_799_000  # the last millisecond that a date can name
BY_CLASS = "per_class_iou"
OF_TRAINING = ("loss", "lr", "train_miou")
_RANK = {words: rank for rank, words in enumerate(ALIASES)}
# One statement for both databases; a row each of Django's own takes four times as long.
_INSERT = (
    "INSERT INTO experiments_point (series_id, step, at, value) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT DO NOTHING"
)

# What a metric of ours is read from: its name, and the class where it is of one.
Ours = dict[tuple[str, int | None], Series]


class Told(NamedTuple):
    """A value that a script logs: `at` in milliseconds since 1970, None for what is no number."""

    name: str
    value: float | None
    step: int = 0
    at: int = 0


def points_record(*, run: Run, points: Iterable[Told]) -> None:
    """Keep points of a run's metrics, and its epochs as they follow; the same again is nothing.

    ValidationError for names, steps and times that cannot be kept, and for too many of them.
    RunGone when the run was deleted meanwhile.
    """
    points = list(points)
    for told in points:
        _require(told)
    with transaction.atomic():
        # The run's row first: processes that log at once take turns.
        locked = Run.objects.select_for_update(of=("self",)).filter(pk=run.pk)
        fresh = locked.select_related("dataset").first()
        if fresh is None:
            raise RunGone(_("This run was deleted."))
        series = {one.name: one for one in Series.objects.filter(run=fresh)}
        before = series_ours(fresh, series.values())
        touched = _series_moved(fresh, series, points)
        told_before = _without_number(touched.values()) if None in {p.value for p in points} else ()
        once = dict.fromkeys((touched[p.name].pk, p.step, p.at, p.value) for p in points)
        rows: list[Any] = [row for row in once if row not in told_before]
        with connection.cursor() as cursor:
            cursor.executemany(_INSERT, rows)
            added = cursor.rowcount if rows else 0
        if added < len(points):  # a client that tries again repeats itself
            _recount(touched.values())
        if len(series) > MOST_SERIES or sum(one.points for one in series.values()) > MOST_POINTS:
            text = _("A run has at most %(series)s metrics and %(points)s values of them.")
            raise ValidationError(text % {"series": MOST_SERIES, "points": MOST_POINTS})
        after = series_ours(fresh, series.values())
        if any(after.get(metric) is not one for metric, one in before.items()):
            epochs_follow(run=fresh, ours=after)  # of before, too
            return
        mine = {one.name: name for (name, _n), one in after.items()}
        steps = [told.step for told in points if told.name in mine]
        validated = any(mine.get(told.name, "loss") not in OF_TRAINING for told in points)
        # A loss at each of ten thousand steps waits for the validation that it joins.
        if steps and (validated or Epoch.objects.filter(run=fresh, step__gte=min(steps)).exists()):
            epochs_follow(run=fresh, ours=after, since=min(steps))


def _require(told: Told) -> None:
    if not told.name or len(told.name) > LONGEST_NAME or not is_plain(told.name):
        text = _("A metric's name is a text of at most %(limit)s characters.")
        raise ValidationError(text % {"limit": LONGEST_NAME})
    if not (abs(told.step) <= MOST_NUMBER and 0 <= told.at <= LATEST_YEAR):
        raise ValidationError(_("A step or a time is out of all bounds."))


def _series_moved(run: Run, series: dict[str, Series], points: list[Told]) -> dict[str, Series]:
    """The series of these points, made or brought up to date; they join `series`."""
    told: dict[str, list[Told]] = {}
    for point in points:
        told.setdefault(point.name, []).append(point)
    for name, its in told.items():
        latest = max(reversed(its), key=_place)  # of several at one place the last told
        known = series.get(name)
        one = known or Series(run=run, name=name)
        if known is None or _place(latest) >= (one.step, one.at):
            one.step, one.at, one.value = latest.step, latest.at, latest.value
        numbers = [p.value for p in its if p.value is not None]
        if numbers:
            one.low = min(numbers if one.low is None else [one.low, *numbers])
            one.high = max(numbers if one.high is None else [one.high, *numbers])
        one.points += len(its)
        series[name] = one
    moved = Series.objects.bulk_create(
        [series[name] for name in told],
        update_conflicts=True,
        unique_fields=["run", "name"],
        update_fields=["step", "at", "value", "low", "high", "points"],
    )
    return {one.name: one for one in moved}


def _recount(series: Iterable[Series]) -> None:
    """Has these series say how many points they have."""
    its = list(series)
    counted = Point.objects.filter(series__in=its).order_by().values_list("series")
    kept = dict(counted.annotate(Count("pk")))
    for one in its:
        one.points = kept.get(one.pk, 0)
    Series.objects.bulk_update(its, ["points"])


def _without_number(series: Iterable[Series]) -> set[tuple[int, int, int, None]]:
    """Rows whose value is no number: a database takes two such for two values."""
    rows = Point.objects.filter(series__in=list(series), value=None)
    return {(*row, None) for row in rows.values_list("series", "step", "at")}


def _place(told: Told) -> tuple[int, int]:
    return told.step, told.at


def series_ours(run: Run, series: Iterable[Series]) -> Ours:
    """Which series each of our metrics is read from: of several, that of the plainest name."""
    classes = run.dataset.classes if run.dataset else []
    by_words = {alias_words(entry["name"]): number for number, entry in enumerate(classes)}
    found: dict[tuple[str, int | None], tuple[int, str, Series]] = {}
    for one in series:
        words = alias_words(one.name)
        metric, number = ALIASES.get(words, ""), None
        if not metric:
            number = by_words.get(alias_class(one.name))
            metric = BY_CLASS if number is not None else ""
        if not metric or not _possible(metric, one):
            continue
        ranked = (_RANK.get(words, 0), one.name, one)
        key = (metric, number)
        if key not in found or ranked[:2] < found[key][:2]:
            found[key] = ranked
    return {key: one for key, (_rank, _name, one) in found.items()}


def _possible(metric: str, one: Series) -> bool:
    """Whether all values of a series may be of that metric; what has none yet may."""
    low, high = one.low or 0.0, one.high or 0.0
    if METRICS[metric].fraction:
        return low >= 0 and high <= 1
    return metric != "lr" or low >= 0


def epochs_follow(*, run: Run, ours: Ours | None = None, since: int = -MOST_NUMBER) -> None:
    """Write the epochs anew whose validation was at step `since` or later.

    Nothing where the epochs were reported as such. Within a transaction that holds the run's row.
    """
    if ours is None:
        ours = series_ours(run, Series.objects.filter(run=run))
    if Epoch.objects.filter(run=run, step=None).exists():
        return
    earlier = Epoch.objects.filter(run=run, step__lt=since).order_by("-number")
    number, last = earlier.values_list("number", "step").first() or (0, None)
    room = LIMITS["epochs"] - number
    if room <= 0:  # what follows the last epoch that is kept is none, however much of it comes
        return
    after = -MOST_NUMBER if last is None else last
    rows = list(islice(_epochs_of(run, ours, after, number), room))
    stale = Epoch.objects.filter(run=run, number__gt=number)
    if rows or stale.exists():
        stale.delete()
        Epoch.objects.bulk_create(rows)
        run_summarise(run)


def _epochs_of(run: Run, ours: Ours, after: int, number: int) -> Iterator[Epoch]:
    """The epochs after step `after`, of which the last was the `number`-th."""
    keys = {one.pk: key for key, one in ours.items()}
    classes = len(run.dataset.classes) if run.dataset else 0
    points = Point.objects.filter(series__in=keys, step__gt=after).order_by("step", "at", "pk")
    rows = points.values_list("step", "at", "series", "value").iterator()
    training: dict[str, float | None] = {}
    for step, its in groupby(rows, itemgetter(0)):
        told: dict[tuple[str, int | None], float | None] = {}
        ended = 0
        for _step, at, series, value in its:  # the latest last
            told[keys[series]] = _drawn(value)
            ended = max(ended, at)
        training |= {name: value for (name, _n), value in told.items() if name in OF_TRAINING}
        on_val = {key: value for key, value in told.items() if key[0] not in OF_TRAINING}
        if not on_val:
            continue
        figures: dict[str, Any] = {**training}
        figures |= {name: value for (name, n), value in on_val.items() if n is None}
        if any(n is not None for _name, n in on_val):
            figures[BY_CLASS] = [on_val.get((BY_CLASS, n)) for n in range(classes)]
        number, training = number + 1, {}
        yield _epoch(run, number, step, ended, figures)


def _epoch(run: Run, number: int, step: int, at: int, figures: Mapping[str, object]) -> Epoch:
    ended = datetime.fromtimestamp(at / 1000, UTC) if at else timezone.now()
    told = {"number": number, "step": step, "recorded_at": ended}
    return Epoch(run=run, **told, **epoch_values(figures))


def _drawn(value: float | None) -> float | None:
    return value if value is not None and abs(value) < LARGEST_NUMBER else None
