"""What the admin's first page begins with: what trains, what failed, the disk."""

from __future__ import annotations

import shutil
from typing import Any

from django import template
from django.conf import settings
from django.db.models import Sum
from django.template import Context

from experiments.access import may_launch
from experiments.models import Run
from segweb.jobs import State

GOING, FAILED = (State.RUNNING, State.QUEUED), (State.FAILED, State.LOST)
LISTED = 8  # of each: more are a list's business

register = template.Library()


@register.inclusion_tag("admin/experiments/now.html", takes_context=True)
def experiments_now(context: Context) -> dict[str, Any]:
    """Of the runs that the reader may see."""
    reader = context["request"].user
    runs = Run.objects.visible_to(reader)
    return {
        "may_launch": may_launch(reader),
        "going": runs.filter(state__in=GOING).order_by("state", "id")[:LISTED],
        "failed": runs.filter(state__in=FAILED).order_by("-ended_at")[:LISTED],
        "used": runs.aggregate(Sum("disk_bytes"))["disk_bytes__sum"] or 0,
        "free": shutil.disk_usage(settings.VAR_DIR).free,
    }
