"""A plugin of pytest's: only the tests that use the database."""

from __future__ import annotations

import pytest

DATABASE = {"db", "transactional_db", "live_server"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the others."""
    using = [
        item
        for item in items
        if item.get_closest_marker("django_db") or DATABASE & set(getattr(item, "fixturenames", ()))
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(using)])
    items[:] = using
