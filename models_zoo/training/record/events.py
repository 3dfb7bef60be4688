"""events.jsonl: one JSON line an event, appended, so that a reader can follow and replay a run.

pretrained (which layers published weights filled, which not), start, step, epoch, checkpoint, end;
stopped after SIGTERM; fallback (states that were damaged, epoch and step of the one before them, 0
where there was none); failure with kind, message and exit code. An epoch has one `epoch` event,
however often the run was killed; after a fallback it is told again, and the last one counts.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

EVENTS_NAME = "events.jsonl"


class EventLog:
    """Appends events to a run's events.jsonl. An event reaches the disk before `write` returns."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS_NAME
        # A last line that a kill or a full disk cut off: the next event would continue it and be
        # lost with it. Readers skip what is no JSON.
        content = self._path.read_bytes() if self._path.exists() else b""
        self._cut_off = bool(content) and not content.endswith(b"\n")
        self._alive_at = 0.0
        self._once: set[tuple[str, int | None]] = set()
        for told in events_read(folder):
            self._note(told["event"], told.get("epoch"))

    def _note(self, event: str, epoch: int | None) -> None:
        if event == "fallback":
            # What came after is trained again: by other weights, as they may turn out.
            back = epoch or 0
            self._once = {(told, of) for told, of in self._once if of is None or of <= back}
        else:
            self._once.add((event, epoch))

    def write(self, event: str, **fields: Any) -> None:
        """Appends one event with the time, in seconds since 1970."""
        line = json.dumps({"event": event, "time": round(time.time(), 3), **fields}) + "\n"
        start, self._cut_off = "\n" if self._cut_off else "", True
        with self._path.open("a", encoding="utf-8") as file:
            file.write(start + line)
            file.flush()
            os.fsync(file.fileno())
        self._cut_off = False
        self._note(event, fields.get("epoch"))

    def alive(self) -> None:
        """Tells between events that the training gets on: the file's time is now."""
        # Once a second is enough for whoever watches: a short step should not wait for a disk.
        if time.monotonic() > self._alive_at + 1:
            self._alive_at = time.monotonic()
            with suppress(OSError):  # the next event tells what is wrong with the disk
                self._path.touch()

    def write_once(self, event: str, *, epoch: int, **fields: Any) -> None:
        """Appends the event unless the log holds it for this epoch."""
        if (event, epoch) not in self._once:
            self.write(event, epoch=epoch, **fields)


def events_read(folder: Path) -> Iterator[dict[str, Any]]:
    """The events of a run in their order; lines that a kill cut off are left out."""
    path = folder / EVENTS_NAME
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            continue
