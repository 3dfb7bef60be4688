"""A history as every reader gives it, whatever kept it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from experiments.records.points import Told
from segweb.jobs import State


class NoHistory(ValueError):
    """What was to be imported is not what it was said to be; the text says what is wrong."""


@dataclass
class History:
    """A run that ended elsewhere. `source` names it for ever, so that it is imported once."""

    source: str
    name: str
    points: list[Told]
    experiment: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    state: State = State.DONE
    started_at: datetime | None = None
    ended_at: datetime | None = None


Histories = Iterator[History]
