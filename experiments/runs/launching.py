"""The launch form: a training's settings as people fill them in, from a preset or another run."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from experiments.models import Run
from experiments.records.configuration import FIELDS, config_columns
from experiments.records.sources import data_sources
from experiments.runs.services import MOST_SEEDS, run_request
from models_zoo import VARIANTS, catalogue
from models_zoo.training.config import CHOICES, FLAGS, TrainConfig, settings_of, with_settings
from models_zoo.training.zoo.presets import paper_settings

PAPER, HOUSE = "paper", "house"
RECIPES = [(PAPER, _("the paper's")), (HOUSE, _("that of the shipped weights"))]
# Settings with a field of their own; all others are lines of `further`.
OWN = ("batch", "lr", "schedule", "optimizer", "loss", "class_weights", "pretrained", "pseudo")
COLUMNS = ("architecture", "variant", "data", "epochs", "gpus")


# What there is is offered; sizes of scenes and layouts that nobody can guess are written.
SOURCES = forms.TextInput(attrs={"list": "sources", "spellcheck": "false", "autocomplete": "off"})


def _choice(name: str, label: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[(one, one) for one in CHOICES[name]])


class LaunchForm(forms.Form):
    """What to train. `request()` is what the services take."""

    architecture = forms.ChoiceField(label=_("Architecture"), choices=())
    variant = forms.ChoiceField(label=_("Variant"), choices=[(one, one) for one in VARIANTS])
    data = forms.CharField(label=_("Data set"), max_length=300, widget=SOURCES)
    recipe = forms.ChoiceField(label=_("Recipe to begin with"), choices=RECIPES, required=False)
    epochs = forms.IntegerField(label=_("Epochs"), min_value=1)
    seeds = forms.CharField(label=_("Seeds"), help_text=_("several, as in 0, 1, 2, make a group"))
    gpus = forms.IntegerField(label=_("GPUs"), min_value=1, initial=1)
    crop_height = forms.IntegerField(label=_("Crop height"), min_value=1)
    crop_width = forms.IntegerField(label=_("Crop width"), min_value=1)
    batch = forms.IntegerField(label=_("Batch"), min_value=1)
    optimizer = _choice("optimizer", _("Optimiser"))
    lr = forms.FloatField(label=_("Learning rate"), min_value=0)
    schedule = _choice("schedule", _("Schedule"))
    loss = _choice("loss", _("Loss"))
    class_weights = _choice("class_weights", _("Class weights"))
    pretrained = forms.BooleanField(label=_("Published weights in the backbone"), required=False)
    pseudo = forms.CharField(
        label=_("Pseudo-labels from"), max_length=300, required=False, widget=SOURCES
    )
    further = forms.CharField(
        label=_("Further settings"),
        help_text=_("one a line, as in jitter=0.3 or options.aux=true"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    tags = forms.CharField(label=_("Tags, separated by commas"), required=False)
    notes = forms.CharField(
        label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, label_suffix="", **kwargs)
        self.sources = data_sources()
        self.fields["architecture"].choices = [(a.key, a.title) for a in catalogue().values()]

    def clean_seeds(self) -> list[int]:
        """Different whole numbers, separated by commas."""
        try:
            seeds = [int(part) for part in self.cleaned_data["seeds"].split(",")]
        except ValueError as fault:
            raise ValidationError(_("Seeds are whole numbers, as in 0, 1, 2.")) from fault
        if len(set(seeds)) < len(seeds) or len(seeds) > MOST_SEEDS:
            raise ValidationError(_("Give one to twenty different seeds."))
        return seeds

    def clean(self) -> dict[str, Any]:
        """Read the further settings into `config`; the other fields win."""
        found = super().clean()
        if self.errors:
            return found
        lines = [line.strip() for line in found["further"].splitlines() if line.strip()]
        own = {name: found[name] for name in OWN}
        try:
            plain = with_settings(
                TrainConfig(architecture=found["architecture"], data="scenes"), lines
            )
            crop = (found["crop_height"], found["crop_width"])
            config = dataclasses.replace(plain, **own, crop=crop)
        except ValueError as fault:
            raise ValidationError(str(fault)) from fault
        found["config"] = config_columns(config)
        return found

    def request(self) -> dict[str, Any]:
        """What would be trained, without the seeds and without what people write about it."""
        return {name: self.cleaned_data[name] for name in (*COLUMNS, "config")}

    def description(self) -> dict[str, Any]:
        """Name, notes and tags."""
        found = self.cleaned_data
        return {"name": found["name"], "notes": found["notes"], "tags": found["tags"].split(",")}


def settings_initial(config: TrainConfig) -> dict[str, Any]:
    """The fields that show a configuration's settings."""
    plain = TrainConfig(architecture=config.architecture, data=config.data, variant=config.variant)
    apart = {*OWN, "crop", *FLAGS}
    lines = [line for line in settings_of(config, plain) if line.partition("=")[0] not in apart]
    own = {name: getattr(config, name) for name in OWN}
    height, width = config.crop
    return {**own, "crop_height": height, "crop_width": width, "further": "\n".join(lines)}


def preset_initial(architecture: str, recipe: str) -> dict[str, Any]:
    """The settings of an architecture's own recipe, or of SegWeb's where it has none."""
    config = TrainConfig(architecture=architecture, data="scenes")
    if recipe == PAPER:
        with suppress(ValueError):  # an architecture need not say how its paper trains
            config = dataclasses.replace(config, **paper_settings(architecture))
    return settings_initial(config)


def clone_initial(run: Run) -> dict[str, Any]:
    """The whole form as a run was launched."""
    request = run_request(run=run)
    known = {name: value for name, value in run.config.items() if name in FIELDS}
    subject = {"architecture": run.architecture, "data": "scenes"}
    try:
        settings = settings_initial(TrainConfig.from_json(known | subject))
    except ValueError:
        settings = preset_initial(run.architecture, HOUSE)
    columns = {name: request[name] for name in COLUMNS}
    described = {"notes": run.notes, "tags": ", ".join(run.tags), "seeds": run.seed}
    name = gettext("%(run)s, again") % {"run": run} if run.name else ""
    return {**columns, **settings, **described, "name": name}
