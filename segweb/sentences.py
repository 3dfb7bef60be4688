"""Stored sentences in the reader's language: whoever wrote them knew no reader.

A worker, or models_zoo, writes in English what went wrong, with names and figures in it. The
catalogue of texts holds the sentence with places in their stead, `%(name)s`: it is found again by
its words, and what stands in the places goes into the translation.
"""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.translation import get_language, gettext
from django.utils.translation.trans_real import translation

PLACE = re.compile(r"%\((\w+)\)[#0 +.\d-]*[a-z]")
FEWEST = 9  # characters beside its places by which a text is known again
BETWEEN_SENTENCES = re.compile(r"(?<=[.?!]) ")
COLON = re.compile(": ")
MOST_CUTS = 8  # places where a text is taken apart: a file may be called "a. b. c. d. …"
LONGEST = 2000  # characters


def told(english: str) -> str:
    """English sentences in the reader's language; what nobody translated stays as it is."""
    language = get_language() if len(english) <= LONGEST else None
    return (language and _told(english, language)) or english


@lru_cache(maxsize=4096)
def _told(text: str, language: str) -> str | None:
    """One sentence or several; None where not one of them is known."""
    halves = _cut(text, BETWEEN_SENTENCES)
    # By sentences first: the last place of a text would take whatever follows it.
    for first, rest in halves:
        if (known := _known(first, language)) and (others := _told(rest, language)):
            return f"{known} {others}"
    if whole := _known(text, language):
        return whole
    for first, rest in halves:
        known, others = _known(first, language), _told(rest, language)
        if known or others:
            return f"{known or first} {others or rest}"
    return None


@lru_cache(maxsize=4096)
def _known(text: str, language: str) -> str | None:
    """A sentence of the catalogue: as it stands there, with its places filled, beside a name."""
    if " " not in text:
        return None  # a name, even if it looks like a word
    if (same := gettext(text)) != text:
        return same
    for parts, names, translated in _texts_with_places(language):
        if not all(part in text for part in parts):
            continue
        if match := re.fullmatch("(.+?)".join(map(re.escape, parts)), text, re.DOTALL):
            filled = zip(names, match.groups(), strict=True)
            return translated % {name: _told(value, language) or value for name, value in filled}
    # "file: sentence", and as an audit says it, "sentence: files."
    for before, after in _cut(text, COLON):
        if (known := _known(before, language)) or _known(after, language):
            return f"{known or before}: {_told(after, language) or after}"
    bare = text.removesuffix(".")
    return f"{known}." if bare != text and (known := _known(bare, language)) else None


def _cut(text: str, at: re.Pattern[str]) -> list[tuple[str, str]]:
    """What stands before and behind each cut; none where there are too many."""
    cuts = list(at.finditer(text))
    return [(text[: cut.start()], text[cut.end() :]) for cut in cuts if len(cuts) <= MOST_CUTS]


@lru_cache
def _texts_with_places(language: str) -> list[tuple[list[str], list[str], str]]:
    """What stands between a text's places, their names, the translation. The longest first."""
    texts = []
    # As Django's own JavaScriptCatalog reads it.
    catalogue = translation(language)._catalog  # type: ignore[attr-defined]
    for english, translated in catalogue.items():
        # Neither plurals, which are pairs, nor what has a context.
        if isinstance(english, str) and "\4" not in english:
            pieces = PLACE.split(english.replace("%%", "%"))
            parts, names = pieces[::2], pieces[1::2]
            if names and len("".join(parts)) >= FEWEST:
                # As text, whatever they were written as: the English says how.
                texts.append((parts, names, PLACE.sub(r"%(\1)s", translated)))
    return sorted(texts, key=lambda text: -len("".join(text[0])))
