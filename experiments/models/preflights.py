"""Looks at runs before they are queued."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from segweb.http.plain import PlainJSONField
from segweb.jobs import Job


class Preflight(Job):
    """A look at a run before it is queued: its data audited, one real batch through its network.

    QUEUED → RUNNING → DONE (with `result`) or FAILED (with `error`, the sentence to show); STOPPED
    when its owner does not want to know any more.

    `request` is what run_launch would be called with. While it runs, `result` holds its progress
    {stage: "images" or "batch", step, steps}; then findings [{kind, message,
    files, blocking}], images {split: count}, input_size [height, width] or None, batch {seconds,
    peak_bytes, device, parameters}, and estimate {seconds, basis: "earlier runs" or "measured
    batch"}.
    """

    task_name = "experiments.preflight_execute"
    queue = "preflight"
    work = "experiments.worker.preflights:look"
    belongs_to = ""
    folder, files = "", ()  # nothing stays but its row
    unexplained = gettext_noop("The check could not be carried out. The worker's log says why.")

    request = PlainJSONField(default=dict)
    result = PlainJSONField(default=dict)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )

    class Meta(Job.Meta):
        verbose_name, verbose_name_plural = _("preflight"), _("preflights")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"preflight {self.pk}"

    @property
    def look(self) -> str:
        """What the page shows of it: equal where nothing is new."""
        progress = self.result.get("progress", {})
        # Named: PostgreSQL keeps another order of an object's keys than SQLite.
        parts = [progress[name] for name in ("stage", "step", "steps") if name in progress]
        return "-".join(map(str, [self.state, *parts]))

    @property
    def blocking(self) -> list[dict[str, Any]]:
        """The findings that forbid to launch."""
        return [finding for finding in self.result.get("findings", []) if finding["blocking"]]

    @property
    def padding(self) -> dict[str, Any] | None:
        """Of a crop that is larger than the images: both sizes, and how much of it stays empty."""
        size, crop = self.result.get("input_size"), self.request.get("config", {}).get("crop")
        return crop_padding(crop, size) if size and crop else None


def crop_padding(crop: Sequence[int], size: Sequence[int]) -> dict[str, Any] | None:
    """Of a crop that is larger than images of this size (height, width): what `padding` says."""
    filled = [min(sides) for sides in zip(crop, size, strict=True)]
    empty = 1 - math.prod(filled) / math.prod(crop)
    return {"crop": crop, "size": size, "fits": filled, "empty": empty} if empty else None
