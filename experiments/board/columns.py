"""The columns of the run table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from experiments.fields import METRIC, RunField, field_named

MOST = 60  # columns


@dataclass(frozen=True)
class Column:
    """A column of the run table: `order` is the field it sorts by, "" where it cannot.

    `field` is the setting or the metric that it shows; those below show something of their own.
    """

    name: str
    title: str | Promise
    order: str = ""
    initially: bool = True
    number: bool = False
    field: RunField | None = None


COLUMNS = (
    Column("state", _("State"), "state"),
    Column("curve", _("mIoU by epoch")),
    Column("best", _("Best mIoU"), "best_miou", number=True),
    Column("last", _("Last mIoU"), "last_miou", initially=False, number=True),
    Column("epochs", _("Epochs"), "epoch", number=True),
    Column("architecture", _("Architecture"), "architecture"),
    Column("dataset", _("Data set"), "dataset__slug"),
    Column("tags", _("Tags")),
    Column("created", _("Created"), "id"),
    Column("seed", _("Seed"), "seed", number=True),
    Column("data", _("Data"), "data", initially=False),
    Column("gpus", _("GPUs"), "gpus", initially=False, number=True),
    Column("owner", _("Owner"), "owner__username", initially=False),
    Column("kind", _("Kind"), "kind", initially=False),
    Column("time", _("Time"), initially=False, number=True),
    Column("disk", _("Disk"), "disk_bytes", initially=False, number=True),
    Column("notes", _("Notes"), initially=False),
)


def column_of(field: RunField) -> Column:
    """The column of a setting or of a metric."""
    number = field.name.startswith(METRIC)
    return Column(field.name, field.title, field.name, initially=False, number=number, field=field)


def columns_named(names: Iterable[str]) -> list[Column]:
    """The columns of these names, those of the table first; the usual ones for no name."""
    named = list(dict.fromkeys(names))
    fields = [field for name in named if (field := field_named(name))]
    chosen = [column for column in COLUMNS if column.name in named]
    chosen += [column_of(field) for field in fields if "." in field.name]
    return chosen[:MOST] or [column for column in COLUMNS if column.initially]
