"""How images look from outside, and what an upload may say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from experiments.models import Dataset
from inference.images.services import image_delete_key
from inference.models import Image
from inference.rest import UrlField
from segweb.http.parsers import UploadField


class ImageSerializer(serializers.ModelSerializer):
    """A stored image; `sha256` is that of the file at `url`."""

    url = UrlField("image-file")

    class Meta:
        model = Image
        fields = ["id", "width", "height", "sha256", "url"]
        read_only_fields = fields


class ImageUploadedSerializer(ImageSerializer):
    """An image just stored. `delete_key` lets whoever has neither account nor session delete it."""

    delete_key = serializers.SerializerMethodField()

    class Meta(ImageSerializer.Meta):
        fields = [*ImageSerializer.Meta.fields, "delete_key"]
        read_only_fields = fields

    def get_delete_key(self, image: Image) -> str | None:
        """Null where the account or the session says whose it is."""
        nobodys = image.owner_id is None and not image.visitor
        return image_delete_key(pk=image.pk) if nobodys else None


class ImageUploadSerializer(serializers.Serializer):
    """An image to store, with its true mask where there is one."""

    file = UploadField()
    mask = UploadField(required=False)
    mask_dataset = serializers.SlugRelatedField(
        "slug",
        queryset=Dataset.objects.all(),
        required=False,
        help_text=_("The data set whose class ids the mask uses."),
    )
