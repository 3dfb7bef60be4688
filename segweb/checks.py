"""What `manage.py check` holds of every kind of job: it says all that workers and pages go by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pkgutil import resolve_name
from typing import Any

from celery import current_app
from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist, FieldError
from django.utils.module_loading import autodiscover_modules

from segweb.host import processes
from segweb.jobs import Job, job_models

_NOWHERE = (AttributeError, ImportError, TypeError, ValueError, FieldError, FieldDoesNotExist)


def job_kinds_check(**_: Any) -> list[CheckMessage]:
    """An error for everything that a kind of job forgot, or says wrongly."""
    # Outside a worker nobody has loaded the tasks by whose names wake-ups are heard.
    autodiscover_modules("tasks")
    return [
        Error(f"{kind._meta.label}: {fault}", obj=kind, id="segweb.E001")
        for kind in job_models()
        for fault in _faults(kind)
    ]


def _faults(kind: type[Job]) -> Iterator[str]:
    """What is wrong with a kind's description; unsaid here, its jobs would wait for ever."""
    blank = kind()
    look_ups: dict[str, Callable[[], Any]] = {
        "work": lambda: resolve_name(kind.work),
        "afterwards": lambda: kind.afterwards and resolve_name(kind.afterwards),
        "needs": lambda: str(kind._default_manager.select_related(*kind.needs).query),
        "belongs_to": lambda: kind.owned_model()._meta.get_field("owner"),
        "folder": lambda: blank.folder,
        "files": lambda: blank.files,
    }
    for name, look_up in look_ups.items():
        try:
            look_up()
        except NotImplementedError:
            yield f"`{name}` is not said."
        except _NOWHERE as fault:
            yield f"`{name}` leads nowhere: {fault}"
    if getattr(kind, "task_name", None) not in current_app.tasks:
        yield "`task_name` is no task of Celery's, so that no wake-up is ever heard."
    if getattr(kind, "queue", None) not in processes.queues():
        yield "`queue` is one that no worker listens to."
