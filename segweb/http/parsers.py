"""Requests in JSON: what no database could keep and no answer repeat is refused at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError

from segweb.http.plain import json_read


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
