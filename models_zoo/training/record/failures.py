"""What ends a run early: a kind, a sentence that says what to do, and the exit code.

A run writes it as its event `failure`, a preflight prints it as `{"failure": …}`: nobody has to
read a log. No torch until an error is looked at.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from models_zoo.files import disk_full
from models_zoo.translation import gettext_noop as _

UNFORESEEN_CODE = 1  # Python's own, after a traceback
MISFIT_CODE = 2
STOPPED_CODE = 3
FAILED_CODE = 4
# A signal (bus error) ends the process that writes first, or torch hears of it in time.
_SHARED_MEMORY_FULL = ("shared memory", "unable to write to file </torch", "unable to mmap")


class Kind(StrEnum):
    """What a failure is about."""

    MISFIT = "misfit"  # the configuration or the data
    DIVERGED = "diverged"  # a loss that is no number
    DISK_FULL = "disk_full"
    MEMORY_FULL = "memory_full"
    SHARED_MEMORY_FULL = "shared_memory_full"
    LOADER_KILLED = "loader_killed"
    UNFORESEEN = "unforeseen"


@dataclass(frozen=True)
class Failure:
    """Why a training or a look at one ended: `message` for people, `code` for who started it."""

    kind: Kind
    message: str
    code: int

    def to_json(self) -> dict[str, Any]:
        """The fields as an event holds them."""
        return asdict(self)


class Stopped(Exception):
    """SIGTERM arrived: the step was finished and the state saved."""


class TrainingFailed(Exception):
    """The run cannot go on; the message says why and what may help."""

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message)

    def __reduce__(self) -> tuple[type[TrainingFailed], tuple[Failure]]:
        # Of its message alone no other process could make it again, at which a pool breaks.
        return type(self), (self.failure,)


def sentence_of(error: BaseException) -> str:
    """What to tell of an error: its last line.

    An error from another process carries that process's traceback before it.
    """
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def failure_of(error: Exception, out: Path | None = None) -> Failure:
    """What to tell of an error that ended a run in the folder `out`."""
    import torch

    text = str(error)
    if isinstance(error, TrainingFailed):
        return error.failure
    if isinstance(error, FloatingPointError):
        return Failure(Kind.DIVERGED, text, FAILED_CODE)
    if disk_full(error):
        sentence = _(
            f"The disk is full: {out} could not be written. Make room, and resume the run."
        )
        return Failure(Kind.DISK_FULL, sentence, FAILED_CODE)
    # Of a CPU's memory torch says so in a plain RuntimeError.
    lacks_memory = isinstance(error, MemoryError | torch.OutOfMemoryError)
    if lacks_memory or "can't allocate memory" in text:
        sentence = _(
            "The memory is full. Try a smaller batch or crop, a higher accumulate, or slim."
        )
        return Failure(Kind.MEMORY_FULL, sentence, FAILED_CODE)
    # torch raises plain RuntimeErrors for both.
    if any(sign in text for sign in _SHARED_MEMORY_FULL):
        sentence = _(
            "The shared memory (/dev/shm) is full, through which images are loaded. Give it more "
            "room (in a container: shm_size), or set workers to 0, or try a smaller batch or crop."
        )
        return Failure(Kind.SHARED_MEMORY_FULL, sentence, FAILED_CODE)
    if text.startswith("DataLoader worker (pid"):
        sentence = _(
            "A process that loads images was killed, most likely for want of memory or of space "
            "in /dev/shm. Try fewer workers."
        )
        return Failure(Kind.LOADER_KILLED, sentence, FAILED_CODE)
    # Last of all, since a full disk is an OSError too.
    if isinstance(error, (ValueError, OSError)):
        return Failure(Kind.MISFIT, sentence_of(error), MISFIT_CODE)
    return Failure(Kind.UNFORESEEN, sentence_of(error), UNFORESEEN_CODE)


def peer_lost(error: Exception) -> bool:
    """Whether it only says that another process of the group is gone, which is no fault of ours."""
    import torch

    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error).lower()
