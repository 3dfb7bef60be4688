"""What the API's schema says of errors: of each operation those that it may answer with."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import SAFE_METHODS, AllowAny

from segweb.http.parsers import IDEMPOTENCY_KEY
from segweb.http.problems import CONTENT_TYPE, KINDS

PROBLEM = {
    "type": "object",
    "description": "An RFC 9457 problem.",
    "properties": {
        "type": {
            "type": "string",
            "enum": list(dict.fromkeys(kind.type for kind in KINDS)),
            "description": "what a program tells problems of one status apart by",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "a sentence that says what to do"},
        "errors": {"type": "object", "additionalProperties": {}, "description": "by field"},
    },
    "required": ["type", "title", "status", "detail"],
}
RETRY_AFTER = {"schema": {"type": "integer"}, "description": "seconds"}
LATER = (409, 429, 503)  # which may say when to come back


class Schema(AutoSchema):
    """Each operation with the problems that it may answer with.

    Most follow from what a view says anyway; `further_problems` of a view are the others.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """The operation, if it is one, with its problems."""
        operation = super().get_operation(*args, **kwargs)
        if operation:
            if 412 in getattr(self.view, "further_problems", ()):
                operation["responses"]["304"] = {"description": "The ETag of If-None-Match still."}
            for status in self._statuses("requestBody" in operation):
                operation["responses"].setdefault(str(status), _told(status))
        return operation

    def get_override_parameters(self) -> list[Any]:
        """With the Idempotency-Key, wherever it is heeded."""
        further = [IDEMPOTENCY_KEY] if self._repeatable else []
        return [*super().get_override_parameters(), *further]

    @property
    def _repeatable(self) -> bool:
        return hasattr(getattr(self.view, self.method.lower()), "repeatable")

    def _statuses(self, has_body: bool) -> list[int]:
        # A token that is none is refused everywhere, and so is a `?format=` that there is not.
        statuses = {400, 401, 404, 503, *getattr(self.view, "further_problems", ())}
        if issubclass(self.view.content_negotiation_class, DefaultContentNegotiation):
            statuses.add(406)
        writes = self.method not in SAFE_METHODS
        # Whoever is signed in by a session needs the CSRF token to write.
        if writes or AllowAny not in self.view.permission_classes:
            statuses.add(403)
        if writes:
            statuses.add(507)
        if has_body:
            statuses |= {413, 415}
        if self.method == "POST":
            statuses.add(429)
        if self._repeatable:
            statuses |= {409, 422}
        return sorted(statuses)


def _told(status: int) -> dict[str, Any]:
    """A problem of a status: in words, and as an example of each type that it has."""
    kinds = [kind for kind in KINDS if kind.status == status]
    title = HTTPStatus(status).phrase
    examples = {
        kind.type: {
            "value": {"type": kind.type, "title": title, "status": status, "detail": kind.said}
        }
        for kind in kinds
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    told: dict[str, Any] = {"description": " ".join(kind.said for kind in kinds)}
    if status in LATER:
        told["headers"] = {"Retry-After": RETRY_AFTER}
    return told | {"content": {CONTENT_TYPE: {"schema": schema, "examples": examples}}}


def problem_describe(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """drf-spectacular's hook: what a problem is, said once for all operations."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    return result
