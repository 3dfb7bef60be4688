"""The private Redis starts whatever has become of its files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from segweb.env import BASE_DIR
from segweb.host import redis_server

# Runs it until it answers, sends it 50 messages, ends it, and tells how many it then held.
SERVE = """
import sys, time
from pathlib import Path
import redis
from segweb.host import redis_server
from segweb.host.supervisor import Supervisor
var = Path(sys.argv[1])
process = redis_server.process(redis_server.find_server(), var)
url = redis_server.recorded_url(var)
with Supervisor(environment={}) as supervisor:
    supervisor.start(process)
    deadline = time.monotonic() + 30
    answers = lambda: redis_server.answers(url, seconds=0)
    supervisor.watch(until=lambda: answers() or time.monotonic() > deadline)
    socket = url.removeprefix("redis+socket://").partition("?")[0]
    print("held", redis.Redis(unix_socket_path=socket).rpush("training", *["a wake-up"] * 50))
"""


def serve(var: Path) -> str:
    """What is printed on the way."""
    told = subprocess.run(
        [sys.executable, "-c", SERVE, str(var)],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=True,
        timeout=100,
    )
    return told.stdout


@pytest.mark.slow
@pytest.mark.skipif(redis_server.find_server() is None, reason="no Redis on this machine")
def test_files_that_cannot_be_read_are_set_aside(tmp_path: Path) -> None:
    assert "held 50" in serve(tmp_path)
    again = serve(tmp_path)
    assert "held 100" in again  # what is sound is read
    assert "begins anew" not in again
    appended = max((tmp_path / "redis").rglob("*.aof"), key=lambda path: path.stat().st_size)
    # The length of a word: a byte within one would be read as another wake-up.
    appended.write_bytes(appended.read_bytes().replace(b"\r\n$9\r\n", b"\r\n$x\r\n", 1))
    anew = serve(tmp_path)
    assert "begins anew. No job is lost." in anew
    assert "held 50" in anew
    assert (tmp_path / "redis.damaged" / appended.relative_to(tmp_path / "redis")).exists()
    redis_server.remove_record(tmp_path)
