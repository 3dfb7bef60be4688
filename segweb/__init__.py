"""The Django project: settings, jobs, processes. Importing it makes the Celery app current."""

from segweb.celery import app as celery_app

__all__ = ["celery_app"]
