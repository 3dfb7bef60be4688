"""What is leashed to its parent: it becomes the command, yields, and ends when the parent has."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from segweb.env import BASE_DIR
from tests.waiting import wait_until

LEASH = [sys.executable, "-I", str(BASE_DIR / "segweb" / "host" / "leash.py")]
AUTOGROUP = Path("/proc/self/autogroup")


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this kernel shares by process, not by session")
def test_its_session_yields_to_others():
    command = [*LEASH, str(os.getpid()), "/bin/cat", str(AUTOGROUP)]
    run = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
    assert run.stdout.split()[-1] == "10"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child of its parent's end")
def test_it_ends_when_its_parent_was_killed(tmp_path):
    pid = tmp_path / "pid"
    start = (
        "import os, subprocess, sys, time, pathlib;"
        f"child = subprocess.Popen([*{LEASH!r}, str(os.getpid()), '/bin/sleep', '60']);"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", start])
    wait_until(lambda: pid.exists() and pid.read_text(), seconds=20)
    child = int(pid.read_text())
    wait_until(lambda: b"sleep" in _command(child), seconds=20)
    parent.send_signal(signal.SIGKILL)
    parent.wait(10)
    wait_until(lambda: b"sleep" not in _command(child), seconds=10)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
