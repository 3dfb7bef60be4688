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

from models_zoo import VARIANTS, catalogue
from models_zoo.training.config import TrainConfig

COLUMNS = ("arch", "variant", "data", "epochs", "seed")
FIELDS = {f.name: f for f in dataclasses.fields(TrainConfig) if f.name not in COLUMNS}
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
    if unknown := sorted(config.keys() - FIELDS.keys()):
        names = ", ".join(map(str, unknown))
        raise ValidationError({"config": _("Unknown settings: %(names)s.") % {"names": names}})
    values = {name: _typed(name, value) for name, value in config.items()}
    for name, value in [("epochs", epochs), *values.items()]:
        _require_moderate(name, value)
    columns = {"arch": architecture, "variant": variant, "data": data}
    try:
        return TrainConfig(**columns, epochs=epochs, seed=seed, **values)
    except ValueError as fault:
        raise ValidationError(str(fault)) from fault


def config_columns(config: TrainConfig) -> dict[str, Any]:
    """All settings of a run but those that are columns, as JSON."""
    return {name: getattr(config, name) for name in FIELDS}


def _default(name: str) -> Any:
    return {} if name == "options" else FIELDS[name].default


def _typed(name: str, value: Any) -> Any:
    """JSON's value as the type that the setting has."""
    wanted = _default(name)
    if isinstance(wanted, tuple):
        pair = isinstance(value, (list, tuple)) and len(value) == 2
        if pair and all(_fits(part, wanted[0]) for part in value):
            return tuple(type(wanted[0])(part) for part in value)
    elif isinstance(wanted, dict):
        if isinstance(value, dict) and all(map(_is_option, value.values())):
            return {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
    elif _fits(value, wanted):
        return type(wanted)(value)
    text = _("%(name)s cannot be %(value)s.") % {"name": name, "value": str(value)[:50]}
    raise ValidationError({"config": text})


def _fits(value: Any, like: Any) -> bool:
    if isinstance(like, float):
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    return type(value) is type(like)


def _is_option(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(part, (int, float)) for part in value)
    return isinstance(value, (bool, int, float, str))


def _require_moderate(name: str, value: Any) -> None:
    limit = LARGEST.get(name)
    parts = value if isinstance(value, tuple) else (value,)
    if limit and any(part > limit for part in parts):
        text = _("%(name)s must not be above %(limit)s.") % {"name": name, "limit": limit}
        raise ValidationError({"epochs" if name == "epochs" else "config": text})
