"""The data-set formats, a module each: a subclass of DatasetSplit in here that has a `kind` is one.

To add one, put a module beside these. Its class says how a specification names it (`form`), which
file or folder tells its layout (`marks`), how a split is opened, and what of it an audit looks at.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from models_zoo.data.base import DatasetSplit
from models_zoo.data.classes import names_require
from models_zoo.translation import gettext_noop as _


@cache
def formats() -> dict[str, type[DatasetSplit]]:
    """Every format by its `kind`, in the order in which a folder's layout is looked at."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    classes = [entry for module in modules for entry in vars(module).values()]
    datasets = [c for c in classes if isinstance(c, type) and issubclass(c, DatasetSplit)]
    # A kind of the class's own: a subclass that only inherits one is no format.
    kinds = {c.kind: c for c in datasets if vars(c).get("kind")}
    # A folder that describes itself is what it says, whatever else lies in it.
    return dict(sorted(kinds.items(), key=lambda pair: (not pair[1].describes_itself, pair[0])))


def open_dataset(specification: str, split: str) -> DatasetSplit:
    """The `split` of the data set that `specification` names, as in "camvid:PATH".

    ValueError names the known formats, or the splits that exist when `split` does not, or classes
    that nobody could tell apart.
    """
    kind, place = specification.partition(":")[::2]
    if kind not in formats():
        known = ", ".join(format_.form for format_ in formats().values())
        raise ValueError(_(f"Unknown data set {specification!r}. Known: {known}."))
    opened: DatasetSplit = formats()[kind](place, split)  # type: ignore[call-arg]  # as DatasetSplit says
    # Formats from outside, too.
    names_require([entry["name"] for entry in opened.classes], specification)
    return opened


def format_of(folder: Path) -> str | None:
    """The kind of the data set that lies in `folder`, by its layout; None when it is not known."""
    kinds = (kind for kind, format_ in formats().items() if format_.lies_in(folder))
    return next(kinds, None)
