"""How many images, and bytes of them, visitors and accounts may keep.

An account has what its role has. A visitor has that of one visitor; all visitors together have ten
times as much, since a session costs nothing, and those who send no session five times.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet, Sum
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from inference.models import BatchItem, Image
from segweb.jobs import ENDED
from segweb.jobs.quotas import QUOTA_REACHED, limit_of, take_turns

NOBODYS, ALL_VISITORS = 5, 10  # times what one visitor has


class QuotaReached(ValidationError):
    """There is no room; `message` says what to delete."""

    status, type = 403, QUOTA_REACHED


class VisitorsQuotaReached(ValidationError):
    """There is no room for any visitor; `message` says when to come back."""

    status, retry_after = 429, 3600  # seconds


@contextmanager
def room_taken(
    *, owner: User | None, visitor: str, images: int, size: int, pk: UUID | None = None
) -> Iterator[None]:
    """The transaction in which the rows of `images` of `size` bytes are made.

    QuotaReached where there is no room. `pk` is an item of a batch that becomes its image.
    """
    with transaction.atomic():
        take_turns(f"images {owner.pk}" if owner else "images of visitors")
        room_require(owner=owner, visitor=visitor, images=images, size=size, pk=pk)
        yield


def room_require(
    *, owner: User | None, visitor: str, images: int = 1, size: int = 0, pk: UUID | None = None
) -> None:
    """QuotaReached where there is no room: asked before the work, and again in `room_taken`."""
    whose = {"owner": owner, "visitor": visitor}
    times = 1 if owner or visitor else NOBODYS
    refusal = _refusal(whose, owner, times, images, size, pk)
    if refusal:
        raise QuotaReached(f"{refusal} {_way_out(owner, visitor)}")
    if owner is None and _refusal({"owner": None}, None, ALL_VISITORS, images, size, pk):
        text = _("The images of all visitors fill the room for them. Sign in, or come back later.")
        raise VisitorsQuotaReached(text)


def _refusal(
    whose: dict[str, Any], owner: User | None, times: int, images: int, size: int, pk: UUID | None
) -> str:
    kept = Image.objects.filter(**whose)
    # Files of batches are images to be.
    of_batches = {f"batch__{name}": value for name, value in whose.items()}
    coming = BatchItem.objects.filter(**of_batches).exclude(Q(state__in=ENDED) | Q(pk=pk))
    have, stored = map(sum, zip(_amount(kept), _amount(coming), strict=True))
    limit = times * limit_of(owner, "images")
    if have + images > limit:
        return _("You keep %(have)s of at most %(limit)s images.") % {"have": have, "limit": limit}
    limit = times * limit_of(owner, "bytes")
    if stored + size > limit:
        told = {"have": filesizeformat(stored), "limit": filesizeformat(limit)}
        return _("Your images take %(have)s of at most %(limit)s.") % told
    return ""


def _amount(rows: QuerySet[Any]) -> tuple[int, int]:
    found = rows.aggregate(rows=Count("pk"), size=Sum("bytes"))
    return found["rows"], found["size"] or 0


def _way_out(owner: User | None, visitor: str) -> str:
    if owner or visitor:
        text = _("Delete comparisons, batches or images that you no longer need (under “History”).")
    else:
        text = _("Delete images by the delete_key of their upload, or send your access token.")
    days = settings.VISITOR_DAYS
    if owner or not days:
        return text
    later = ngettext(
        "Those of visitors go by themselves after %(days)s day.",
        "Those of visitors go by themselves after %(days)s days.",
        days,
    )
    return f"{text} {later % {'days': days}}"
