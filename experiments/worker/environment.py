"""Under what a run was trained: commit and uncommitted changes, versions, hardware, command."""

from __future__ import annotations

import os
import platform
import shlex
import socket
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from segweb.env import BASE_DIR
from segweb.host import devices

MOST_DIFF_BYTES = 2**20
_SECONDS = 10


def environment_capture(*, command: list[str], folder: Path, diff: str) -> dict[str, Any]:
    """What to keep of this host and checkout; uncommitted changes go into the file `diff`."""
    changes = _git("diff", "HEAD")
    if changes:
        (folder / diff).write_text(changes[:MOST_DIFF_BYTES], encoding="utf-8")
    commit = _git("rev-parse", "HEAD")
    return {
        "commit": commit and commit.strip(),
        "dirty": None if commit is None else bool(changes),
        "versions": versions(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": socket.gethostname(),
        "hardware": hardware(),
        # Without the places that this host keeps things in.
        "command": shlex.join(
            word.replace(str(folder), "RUN").replace(str(BASE_DIR), ".") for word in command
        ),
    }


@cache
def versions() -> dict[str, str]:
    """Every installed package with its version."""
    installed = {package.metadata["Name"]: package.version for package in metadata.distributions()}
    return dict(sorted(installed.items(), key=lambda pair: pair[0].lower()))


@cache
def hardware() -> str:
    """What computes here, in words: runs on equal hardware take equally long."""
    names = devices.ask("name", devices.gpus()) if devices.gpus() else []
    if names:
        return " + ".join(name.strip() for name in names)
    information = Path("/proc/cpuinfo")
    lines = information.read_text(errors="replace").splitlines() if information.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    processor = models[0] if models else platform.processor() or platform.machine()
    gib = round(psutil.virtual_memory().total / 2**30)
    return f"{processor}, {psutil.cpu_count()} cores, {gib} GiB"


def _git(*words: str) -> str | None:
    """What git says about this checkout; None where there is neither git nor a repository."""
    command = ["git", "-C", str(BASE_DIR), *words]
    # Else `git diff` may take the lock of the index from someone who is about to commit.
    quiet = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, env=quiet
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout if answer.returncode == 0 else None
