"""The reference of the REST API, in a browser that nothing but this server answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # it may start the stack


def test_the_reference_lists_the_operations(visit: Callable[..., Any]) -> None:
    page = visit("/api/v1/docs/")
    page.get_by_text("/api/v1/comparisons/", exact=True).first.wait_for()
    page.get_by_text("/api/v1/images/", exact=True).first.wait_for()
