"""What addresses that take files have in common, those of pages and those of REST."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.views import APIView

from inference.images import uploads
from inference.pace import WriteThrottle
from inference.rest import MayCompare

Page = Callable[..., HttpResponse]


def takes_files(files_bytes_max: Callable[[], int]) -> Callable[[Page], Page]:
    """A page's view with files in its form.

    A body that says itself that it is too long is refused unread; `files_bytes_max` says how many
    bytes all files of one form may have.
    """

    def checked(view: Page) -> Page:
        protected = csrf_protect(view)

        @csrf_exempt  # that check reads the whole body; it is made once the length is known
        @wraps(view)
        def page(request: HttpRequest, *args: Any, **named: Any) -> HttpResponse:
            if uploads.body_too_long(request, files_bytes=files_bytes_max()):
                return render(request, "413.html", status=413)
            return protected(request, *args, **named)

        return page

    return checked


class UploadView(APIView):
    """An address that takes files."""

    permission_classes = [MayCompare]
    throttle_classes = [WriteThrottle]
    parser_classes = [MultiPartParser]

    def files_bytes_max(self) -> int:
        """How many bytes all files of one request may have."""
        raise NotImplementedError

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse what says itself that it is too long, before a byte of it is read."""
        if uploads.body_too_long(request, files_bytes=self.files_bytes_max()):
            raise uploads.UploadTooLarge(_("The upload is too large."))
        super().initial(request, *args, **kwargs)
