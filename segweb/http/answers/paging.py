"""Long lists page by page: each page begins after the last row of the one before (`?cursor=`).

An offset counts rows, so that one added in front shifts all others, and the next page repeats one.
A cursor names a row's place in the order: by the values it is sorted by, without one last, and
by the id among equals, alike on every database.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.utils.urls import remove_query_param, replace_query_param

from segweb.http.plain import json_read

CURSOR = "cursor"


class CursorPagination(LimitOffsetPagination):
    """`?cursor=`, empty for the first page, and then as `next` has it; else `?offset=`.

    Where a list never had an offset, `offset_query_param` is "": it is read by cursors alone.
    """

    default_limit = 100
    max_limit = 1000
    after: Any = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """The rows of a page. ValidationError (400) for a cursor that none of these lists gave."""
        cursor = request.query_params.get(CURSOR)
        self.by_cursor = cursor is not None or not self.offset_query_param
        if not self.by_cursor:
            return super().paginate_queryset(queryset, request, view)
        limit = self.get_limit(request) or self.default_limit
        self.count, self.limit, self.offset = self.get_count(queryset), limit, 0
        self.address = request.build_absolute_uri()
        self.terms = _terms(queryset)
        rows = _ordered(queryset, self.terms)
        if cursor:
            rows = rows.filter(_after(self.terms, _values(cursor, self.terms, queryset.model)))
        page = list(rows[: limit + 1])
        self.after = page[limit - 1] if len(page) > limit else None
        return page[:limit]

    def get_next_link(self) -> str | None:
        """The next page's address; None on the last."""
        if not self.by_cursor:
            return super().get_next_link()
        if self.after is None:
            return None
        values = [getattr(self.after, name) for name, _down in self.terms]
        told = json.dumps([_signs(self.terms), values], cls=_Exact)
        cursor = base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")
        url = remove_query_param(self.address, "offset")
        return replace_query_param(url, CURSOR, cursor)

    def get_previous_link(self) -> str | None:
        """None by cursor: whoever has read a page has it."""
        return None if self.by_cursor else super().get_previous_link()

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """With the cursor."""
        said = _("where the page begins: empty for the first one, then as `next` has it")
        schema = {"type": "string"}
        cursor = {"name": CURSOR, "required": False, "in": "query", "schema": schema}
        known = super().get_schema_operation_parameters(view)
        return [
            *(one for one in known if one["name"]),
            cursor | {"description": said},
        ]


class _Exact(DjangoJSONEncoder):
    """Times to the microsecond: Django's own cuts them at thousandths."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if hasattr(o, "isoformat") else super().default(o)


Terms = list[tuple[str, bool]]


def _terms(queryset: QuerySet[Any]) -> Terms:
    """The columns that a list is sorted by, and whether downwards; the id last."""
    ordering: Any = queryset.query.order_by or queryset.model._meta.ordering or ()
    terms: Terms = []
    for term in ordering:
        if isinstance(term, str):
            terms.append((term.removeprefix("-"), term.startswith("-")))
        else:
            terms.append((term.expression.name, term.descending))
    names = [name for name, _down in terms]
    return terms if "id" in names else [*terms, ("id", True)]


def _signs(terms: Terms) -> list[str]:
    return [("-" if down else "") + name for name, down in terms]


def _ordered(queryset: QuerySet[Any], terms: Terms) -> QuerySet[Any]:
    return queryset.order_by(
        *(F(n).desc(nulls_last=True) if down else F(n).asc(nulls_last=True) for n, down in terms)
    )


def _values(cursor: str, terms: Terms, model: Any) -> list[Any]:
    """What a cursor says. ValidationError (400) for what is none, or one of another order."""
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        signs, values = json_read(base64.urlsafe_b64decode(padded).decode())
        if signs != _signs(terms):
            raise ValidationError(_("This cursor is of a list in another order. Begin anew."))
        told = zip(terms, values, strict=True)
        # ValidationError where it is no value of the column; dates stumble over what is no text.
        return [model._meta.get_field(name).to_python(value) for (name, _down), value in told]
    except (ValueError, TypeError, binascii.Error) as fault:
        raise ValidationError(_("This is no cursor: take it from the page before.")) from fault


def _after(terms: Terms, values: list[Any]) -> Q:
    """Whether a row comes after the one that has these values."""
    rule, same = Q(pk__in=[]), Q()
    for (name, down), value in zip(terms, values, strict=True):
        if value is not None:  # nothing comes after those without one but their equals
            further = Q(**{f"{name}__{'lt' if down else 'gt'}": value})
            rule |= same & (further | Q(**{f"{name}__isnull": True}))
        same &= Q(**{f"{name}__isnull": True} if value is None else {name: value})
    return rule
