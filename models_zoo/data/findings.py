"""What is wrong with a data set, or worth knowing before training on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was seen. `blocking`: training on it would fail or mean nothing."""

    kind: str
    message: str
    files: list[str]
    blocking: bool

    def __str__(self) -> str:
        return f"{self.message}{': ' if self.files else ''}{named(self.files)}."


def require_sound(findings: Sequence[Finding]) -> None:
    """ValueError with every blocking finding."""
    if blocking := [str(finding) for finding in findings if finding.blocking]:
        raise ValueError(" ".join(blocking))


def named(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def label_findings(
    split: str,
    classes: Sequence[Mapping[str, Any]],
    class_pixels: np.ndarray,
    *,
    ignored: int,
    ignore_index: int | None,
    ignore_stated: bool,
) -> list[Finding]:
    """Whether a class that was meant to be learned is ignored, or lost.

    class_pixels: the split's labelled pixels by class, K int64; ignored: all of its pixels that
    hold `ignore_index`. Masks of 0 and 255 lose their foreground so, and score 1.0 on the rest.
    """
    if ignored and not class_pixels.any():
        text = f"All pixels of {split!r} hold the value {ignore_index}, which is ignored"
        return [Finding("void", text, [], True)]
    never = [
        str(entry["name"])
        for number, entry in enumerate(classes)
        if not class_pixels[number] and number != ignore_index
    ]
    share = ignored / max(1, ignored + int(class_pixels.sum()))
    filled = f"The value {ignore_index}, which is ignored, fills {share:.1%} of the pixels of "
    if never and np.count_nonzero(class_pixels) == 1 and (ignored or split == "train"):
        only = classes[int(np.flatnonzero(class_pixels)[0])]["name"]
        begun = f"{filled}{split!r}, and all others" if ignored else f"All pixels of {split!r}"
        text = f"{begun} are {only!r}: there is nothing to tell apart. These never occur"
        return [Finding("alone", text, never, True)]
    # Small splits lack classes and void is common: a data set that says itself what is to be
    # ignored is believed.
    if never and ignored and split == "train" and not ignore_stated:
        text = (
            f"{filled}{split!r}, where {len(never)} of the classes never occur. Write their ids "
            f'into the masks, or say "ignore_index": {ignore_index} in the description if these '
            "pixels are void. These never occur"
        )
        return [Finding("ignored", text, never, True)]
    return []
