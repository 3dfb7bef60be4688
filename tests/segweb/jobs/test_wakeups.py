"""Wake-ups: the breaker that keeps a dead broker from slowing every request down."""

from __future__ import annotations

import uuid

import pytest
from kombu.exceptions import OperationalError

from inference.models import Prediction
from segweb.jobs import wakeups


class Broker:
    """Takes messages, or refuses them with `fault`."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.messages: list[tuple] = []

    def send_task(self, name: str, *, args: list[str], queue: str, retry: bool) -> None:
        """As Celery's."""
        self.messages.append((name, args, queue))
        if self.fault:
            raise self.fault


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch) -> Broker:
    broker = Broker()
    monkeypatch.setattr(wakeups, "_closed_until", 0.0)
    monkeypatch.setattr(wakeups, "current_app", broker)
    return broker


def test_a_message_carries_the_id_to_the_jobs_queue(broker: Broker) -> None:
    pk = uuid.uuid4()
    assert wakeups.send(Prediction, pk)
    assert broker.messages == [("inference.job_execute", [str(pk)], "inference")]


@pytest.mark.parametrize("fault", [OperationalError(), ConnectionRefusedError(), TimeoutError()])
def test_after_a_fault_nothing_is_tried_for_a_while(
    fault: Exception, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.fault = fault
    assert not wakeups.send(Prediction, 1)
    assert not wakeups.send(Prediction, 2)
    assert len(broker.messages) == 1
    broker.fault = None
    now = wakeups.time.monotonic()
    monkeypatch.setattr(wakeups.time, "monotonic", lambda: now + wakeups.BREAKER_SECONDS + 1)
    assert wakeups.send(Prediction, 3)


def test_a_fault_of_the_program_is_not_swallowed(broker: Broker) -> None:
    broker.fault = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        wakeups.send(Prediction, 1)


def test_no_broker_no_messages() -> None:
    assert wakeups.queue_length("inference") == 0
