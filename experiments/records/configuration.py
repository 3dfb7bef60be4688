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
from models_zoo.training.config import LIMITS, TrainConfig, WrongSetting
from segweb.sentences import told

COLUMNS = ("architecture", "variant", "data", "epochs", "seed")
FIELDS = [f.name for f in dataclasses.fields(TrainConfig) if f.name not in COLUMNS]
LARGEST_SEED = 2**62  # a column holds 63 bits


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
        raise ValidationError(told(str(fault))) from fault
    for name, most in LIMITS.items():
        value = getattr(checked, name)
        if any(part > most for part in (value if isinstance(value, tuple) else (value,))):
            text = _("%(name)s must not be above %(limit)s.") % {"name": name, "limit": most}
            raise ValidationError({"epochs" if name == "epochs" else "config": text})
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
    """What a run trains. ValidationError names the settings that this version does not know."""
    columns = {name: getattr(run, name) for name in COLUMNS}
    try:
        return TrainConfig.from_json(run.config | columns)
    except ValueError as fault:
        text = _("This version of SegWeb cannot train the run as it was launched. %(why)s")
        raise ValidationError(text % {"why": fault}) from fault
