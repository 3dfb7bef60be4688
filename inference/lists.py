"""What lists of one's own things share: what was searched for, and which rows were ticked."""

from __future__ import annotations

from contextlib import suppress
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from inference.images.uploads import clean_text
from models_zoo.networks.catalogue import known

PER_PAGE = 24


def searched(request: HttpRequest) -> str:
    """The words that the list's search field was sent with."""
    return clean_text(request.GET.get("q", ""))


def architectures_named(word: str) -> list[str]:
    """The keys of the architectures whose title or key has the word."""
    word = word.lower()
    return [key for key, line in known().items() if word in f"{line.title} {key}".lower()]


def ticked(request: HttpRequest) -> Q:
    """Rows whose ids were ticked, as far as these are ids; no more than a page shows."""
    ids = []
    for text in request.POST.getlist("ticked")[:PER_PAGE]:
        with suppress(ValueError):
            ids.append(UUID(text))
    return Q(pk__in=ids)


def back(request: HttpRequest, view: str) -> HttpResponse:
    """To the list as it was left: the same page, with what was searched for."""
    return redirect(reverse(view, query=request.GET))
