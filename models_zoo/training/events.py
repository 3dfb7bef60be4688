"""events.jsonl: one JSON line an event, appended, so that a reader can follow and replay a run."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any


class EventLog:
    """Appends events to a run's events.jsonl. An event reaches the disk before `write` returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "events.jsonl"
        self._mend()

    def _mend(self) -> None:
        """Ends a last line that a kill cut off; readers skip what is no JSON."""
        if self._path.exists() and not self._path.read_bytes().endswith(b"\n"):
            self._path.open("ab").write(b"\n")

    def write(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, "time": round(time.time(), 3), **fields})
        with self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
