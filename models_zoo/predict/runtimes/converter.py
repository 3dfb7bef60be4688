"""Graphs made behind what is asked for: in a process of the lowest priority.

A process and not a thread: converting holds Python's lock for most of its seconds.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock, Thread
from typing import Any

from models_zoo.fence import die_with_parent
from models_zoo.predict.runtimes.graphs import graph_make, graph_path

Wanted = tuple[Path, dict[str, Any]]  # weights and sidecar
logger = logging.getLogger(__name__)


class Converter:
    """Makes the graphs that are asked for, each once, in the order of asking."""

    def __init__(self) -> None:
        self._asked: set[Path] = set()
        self._waiting: list[Wanted] = []
        self._lock = Lock()
        self._works = False

    def ask(self, weights: Path, sidecar: dict[str, Any]) -> None:
        """Has the graph of a checkpoint made; returns at once."""
        path = graph_path(sidecar)
        with self._lock:
            if path in self._asked:
                return
            self._asked.add(path)
            self._waiting.append((weights, sidecar))
            if not self._works:
                self._works = True
                Thread(target=self._work, name="converter", daemon=True).start()

    def _work(self) -> None:
        while True:
            with self._lock:
                wanted, self._waiting = self._waiting, []
                if not wanted:
                    self._works = False
                    return
            lines = json.dumps([(str(weights), sidecar) for weights, sidecar in wanted])
            subprocess.run(
                [sys.executable, "-m", __name__], input=lines.encode(), stdout=subprocess.DEVNULL
            )


def main() -> None:
    """Makes the graphs that the standard input lists; one that fails keeps none from the next."""
    os.nice(19)
    die_with_parent()  # a worker that is killed leaves no orphan behind
    parent = os.getppid()
    for weights, sidecar in json.load(sys.stdin):
        if os.getppid() != parent:
            return
        try:
            graph_make(Path(weights), sidecar)
        except (OSError, ValueError) as fault:
            logger.warning("%s has no graph: %s", sidecar["key"], fault)


if __name__ == "__main__":
    main()
