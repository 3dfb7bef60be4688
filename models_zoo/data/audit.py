"""What may be wrong with a data set, looked for before a run starts, with file names."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from models_zoo.data.base import DatasetSplit
from models_zoo.data.findings import Finding, label_findings, require_sound
from models_zoo.translation import gettext_noop as _

_VALUES_NAMED = 5


@dataclass
class Audit:
    """The findings over some splits, and per split the pixels of each class.

    class_pixels: pixels of the class; class_image_pixels: all labelled pixels of the images that
    hold the class. Both int64, one value a class.
    """

    findings: list[Finding] = field(default_factory=list)
    class_pixels: dict[str, np.ndarray] = field(default_factory=dict)
    class_image_pixels: dict[str, np.ndarray] = field(default_factory=dict)

    def require_sound(self) -> None:
        """ValueError with every blocking finding."""
        require_sound(self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The audit as JSON holds it."""
        return {
            "findings": [finding.to_json() for finding in self.findings],
            "class_pixels": {s: c.tolist() for s, c in self.class_pixels.items()},
            "class_image_pixels": {s: c.tolist() for s, c in self.class_image_pixels.items()},
        }

    @classmethod
    def from_dict(cls, content: dict[str, Any]) -> Audit:
        """The audit that `as_dict` wrote."""
        counts = [
            {split: np.array(values, np.int64) for split, values in content[name].items()}
            for name in ("class_pixels", "class_image_pixels")
        ]
        return cls([Finding.from_json(finding) for finding in content["findings"]], *counts)


def audit(splits: Mapping[str, DatasetSplit], *, alive: Callable[[], None] = lambda: None) -> Audit:
    """Looks at every item of `splits`, which share one class list. Images are not decoded.

    `alive` is called at each, since large data take long.
    """
    result = Audit()
    for split, dataset in splits.items():
        _audit_split(split, dataset, result, alive)
    places: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for split, dataset in splits.items():
        # All items: those that an audit leaves out may lie in two splits just as well.
        for index in range(len(dataset)):
            alive()
            try:
                places[dataset.digest(index)].append((split, dataset.name(index)))
            except OSError:
                continue  # told as unreadable
    shared = [
        " = ".join(f"{split}/{name}" for split, name in items)
        for items in places.values()
        if len({split for split, _ in items}) > 1
    ]
    if shared:
        says, values = _("%(count)d images lie in more than one split"), {"count": len(shared)}
        result.findings.append(Finding("duplicates", says, shared, True, values))
    return result


def _audit_split(
    split: str, dataset: DatasetSplit, result: Audit, alive: Callable[[], None]
) -> None:
    result.findings += dataset.findings
    if not dataset.labelled or not len(dataset):
        no_mask, no_image = (
            _("The split %(split)r has no masks"),
            _("The split %(split)r holds no image"),
        )
        says = no_mask if len(dataset) else no_image
        result.findings.append(Finding("empty", says, [], True, {"split": split}))
        return
    classes, ignored = len(dataset.classes), 0
    unreadable, misfits, strange = [], [], []
    sizes: Counter[tuple[int, int]] = Counter()
    pixels, image_pixels = np.zeros(classes, np.int64), np.zeros(classes, np.int64)
    for index in dataset.audited:
        alive()
        name = f"{split}/{dataset.name(index)}"
        try:
            size, mask_size = dataset.size(index), dataset.mask_size(index)
            sizes[size] += 1
            if mask_size != size:
                # Not decoded: a mask that fits no image may say that it has any size.
                misfits.append(f"{name} (mask {_by(mask_size)}, image {_by(size)})")
                continue
            mask = dataset.load_mask(index)
        except (ValueError, OSError) as error:
            unreadable.append(f"{name} ({error})")
            continue
        # Masks are bytes: one count of all ids tells those that are no class, too.
        counts = np.bincount(mask.ravel(), minlength=256)
        if dataset.ignore_index is not None:
            ignored += int(counts[dataset.ignore_index])
            counts[dataset.ignore_index] = 0
        if counts[classes:].any():
            values = (np.flatnonzero(counts[classes:]) + classes).tolist()
            strange.append(f"{name} ({', '.join(map(str, values[:_VALUES_NAMED]))})")
        pixels += counts[:classes]
        # What median frequencies divide by: kept, so that class weights need no second pass.
        image_pixels += np.where(counts[:classes] > 0, counts[:classes].sum(), 0)
    result.class_pixels[split], result.class_image_pixels[split] = pixels, image_pixels
    for kind, says, files in (
        ("unreadable", _("%(count)d items of %(split)r cannot be read"), unreadable),
        ("size", _("%(count)d items of %(split)r have masks of another size"), misfits),
        (
            "values",
            _(
                "%(count)d items of %(split)r have mask values outside the classes 0 … %(last)d. "
                "Correct the masks or, where the value stands for void, state it as "
                '"ignore_index" in classes.json. These have'
            ),
            strange,
        ),
    ):
        if files:
            facts: dict[str, Any] = {"count": len(files), "split": split, "last": classes - 1}
            result.findings.append(Finding(kind, says, files, True, facts))
    result.findings += label_findings(
        split,
        dataset.classes,
        pixels,
        ignored=ignored,
        ignore_index=dataset.ignore_index,
        ignore_stated=dataset.ignore_stated,
    )
    absent = np.flatnonzero(pixels == 0)
    if absent.size:
        names = [dataset.classes[number]["name"] for number in absent]
        says, facts = _("%(count)d classes do not occur in %(split)r"), {"count": len(names)}
        # Does not block: small data sets lack some classes.
        result.findings.append(Finding("absent", says, names, False, {"split": split, **facts}))
    if len(sizes) > 1:
        trained = dataset.input_size
        says = _(
            "The images of %(split)r have %(count)d sizes; networks are trained at %(size)s, which "
            "%(fit)d of %(total)d have"
        )
        told = {"split": split, "count": len(sizes), "size": _by(trained)}
        told |= {"fit": sizes[trained], "total": sizes.total()}
        result.findings.append(Finding("sizes", says, [], False, told))


def _by(size: tuple[int, ...]) -> str:
    return f"{size[1]}×{size[0]}"
