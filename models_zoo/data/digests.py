"""Hashes of files. Each is read once, for as long as it stays as it is."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

_SETTLED_NS = 2 * 10**9
_MOST = 1 << 19  # files remembered: some 100 MB
_known: dict[tuple[int, ...], bytes] = {}


def file_digest(path: Path) -> bytes:
    """The sha256 of a file's bytes. OSError when it cannot be read."""
    state = path.stat()
    if known := _known.get(_state(state)):
        return known
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    # Changed a moment ago, it may change again within one tick of the file system's clock.
    if time.time_ns() - max(state.st_mtime_ns, state.st_ctime_ns) > _SETTLED_NS:
        if len(_known) >= _MOST:
            _known.clear()
        _known[_state(state)] = digest
    return digest


def bytes_unread(paths: Iterable[Path]) -> int:
    """How much would have to be read for the digests of these files."""
    states = [path.stat() for path in paths if path.is_file()]
    return sum(state.st_size for state in states if _state(state) not in _known)


def _state(state: os.stat_result) -> tuple[int, ...]:
    """What changes whenever a file's bytes do: ctime also where the other time is set back."""
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
