"""The metrics of an epoch, one line each: columns, curves, exports and comparisons follow from it.

Below them, what an evaluation or a single image is scored by. An event or a report may bring
others: they are kept and shown under their own names. Titles are English, marked for translation;
pages translate them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models_zoo.translation import gettext_noop as _

FRACTION = "fraction"  # from 0 to 1, shown in percent
HIGHER, LOWER = "higher", "lower"


@dataclass(frozen=True)
class Metric:
    """A metric of an epoch: `name` in events, rows, API and exports, `title` for people.

    `better` says which direction is; "" where neither. Metrics of one `chart` are drawn together,
    each as the `line` of that label; "" for a metric that is not drawn.
    """

    name: str
    title: str
    unit: str = ""
    better: str = ""
    chart: str = ""
    line: str = ""

    @property
    def fraction(self) -> bool:
        """Whether it lies between 0 and 1."""
        return self.unit == FRACTION


@dataclass(frozen=True)
class Chart:
    """What a chart is called, and what its axis says."""

    title: str
    axis: str


METRICS = {
    metric.name: metric
    for metric in (
        Metric("loss", _("Training loss"), "", LOWER, "loss", _("train")),
        Metric("val_loss", _("Loss on val"), "", LOWER, "loss", _("val")),
        Metric("lr", _("Learning rate"), chart="lr", line=_("Learning rate")),
        Metric("seconds", _("Seconds"), "s", LOWER),
        Metric("images_per_second", _("Images a second"), "1/s", HIGHER),
        Metric("miou", "mIoU", FRACTION, HIGHER, "miou", _("val")),
        Metric("train_miou", _("mIoU on train"), FRACTION, HIGHER, "miou", _("train")),
        Metric("pixel_accuracy", _("Pixel accuracy"), FRACTION, HIGHER, "pixels", _("pixel")),
        Metric(
            "mean_accuracy", _("Mean accuracy"), FRACTION, HIGHER, "pixels", _("mean of classes")
        ),
        Metric("fw_iou", _("Frequency-weighted IoU"), FRACTION, HIGHER, "pixels", _("fw IoU")),
        Metric("per_class_iou", _("IoU by class"), FRACTION, HIGHER, "classes"),
        Metric("classes_counted", _("Classes with pixels")),
    )
}

# What an evaluation is told by, on cards, in stories and lists.
SCORES = {
    metric.name: metric
    for metric in (
        METRICS["miou"],
        METRICS["pixel_accuracy"],
        Metric("boundary_iou", _("Boundary IoU"), FRACTION, HIGHER),
        Metric("boundary_f1", _("Boundary F1"), FRACTION, HIGHER),
    )
}
# What of it a single image is scored by, while somebody waits: boundary F1 would take longer than
# the others together.
IMAGE_SCORES = tuple(metric for metric in SCORES.values() if metric.name != "boundary_f1")

# What scripts from elsewhere call them: the split, "" for none said, and then one of the names.
VAL, TRAIN = ("val", "valid", "validation", "eval"), ("train", "training")
_CALLED: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "miou": ((*VAL, ""), ("miou", "mean iou", "mean intersection over union")),
    "train_miou": (TRAIN, ("miou", "mean iou", "mean intersection over union")),
    "loss": ((*TRAIN, ""), ("loss",)),
    "val_loss": (VAL, ("loss",)),
    "lr": (("", *TRAIN), ("lr", "learning rate")),
    "pixel_accuracy": ((*VAL, ""), ("pixel accuracy", "pixel acc", "aacc")),
    "mean_accuracy": ((*VAL, ""), ("mean accuracy", "mean acc", "macc")),
    "fw_iou": ((*VAL, ""), ("fw iou", "fwiou", "frequency weighted iou")),
}
# Best first: of two that a script tells, "val/mIoU" is meant before "mIoU".
ALIASES = {
    f"{split} {name}".strip(): metric
    for metric, (splits, names) in _CALLED.items()
    for split in splits
    for name in names
}
_OF_CLASS = tuple(f"{split} iou".strip() for split in (*VAL, ""))  # and then the class


def alias_words(name: str) -> str:
    """A name as it is compared: "val/mIoU", "val_miou" and Lightning's "val_mIoU_epoch" alike."""
    return " ".join(re.findall(r"[^\W_]+", name.lower())).removesuffix(" epoch")


def alias_class(name: str) -> str:
    """The words of the class whose IoU a name means, as "iou/road" does; "" for none."""
    words = alias_words(name)
    start = next((start for start in _OF_CLASS if words.startswith(f"{start} ")), "")
    return words.removeprefix(f"{start} ") if start else ""


CHARTS = {
    "miou": Chart(_("mIoU, in percent"), "mIoU"),
    "loss": Chart(_("Loss"), _("Loss")),
    "pixels": Chart(_("Accuracy and frequency-weighted IoU, in percent"), "%"),
    "lr": Chart(_("Learning rate"), _("Learning rate")),
    "classes": Chart(_("IoU by class, in percent"), "IoU"),
}


def charted(chart: str) -> list[Metric]:
    """The metrics that a chart of CHARTS draws."""
    return [metric for metric in METRICS.values() if metric.chart == chart]


def leading() -> list[Metric]:
    """The first of each chart that has a better direction: what runs are compared by."""
    firsts = [next((m for m in charted(chart) if m.line), None) for chart in CHARTS]
    return [metric for metric in firsts if metric and metric.better]
