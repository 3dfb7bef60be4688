"""The columns of the run table."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Column:
    """A column of the run table: `order` is the field it sorts by, "" where it cannot."""

    name: str
    title: str | Promise
    order: str = ""
    initially: bool = True
    number: bool = False


COLUMNS = (
    Column("state", _("State"), "state"),
    Column("curve", _("mIoU by epoch")),
    Column("best", _("Best mIoU"), "best_miou", number=True),
    Column("last", _("Last mIoU"), "last_miou", number=True),
    Column("epochs", _("Epochs"), "epoch", number=True),
    Column("architecture", _("Architecture"), "architecture"),
    Column("dataset", _("Data set"), "dataset__slug"),
    Column("tags", _("Tags")),
    Column("created", _("Created"), "id"),
    Column("seed", _("Seed"), "seed", initially=False, number=True),
    Column("owner", _("Owner"), "owner__username", initially=False),
    Column("kind", _("Kind"), "kind", initially=False),
    Column("time", _("Time"), initially=False, number=True),
    Column("disk", _("Disk"), "disk_bytes", initially=False, number=True),
    Column("notes", _("Notes"), initially=False),
)
