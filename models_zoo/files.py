"""Writing files whole or not at all. Torch-free.

A file is written beside its place, forced to disk and then moved there, so that a reader sees the
old one or the new one, never half of one. Whether a text is one that can be kept is said here too.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from models_zoo.translation import gettext_noop as _

_LONGEST_NAME = 150  # bytes; a disk takes 255, of which suffixes and drafts need some
# EFBIG too: a limit on the size of files (ulimit -f) stops a writer as a full disk does.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_full(fault: BaseException) -> bool:
    """Whether a fault says that there is no room left to write to."""
    return isinstance(fault, OSError) and fault.errno in _FULL


@contextmanager
def atomic_file(path: Path, *, named: Callable[[Path], Path] | None = None) -> Iterator[BinaryIO]:
    """A file to write; it becomes `path` when the block ends, and vanishes when the block fails.

    `named` gives another path, of the same folder, for the file as it was written. OSError when it
    cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            # Before the move: else the name could reach the disk without the bytes.
            os.fsync(file.fileno())
        temporary.replace(named(temporary) if named else path)
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


def text_read(path: Path) -> str:
    """A text in UTF-8, with or without a byte order mark. ValueError names a file that is none."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(_(f"{path} is no text in UTF-8: {error}.")) from error


def clear_temporaries(folder: Path) -> None:
    """Removes what writers that were killed left in `folder`."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def short_name(name: str) -> str:
    """A file's name without its suffix that fits every disk and column: a long one is cut.

    The hash at its end keeps two of one beginning apart.
    """
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:16]
    cut = name.encode()[: _LONGEST_NAME - len(digest) - 1].decode(errors="ignore")
    return f"{cut}-{digest}"


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_plain(text: Any) -> bool:
    """Whether it is a text that any file and any database can keep."""
    if not isinstance(text, str) or "\0" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair
        return False
    return True
