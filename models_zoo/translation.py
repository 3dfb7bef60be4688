"""Marks English texts for translation: models_zoo knows no Django, pages translate what it says."""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """`text` itself, which `makemessages` collects by this function's name; an f-string too."""
    return text
