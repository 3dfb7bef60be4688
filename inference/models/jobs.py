"""What the inference worker's kinds of jobs have in common."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.core.checks import CheckMessage, Error
from django.core.exceptions import EmptyResultSet, FieldError, ValidationError
from django.db import models
from django.utils.translation import gettext_noop

from models_zoo.fence import Misbehaved
from segweb.jobs import Job

NO_MEMORY = gettext_noop("The image is too large for the memory of the worker.")
NO_FILE = gettext_noop("A file that the prediction needs is missing.")
UNKNOWN_FAULT = gettext_noop("This model could not process the image. The log says why.")


class InferenceJob(Job):
    """What the inference workers do, each writing files into a folder of its own.

    A wake-up is for whichever of these jobs should come first (`inference.worker.order`), to which
    a kind says, beside what every job says:

    `watched`: which of its rows somebody is waiting for; they go before all others.
    `turn`: of those that nobody watches, kinds of a lower turn go first.
    `network`: the relation to the checkpoint whose network is used, so that these go network by
    network, beginning with warm ones; "" when it does not matter.
    """

    task_name = "inference.job_execute"
    queue = "inference"
    unexplained = UNKNOWN_FAULT

    watched: ClassVar[models.Q] = models.Q()
    turn: ClassVar[int] = 0
    network: ClassVar[str] = ""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)

    class Meta(Job.Meta):
        abstract = True

    @property
    def folder(self) -> str:
        """A folder by kind and id."""
        return f"{self._meta.model_name}s/{self.pk}"

    @classmethod
    def check(cls, **kwargs: Any) -> list[CheckMessage]:
        """With what the order goes by, which a look at an empty queue would not show."""
        faults = []
        try:
            # To write the SQL is to resolve every name in it; no table is asked.
            str(cls._default_manager.filter(cls.watched).query)
            str(
                cls._default_manager.order_by(
                    f"{cls.network}__sha256" if cls.network else "pk"
                ).query
            )
        except EmptyResultSet:
            pass  # nobody watches any of them
        except FieldError as fault:
            faults.append(Error(f"`watched` or `network` leads nowhere: {fault}", obj=cls))
        return [*super().check(**kwargs), *faults]

    @classmethod
    def fault_sentence(cls, fault: Exception) -> str:
        """With what most often goes wrong where images and networks meet."""
        if isinstance(fault, ValidationError):  # which may name a file called "allocate"
            return super().fault_sentence(fault)
        if isinstance(fault, Misbehaved):  # a network from elsewhere; it may say what it likes
            return str(fault)
        # PyTorch says so of processors and of GPUs alike, in RuntimeErrors of several classes.
        if isinstance(fault, MemoryError) or "allocate" in str(fault):
            return NO_MEMORY
        return NO_FILE if isinstance(fault, FileNotFoundError) else super().fault_sentence(fault)
