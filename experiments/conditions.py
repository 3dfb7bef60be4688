"""Conditions that runs are filtered by, as in "config.lr>=0.01": on pages and by REST alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from experiments.fields import LONGEST, METRIC, TEXTS, RunField, at_best, field_named
from experiments.models import Epoch, Run
from models_zoo.files import is_plain

SIGNS = {"=": "=", "!=": "≠", ">=": "≥", "<=": "≤"}  # as written, as shown
MOST_CONDITIONS = 20  # each looks through every run: 1,000 took half a minute
LEAST, MOST = Decimal("-1e308"), Decimal("1e308")
EXPONENT = 308


@dataclass(frozen=True)
class Condition:
    """A field, a sign of SIGNS and what was written behind it; `text` is the whole, as it came."""

    field: RunField
    sign: str
    written: str
    text: str

    @property
    def bounds(self) -> tuple[Decimal, Decimal] | None:
        """Between which numbers the value lies; None where it is the one that was written."""
        number = _number(self.written)
        if number is None or self.field.name in TEXTS:
            return None
        if self.sign == ">=":
            return number, MOST
        if self.sign == "<=":
            return LEAST, number
        if not self.field.measured:
            return number, number
        # What is shown is rounded: 52.1 means whatever is shown as 52.1, and 5e1 the same as 50.
        half = Decimal(5).scaleb(min(int(number.as_tuple().exponent), 0) - 1)
        return number - half, number + half

    @property
    def shown(self) -> str:
        """As people read it."""
        unit = " %" if self.field.fraction else ""
        return f"{self.field.title} {SIGNS[self.sign]} {self.written}{unit}"


def condition_read(text: str) -> Condition:
    """A condition as it is written. ValidationError says what is wrong with it."""
    at = {text.find(sign): sign for sign in SIGNS if sign in text}
    if not at:
        said = _("A condition is a name, one of = != >= <= and a value: %(text)s.")
        raise ValidationError(said % {"text": text[:LONGEST]})
    place, sign = min(at.items())
    name, written = text[:place].strip(), text[place + len(sign) :].strip()
    field = field_named(name)
    if field is None:
        said = _("There is no setting or metric %(name)s.") % {"name": name[:LONGEST]}
        raise ValidationError(said)
    condition = Condition(field, sign, written, text)
    if not written or len(written) > LONGEST or not is_plain(written):
        said = _("Write a value behind %(name)s.") % {"name": field.title}
        raise ValidationError(said)
    if _number(written) is None and (field.numeric or sign in (">=", "<=")):
        said = _("%(name)s is compared with a number, not with “%(text)s”.")
        raise ValidationError(said % {"name": field.title, "text": written})
    return condition


def conditions_read(texts: Sequence[str]) -> tuple[list[Condition], list[str]]:
    """The conditions as they are written, and what is wrong with the others."""
    read, refused = [], []
    for text in texts[:MOST_CONDITIONS]:
        try:
            read.append(condition_read(text))
        except ValidationError as refusal:
            refused += refusal.messages
    if len(texts) > MOST_CONDITIONS:
        refused.append(_("Give at most %(limit)s conditions.") % {"limit": MOST_CONDITIONS})
    return read, refused


def runs_where(
    runs: QuerySet[Run], conditions: Iterable[Condition], *, percent: bool
) -> QuerySet[Run]:
    """Those that meet all conditions; `percent` where fractions are written as pages show them."""
    for condition in conditions:
        meets = Q(pk__in=_meeting(condition, percent))
        runs = runs.exclude(meets) if condition.sign == "!=" else runs.filter(meets)
    return runs


def _meeting(condition: Condition, percent: bool) -> QuerySet[Any]:
    """The keys of the runs that meet a condition; of those that do not, where its sign is !=."""
    field = condition.field
    rows: QuerySet[Any] = Run.objects.order_by()
    if field.name.startswith(METRIC):
        rows = at_best(Epoch.objects.order_by())
    rows = rows.alias(found=field.value)
    if bounds := condition.bounds:
        # Both of them always: a text lies above every number in one database, below in the other.
        scale = 100 if percent and field.fraction else 1
        low, high = (float(bound) / scale for bound in bounds)
        rows = rows.filter(found__gte=low, found__lte=high)
    else:
        text = field.name in TEXTS
        rows = rows.filter(found=condition.written if text else _typed(condition.written))
    return rows.values("run" if field.name.startswith(METRIC) else "pk")


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    # The exponent first: nothing can be reckoned with 0e999999999.
    bounded = number.is_finite() and abs(int(number.as_tuple().exponent)) <= EXPONENT
    return number if bounded and abs(number) <= MOST else None


def _typed(written: str) -> Any:
    """A value as JSON holds it: a list by commas, true and false, a number, else a text."""
    if "," in written:
        return [_typed(part.strip()) for part in written.split(",")]
    if written in ("true", "false"):
        return written == "true"
    number = _number(written)
    if number is None:
        return written
    return int(number) if number == number.to_integral_value() else float(number)
