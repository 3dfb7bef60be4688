"""What REST addresses that take files have in common."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.views import APIView

from inference.images import uploads
from inference.pace import WriteThrottle
from inference.rest import MayCompare


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
