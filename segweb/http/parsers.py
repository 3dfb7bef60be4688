"""Requests in JSON: what no database could keep and no answer repeat is refused at the door."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import parsers
from rest_framework.exceptions import ParseError


class JSONParser(parsers.JSONParser):
    """JSON without numbers beyond a float, halves of surrogate pairs, or hundreds of levels.

    Python reads 1e999 as infinity and keeps a lone surrogate in a text, which then fails where it
    is stored or, once stored, in every answer that shows it.
    """

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The request's data. ParseError (400) for what is no JSON, or none of ours."""
        encoding = (parser_context or {}).get("encoding", settings.DEFAULT_CHARSET)
        try:
            data = json.loads(
                stream.read().decode(encoding),
                # Python's whole numbers have no bound and never become infinity.
                parse_int=_bounded,
            )
            # Written for its faults alone: infinity, lone surrogates and too many levels show here.
            json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
        except (ValueError, RecursionError) as fault:
            raise ParseError(_("The request is malformed or too large.")) from fault
        return data


def _bounded(digits: str) -> int:
    number = int(digits)
    if abs(number) > sys.float_info.max:
        raise ValueError
    return number
