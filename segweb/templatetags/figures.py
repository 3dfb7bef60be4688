"""Filters that write figures and words as the field and the reader's language do."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django import template
from django.contrib.humanize.templatetags.humanize import naturaltime
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext

from segweb.sentences import told

register = template.Library()


def _rounded(value: float, digits: int) -> str:
    """A figure as the reader's language writes it; Django's own formatting cuts digits off."""
    # Without the sign of a zero, which its equal would be written with from then on.
    return _written(round(value, digits) + 0.0, digits, get_language())


# A page of the models shows the same few hundred figures a thousand times.
@lru_cache(maxsize=4096)
def _written(rounded: float, digits: int, language: str | None) -> str:
    return number_format(rounded, digits)


@register.filter
def term(english: str) -> str:
    """A word that reaches the page from a file or a row, in the reader's language."""
    # gettext answers an empty text with the catalogue's own head.
    return gettext(english) if english else ""


# What went wrong, as a row holds it in English.
register.filter(told)


@register.filter
def percent(fraction: float) -> str:
    """0.3412 as "34 %", and small shares as "0.4 %" or "< 0.1 %"."""
    return f"{share(fraction)} %"


@register.filter
def share(fraction: float) -> str:
    """As `percent`, without the sign, where a heading says what figures are."""
    value = 100 * fraction
    if 0 < value < 0.1:
        return f"< {_rounded(0.1, 1)}"
    return _rounded(value, 0 if value >= 9.95 or value == 0 else 1)


@register.filter
def iou(fraction: float | None) -> str:
    """An IoU as the field writes it, in percent with one digit; a dash where there is none."""
    return "–" if fraction is None else _rounded(100 * fraction, 1)


@register.filter
def points(fraction: float) -> str:
    """A difference of two fractions in percentage points: "+5.3", "−12.0"."""
    value = round(100 * fraction, 1)
    return f"{'+' if value > 0 else '−' if value < 0 else '±'}{_rounded(abs(value), 1)}"


@register.filter
def duration(milliseconds: float) -> str:
    """Milliseconds as "318 ms", from a second on as "1.24 s"."""
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    return f"{_rounded(milliseconds / 1000, 2)} s"


@register.filter
def millions(parameters: int) -> str:
    """A number of parameters as "0.71 M"."""
    return f"{_rounded(parameters / 1e6, 2 if parameters < 1e7 else 1)} M"


@register.filter
def ago(moment: datetime) -> SafeString:
    """How long ago something was, with its day and time for who points at it."""
    # The date filter would take a tenth of the time that a list of runs does.
    here = timezone.localtime(moment)
    exact, told = here.isoformat(timespec="seconds"), here.strftime("%Y-%m-%d %H:%M %Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, told, naturaltime(moment))
