"""What the sweeper does beside jobs, each so often: told by whoever knows what there is to do."""

from __future__ import annotations

import time
from collections.abc import Callable
from pkgutil import resolve_name

_periods: dict[str, float] = {}
_done: dict[str, float] = {}


def chore_every(seconds: float, name: str) -> None:
    """The sweeper calls "module:function" so often, which does little at a time."""
    _periods[name] = seconds


def chores_due() -> list[Callable[[], object]]:
    """Those whose time has come; they count as done."""
    now = time.monotonic()
    due = [name for name, every in _periods.items() if now - _done.get(name, -every) >= every]
    _done.update(dict.fromkeys(due, now))
    # By name: whoever tells of it would import all that it needs.
    return [resolve_name(name) for name in due]
