"""Downloading a file once, whole and unharmed, with progress. Torch-free."""

from __future__ import annotations

import fcntl
import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from models_zoo.files import atomic_file
from models_zoo.translation import gettext_noop as _

TIMEOUT_SECONDS = 30
CHUNK_BYTES = 1 << 18
REPORT_SECONDS = 0.5

Progress = Callable[[float], object]


def fetch(url: str, target: Path, *, digest: str = "", progress: Progress | None = None) -> None:
    """Downloads `url` to `target`; `digest` begins the sha256 that the file must have.

    `progress` hears the share that is there, twice a second at most. Processes that want the same
    file wait for the one that came first. OSError when it cannot be had whole.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _alone(target):
        # Asked under the lock: who waited finds what the first one fetched.
        if target.is_file():
            return
        with urlopen(url, timeout=TIMEOUT_SECONDS) as source, atomic_file(target) as file:  # noqa: S310
            expected = int(source.headers.get("Content-Length") or 0)
            received, size, reported = hashlib.sha256(), 0, 0.0
            while chunk := source.read(CHUNK_BYTES):
                file.write(chunk)
                received.update(chunk)
                size += len(chunk)
                if progress and expected and time.monotonic() - reported > REPORT_SECONDS:
                    reported = time.monotonic()
                    progress(size / expected)
            # A connection that is cut looks like the end of the file to `read`.
            if size < expected:
                raise OSError(_(f"the connection ended after {size} of {expected} bytes"))
            if not received.hexdigest().startswith(digest):
                raise OSError(_(f"its sha256 does not begin with {digest}"))
        if progress:
            progress(1.0)


@contextmanager
def _alone(target: Path) -> Iterator[None]:
    """One process at a time for each target; the lock goes with the process that holds it."""
    with target.with_name(f".{target.name}.lock").open("w") as lock:
        # flock, since the kernel takes it back from a process that is killed.
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
