"""From a run's events.jsonl to its rows, from the offset where the last replay ended.

Every effect is an upsert and goes into the same transaction as the new offset, so that a replay
may be cut off anywhere and repeated by anyone.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from experiments.models import Attempt, Run
from experiments.records.attempts import attempt_fall_back, attempt_reach, probes_record
from experiments.records.checkpoints import protocol_hash
from experiments.records.datasets import dataset_ensure
from experiments.records.epochs import epoch_record, metrics_told
from experiments.records.files import EVENTS
from experiments.records.sources import places_hidden
from segweb.jobs import Lease, job_update


class LeaseLost(Exception):
    """The job is someone else's now, or was deleted."""


class Replay:
    """Follows the events of one run on behalf of a lease.

    `failure` is what the trainer said is wrong since its last start, "" for nothing.
    """

    def __init__(self, run: Run, folder: Path, lease: Lease) -> None:
        self._run, self._lease = run, lease
        self._path, self._offset = folder / EVENTS, run.events_offset
        self.failure = ""

    def catch_up(self, attempt: Attempt) -> None:
        """Take in what was appended since the last time. LeaseLost when it is not ours to do."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            rest = file.read()
        # A line without its end is still being written: it is told the next time.
        whole = rest[: rest.rfind(b"\n") + 1]
        fields: dict[str, Any] = {}
        offset = self._offset
        for line in whole.splitlines(keepends=True):
            offset += len(line)
            try:
                event = json.loads(line)
            except ValueError:
                continue  # a kill cut it off
            if event["event"] == "epoch":
                self._epoch(event, attempt, offset)
                fields |= {"step": 0}
            elif event["event"] == "fallback":
                told = {name: event[name] for name in ("damaged", "epoch", "step")}
                attempt_fall_back(attempt=attempt, **told)
            else:
                fields |= self._other(event)
        if whole:
            self._update(offset, **fields)
        self._offset = offset  # only now: a fault of the database makes all of it be told again

    def _update(self, offset: int, **fields: Any) -> None:
        if not job_update(lease=self._lease, events_offset=offset, **fields):
            raise LeaseLost

    def _epoch(self, event: dict[str, Any], attempt: Attempt, offset: int) -> None:
        number = event["epoch"]
        with transaction.atomic():
            # Else three power cuts in a week-long run would be its end.
            self._update(offset, attempt=1)  # tries are counted since the last epoch
            epoch_record(
                run=self._run,
                number=number,
                attempt=attempt,
                recorded_at=datetime.fromtimestamp(event["time"], UTC),
                confusion=event["confusion"],
                **metrics_told(event),
            )
            attempt_reach(attempt=attempt, epoch=number)
            probes_record(run=self._run, epoch=number)

    def _trained_on(self, event: dict[str, Any]) -> dict[str, Any]:
        """The data set that the trainer has opened: it may have changed since the launch."""
        told = event.get("dataset")
        if not told:  # the trainer of an earlier version
            return {}
        dataset = dataset_ensure(
            passport=told,
            classes=told["classes"],
            ignore_index=told["ignore_index"],
            data=self._run.data,
        )
        self._run.dataset = dataset  # what its epochs are checked by
        return {"dataset_id": dataset.pk}

    def _other(self, event: dict[str, Any]) -> dict[str, Any]:
        """What the run's row says after an event that is no epoch."""
        kind = event["event"]
        if kind == "start":
            # What was wrong with a former start says nothing of this one.
            self.failure = ""
            protocol = {"split": "val", **event["protocol"]}
            return self._trained_on(event) | {
                "steps": event["steps"],
                "protocol": protocol,
                "protocol_hash": protocol_hash(protocol),
            }
        if kind == "step":
            return {"step": event["step"]}
        if kind == "failure":
            self.failure = places_hidden(event["message"])
        return {}
