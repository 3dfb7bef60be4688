"""What the story compares networks by: each measure's words, and where it stands in an entry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from models_zoo.metrics.table import SCORES
from segweb.templatetags.figures import iou

Measured = dict[str, Any]  # a checkpoint, as `models_zoo.study.story` measured it


@dataclass(frozen=True)
class Measure:
    """One measure. `unit`: "" for a fraction of one, shown in percent.

    `tells`: a failure of the lecture's story. `less`: the smaller the better. `ranks` is False for
    what is neither good nor bad. `means`: how it is counted, in a sentence, where the title does
    not say it.
    """

    name: str
    title: Any
    read: Callable[[Measured], float | None]
    unit: str = ""
    less: bool = False
    ranks: bool = True
    tells: bool = False
    means: Any = ""

    def write(self, value: float) -> str:
        """The value as the reader's language writes it, a fraction in percent."""
        if not self.unit:
            return f"{iou(value)} %"
        digits = {"ms": 1, "px": 0, "MB": 1, "G": 1}[self.unit]
        return f"{number_format(round(value, digits), digits)} {self.unit}"


def _score(name: str, **said: Any) -> Measure:
    """A measure that is a score of SCORES."""
    return Measure(name, _(SCORES[name].title), lambda entry: entry["scores"].get(name), **said)


def _failure(name: str) -> Callable[[Measured], float | None]:
    return lambda entry: entry["scores"].get("diagnosis", {}).get(name, {}).get("value")


def _of_size(name: str) -> Callable[[Measured], float | None]:
    def read(entry: Measured) -> float | None:
        if "diagnosis" in entry["scores"]:
            return None  # which says the same of objects that are meant to be hard
        return entry["scores"].get("recall_by_size", {}).get(name, {}).get("recall")

    return read


def field_ratio(entry: Measured) -> float | None:
    """The effective receptive field's side as a share of theory's; None where that is global."""
    field = entry["field"]
    return None if field["theoretical"] == "global" else field["effective"] / field["theoretical"]


MEASURES = (
    _score("miou"),
    Measure("large", _("Large objects kept whole"), _failure("large"), tells=True,
            # xgettext:no-python-format
            means=_("Of each object that fills 8 % of its picture or more: the largest piece of "
                    "the right class, as a share of the object. Cut in half, it counts half.")),
    Measure("small", _("Small objects found"), _failure("small"), tells=True,
            # xgettext:no-python-format
            means=_("The share of far things, each up to 0.16 % of its picture, that something of "
                    "their class covers, and not much beside: with an IoU of a quarter or more.")),
    _score("boundary_f1", tells=True,
           # xgettext:no-python-format
           means=_("How much of the true boundaries is drawn, and of the drawn ones true, within "
                   "0.75 % of the diagonal.")),
    Measure("context", _("Context matched"), _failure("context"), tells=True,
            means=_("Cars and boats drawn alike, which only road or water tells apart. 0: no "
                    "better than guessing.")),
    Measure("look_alike", _("Look-alikes told apart"), _failure("look_alike"), tells=True,
            means=_("Houses and towers drawn alike, which only their whole height tells apart. 0: "
                    "no better than guessing.")),
    Measure("low_contrast", _("Low contrast found"), _failure("low_contrast"), tells=True,
            means=_("The share of their pixels that is found of people and signs that hardly "
                    "differ from what is around them.")),
    Measure("thin", _("Thin structures found"), _failure("thin"),
            means=_("The share of their pixels that is found of poles, fences and bicycles.")),
    Measure("of_size_large", _("Pixels of large objects found"), _of_size("large")),
    Measure("of_size_medium", _("Pixels of medium objects found"), _of_size("medium")),
    Measure("of_size_small", _("Pixels of small objects found"), _of_size("small")),
    _score("boundary_iou"),
    Measure("field", _("Effective receptive field"), lambda e: e["field"]["effective"], unit="px",
            ranks=False),
    Measure("field_ratio", _("Effective / theoretical field"), field_ratio, ranks=False),
    Measure("milliseconds", _("Time of a forward pass"), lambda e: e["milliseconds"], unit="ms",
            less=True),
    Measure("memory", _("Memory"), lambda e: e["memory_bytes"] / 1e6, unit="MB", less=True),
)  # fmt: skip
BY_NAME = {measure.name: measure for measure in MEASURES}
