"""The Celery app. Messages are only wake-ups (see segweb.jobs); queues: inference, training."""

import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init

from segweb.env import work_privately
from segweb.patience import WORKER_SECONDS, statements_bound

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "segweb.settings")

app = Celery("segweb")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@celeryd_init.connect
def worker_settle(conf: Any, **_: Any) -> None:
    """A worker waits on its broker for as long as it takes; only web requests are in a hurry.

    For a database that froze, or is behind a network that is gone, it would wait for ever: it tries
    again by another connection. What it writes is nobody else's.
    """
    work_privately()
    statements_bound(seconds=WORKER_SECONDS)
    conf.broker_transport_options = {**conf.broker_transport_options, "socket_timeout": 60}
