"""What REST views read: JSON that databases keep and answers repeat, and the Idempotency-Key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema_field
from rest_framework import parsers, serializers
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.request import Request

from segweb.http.plain import json_read

KEY_LENGTH = 255
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "maxLength": KEY_LENGTH},
    OpenApiParameter.HEADER,
    description="A text of the caller's choosing, best a random one: sent again with the same body "
    "within a day, the request is answered as it was, and nothing is made twice.",
)


class JSONParser(parsers.JSONParser):
    """JSON without numbers beyond a float, halves of surrogate pairs, NUL, or dozens of levels."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The request's data. ParseError (400) for what is no JSON, or none of ours."""
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            return json_read(stream.read().decode(encoding))
        except (ValueError, LookupError) as fault:  # no such encoding
            raise ParseError(_("The request is malformed or too large.")) from fault


@extend_schema_field(OpenApiTypes.BINARY)
class UploadField(serializers.FileField):
    """A file of a form; an empty one is refused by what reads it, in its own words."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_empty_file=True, max_length=None, **options)


def idempotency_key(request: Request) -> str:
    """What names this request, so that sending it again is harmless; "" for none.

    ValidationError (400) for one of more than 255 characters.
    """
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > KEY_LENGTH:
        raise ValidationError(_("The Idempotency-Key is too long."))
    return key
