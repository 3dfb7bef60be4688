"""What every feature's REST addresses share: who may write, links, files, request names."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import generics, serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import SAFE_METHODS, AllowAny, BasePermission
from rest_framework.request import Request
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from inference import access
from segweb.http.answers.paging import CursorPagination


class MayCompare(BasePermission):
    """Who may compare makes things; looking is decided by `inference.access`, row by row."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Whether this request may go on."""
        return request.method in SAFE_METHODS or access.may_compare(request)


class AnyType(BaseContentNegotiation):
    """For addresses that serve one file: its type does not depend on the Accept header."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """No request has a body here."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, *_: Any) -> Any:
        """Problems are JSON."""
        # REST framework's own answers 406 to whoever accepts nothing but images.
        return renderers[0], renderers[0].media_type


# What a file of JSON holds is its format's matter: COCO's an object, Label Studio's a list.
JSON_FILE = {"oneOf": [{"type": "object"}, {"type": "array", "items": {"type": "object"}}]}


class FileView(APIView):
    """An address that serves one file to whoever may see what it belongs to."""

    permission_classes = [AllowAny]
    content_negotiation_class = AnyType
    further_problems: tuple[int, ...] = (412,)  # as what never changes answers to If-Match


class OwnPagination(CursorPagination):
    """One's own things, newest first, by cursor alone."""

    default_limit, max_limit, offset_query_param = 24, 100, ""


class OwnList(generics.ListAPIView):
    """The list of what the caller's account or session made; `get_queryset` says of what."""

    pagination_class = OwnPagination
    filter_backends = []


class LinkField(serializers.Field):
    """The address of one view about the object, with the request's share link if it came by one."""

    def __init__(self, view_name: str, *, when: str | None = None, **query: str) -> None:
        super().__init__(source="*", read_only=True)
        self.view_name, self.when, self.query = view_name, when, query

    def to_representation(self, value: Any) -> str | None:
        """Null until the attribute named by `when` is there."""
        if self.when and not getattr(value, self.when):
            return None
        request = self.context["request"]
        share = request.GET.get("share")
        return reverse(
            f"inference-api:{self.view_name}",
            args=[value.pk],
            request=request,
            query=self.query | ({"share": share} if share else {}) or None,
        )


@extend_schema_field({"type": "string", "format": "uri"})
class UrlField(LinkField):
    """An address that is always there."""


@extend_schema_field({"type": "string", "format": "uri", "nullable": True})
class LaterUrlField(LinkField):
    """An address that is null until what it leads to exists."""
