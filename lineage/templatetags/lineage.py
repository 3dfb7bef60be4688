"""Filters that write figures and options of architectures."""

from __future__ import annotations

import json

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

register = template.Library()


@register.filter
def view(receptive_field: int | str) -> str:
    """A receptive field's side as "404 px", or that it is the whole image."""
    return _("whole image") if receptive_field == "global" else f"{receptive_field} px"


VERDICTS = {
    "holds": gettext_noop("holds"),
    "same": gettext_noop("no difference"),
    "contrary": gettext_noop("the contrary holds"),
    "fails": gettext_noop("does not hold"),
    "single": gettext_noop("one seed, no interval yet"),
    "unclear": gettext_noop("cannot tell"),
    "unmeasured": gettext_noop("not measured yet"),
}


@register.filter
def verdict_word(state: str) -> str:
    """What became of a claim, in words."""
    return _(VERDICTS[state])


@register.filter
def literal(value: object) -> str:
    """An option's value as Python writes it; JSON made a list of a tuple."""
    return str(tuple(value)) if isinstance(value, list) else repr(value)


@register.filter
def numbers(rows: list[list[float]]) -> str:
    """Rows of whole numbers as a script reads them."""
    return json.dumps([[int(value) for value in row] for row in rows])
