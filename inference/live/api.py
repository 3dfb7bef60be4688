"""REST: one frame in, its masks out."""

from __future__ import annotations

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

    throttle_classes = []  # one frame on the way is limit enough: ten a second are usual

    def files_bytes_max(self) -> int:
        """A small one: what is seen live has 480 pixels."""
        return services.FRAME_BYTES

    @extend_schema(request=FrameSerializer, responses=FrameMasksSerializer)
    def post(self, request: Request) -> Response:
        """The masks within three seconds; 503 where the workers have no time, 429 for a second."""
        form = FrameSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        maker = access.maker(request)
        # Whoever keeps no session is known by the address.
        visitor = maker["visitor"] or WriteThrottle().get_ident(request)
        masks = services.frame_masks(
            jpeg=form.validated_data["frame"].read(services.FRAME_BYTES + 1),
            models=form.validated_data["models"],
            owner=maker["owner"],
            visitor=f"user-{request.user.pk}" if maker["owner"] else visitor,
        )
        return Response(FrameMasksSerializer({"masks": masks}).data)
