"""What visitors made goes after VISITOR_DAYS: nobody is there who would delete it."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from inference.batches.services import batch_delete
from inference.compare.services import comparison_delete
from inference.images.services import image_delete_unused
from inference.models import Batch, Comparison, Image

logger = logging.getLogger(__name__)

AT_ONCE = 100  # of each: jobs wait while the sweeper does this


def visitors_forget() -> dict[str, int]:
    """Remove what visitors made so long ago, with its files; how many of what, told in the log.

    An image stays as long as somebody's comparison of it is younger.
    """
    if not settings.VISITOR_DAYS:
        return {}
    before = timezone.now() - timedelta(days=settings.VISITOR_DAYS)
    gone = {"batches": 0, "comparisons": 0, "images": 0}
    for batch in _old(Batch.objects.all(), before):
        batch_delete(batch=batch, compared_stay=True)
        gone["batches"] += 1
    for comparison in _old(Comparison.objects.filter(batch=None), before):
        comparison_delete(comparison=comparison, compared_stay=True)
        gone["comparisons"] += 1
    compared = Comparison.objects.filter(image=OuterRef("pk"))
    for image in _old(Image.objects.filter(~Exists(compared)), before):
        gone["images"] += image_delete_unused(image=image)
    if any(gone.values()):
        told = ", ".join(f"{number} {what}" for what, number in gone.items() if number)
        logger.info("Removed %s of visitors, older than %s days.", told, settings.VISITOR_DAYS)
    return gone


def _old(rows: QuerySet[Any], before: datetime) -> QuerySet[Any]:
    return rows.filter(owner=None, created_at__lt=before).order_by("created_at")[:AT_ONCE]
