"""REST: one frame in, its masks out."""

from __future__ import annotations

import hashlib

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from inference import access
from inference.images.upload_view import UploadView
from inference.live import services
from inference.pace import WriteThrottle


class FrameSerializer(serializers.Serializer):
    """A frame, and up to four models that see it."""

    frame = serializers.FileField(allow_empty_file=True)
    models = serializers.ListField(child=serializers.CharField(), min_length=1)


class FrameMaskSerializer(serializers.Serializer):
    """What one model says of a frame: an indexed PNG of the frame's size, in base64."""

    model = serializers.CharField()
    milliseconds = serializers.FloatField()
    mask = serializers.CharField()


class FrameMasksSerializer(serializers.Serializer):
    """All masks of one frame."""

    masks = FrameMaskSerializer(many=True)


class Frames(UploadView):
    """The frames of a camera or video. Each is answered at once or dropped, and nothing is kept."""

    # One frame on the way is limit enough, and a few from an address: ten a second are usual.
    throttle_classes = []

    def files_bytes_max(self) -> int:
        """A small one: what is seen live has 480 pixels."""
        return services.FRAME_BYTES

    @extend_schema(request=FrameSerializer, responses=FrameMasksSerializer)
    def post(self, request: Request) -> Response:
        """The masks within three seconds; 503 where the workers have no time, 429 for a second."""
        form = FrameSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        owner = access.maker(request)["owner"]
        masks = services.frame_masks(
            jpeg=form.validated_data["frame"].read(services.FRAME_BYTES + 1),
            models=form.validated_data["models"],
            owner=owner,
            visitor=f"user-{owner.pk}" if owner else _browser(request),
            address=WriteThrottle().get_ident(request),
        )
        return Response(FrameMasksSerializer({"masks": masks}).data)


def _browser(request: Request) -> str:
    """What tells browsers behind one address apart, without a session for each that looks.

    Each has the cookie that forms are checked by. "" for scripts, which keep none.
    """
    cookie = request.COOKIES.get(settings.CSRF_COOKIE_NAME, "")
    return cookie and hashlib.sha256(cookie.encode()).hexdigest()
