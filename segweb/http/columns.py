"""What a row's columns hold, told before the database does, and alike on every database.

SQLite keeps texts of any length and whole numbers of any size, PostgreSQL refuses them with an
exception. Where a value comes in, its own check has the better sentence; this is the last one.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.operations import BaseDatabaseOperations
from django.utils.translation import gettext as _


def columns_check(sender: type[models.Model], instance: models.Model, **_kwargs: Any) -> None:
    """Receiver of pre_save: ValidationError for what a column cannot hold, by its name."""
    found = (_fault(field, getattr(instance, field.attname)) for field in _columns(sender))
    if faults := [fault for fault in found if fault]:
        raise ValidationError(faults)


def _columns(model: type[models.Model]) -> list[Any]:
    return [field for field in model._meta.concrete_fields if not field.is_relation]


def _fault(field: Any, value: Any) -> str:
    """What is wrong with a value, "" for nothing. Expressions are the database's to compute."""
    told: dict[str, Any] = {"name": field.name}
    if isinstance(value, models.fields.files.FieldFile):
        value = value.name
    if isinstance(value, str):
        if "\0" in value:
            return _("%(name)s holds a character that cannot be kept.") % told
        if field.max_length and len(value) > field.max_length:
            told |= {"length": len(value), "limit": field.max_length}
            return _("%(name)s has %(length)d characters; at most %(limit)d can be kept.") % told
    # `type`, since True is an int for isinstance.
    if type(value) is int and isinstance(field, models.IntegerField):
        low, high = BaseDatabaseOperations.integer_field_ranges[field.get_internal_type()]
        if not low <= value <= high:
            told |= {"low": low, "high": high}
            return _("%(name)s must be from %(low)d to %(high)d.") % told
    return ""
