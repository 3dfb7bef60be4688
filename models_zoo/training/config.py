"""The configuration of a training run: every choice by name, with its default."""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass, field
from typing import Any

CHOICES = {
    "optimizer": ("adamw", "sgd"),
    "schedule": ("one_cycle", "poly", "step", "constant"),
    "loss": ("cross_entropy", "focal", "ohem", "dice", "cross_entropy_dice"),
    "class_weights": ("none", "median", "segnet", "enet", "enet_sqrt"),
    "precision": ("auto", "fp32", "bf16", "fp16"),
}
SMALLEST_CROP = 32


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
    file or a shipped key, whose probabilities are learned beside the truth. `options` are the
    architecture's own.

    Raises ValueError with a sentence for a value that makes no sense.
    """

    arch: str
    data: str
    variant: str = "slim"
    epochs: int = 30
    seed: int = 0
    pretrained: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    passes: int = 1
    batch: int = 8
    accumulate: int = 1
    crop: tuple[int, int] = (256, 320)
    scale: tuple[float, float] = (0.5625, 1.3125)
    flip: bool = True
    jitter: float = 0.3
    optimizer: str = "adamw"
    lr: float = 3e-3
    momentum: float = 0.9
    weight_decay: float = 1e-2
    schedule: str = "one_cycle"
    loss: str = "cross_entropy"
    class_weights: str = "enet"
    ema: float = 0.0
    patience: int = 0
    pseudo: str = ""
    pseudo_ratio: float = 0.5
    teacher: str = ""
    precision: str = "auto"
    workers: int = 1
    probes: int = 4

    def __post_init__(self) -> None:
        for name in ("epochs", "passes", "batch", "accumulate", "lr"):
            self._require(name, 0 < getattr(self, name) < math.inf, "above 0")
        for name in ("jitter", "weight_decay", "patience", "workers", "probes", "pseudo_ratio"):
            self._require(name, 0 <= getattr(self, name) < math.inf, "0 or more")
        for name in ("momentum", "ema"):
            self._require(name, 0 <= getattr(self, name) < 1, "from 0 to below 1")
        for name, known in CHOICES.items():
            self._require(name, getattr(self, name) in known, f"one of {', '.join(known)}")
        self._require("crop", min(self.crop) >= SMALLEST_CROP, f"{SMALLEST_CROP} pixels or more")
        rising = 0 < self.scale[0] <= self.scale[1] < math.inf
        self._require("scale", rising, "a rising range above 0")

    def _require(self, name: str, holds: bool, wanted: str) -> None:
        if not holds:
            raise ValueError(f"{name} must be {wanted}, not {getattr(self, name)}.")

    def as_dict(self) -> dict[str, Any]:
        """The configuration as JSON holds it."""
        return dataclasses.asdict(self)


def with_settings(config: TrainConfig, settings: list[str]) -> TrainConfig:
    """The configuration with "name=value" settings applied, each read as its field's type.

    A pair is written "256,320", an architecture's option "options.aux=true". ValueError names the
    known settings.
    """
    known = [item.name for item in dataclasses.fields(TrainConfig)]
    changes: dict[str, Any] = {"options": dict(config.options)}
    for setting in settings:
        name, separator, text = setting.partition("=")
        group, _, option = name.partition(".")
        if separator and group == "options" and option:
            changes["options"][option] = _parse_option(text)
        elif separator and name in known and name != "options":
            changes[name] = _parse(name, text, getattr(config, name))
        else:
            raise ValueError(f"Cannot set {setting!r}. Give name=value, of {', '.join(known)}.")
    return dataclasses.replace(config, **changes)


def _parse_option(text: str) -> Any:
    """true, 16 and 0.5 as what they are, anything else as text; "1,2,4" as a tuple of numbers."""
    try:
        return tuple(json.loads(f"[{text}]")) if "," in text else json.loads(text)
    except ValueError:
        return text


def _parse(name: str, text: str, like: Any) -> Any:
    try:
        if isinstance(like, bool):
            return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
        if isinstance(like, tuple):
            first, second = (type(like[0])(part) for part in text.split(","))
            return first, second
        return type(like)(text)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{name} cannot be {text!r}; it is {like}.") from error


def settings_of(config: TrainConfig, defaults: TrainConfig) -> list[str]:
    """The "name=value" settings that turn `defaults` into `config`."""
    wanted, given = config.as_dict(), defaults.as_dict()
    settings = [
        f"{name}={_text(value)}"
        for name, value in wanted.items()
        if name != "options" and value != given[name]
    ]
    return settings + [f"options.{name}={_text(value)}" for name, value in config.options.items()]


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
