"""What is wrong with a data set, or worth knowing before training on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models_zoo.translation import gettext_noop as _

_NAMED = 5


@dataclass(frozen=True)
class Finding:
    """One thing that was seen. `blocking`: training on it would fail or mean nothing.

    `says` is English and marked for translation, `values` are what its places hold.
    """

    kind: str
    says: str
    files: list[str]
    blocking: bool
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        """The sentence, in English and without its full stop."""
        return self.says % self.values

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it, the English sentence beside what it is made of."""
        return {"message": self.message, **vars(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Finding:
        """What `to_json` wrote, and what earlier versions did: the sentence alone."""
        fields = {"says": content["message"].replace("%", "%%"), **content}
        return cls(**{name: value for name, value in fields.items() if name != "message"})

    def __str__(self) -> str:
        return f"{self.message}{': ' if self.files else ''}{named(self.files)}."


def require_sound(findings: Sequence[Finding]) -> None:
    """ValueError with every blocking finding."""
    if blocking := [str(finding) for finding in findings if finding.blocking]:
        raise ValueError(" ".join(blocking))


def named(names: Sequence[str]) -> str:
    """The first names of a list, and how many more there are."""
    shown, more = ", ".join(names[:_NAMED]), len(names) - _NAMED
    return _(f"{shown} and {more} more") if more > 0 else shown


def lost_findings(lost: Counter[str], kept: int, split: str, file: str) -> list[Finding]:
    """How many annotations of a split paint nothing, by what is said of them.

    `kept` is how many do. A sentence has places for `count`, `all` and `split`.
    """
    total = kept + lost.total()
    return [
        # Where none is left, all would be background.
        Finding("lost", says, [file], not kept, {"count": count, "all": total, "split": split})
        for says, count in lost.items()
    ]


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
        void = _("All pixels of %(split)r hold the value %(value)d, which is ignored")
        return [Finding("void", void, [], True, {"split": split, "value": ignore_index})]
    never = [
        str(entry["name"])
        for number, entry in enumerate(classes)
        if not class_pixels[number] and number != ignore_index
    ]
    share = ignored / max(1, ignored + int(class_pixels.sum()))
    values = {"split": split, "value": ignore_index, "share": f"{share:.1%}"}
    if never and np.count_nonzero(class_pixels) == 1 and (ignored or split == "train"):
        only = classes[int(np.flatnonzero(class_pixels)[0])]["name"]
        alone = _(
            "All pixels of %(split)r are %(name)r: there is nothing to tell apart. These never "
            "occur"
        )
        beside_void = _(
            "The value %(value)d, which is ignored, fills %(share)s of the pixels of %(split)r, "
            "and all others are %(name)r: there is nothing to tell apart. These never occur"
        )
        says = beside_void if ignored else alone
        return [Finding("alone", says, never, True, values | {"name": only})]
    # Small splits lack classes and void is common: a data set that says itself what is to be
    # ignored is believed.
    if never and ignored and split == "train" and not ignore_stated:
        says = _(
            "The value %(value)d, which is ignored, fills %(share)s of the pixels of %(split)r, "
            "where %(count)d of the classes never occur. Write their ids into the masks, or say "
            '"ignore_index": %(value)d in the description if these pixels are void. These never '
            "occur"
        )
        return [Finding("ignored", says, never, True, values | {"count": len(never)})]
    return []
