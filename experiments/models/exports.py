"""Exports: checkpoints as files that run without SegWeb, written by a worker."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from experiments.models.checkpoints import Checkpoint
from models_zoo.exchange.forms import ENDINGS
from segweb.http.plain import PlainJSONField
from segweb.jobs import Job

FORMS = {"onnx": "ONNX", "openvino": "OpenVINO", "torch": "TorchScript"}


class NetworkExport(Job):
    """A checkpoint on its way out, in one of FORMS; whoever may launch and sees it fetches `file`.

    QUEUED → RUNNING → DONE (with `file`) or FAILED (with `error`).

    `size` is the one height and width that the file takes, None for any; `alike` the smallest share
    of pixels of one class in its mask of an image and in the network's.
    """

    task_name = "experiments.network_export_execute"
    queue = "preflight"
    work = "experiments.checkpoints.exporting:carry_out"
    needs = ("checkpoint",)
    belongs_to = ""
    unexplained = gettext_noop("The model could not be exported. The worker's log says why.")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    checkpoint = models.ForeignKey(Checkpoint, on_delete=models.CASCADE, related_name="exports")
    form = models.CharField(max_length=20, choices=list(FORMS.items()))
    file = models.FileField(max_length=200, blank=True)
    size = PlainJSONField(null=True)
    alike = models.FloatField(null=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )

    class Meta(Job.Meta):
        verbose_name, verbose_name_plural = _("export of a model"), _("exports of models")
        ordering = ["-queued_at"]

    def __str__(self) -> str:
        return f"{self.checkpoint.key} {self.form}"

    @property
    def download_name(self) -> str:
        """What the file is called where it is saved."""
        ending = ".zip" if self.form == "openvino" else ENDINGS[self.form]  # of two files
        return f"{self.checkpoint.key}{ending}"

    @property
    def folder(self) -> str:
        """Where the file lies."""
        return f"network-exports/{self.pk}"

    @property
    def files(self) -> tuple[str, ...]:
        """The file."""
        return tuple(filter(None, (self.file.name,)))
