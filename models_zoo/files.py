"""Writing files whole or not at all. Torch-free.

A file is written beside its place, forced to disk and then moved there, so that a reader sees the
old one or the new one, never half of one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it becomes `path` when the block ends, and vanishes when the block fails.

    OSError when it cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            # Before the move: else the name could reach the disk without the bytes.
            os.fsync(file.fileno())
        temporary.replace(path)
    # Ctrl-C leaves no temporary file either.
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    # The new name is the folder's, which has to reach the disk as well.
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_atomically(path: Path, data: bytes) -> None:
    """`data` as the file `path`, whole or not at all. OSError when it cannot be written."""
    with atomic_file(path) as file:
        file.write(data)


def clear_temporaries(folder: Path) -> None:
    """Removes what writers that were killed left in `folder`."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
