"""REST: what the ways in for data sets, networks and masks share, and the way out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.exceptions import APIException, NotAuthenticated, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from experiments.access import account, may_manage
from experiments.serializers import QueuedSerializer
from segweb.http.answers.repeats import made_as
from segweb.http.idempotency import made_under
from segweb.jobs import Job


class ImportTooLarge(APIException):
    """More bytes than an import may have."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class MayImport(BasePermission):
    """Who may import may see how far an import is."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        """Staff that may launch."""
        return may_manage(request.user)


class TakesImports(APIView):
    """A view whose POST brings something in: who may not, and what is too long, is not read."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse before a byte of the body is read."""
        super().initial(request, *args, **kwargs)
        if request.method != "POST":
            return
        if not request.user.is_authenticated:
            raise NotAuthenticated
        if not may_manage(request.user):
            raise PermissionDenied(_("Importing needs a permission that you lack."))
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.IMPORT_MAX_BYTES:
            raise ImportTooLarge(_("The upload is too large."))


def accepted(
    request: Request, serializer: type[QueuedSerializer], queue: Callable[..., Job]
) -> Response:
    """202: what `queue` queues for this account, once for each Idempotency-Key."""
    pk, owner = made_as(request), account(request)
    queued = made_under(serializer.Meta.model, pk, lambda: queue(pk=pk, owner=owner))
    shown = serializer(queued, context={"request": request}).data
    headers = {"Location": shown["url"]}
    return Response(shown, status=status.HTTP_202_ACCEPTED, headers=headers)
