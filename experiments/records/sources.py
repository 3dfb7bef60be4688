"""Where a run's images are: specifications without any path of a host, and what they mean here.

    scenes, scenes:360x480, scenes:48x64:200    drawn, no files
    camvid:streets, voc:VOC2012, folder:mine, coco:images:annotations.json
                                relative to the data root (SEGWEB_DATA)
    imported:<slug>             a zip that someone imported, unpacked in storage

Whoever trains or looks at images needs the same data root; see README, "Several hosts".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from experiments.models import Dataset
from models_zoo import data as formats
from models_zoo.data import format_of, open_dataset
from segweb.env import BASE_DIR

IMPORTED = "imported"


@dataclass(frozen=True)
class Source:
    """Images that a run can learn from, by specification."""

    spec: str
    slug: str
    title: str


def data_resolve(spec: str) -> str:
    """The specification as models_zoo reads it on this host. ValidationError if it leads astray."""
    kind, separator, rest = spec.partition(":")
    if kind == "scenes":
        return spec
    if kind == IMPORTED:
        folder = Dataset.objects.filter(slug=rest).values_list("folder", flat=True).first()
        if not folder:
            raise ValidationError(_("There is no such data set: %(name)s.") % {"name": spec})
        return f"folder:{default_storage.path(folder)}"
    if not separator:
        raise ValidationError(_("There is no such data set: %(name)s.") % {"name": spec})
    return ":".join([kind, *(str(_below_root(part)) for part in rest.split(":"))])


def _below_root(part: str) -> Path:
    # A request may name data, never any file of this host.
    path = PurePosixPath(part)
    if not part or path.is_absolute() or ".." in path.parts or "\0" in part or "\\" in part:
        raise ValidationError(_("Data sets are named relative to the data root, without ..."))
    return settings.DATA_ROOT / path


def data_open(spec: str, split: str) -> formats.DatasetSplit:
    """A split of the data. ValidationError, naming no place of this host, when it is not there."""
    try:
        return open_dataset(data_resolve(spec), split)
    except (ValueError, OSError) as fault:
        raise ValidationError(places_hidden(str(fault))) from fault


def places_hidden(sentence: str) -> str:
    """A sentence without the folders of this host: what lies in them is named all the same."""
    for place in (settings.DATA_ROOT, settings.MEDIA_ROOT, BASE_DIR):
        sentence = sentence.replace(f"{place}/", "")
    return sentence


def data_find(name: str) -> str:
    """The specification behind a data set's slug, or behind a specification itself.

    ValidationError names what there is.
    """
    if ":" in name:
        return name
    sources = {source.slug: source.spec for source in data_sources()}
    if name not in sources:
        known = ", ".join(sources)
        text = _("There are no images of “%(name)s” below the data root. There are: %(known)s.")
        raise ValidationError(text % {"name": name, "known": known})
    return sources[name]


def data_sources() -> list[Source]:
    """Everything a run can be launched on here: scenes, imports, and the data root's folders."""
    return [Source("scenes", "scenes", "Scenes"), *_imports(), *_folders()]


def _imports() -> Iterator[Source]:
    for dataset in Dataset.objects.exclude(folder=""):
        yield Source(f"{IMPORTED}:{dataset.slug}", dataset.slug, dataset.title)


def _folders() -> Iterator[Source]:
    root = settings.DATA_ROOT
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        kind = format_of(folder)
        if kind is None:
            continue
        # What is broken is not offered; who names it all the same is told why.
        with suppress(ValueError, OSError):
            found = open_dataset(f"{kind}:{folder}", "train")
            yield Source(f"{kind}:{folder.name}", found.slug, found.title)
