"""The configuration of a training run: every choice by name, with its default.

`TrainConfig.to_json` and `from_json` are the one codec: the launch form, the REST API, the
database, a run's saved state and the file of `train --config` all hold what they write and read.
`with_settings` and `settings_of` are the same settings as words of a command line.
"""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from dataclasses import dataclass, field
from typing import Any, get_args, get_origin, get_type_hints

from models_zoo.files import is_plain
from models_zoo.translation import gettext_noop as _

CHOICES = {
    "optimizer": ("adamw", "sgd"),
    "schedule": ("one_cycle", "poly", "step", "constant"),
    "loss": ("cross_entropy", "focal", "ohem", "dice", "cross_entropy_dice"),
    "class_weights": ("none", "median", "segnet", "enet", "enet_sqrt"),
    "precision": ("auto", "fp32", "bf16", "fp16"),
}
# One cell at the lineage's coarsest output stride.
SMALLEST_CROP = 32
# The settings with a flag of their own on the command line; --set takes every other one.
FLAGS = {
    "architecture": "--arch",
    "variant": "--variant",
    "data": "--data",
    "epochs": "--epochs",
    "seed": "--seed",
}
# A teacher, and a start, that is a file of this machine, in what others read.
TEACHER_FILE = "TEACHER.safetensors"
START_FILE = "START.safetensors"
_FORMERLY = {"arch": "architecture"}  # as older sidecars, histories and saved states spell it


class WrongSetting(ValueError):
    """A setting is given a value of another type than its own."""

    def __init__(self, name: str, value: Any) -> None:
        # Half a surrogate pair is no character: nobody could be sent the sentence.
        self.name = name
        self.value = str(value)[:50].encode(errors="backslashreplace").decode()
        super().__init__(f"{name} cannot be {self.value}.")


def _up_to(most: float, default: Any) -> Any:
    """A setting with its default, and the most that a request may ask for (see `LIMITS`)."""
    return field(default=default, metadata={"most": most})


@dataclass(frozen=True)
class TrainConfig:
    """What a run does. Sizes are (height, width) in pixels.

    `passes` over the training images make an epoch, which ends with a validation: more than one
    where a GPU learns faster than it scores. `batch` counts the images of one optimiser step over
    all processes; each process computes its share in `accumulate` parts. `scale` is the range by
    which images are resized, relative to the data set's size; `jitter` the strength of the changes
    of colour. `ema` above 0 averages the weights with that decay; `patience` above 0 ends a run
    after as many epochs without a better mIoU. `pseudo` names a data set of pseudo-labels, of which
    `pseudo_ratio` × the training images are mixed into each pass. `teacher` names a checkpoint, a
    file or a shipped key, whose probabilities are learned beside the truth; `start` one whose
    weights the run begins with, as far as they fit. `options` are the architecture's own.

    Raises ValueError with a sentence for a value that makes no sense.
    """

    architecture: str
    data: str
    variant: str = "slim"
    epochs: int = _up_to(100_000, 30)
    seed: int = 0
    pretrained: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    passes: int = _up_to(1000, 1)
    batch: int = _up_to(4096, 8)
    accumulate: int = _up_to(4096, 1)
    crop: tuple[int, int] = _up_to(4096, (256, 320))
    scale: tuple[float, float] = _up_to(16, (0.5625, 1.3125))
    flip: bool = True
    jitter: float = 0.3
    optimizer: str = "adamw"
    # SegNet's loss on CamVid after 80 steps: 1.77 with this, the same with 6e-3; 2.01 with 1e-3;
    # 1.88 with SGD and its paper's 0.1.
    lr: float = _up_to(1000, 3e-3)
    momentum: float = 0.9
    weight_decay: float = 1e-2
    schedule: str = "one_cycle"
    loss: str = "cross_entropy"
    class_weights: str = "enet"
    ema: float = 0.0
    patience: int = _up_to(100_000, 0)
    pseudo: str = ""
    pseudo_ratio: float = _up_to(1000, 0.5)
    teacher: str = ""
    start: str = ""
    precision: str = "auto"
    workers: int = _up_to(64, 1)
    probes: int = _up_to(64, 4)

    def __post_init__(self) -> None:
        # Written as ranges, which NaN and Infinity fail: Python reads both in JSON.
        for name in ("epochs", "passes", "batch", "accumulate", "lr"):
            self._require(name, 0 < getattr(self, name) < math.inf, _("above 0"))
        for name in ("jitter", "weight_decay", "patience", "workers", "probes", "pseudo_ratio"):
            self._require(name, 0 <= getattr(self, name) < math.inf, _("0 or more"))
        for name in ("momentum", "ema"):
            self._require(name, 0 <= getattr(self, name) < 1, _("from 0 to below 1"))
        for name, known in CHOICES.items():
            if (value := getattr(self, name)) not in known:
                raise ValueError(_(f"{name} must be one of {', '.join(known)}, not {value}."))
        self._require("crop", min(self.crop) >= SMALLEST_CROP, _(f"{SMALLEST_CROP} pixels or more"))
        rising = 0 < self.scale[0] <= self.scale[1] < math.inf
        self._require("scale", rising, _("a rising range above 0"))

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise ValueError(_(f"{name} must be {wanted}, not {getattr(self, name)}."))

    def to_json(self) -> dict[str, Any]:
        """Every setting by its name, in plain JSON values: pairs are lists."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}

    @classmethod
    def from_json(cls, settings: Any) -> TrainConfig:
        """The configuration that `to_json` wrote; a setting left out has its default.

        ValueError with a sentence that names the setting: it is unknown, lacking, of another type
        (WrongSetting), or its value makes no sense.
        """
        if not isinstance(settings, dict):
            raise ValueError(_("A configuration is a JSON object of settings."))
        # Sidecars, histories and states say `arch`; what they hold is never written anew.
        former = {new: settings[old] for old, new in _FORMERLY.items() if old in settings}
        settings = former | {name: settings[name] for name in settings if name not in _FORMERLY}
        types = get_type_hints(cls)
        if unknown := sorted(map(str, settings.keys() - types.keys())):
            raise ValueError(_(f"Unknown settings: {', '.join(unknown)}."))
        if lacking := [name for name in ("architecture", "data") if name not in settings]:
            raise ValueError(_(f"The configuration lacks its {' and '.join(lacking)}."))
        return cls(**{name: _typed(name, settings[name], types[name]) for name in settings})


# The most that others may ask a host to train. Far beyond any training, they catch slips, such as
# 1e9 epochs; whoever types a command at their own machine is not held to them.
LIMITS = {f.name: f.metadata["most"] for f in dataclasses.fields(TrainConfig) if f.metadata}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return list(value) if isinstance(value, tuple) else value


def _typed(name: str, value: Any, wanted: Any) -> Any:
    """JSON's value as the type that the setting has. WrongSetting where it is none."""
    origin, kinds = get_origin(wanted), get_args(wanted)
    if (
        origin is dict
        and isinstance(value, dict)
        and all(is_plain(option) and _is_option(part) for option, part in value.items())
    ):
        return {k: tuple(v) if isinstance(v, list) else v for k, v in value.items()}
    if origin is tuple and isinstance(value, (list, tuple)) and len(value) == len(kinds):
        if all(map(_fits, value, kinds)):
            return tuple(kind(part) for part, kind in zip(value, kinds, strict=True))
    elif origin is None and _fits(value, wanted):
        return wanted(value)
    raise WrongSetting(name, value)


def _fits(value: Any, wanted: type) -> bool:
    # JSON writes 1.0 as 1, while Python would take True for 1.
    if wanted is float and type(value) is int:
        return _is_finite(value)
    return type(value) is wanted and (not isinstance(value, str) or is_plain(value))


def _is_option(value: Any) -> bool:
    """Whether an architecture's option may be this: a flag, a number, a word, several numbers."""
    if isinstance(value, (list, tuple)):
        return all(isinstance(part, (int, float)) and _is_finite(part) for part in value)
    return is_plain(value) if isinstance(value, str) else _is_option([value])


def _is_finite(value: float) -> bool:
    """Whether it is a number that a float can hold: JSON's whole numbers have no end."""
    return abs(value) <= sys.float_info.max


def with_settings(config: TrainConfig, settings: list[str]) -> TrainConfig:
    """The configuration with "name=value" settings applied, each read as its field's type.

    A pair is written "256,320", an architecture's option "options.aux=true". ValueError names the
    known settings.
    """
    known = [item.name for item in dataclasses.fields(TrainConfig)]
    changes: dict[str, Any] = {"options": dict(config.options)}
    for setting in settings:
        name, separator, text = setting.partition("=")
        group, option = name.partition(".")[::2]
        if separator and group == "options" and option:
            # true, 16 and 0.5 as what they are, anything else as text; "1,2,4" as a tuple.
            try:
                value = tuple(json.loads(f"[{text}]")) if "," in text else json.loads(text)
            except (ValueError, RecursionError):
                value = text
            changes["options"][option] = value
        elif separator and name in known and name != "options":
            changes[name] = _parse(name, text, getattr(config, name))
        else:
            raise ValueError(_(f"Cannot set {setting!r}. Give name=value, of {', '.join(known)}."))
    return dataclasses.replace(config, **changes)


def _parse(name: str, text: str, like: Any) -> Any:
    try:
        if isinstance(like, bool):
            # bool("false") is True.
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if isinstance(like, tuple):
            first, second = (type(like[0])(part) for part in text.split(","))
            return first, second
        return type(like)(text)
    except (ValueError, KeyError) as error:
        raise ValueError(_(f"{name} cannot be {text!r}; it is {like}.")) from error


def settings_of(config: TrainConfig, defaults: TrainConfig) -> list[str]:
    """The "name=value" settings that turn `defaults` into `config`."""
    settings = [
        f"{item.name}={_text(getattr(config, item.name))}"
        for item in dataclasses.fields(TrainConfig)
        if item.name != "options" and getattr(config, item.name) != getattr(defaults, item.name)
    ]
    return settings + [f"options.{name}={_text(value)}" for name, value in config.options.items()]


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
