"""Imports: zips of data sets, networks and masks from elsewhere, looked at by a worker."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from experiments.models.checkpoints import Checkpoint, Dataset
from segweb.http.plain import PlainJSONField
from segweb.jobs import Job


class Brought(Job):
    """A file that somebody brought, on its way to what comes of it, which `name` is known by."""

    queue = "preflight"
    needs = ("owner",)
    belongs_to = ""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE
    )

    class Meta(Job.Meta):
        abstract = True
        ordering = ["-queued_at"]

    def __str__(self) -> str:
        return self.name or str(self.pk)


class Import(Brought):
    """A zipped data set on its way into storage.

    QUEUED → RUNNING → DONE (with `dataset`) or FAILED (with `error`, which names the file, and with
    the audit's `findings` where these forbid it).

    `name` is what the upload was called, `archive` the upload, which goes when the job ends. `step`
    of `steps` files are unpacked.
    """

    task_name = "experiments.import_execute"
    work = "experiments.datasets.importing:carry_out"
    afterwards = "experiments.datasets.importing:leftovers_remove"
    unexplained = gettext_noop("The import could not be carried out. The worker's log says why.")

    archive = models.FileField(max_length=200)
    dataset = models.ForeignKey(
        Dataset, null=True, blank=True, on_delete=models.SET_NULL, related_name="imports"
    )
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    findings = PlainJSONField(default=list)

    class Meta(Brought.Meta):
        verbose_name, verbose_name_plural = _("import"), _("imports")

    @property
    def folder(self) -> str:
        """Where the upload lies, and what attempts unpack of it."""
        return f"imports/{self.pk}"

    @property
    def files(self) -> tuple[str, ...]:
        """The upload, until the job has ended."""
        return () if self.ended else tuple(filter(None, (self.archive.name,)))


class NetworkImport(Brought):
    """A network's file from elsewhere on its way to a checkpoint.

    QUEUED → RUNNING → DONE (with `checkpoint`) or FAILED (with `error`, which says what is wrong).

    `name` is what the upload was called, `network` the upload, which goes when the job ends.
    `options` are texts by name, as models_zoo's `import` takes them: classes (JSON), name, mean,
    std, order, input_size; `data` names images that it is scored on, if any. `picture` shows an
    image beside its mask, `seen` [{"name", "share"}] the classes of that mask.
    """

    task_name = "experiments.network_import_execute"
    work = "experiments.checkpoints.importing:carry_out"
    unexplained = gettext_noop("The network could not be taken. The worker's log says why.")

    network = models.FileField(max_length=200)
    options = PlainJSONField(default=dict)
    data = models.CharField(max_length=300, blank=True)
    picture = models.FileField(max_length=200, blank=True)
    seen = PlainJSONField(default=list)
    checkpoint = models.ForeignKey(
        Checkpoint, null=True, blank=True, on_delete=models.SET_NULL, related_name="imports"
    )

    class Meta(Brought.Meta):
        verbose_name, verbose_name_plural = _("import of a network"), _("imports of networks")

    @property
    def folder(self) -> str:
        """Where the upload lies, and the picture that is made of it."""
        return f"network-imports/{self.pk}"

    @property
    def files(self) -> tuple[str, ...]:
        """The upload until the job has ended, the picture from then on."""
        kept = self.picture if self.ended else self.network
        return tuple(filter(None, (kept.name,)))


class MasksImport(Brought):
    """A zip of masks that something else predicted for a split, on its way to a score.

    QUEUED → RUNNING → DONE (with `checkpoint`) or FAILED (with `error`, which names the mask).

    `name` is what predicted them, `archive` the upload, which goes when the job ends. `data` and
    `split` say whose images they are masks of. `step` of `steps` masks are counted.
    """

    task_name = "experiments.masks_import_execute"
    work = "experiments.checkpoints.elsewhere:carry_out"
    unexplained = gettext_noop("The masks could not be scored. The worker's log says why.")

    archive = models.FileField(max_length=200)
    data = models.CharField(max_length=300)
    split = models.CharField(max_length=50)
    step = models.PositiveIntegerField(default=0)
    steps = models.PositiveIntegerField(default=0)
    checkpoint = models.ForeignKey(
        Checkpoint, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class Meta(Brought.Meta):
        verbose_name, verbose_name_plural = _("import of masks"), _("imports of masks")

    @property
    def folder(self) -> str:
        """Where the upload lies."""
        return f"masks-imports/{self.pk}"

    @property
    def files(self) -> tuple[str, ...]:
        """The upload, until the job has ended."""
        return () if self.ended else tuple(filter(None, (self.archive.name,)))
