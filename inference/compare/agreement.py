"""Where predictions of one image agree.

Only masks of one class list can be compared: predictions are grouped by theirs.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inference.images.apart.derived import spooled
from inference.images.apart.process import apart
from inference.images.classes import class_list
from inference.images.votes import masks_agreement
from inference.models import Comparison, Prediction


def comparison_agreement(comparison: Comparison) -> dict[str, Any]:
    """`masks_agreement` of the finished predictions, each under its id."""
    by_classes: dict[Any, list[Prediction]] = {}
    for prediction in comparison.predictions.all():
        if prediction.mask:
            by_classes.setdefault(class_list(prediction.checkpoint), []).append(prediction)
    with TemporaryDirectory(prefix="segweb-") as folder:
        groups = [
            (len(classes), [(str(m.pk), spooled(m.mask, Path(folder, str(m.pk)))) for m in members])
            for classes, members in by_classes.items()
            if len(members) > 1
        ]
        return apart(masks_agreement, groups)
