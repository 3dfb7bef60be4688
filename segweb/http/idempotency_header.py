"""The header Idempotency-Key, as REST views read it and the schema describes it."""

from __future__ import annotations

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

KEY_LENGTH = 255
IDEMPOTENCY_KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


def idempotency_key(request: Request) -> str:
    """What names this request, so that sending it again is harmless; "" for none.

    ValidationError (400) for one of more than 255 characters.
    """
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > KEY_LENGTH:
        raise ValidationError(_("The Idempotency-Key is too long."))
    return key
