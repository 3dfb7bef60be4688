"""The configuration of a training run: every choice by name, with its default."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

SCHEDULES = ("one_cycle", "poly")
CLASS_WEIGHTS = ("none", "median", "enet")
PRECISIONS = ("auto", "fp32", "bf16", "fp16")


@dataclass(frozen=True)
class TrainConfig:
    """What a run does. Sizes are (height, width) in pixels.

    Raises ValueError with a sentence for a value that makes no sense.
    """

    arch: str
    data: str
    variant: str = "slim"
    epochs: int = 30
    seed: int = 0
    pretrained: bool = False
    batch: int = 8
    crop: tuple[int, int] = (256, 320)
    scale: tuple[float, float] = (0.75, 1.75)
    jitter: float = 0.3
    lr: float = 3e-3
    weight_decay: float = 1e-2
    schedule: str = "one_cycle"
    class_weights: str = "enet"
    precision: str = "auto"
    workers: int = 1

    def __post_init__(self) -> None:
        positive = {"epochs": self.epochs, "batch": self.batch, "lr": self.lr}
        for name, value in positive.items():
            if not 0 < value < float("inf"):
                raise ValueError(f"{name} must be above 0, not {value}.")
        for name, known in (
            ("schedule", SCHEDULES),
            ("class_weights", CLASS_WEIGHTS),
            ("precision", PRECISIONS),
        ):
            if getattr(self, name) not in known:
                raise ValueError(
                    f"Unknown {name} {getattr(self, name)!r}. Known: {', '.join(known)}."
                )
        if min(self.crop) < 32:
            raise ValueError(f"crop must be at least 32×32 pixels, not {self.crop}.")
        if not 0 < self.scale[0] <= self.scale[1]:
            raise ValueError(f"scale must be a rising range above 0, not {self.scale}.")

    def as_dict(self) -> dict[str, Any]:
        """The configuration as JSON holds it."""
        return dataclasses.asdict(self)


def with_settings(config: TrainConfig, settings: list[str]) -> TrainConfig:
    """The configuration with "name=value" settings applied, each read as its field's type.

    A pair is written "256,320". ValueError names the known settings.
    """
    fields = {field.name: field for field in dataclasses.fields(TrainConfig)}
    changes = {}
    for setting in settings:
        name, separator, text = setting.partition("=")
        if name not in fields or not separator:
            raise ValueError(f"Cannot set {setting!r}. Give name=value, of {', '.join(fields)}.")
        try:
            changes[name] = _parse(text, getattr(config, name))
        except (ValueError, KeyError) as error:
            raise ValueError(
                f"{name} cannot be {text!r}; it is {getattr(config, name)}."
            ) from error
    return dataclasses.replace(config, **changes)


def _parse(text: str, like: Any) -> Any:
    if isinstance(like, bool):
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    if isinstance(like, tuple):
        first, second = (type(like[0])(part) for part in text.split(","))
        return first, second
    return type(like)(text)
