"""The supervisor with real processes: what dies comes back, and in the end nothing is left."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from segweb.env import BASE_DIR
from tests.waiting import gone, wait_until

pytestmark = pytest.mark.slow

# A supervisor of one child, which writes its pid and that of a grandchild in a session of its own.
CHILD = """
import os, subprocess, sys, time
grandchild = subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True
)
print("hello from the child", flush=True)
open(sys.argv[1], "a").write(f"{os.getpid()} {grandchild.pid}\\n")
time.sleep(600)
"""
SUPERVISOR = """
import signal, sys
from segweb.host.supervisor import Process, Supervisor
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(True))
with Supervisor(environment={}) as supervisor:
    supervisor.start(Process("child", (sys.executable, *sys.argv[1:])))
    supervisor.watch(until=lambda: bool(asked))
"""


class Tree:
    """A running supervisor, its children as they noted themselves, and all of its processes."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "pids"
        command = [sys.executable, "-c", SUPERVISOR, "-c", CHILD, str(self.notes)]
        self.popen = subprocess.Popen(command, cwd=BASE_DIR, stdout=subprocess.PIPE, text=True)
        self.child, self.grandchild = self.noted(1)
        self.members = [*psutil.Process(self.popen.pid).children(recursive=True), self.grandchild]

    def noted(self, starts: int) -> tuple[psutil.Process, psutil.Process]:
        """The latest child and grandchild, once it was started that often."""
        wait_until(lambda: self.notes.exists() and len(self._lines()) >= starts)
        child, grandchild = map(int, self._lines()[-1].split())
        return psutil.Process(child), psutil.Process(grandchild)

    def _lines(self) -> list[str]:
        return self.notes.read_text().splitlines()


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    tree = Tree(tmp_path)
    yield tree
    tree.popen.kill()
    tree.popen.communicate()


def test_a_killed_child_is_started_again(tree: Tree):
    tree.child.kill()
    again, _ = tree.noted(2)
    assert again.is_running()
    assert again.pid != tree.child.pid


def test_output_is_prefixed_with_the_process_name(tree: Tree):
    tree.popen.send_signal(signal.SIGTERM)
    output, _ = tree.popen.communicate(timeout=20)
    assert "child            | hello from the child" in output.splitlines()


def test_asked_to_stop_it_leaves_nothing(tree: Tree):
    tree.popen.send_signal(signal.SIGTERM)
    assert tree.popen.wait(20) == 0
    assert all(gone(process) for process in tree.members)


def test_killed_with_9_it_leaves_nothing(tree: Tree):
    assert len(tree.members) >= 3  # keeper, child, grandchild
    tree.popen.kill()
    wait_until(lambda: all(gone(process) for process in tree.members))


def test_a_killed_keeper_is_replaced_and_still_knows_everything(tree: Tree):
    def keepers() -> list[psutil.Process]:
        children = psutil.Process(tree.popen.pid).children()
        return [p for p in children if not gone(p) and "-I" in p.cmdline()]

    (first,) = keepers()
    first.kill()
    wait_until(lambda: any(keeper != first for keeper in keepers()))
    tree.popen.kill()
    wait_until(lambda: gone(tree.child) and gone(tree.grandchild))
