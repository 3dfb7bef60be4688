"""What ends a run early, in a sentence that says what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import torch

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Stopped(Exception):
    """SIGTERM arrived: the step was finished and the state saved."""


class TrainingFailed(Exception):
    """The run cannot go on; the message says why and what may help."""


def failure_of(error: Exception, out: Path) -> TrainingFailed | None:
    """`error` as a sentence, or None when nothing better can be said than its own message."""
    text = str(error)
    if isinstance(error, FloatingPointError):
        return TrainingFailed(text)
    if isinstance(error, OSError) and error.errno in _FULL:
        return TrainingFailed(
            f"The disk is full: {out} could not be written. Make room and go on with --resume."
        )
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in text:
        return TrainingFailed(
            "The memory is full. Try a smaller batch or crop, a higher accumulate, or slim."
        )
    if text.startswith("DataLoader worker (pid"):
        return TrainingFailed(
            "A process that loads images was killed, most likely for want of memory or of space "
            "in /dev/shm. Try fewer workers."
        )
    return None


def peer_lost(error: Exception) -> bool:
    """Whether it only says that another process of the group is gone, which is no fault of ours."""
    return isinstance(error, torch.distributed.DistError) or "gloo" in str(error).lower()
