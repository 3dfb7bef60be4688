"""What `up` checks before it starts a process. Each fault is told in a sentence."""

from __future__ import annotations

import errno
import fcntl
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import IO

from django.core.management import CommandError

NEEDED_BYTES = 200 * 2**20


def lock(var: Path) -> IO[str]:
    """Hold var's lock: one `up` at a time. A former one's keeper may need moments to let go.

    CommandError when another `up` still holds it after five seconds.
    """
    file = (var / "up.lock").open("w")
    deadline = time.monotonic() + 5
    while True:
        try:
            # The kernel lets go of an flock with its last holder, be it by kill -9.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise CommandError(f"SegWeb is running already with {var}.") from None
            time.sleep(0.1)


def check_disk(var: Path) -> None:
    """Var can be written and has room (200 MiB). CommandError says what is wrong."""
    try:
        with tempfile.TemporaryFile(dir=var) as probe:
            probe.write(b"\0" * 2**20)
    except OSError as fault:
        raise CommandError(f"{var} cannot be written: {fault.strerror}.") from fault
    if (free := shutil.disk_usage(var).free) < NEEDED_BYTES:
        raise CommandError(
            f"The disk of {var} is full: {free // 2**20} MB are free, "
            f"{NEEDED_BYTES // 2**20} MB are needed."
        )


def check_port(host: str, port: int) -> None:
    """The address can be listened on. CommandError says why not."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, OverflowError) as fault:
        if getattr(fault, "errno", None) == errno.EADDRINUSE:
            advice = f"Port {port} is in use. Choose another one: make run PORT={port + 1}"
            raise CommandError(advice) from None
        reason = getattr(fault, "strerror", None) or fault
        raise CommandError(f"{host}:{port} cannot be listened on: {reason}.") from None
