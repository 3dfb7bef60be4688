"""How the run table is filtered, sorted and what it shows."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.db.models import Q, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from experiments.board.columns import COLUMNS
from experiments.conditions import Condition, conditions_read, runs_where
from experiments.fields import field_named
from experiments.models import Dataset, Kind, Run
from experiments.queries import ordering, tagged
from segweb.jobs import State

NEWEST = "-created"
MOST_WORDS = 12  # 1,500 held the database for five seconds
ORDERS = {column.name: column.order for column in COLUMNS if column.order}


class RunsForm(forms.Form):
    """Search, filters and order of the run table; all of it lies in the address.

    Beside the fields there are any number of conditions (`?where=`), of any setting or metric.
    """

    q = forms.CharField(required=False, label=_("Search"), max_length=200)
    state = forms.ChoiceField(required=False, label=_("State"), choices=())
    architecture = forms.ChoiceField(required=False, label=_("Architecture"), choices=())
    dataset = forms.ChoiceField(required=False, label=_("Data set"), choices=())
    kind = forms.ChoiceField(required=False, label=_("Kind"), choices=())
    tag = forms.CharField(
        required=False, label=_("Tag"), widget=forms.TextInput(attrs={"list": "tags"})
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

    @cached_property
    def conditions(self) -> tuple[list[Condition], list[str]]:
        """Those of `?where=`, and what is wrong with the others."""
        return conditions_read(self.data.getlist("where"))

    @property
    def filtered(self) -> bool:
        """Whether some runs may be left out."""
        return bool(self.errors or any(self.cleaned_data.values()) or any(self.conditions))

    def runs(self) -> QuerySet[Run]:
        """The runs that were asked for; a filter that makes no sense is left out.

        None for a search or a condition that is refused: all runs would look like what it found.
        """
        conditions, refused = self.conditions
        if refused or (not self.is_valid() and "q" in self.errors):
            return Run.objects.none()
        chosen = self.cleaned_data
        runs = Run.objects.visible_to(self.reader).select_related("dataset", "owner")
        for name in ("state", "architecture", "kind"):
            if chosen.get(name):
                runs = runs.filter(**{name: chosen[name]})
        if chosen.get("dataset"):
            runs = runs.filter(dataset__slug=chosen["dataset"])
        if chosen.get("tag"):
            runs = runs.filter(tagged(chosen["tag"]))
        for word in chosen.get("q", "").split():
            runs = runs.filter(mentions(word))
        order = _order(self.data.get("sort", NEWEST))
        return runs_where(runs, conditions, percent=True).order_by(*order)


def mentions(word: str) -> Q:
    """Whether a run says this word anywhere, or has it as its number."""
    mentions = Q(tags__icontains=json.dumps(word)[1:-1]) | Q(tags__icontains=word)
    for field in ("name", "notes", "architecture", "data", "dataset__title", "owner__username"):
        mentions |= Q(**{f"{field}__icontains": word})
    return mentions | Q(pk=int(word)) if word.isdecimal() and len(word) < 10 else mentions


def _order(sort: str) -> list[Any]:
    """By the column that `?sort=` names; newest first where it names none."""
    # Looked up, never passed on: an order by any field would tell of columns that nobody may see.
    name = sort.removeprefix("-")
    field = ORDERS.get(name) or ((found := field_named(name)) and found.order)
    if not field:
        return ordering()
    return ordering((field, sort.startswith("-")))
