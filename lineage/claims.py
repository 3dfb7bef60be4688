"""The lecture's claims, each held against the numbers of one story. Nothing here is typed in."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from lineage.measures import BY_NAME, Entry, Measure, field_ratio
from models_zoo.study.descriptions import description

TIE = 0.01  # differences below this may be another seed's
FASTER = 0.95
CORNERS_SMALL = 0.01
FIELD_RANGE = (0.2, 0.5)  # about a third
_COST = Measure("gmacs", _("Multiply-adds"), lambda entry: entry["gmacs"], unit="G", less=True)


@dataclass(frozen=True)
class Verdict:
    """What became of a claim. `state`: holds, tie, fails or unmeasured; `values`: who had what.

    `missing`: networks without a checkpoint; `elsewhere`: the measure is not one of this data set.
    """

    says: Any
    measure: Any
    state: str
    values: list[tuple[str, str]]
    difference: str = ""
    missing: tuple[str, ...] = ()
    elsewhere: bool = False


@dataclass(frozen=True)
class Claim:
    """That `better` beats each of `rivals` (catalogue keys, slim variants) in a measure."""

    says: Any
    measure: str
    better: str
    rivals: tuple[str, ...]

    def judge(self, entries: list[Entry]) -> Verdict:
        """Held against the entries of a story; against the strongest rival."""
        measure = BY_NAME[self.measure]
        sides = (self.better, *self.rivals)
        found = {e["architecture"]: e for e in entries if _plain(e)}
        known = {key: measure.read(found[key]) for key in sides if key in found}
        values = {key: value for key, value in known.items() if value is not None}
        written = _written(measure, [(found[key], value) for key, value in values.items()])
        if len(values) < len(sides):
            missing = tuple(key for key in sides if key not in found)
            elsewhere = len(values) < len(known)
            return Verdict(
                self.says,
                measure.title,
                "unmeasured",
                written,
                missing=missing,
                elsewhere=elsewhere,
            )
        rivals = [values[key] for key in self.rivals]
        state, difference = _compare(measure, values[self.better], rivals)
        return Verdict(self.says, measure.title, state, written, difference)


def _written(measure: Measure, sides: list[tuple[Entry, float]]) -> list[tuple[str, str]]:
    """Key and value of each side; after how many epochs, where the sides differ in that."""
    epochs = {entry.get("epochs") for entry, _value in sides}
    texts = []
    for entry, value in sides:
        text = measure.write(value)
        if len(epochs) > 1 and None not in epochs:
            told = {"value": text, "epochs": entry["epochs"]}
            text = gettext("%(value)s after %(epochs)s epochs") % told
        texts.append((entry["key"], text))
    return texts


def _plain(entry: Entry) -> bool:
    return entry["variant"] == "slim" and not entry["pretrained"] and entry["shipped"]


def _compare(measure: Measure, value: float, rivals: list[float]) -> tuple[str, str]:
    if measure.less:
        strongest = min(rivals)
        state = "holds" if value < FASTER * strongest else "tie"
        state = "fails" if value * FASTER > strongest else state
        return state, f"×{value / strongest:.2f}"
    difference = value - max(rivals)
    state = "tie" if abs(difference) < TIE else "holds" if difference > 0 else "fails"
    return state, _signed(difference)


def _signed(difference: float) -> str:
    return f"{difference:+.3f}".replace("-", "−")


CLAIMS = (
    Claim(_("Skip connections bring boundaries back."), "boundary_f1", "fcn8s", ("fcn32s",)),
    Claim(_("Unpooling brings boundaries back."), "boundary_f1", "segnet", ("fcn32s",)),
    Claim(_("Concatenated skips do more than unpooling."), "boundary_f1", "unet", ("segnet",)),
    Claim(_("A learned decoder beats one interpolation."), "boundary_f1", "deconvnet", ("fcn32s",)),
    Claim(_("Dilation keeps large objects whole."), "large", "deeplab_v1", ("fcn8s",)),
    Claim(_("Dropping the last pools helps."), "miou", "dilatednet_front", ("deeplab_v1",)),
    Claim(_("A context module helps."), "miou", "dilatednet_large", ("dilatednet_front",)),
    Claim(_("Several rates beat one."), "miou", "deeplab_v2_vgg16", ("deeplab_v1",)),
    Claim(_("Global pooling gives context (PSPNet)."), "context", "pspnet_resnet50",
          ("deeplab_v2_resnet101",)),
    Claim(_("Global pooling gives context (DeepLab v3)."), "context", "deeplab_v3_resnet50",
          ("deeplab_v2_resnet101",)),
    Claim(_("EDeconvNet is above both its members."), "miou", "edeconvnet", ("deconvnet", "fcn8s")),
)  # fmt: skip


def _pretrained(entries: list[Entry]) -> Verdict:
    """The same network with a pretrained backbone and without; the pair that differs most."""
    says, measure = _("A pretrained backbone helps."), BY_NAME["miou"]
    plain = {(e["architecture"], e["variant"]): e for e in entries if not e["pretrained"]}
    pairs = []
    for entry in entries:
        other = plain.get((entry["architecture"], entry["variant"]))
        if entry["pretrained"] and other:
            pairs.append((measure.read(entry) - measure.read(other), entry, other))
    if not pairs:
        return Verdict(says, measure.title, "unmeasured", [])
    _gain, entry, other = max(pairs, key=lambda pair: pair[0])
    state, difference = _compare(measure, measure.read(entry), [measure.read(other)])
    values = [
        (f"{entry['key']} ({_('pretrained')})", measure.write(measure.read(entry))),
        (other["key"], measure.write(measure.read(other))),
    ]
    return Verdict(says, measure.title, state, values, difference)


def _corners(entries: list[Entry]) -> Verdict:
    """How far mIoU moves when align_corners is the other way than trained with."""
    says, measure = _("align_corners changes little."), BY_NAME["miou"]
    moved = {
        entry["key"]: entry["corners"]["flipped"] - entry["corners"]["trained"]
        for entry in entries
        if entry["corners"]
    }
    if not moved:
        return Verdict(says, measure.title, "unmeasured", [])
    largest = max(moved.values(), key=abs)
    values = [(key, _signed(moved[key])) for key in _extremes(moved)]
    state = "holds" if abs(largest) < CORNERS_SMALL else "fails"
    return Verdict(says, measure.title, state, values, _signed(largest))


def _field(entries: list[Entry]) -> Verdict:
    """The median of effective by theoretical receptive field, where theory has a box."""
    says = _("The actual receptive field is about a third of the theoretical one.")
    measure = BY_NAME["field_ratio"]
    ratios = {e["key"]: ratio for e in entries if (ratio := field_ratio(e)) is not None}
    if not ratios:
        return Verdict(says, measure.title, "unmeasured", [])
    middle = statistics.median(ratios.values())
    state = "holds" if FIELD_RANGE[0] <= middle <= FIELD_RANGE[1] else "fails"
    values = [(key, measure.write(ratios[key])) for key in _extremes(ratios)]
    return Verdict(says, measure.title, state, values, measure.write(middle))


def _extremes(values: dict[str, float]) -> list[str]:
    """Who has the least and who the most."""
    return list(dict.fromkeys([min(values, key=values.get), max(values, key=values.get)]))


def _lighter(_entries: list[Entry]) -> Verdict:
    """SegNet and DeconvNet as their papers have them: slim, one is narrowed more than the other."""
    figures = {
        key: description(key)["variants"]["full"]["figures"]["gmacs"]
        for key in ("segnet", "deconvnet")
    }
    state, difference = _compare(_COST, figures["segnet"], [figures["deconvnet"]])
    values = [(f"{key} full", _COST.write(value)) for key, value in figures.items()]
    return Verdict(_("SegNet costs less than DeconvNet."), _COST.title, state, values, difference)


WHOLE: tuple[Callable[[list[Entry]], Verdict], ...] = (_lighter, _pretrained, _corners, _field)


def verdicts(entries: list[Entry]) -> list[Verdict]:
    """Every claim of the lecture, held against one story."""
    return [claim.judge(entries) for claim in CLAIMS] + [judge(entries) for judge in WHOLE]
