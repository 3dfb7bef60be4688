"""Which models to compare, as people choose them on a page."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.cache import cache
from django.db.models import Prefetch, prefetch_related_objects
from django.utils.translation import gettext_lazy as _

from experiments.models import Checkpoint, Dataset, Evaluation
from experiments.scores.costs import Cost, costs
from inference.models import Scale
from models_zoo.networks.catalogue import leaders

# What the compare page is measured with, and two screens of it.
MOST_PANES = 12  # of a comparison whose models nobody chose
COSTS_SECONDS = 60  # for which a page need not know what the latest predictions took


@dataclass(frozen=True)
class ModelGroup:
    """The checkpoints on offer that were trained on one data set; how many of them are chosen."""

    dataset: Dataset
    checkpoints: list[Checkpoint]
    chosen: int


class ModelsForm(forms.Form):
    """Which models to compare: those of the default data set unless others are chosen."""

    models = forms.MultipleChoiceField(
        error_messages={"required": _("Choose at least one model.")}, choices=()
    )
    scale = forms.ChoiceField(required=False, choices=Scale.choices, initial=Scale.MODEL)
    once = forms.CharField(required=False, max_length=64)

    def __init__(
        self, *args: Any, reader: Any = None, chosen: list[str] | None = None, **kwargs: Any
    ) -> None:
        """On offer is what `reader`, an account or a visitor, may see."""
        super().__init__(*args, **kwargs)
        offered = Checkpoint.objects.offered().visible_to(reader)
        self.checkpoints = list(offered.with_dataset())
        self.fields["models"].choices = [(entry.key, entry.key) for entry in self.checkpoints]
        self.initially_chosen = chosen

    @property
    def fresh(self) -> str:
        """Names this form as it is shown: sent twice, by a double click, it makes one thing."""
        return uuid4().hex

    def clean_scale(self) -> str:
        """The model's, unless said otherwise."""
        return self.cleaned_data["scale"] or Scale.MODEL

    @property
    def model_groups(self) -> list[ModelGroup]:
        """The models by data set, the default data set first, with their scores."""
        _scores_fetch(self.checkpoints)
        chosen = self.chosen
        by_dataset = groupby(self.default_first, key=lambda entry: entry.dataset)
        return [
            ModelGroup(dataset, offered, sum(entry.key in chosen for entry in offered))
            for dataset, entries in by_dataset
            if (offered := list(entries))
        ]

    @property
    def default_first(self) -> list[Checkpoint]:
        """The models on offer, those of the default data set first."""
        # The sort is stable: within a data set the lineage's order stays.
        return sorted(
            self.checkpoints, key=lambda entry: entry.dataset.slug != settings.DEFAULT_DATASET
        )

    @property
    def chosen(self) -> set[str]:
        """The keys to show as chosen."""
        if self.is_bound:
            return set(self.data.getlist("models"))
        if self.initially_chosen is not None:
            return set(self.initially_chosen)
        return self.default_keys

    @property
    def costs(self) -> dict[int, Cost]:
        """What predictions took on this site, by checkpoint."""
        # Asked of thousands of rows, for a page that everybody comes by.
        return cache.get_or_set("models-costs", costs, COSTS_SECONDS)

    @property
    def default_keys(self) -> set[str]:
        """The models that photographs go to unless others are chosen; none to be downloaded."""
        offered = self.default_first
        first = [entry for entry in offered if entry.dataset == offered[0].dataset]
        return set(first_looked_at([entry for entry in first if entry.file]))


def first_looked_at(checkpoints: list[Checkpoint]) -> list[str]:
    """The keys of twelve at most, in their order.

    The best by score is among them, then comes one network a paper before its variations.
    """
    _scores_fetch(checkpoints)
    turns = {key: turn for turn, key in enumerate(leaders())}
    # Shipped ones are measured alike: unlike scores are not ranked together.
    scored = [entry for entry in checkpoints if entry.shipped and entry.miou is not None]
    best = max(scored, key=lambda entry: entry.miou, default=None)

    def rank(entry: Checkpoint) -> tuple[bool, int]:
        return entry != best, turns.get(entry.architecture, len(turns))

    kept = sorted(checkpoints, key=rank)[:MOST_PANES]
    return [checkpoint.key for checkpoint in checkpoints if checkpoint in kept]


def _scores_fetch(checkpoints: list[Checkpoint]) -> None:
    """Their evaluations, if they are not there: a form that was sent shows none."""
    scores = Evaluation.objects.defer("protocol")
    prefetch_related_objects(checkpoints, Prefetch("evaluations", scores))
