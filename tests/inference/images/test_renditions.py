"""Thumbnails on a disk that is full, and after it was."""

import errno
from unittest.mock import Mock

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client

from inference.images.renditions import LONGEST
from inference.models import Image

pytestmark = pytest.mark.django_db


def test_a_thumbnail_that_was_cut_off_is_drawn_anew(image: Image, client: Client) -> None:
    address = f"/images/{image.pk}/thumbnail/"
    whole = client.get(address).getvalue()
    name = f"{image.folder}/thumbnail-{LONGEST['thumbnail']}.jpg"
    for left in (b"", whole[: len(whole) // 2]):
        default_storage.delete(name)
        default_storage.save(name, ContentFile(left))
        assert client.get(address).getvalue() == whole
        with default_storage.open(name) as file:
            assert file.read() == whole


def test_a_thumbnail_that_cannot_be_kept_is_shown(
    image: Image, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Mock(side_effect=OSError(errno.ENOSPC, "No space left on device"))
    with monkeypatch.context() as patch:
        patch.setattr(type(default_storage._wrapped), "_save", full)
        assert client.get(f"/images/{image.pk}/thumbnail/").getvalue().startswith(b"\xff\xd8")
    assert len(default_storage.listdir(image.folder)[1]) == 1
