"""What `up` checks and prepares before it starts a process. Each fault is told in a sentence."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import secrets
import shutil
import socket
import tempfile
import time
from pathlib import Path
from typing import IO

from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

NEEDED_BYTES = 200 * 2**20


def lock(var: Path) -> IO[str]:
    """Hold var's lock: one `up` at a time. A former one's keeper may need moments to let go."""
    file = (var / "up.lock").open("w")
    deadline = time.monotonic() + 5
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise CommandError(f"SegWeb is running already with {var}.") from None
            time.sleep(0.1)


def check_disk(var: Path) -> None:
    """Var can be written and has room."""
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
    """The address can be listened on."""
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


def migrate() -> None:
    """Bring the database's tables up to date; costs next to nothing when they are."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def collect_static(root: Path) -> None:
    """Collect and hash the static files, if any of them changed since the last time."""
    stamp, now = root / "sources.sha256", _static_digest()
    if stamp.exists() and stamp.read_text() == now:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    stamp.write_text(now)


def _static_digest() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path}:{facts.st_size}:{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def admin_create() -> str | None:
    """Make the account `admin` where there is none that may enter; its password, to be shown."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    password = secrets.token_urlsafe(12)
    users.create_superuser("admin", password=password)
    return password
