"""The launch form: a training's settings as people fill them in, from a preset or another run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from experiments.models import Run
from experiments.models.preflights import crop_padding
from experiments.queries import number_read
from experiments.records.configuration import FIELDS, config_columns
from experiments.records.sources import data_size, data_sources
from experiments.runs.services import MOST_SEEDS, run_request
from models_zoo import VARIANTS, catalogue
from models_zoo.training.config import CHOICES, FLAGS, TrainConfig, settings_of, with_settings
from models_zoo.training.zoo.presets import paper_settings
from segweb.sentences import told

PAPER, HOUSE = "paper", "house"
RECIPES = [(PAPER, _("the paper's")), (HOUSE, _("that of the shipped weights"))]
COLUMNS = ("architecture", "variant", "data", "epochs", "gpus")
# The settings with a field of their own, in their order; all others are lines of `further`.
LABELS = {
    "batch": _("Batch"),
    "optimizer": _("Optimiser"),
    "lr": _("Learning rate"),
    "schedule": _("Schedule"),
    "loss": _("Loss"),
    "class_weights": _("Class weights"),
    "pseudo": _("Pseudo-labels from"),
    "pretrained": _("Published weights in the backbone"),
}
DEFAULTS = {field.name: field.default for field in dataclasses.fields(TrainConfig)}
# What there is is offered; sizes of scenes and layouts that nobody can guess are written.
SOURCES = forms.TextInput(attrs={"list": "sources", "spellcheck": "false", "autocomplete": "off"})


def _setting_field(name: str) -> forms.Field:
    """The field of a setting, by the type that TrainConfig gives it."""
    label, default = LABELS[name], DEFAULTS[name]
    if name in CHOICES:
        return forms.ChoiceField(
            label=label, choices=[(choice, choice) for choice in CHOICES[name]]
        )
    if isinstance(default, bool):
        return forms.BooleanField(label=label, required=False)
    if isinstance(default, int):
        return forms.IntegerField(label=label, min_value=min(default, 1))
    if isinstance(default, float):
        return forms.FloatField(label=label, min_value=0)
    return forms.CharField(label=label, max_length=300, required=False, widget=SOURCES)


class LaunchForm(forms.Form):
    """What to train. `request()` is what the services take."""

    # Asked at each form: the catalogue may grow from outside (SEGWEB_CATALOGUE).
    architecture = forms.ChoiceField(
        label=_("Architecture"), choices=lambda: [(a.key, a.title) for a in catalogue().values()]
    )
    variant = forms.ChoiceField(label=_("Variant"), choices=[(name, name) for name in VARIANTS])
    data = forms.CharField(  # type: ignore[assignment]  # a form's `data` is the instance's alone
        label=_("Data set"), max_length=300, widget=SOURCES
    )
    recipe = forms.ChoiceField(label=_("Recipe to begin with"), choices=RECIPES, required=False)
    epochs = forms.IntegerField(label=_("Epochs"), min_value=1)
    seeds = forms.CharField(label=_("Seeds"), help_text=_("several, as in 0, 1, 2, make a group"))
    gpus = forms.IntegerField(
        label=_("GPUs"),
        min_value=1,
        initial=1,
        help_text=_("1 if there is none: a processor trains"),
    )
    crop_height = forms.IntegerField(label=_("Crop height"), min_value=1)
    crop_width = forms.IntegerField(label=_("Crop width"), min_value=1)
    # The architecture and the recipe whose settings the fields began with.
    filled = forms.CharField(required=False, widget=forms.HiddenInput)
    further = forms.CharField(
        label=_("Further settings"),
        help_text=_("one a line, as in jitter=0.3 or options.aux=true"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    name = forms.CharField(label=_("Name"), max_length=200, required=False)
    tags = forms.CharField(label=_("Tags, separated by commas"), required=False)
    private = forms.BooleanField(
        label=_("Private: read by its owner and by staff alone"), required=False
    )
    notes = forms.CharField(
        label=_("Notes"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "label_suffix": ""})
        self.fields.update({name: _setting_field(name) for name in LABELS})
        self.sources = data_sources()

    @property
    def settings(self) -> list[forms.BoundField]:
        """The fields of single settings, as they are shown."""
        return [self[name] for name in ("crop_height", "crop_width", *LABELS)]

    @property
    def fit(self) -> dict[str, Any] | None:
        """What is known of the crop before any check: the images' `size`, and its `padding`."""
        size = data_size(str(self["data"].value() or ""))
        if size is None:
            return None
        crop = [number_read(str(self[name].value())) or 0 for name in ("crop_height", "crop_width")]
        return {"size": size, "padding": all(crop) and crop_padding(crop, size)}

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
        super().clean()
        filled = self.cleaned_data
        if self.errors:
            return filled
        lines = [line.strip() for line in filled["further"].splitlines() if line.strip()]
        own = {name: filled[name] for name in LABELS}
        try:
            # Of the data set nothing follows here: whether there is one the services say.
            plain = with_settings(
                TrainConfig(architecture=filled["architecture"], data="scenes"), lines
            )
            crop = (filled["crop_height"], filled["crop_width"])
            config = dataclasses.replace(plain, **own, crop=crop)
        except ValueError as fault:
            raise ValidationError(told(str(fault))) from fault
        filled["config"] = config_columns(config)
        return filled

    def request(self) -> dict[str, Any]:
        """What would be trained, without the seeds and without what people write about it."""
        return {name: self.cleaned_data[name] for name in (*COLUMNS, "config")}

    def description(self) -> dict[str, Any]:
        """Name, notes, tags, and whether others read it."""
        filled = self.cleaned_data
        described = {name: filled[name] for name in ("name", "notes", "private")}
        return described | {"tags": filled["tags"].split(",")}


def settings_initial(config: TrainConfig) -> dict[str, Any]:
    """The fields that show a configuration's settings."""
    plain = TrainConfig(architecture=config.architecture, data=config.data, variant=config.variant)
    apart = {*LABELS, "crop", *FLAGS}
    lines = [line for line in settings_of(config, plain) if line.partition("=")[0] not in apart]
    own = {name: getattr(config, name) for name in LABELS}
    height, width = config.crop
    return {**own, "crop_height": height, "crop_width": width, "further": "\n".join(lines)}


def preset_initial(architecture: str, recipe: str) -> dict[str, Any]:
    """The settings of an architecture's own recipe, or of SegWeb's where it has none."""
    config = TrainConfig(architecture=architecture, data="scenes")
    if recipe == PAPER:
        with suppress(ValueError):  # an architecture need not say how its paper trains
            config = dataclasses.replace(config, **paper_settings(architecture))
    return settings_initial(config) | {"filled": f"{architecture} {recipe}"}


def preset_switched(
    asked: Mapping[str, str], architecture: str, recipe: str
) -> tuple[dict[str, Any], list[str]]:
    """The settings of another recipe, but for what somebody wrote into those of the one before.

    Beside them the labels of what was kept.
    """
    initial = preset_initial(architecture, recipe)
    before, _space, recipe_before = asked.get("filled", "").partition(" ")
    if before not in catalogue():
        return initial, []
    written = LaunchForm(asked, initial=preset_initial(before, recipe_before))
    kept = [name for name in written.changed_data if name in initial and name != "filled"]
    values = {name: written[name].value() for name in kept}
    return initial | values, [str(written[name].label) for name in kept]


def clone_initial(run: Run) -> dict[str, Any]:
    """The whole form as a run was launched."""
    request = run_request(run=run)
    known = {name: value for name, value in run.config.items() if name in FIELDS}
    subject = {"architecture": run.architecture, "data": "scenes"}
    try:
        settings = settings_initial(TrainConfig.from_json(known | subject))
    except ValueError:
        # A run of another version may hold what this one does not know: the rest is still of use.
        settings = preset_initial(run.architecture, HOUSE)
    columns = {name: request[name] for name in COLUMNS}
    described = {
        "notes": run.notes,
        "private": run.private,
        "tags": ", ".join(run.tags),
        "seeds": run.seed,
    }
    name = gettext("%(run)s, again") % {"run": run} if run.name else ""
    return {**columns, **settings, **described, "name": name}
