"""The project's own app: the commands `up` and `sweep`."""

from django.apps import AppConfig


class SegWebConfig(AppConfig):
    """Holds no tables; it makes the project's management commands known to Django."""

    name = "segweb"
    verbose_name = "SegWeb"
