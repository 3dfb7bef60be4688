"""The button that takes a checkpoint off offer."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.experiments.factories import (
    checkpoint_make,
    run_make,
)
from tests.experiments.visiting import url

pytestmark = pytest.mark.django_db


def test_a_checkpoint_is_withdrawn_and_put_back(reader: Client, launcher: Client) -> None:
    checkpoint = checkpoint_make(run=run_make())
    address = url("offer", checkpoint.run_id)
    assert reader.post(address).status_code == 403
    for value, offered in (("", False), ("yes", True)):
        launcher.post(address, {"offered": value})
        checkpoint.refresh_from_db()
        assert checkpoint.offered is offered
    assert launcher.post(url("offer", run_make().pk)).status_code == 404
