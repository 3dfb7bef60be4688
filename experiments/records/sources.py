"""Where a run's images are: specifications without any path of a host, and what they mean here.

    scenes, scenes:360x480, scenes:48x64:200    drawn, no files
    camvid:streets, voc:VOC2012, folder:mine, coco:images:annotations.json
                                relative to the data root (SEGWEB_DATA)
    imported:<slug>             a zip that someone imported, unpacked in storage

Whoever trains or looks at images needs the same data root; see README, "Several hosts".
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from experiments.models import Dataset
from experiments.records.datasets import dataset_ensure, dataset_identity
from models_zoo import data as formats
from models_zoo.data import format_of, open_dataset
from models_zoo.data.formats import formats as kinds
from models_zoo.data.formats.folder import Folder
from segweb.env import BASE_DIR
from segweb.sentences import told

IMPORTED = "imported"
SIZES_SECONDS = 300  # for which the size of some data's images is kept
READ_AT_ONCE = 512 * 2**20  # bytes, which a request reads within its seconds


@dataclass(frozen=True)
class Source:
    """Images that a run can learn from, by specification."""

    spec: str
    slug: str
    title: str
    class_names: tuple[str, ...]


def data_resolve(spec: str) -> str:
    """The specification as models_zoo reads it on this host. ValidationError if it leads astray."""
    kind, separator, rest = spec.partition(":")
    if kind == "scenes":
        return spec
    if kind == IMPORTED:
        folder = Dataset.objects.filter(slug=rest).values_list("folder", flat=True).first()
        if not folder:
            raise ValidationError(_("There is no such data set: %(name)s.") % {"name": spec})
        return imported_spec(Path(default_storage.path(folder)))
    if not separator:
        raise ValidationError(_("There is no such data set: %(name)s.") % {"name": spec})
    places = []
    for part in rest.split(":"):
        # A request may name data, never any file of this host.
        path = PurePosixPath(part)
        if not part or path.is_absolute() or ".." in path.parts or "\0" in part or "\\" in part:
            raise ValidationError(_("Data sets are named relative to the data root, without ..."))
        places.append(str(settings.DATA_ROOT / path))
    return ":".join([kind, *places])


def imported_spec(folder: Path) -> str:
    """The specification of what was unpacked to `folder`, by its layout.

    Never a published data set's, whose name would say which images these are.
    """
    kind = format_of(folder)
    if kind is None or kinds()[kind].published:
        kind = Folder.kind
    return f"{kind}:{folder}"


def data_title(spec: str, opened: formats.DatasetSplit) -> str:
    """What opened data are called: an import by its row, whose folder has a number for a name."""
    imported = Dataset.objects.exclude(folder="").filter(slug=spec.removeprefix(f"{IMPORTED}:"))
    row = imported.first() if spec.startswith(f"{IMPORTED}:") else None
    return row.title if row else opened.title


def data_open(spec: str, split: str) -> formats.DatasetSplit:
    """A split of the data. ValidationError, naming no place of this host, when it is not there."""
    with faults_told():
        return open_dataset(data_resolve(spec), split)


def data_dataset(spec: str) -> Dataset | None:
    """The row of the data that a specification names, made where there is none yet.

    Of data too large to be read while somebody waits, it is what runs had on this specification
    lately, if anything: the trainer reads all of it and tells. ValidationError as by `data_open`.
    """
    opened = data_open(spec, "train")
    with faults_told():
        if opened.unread > READ_AT_ONCE:
            known = Dataset.objects.filter(runs__data=spec, ignore_index=opened.ignore_index)
            names = list(_names(opened.classes))
            latest_first = known.order_by("-runs__pk")
            return next((row for row in latest_first if row.class_names == names), None)
        return dataset_ensure(
            passport=opened.passport,
            classes=opened.classes,
            ignore_index=opened.ignore_index,
            data=spec,
        )


def data_size(spec: str) -> tuple[int, int] | None:
    """Height and width that networks are trained for on data that are offered here.

    None of other data, whose reading may take long, and where it cannot be told.
    """
    kind = spec.partition(":")[0]
    if kind != "scenes" and spec not in {source.spec for source in data_sources()}:
        return None
    with suppress(ValidationError, ValueError, OSError):
        return _size_measured(data_resolve(spec), int(time.monotonic() / SIZES_SECONDS))
    return None


# The header of each of a thousand images tells it, and a form asks at each change.
@lru_cache(maxsize=64)
def _size_measured(place: str, _moment: int) -> tuple[int, int]:
    height, width = open_dataset(place, "train").input_size
    return height, width


@contextmanager
def faults_told() -> Iterator[None]:
    """What is wrong with data becomes a ValidationError that names no place of this host."""
    try:
        yield
    except (ValueError, OSError) as fault:
        raise ValidationError(told(places_hidden(str(fault)))) from fault


def places_hidden(sentence: str) -> str:
    """A sentence without the folders of this host: what lies in them is named all the same."""
    for place in (settings.DATA_ROOT, settings.MEDIA_ROOT, BASE_DIR):
        sentence = sentence.replace(f"{place}/", "")
    return sentence


def data_find(name: str) -> str:
    """The specification behind a data set's slug, or behind a specification itself.

    ValidationError names what there is, or what the slug may mean.
    """
    if ":" in name:
        return name
    sources = data_sources()
    named = [source for source in sources if source.slug == name]
    row = Dataset.objects.filter(slug=name).exclude(classes=[]).first()
    meant = named
    if row:
        # Folders called 도로 and 의료 have one slug, and a folder may have other classes by now.
        alike = [one for one in named or sources if list(one.class_names) == row.class_names]
        meant = alike if named else []
        if len(meant) != 1:
            meant = [one for one in alike if _identity(one) == row.identity][:1]
    if len(meant) == 1:
        return meant[0].spec
    if named:
        known = ", ".join(source.spec for source in named)
        text = _("“%(name)s” may mean other data than it did. Give one of these: %(known)s.")
    else:
        known = ", ".join(source.slug for source in sources)
        text = _("There are no images of “%(name)s” below the data root. There are: %(known)s.")
    raise ValidationError(text % {"name": name, "known": known})


def _identity(source: Source) -> str:
    opened = data_open(source.spec, "train")
    with faults_told():
        if opened.unread > READ_AT_ONCE:
            return ""  # nobody can tell at once: the specification has to be given
        return dataset_identity(opened.classes, opened.ignore_index, opened.content)


def data_sources() -> list[Source]:
    """Everything a run can be launched on here: scenes, imports, and the data root's folders."""
    scenes = data_open("scenes", "train")
    sources = [Source("scenes", scenes.slug, scenes.title, _names(scenes.classes))]
    for row in Dataset.objects.exclude(folder=""):
        spec = f"{IMPORTED}:{row.slug}"
        sources.append(Source(spec, row.slug, row.title, tuple(row.class_names)))
    root = settings.DATA_ROOT
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        kind = format_of(folder)
        if kind is None:
            continue
        # What is broken is not offered; who names it all the same is told why.
        with suppress(ValueError, OSError):
            opened = open_dataset(f"{kind}:{folder}", "train")
            spec = f"{kind}:{folder.name}"
            sources.append(Source(spec, opened.slug, opened.title, _names(opened.classes)))
    return sources


def _names(classes: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(entry["name"] for entry in classes)
