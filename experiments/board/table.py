"""How the run table is filtered, sorted and what it shows."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from experiments.board.columns import COLUMNS
from experiments.models import Dataset, Kind, Run
from experiments.queries import ordering
from segweb.jobs import State

NEWEST = "-created"
MOST_WORDS = 12  # 1,500 held the database for five seconds
ORDERS = {column.name: column.order for column in COLUMNS if column.order}


class RunsForm(forms.Form):
    """Search, filters, order and columns of the run table; all of it lies in the address."""

    q = forms.CharField(required=False, label=_("Search"), max_length=200)
    state = forms.ChoiceField(required=False, label=_("State"), choices=())
    architecture = forms.ChoiceField(required=False, label=_("Architecture"), choices=())
    dataset = forms.ChoiceField(required=False, label=_("Data set"), choices=())
    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=())
    tag = forms.CharField(required=False, label=_("Tag"))
    columns = forms.MultipleChoiceField(
        required=False,
        label=_("Columns"),
        choices=[(column.name, column.title) for column in COLUMNS],
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, reader: Any, **kwargs: Any) -> None:
        """`reader` is the account or visitor whose table it is."""
        super().__init__(*args, **kwargs)
        self.reader = reader
        # Without an order: it would count as a part of what has to be distinct.
        readable = Run.objects.visible_to(reader).order_by()
        keys = readable.values_list("architecture", flat=True).distinct().order_by("architecture")
        sets = Dataset.objects.filter(pk__in=readable.values("dataset"))
        everything = [("", _("all"))]
        self.fields["state"].choices = everything + State.choices
        self.fields["kind"].choices = everything + Kind.choices
        self.fields["architecture"].choices = everything + [(key, key) for key in keys]
        self.fields["dataset"].choices = everything + [(one.slug, one.title) for one in sets]

    def clean_q(self) -> str:
        """A few words: each of them looks through every run."""
        if len(self.cleaned_data["q"].split()) > MOST_WORDS:
            sentence = _("Search for at most %(limit)s words.") % {"limit": MOST_WORDS}
            raise forms.ValidationError(sentence)
        return self.cleaned_data["q"]

    def runs(self) -> QuerySet[Run]:
        """The runs that were asked for; a filter that makes no sense is left out.

        None for a search that is refused: all runs would look like what it found.
        """
        if not self.is_valid() and "q" in self.errors:
            return Run.objects.none()
        chosen = self.cleaned_data
        runs = Run.objects.visible_to(self.reader).select_related("dataset", "owner")
        for name in ("state", "architecture", "kind"):
            if chosen.get(name):
                runs = runs.filter(**{name: chosen[name]})
        if chosen.get("dataset"):
            runs = runs.filter(dataset__slug=chosen["dataset"])
        if chosen.get("tag"):
            runs = runs.filter(_tagged(chosen["tag"]))
        for word in chosen.get("q", "").split():
            runs = runs.filter(_mentions(word))
        return runs.order_by(*_order(self.data.get("sort", NEWEST)))


def _tagged(tag: str) -> Q:
    """Tags are a JSON list, looked through as text: SQLite keeps escapes, PostgreSQL letters."""
    text = tag.strip()
    return Q(tags__icontains=json.dumps(text)) | Q(
        tags__icontains=json.dumps(text, ensure_ascii=False)
    )


def _mentions(word: str) -> Q:
    mentions = Q(tags__icontains=json.dumps(word)[1:-1]) | Q(tags__icontains=word)
    for field in ("name", "notes", "architecture", "data", "dataset__title", "owner__username"):
        mentions |= Q(**{f"{field}__icontains": word})
    return mentions | Q(pk=int(word)) if word.isdecimal() and len(word) < 10 else mentions


def _order(sort: str) -> list[Any]:
    """By the column that `?sort=` names; newest first where it names none."""
    # Looked up, never passed on: an order by any field would tell of columns that nobody may see.
    field = ORDERS.get(sort.lstrip("-"))
    if field is None:
        return ordering()
    return ordering(f"-{field}" if sort.startswith("-") else field)
