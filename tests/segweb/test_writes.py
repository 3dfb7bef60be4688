"""Rule 3: rows change in services only, in whose modules every writing call to the ORM stands."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from segweb.env import BASE_DIR

APPS = ("segweb", "inference", "experiments", "lineage")
# Without arguments by position these are the ORM's; files, storage and dictionaries take some.
WRITES = {"save", "update", "create", "delete"}
ALWAYS_WRITES = {"bulk_create", "bulk_update", "get_or_create", "update_or_create"}
# Services too large to stand with their room's others, or needed by several rooms.
FURTHER_SERVICES = {
    "inference/comparisons.py",
    "experiments/checkpoints/elsewhere.py",
    "experiments/checkpoints/published.py",
    "experiments/runs/histories.py",
    "experiments/runs/keeping.py",
    "segweb/http/idempotency.py",
    "segweb/http/tokens.py",
    "segweb/audit.py",
}


def is_service(module: Path) -> bool:
    """Services of a room, services beneath the rooms, and the rows that are jobs."""
    beneath = module.parent.name in ("records", "migrations", "jobs")
    return module.name == "services.py" or beneath or str(module) in FURTHER_SERVICES


def writes(source: str) -> Iterator[tuple[int, str]]:
    """The line and the name of each writing call."""
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        name = node.func.attr
        if name in ALWAYS_WRITES or (name in WRITES and not node.args):
            yield node.lineno, name


def sources() -> Iterator[Path]:
    for app in APPS:
        yield from (path.relative_to(BASE_DIR) for path in sorted((BASE_DIR / app).rglob("*.py")))


def test_rows_change_in_services_only() -> None:
    outside = [
        f"{module}:{line} {name}"
        for module in sources()
        if not is_service(module)
        for line, name in writes((BASE_DIR / module).read_text())
    ]
    assert outside == []


def test_the_further_services_are_there_and_write() -> None:
    for module in FURTHER_SERVICES:
        assert list(writes((BASE_DIR / module).read_text())), module


def test_a_state_is_never_assigned() -> None:
    """It changes as `filter(state=…).update(…)`, so that a second delivery finds nothing to do."""
    assigned = [
        f"{module}:{node.lineno}"
        for module in sources()
        for node in ast.walk(ast.parse((BASE_DIR / module).read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "state"
        and isinstance(node.ctx, ast.Store)
    ]
    assert assigned == []
