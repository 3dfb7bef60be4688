"""What a run is asked to do, checked before it is queued: models_zoo's TrainConfig from plain JSON.

A request is a dictionary of architecture, variant, data, epochs, seed, gpus and config, the last
with the remaining fields of TrainConfig by name. No torch here: the options of a network are
checked by preflight and by the trainer.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from experiments.models import Run
from models_zoo import VARIANTS, catalogue
from models_zoo.checkpoints.published import published_keys
from models_zoo.checkpoints.shipped import shipped
from models_zoo.training.config import TrainConfig, WrongSetting

COLUMNS = ("architecture", "variant", "data", "epochs", "seed")
FIELDS = [f.name for f in dataclasses.fields(TrainConfig) if f.name not in COLUMNS]
# Far beyond any training: they catch slips, such as 1e9 epochs.
LARGEST = {
    "epochs": 100_000,
    "passes": 1000,
    "batch": 4096,
    "accumulate": 4096,
    "workers": 64,
    "probes": 64,
    "patience": 100_000,
    "crop": 4096,
    "scale": 16,
    "pseudo_ratio": 1000,
    "lr": 1000,
}
LARGEST_SEED = 2**62


def train_config(
    *, architecture: str, variant: str, data: str, epochs: int, seed: int, config: dict[str, Any]
) -> TrainConfig:
    """The checked configuration. ValidationError by field for what makes no sense."""
    if architecture not in catalogue():
        raise ValidationError({"architecture": _("There is no such architecture.")})
    if variant not in VARIANTS:
        known = ", ".join(VARIANTS)
        raise ValidationError({"variant": _("Known variants: %(known)s.") % {"known": known}})
    if abs(seed) > LARGEST_SEED:
        raise ValidationError({"seed": _("The seed is too large.")})
    if unknown := sorted(config.keys() - set(FIELDS)):
        names = ", ".join(map(str, unknown))
        raise ValidationError({"config": _("Unknown settings: %(names)s.") % {"names": names}})
    columns = {"architecture": architecture, "variant": variant, "data": data}
    try:
        checked = TrainConfig.from_json(config | columns | {"epochs": epochs, "seed": seed})
    except WrongSetting as fault:
        text = _("%(name)s cannot be %(value)s.") % {"name": fault.name, "value": fault.value}
        raise ValidationError({"config": text}) from fault
    except ValueError as fault:
        raise ValidationError(str(fault)) from fault
    for name in LARGEST:
        _require_moderate(name, getattr(checked, name))
    return checked


def checkpoints_require(config: TrainConfig) -> None:
    """Refuse a teacher or a start that is no key: a command line may name any file, no request may.

    "" is none. ValidationError says what they may be.
    """
    known = {checkpoint.sidecar["key"] for checkpoint in shipped()} | published_keys().keys()
    if not {config.teacher, config.start} <= known | {""}:
        text = _("A teacher or a start is one of the shipped or published checkpoints, by its key.")
        raise ValidationError({"config": text})


def config_columns(config: TrainConfig) -> dict[str, Any]:
    """All settings of a run but those that are columns, as JSON."""
    return {name: value for name, value in config.to_json().items() if name in FIELDS}


def run_config(run: Run) -> TrainConfig:
    """What a run trains. ValueError for settings that this version does not know."""
    columns = {name: getattr(run, name) for name in COLUMNS}
    return TrainConfig.from_json(run.config | columns)


def _require_moderate(name: str, value: Any) -> None:
    limit = LARGEST[name]
    parts = value if isinstance(value, tuple) else (value,)
    if any(part > limit for part in parts):
        text = _("%(name)s must not be above %(limit)s.") % {"name": name, "limit": limit}
        raise ValidationError({"epochs" if name == "epochs" else "config": text})
