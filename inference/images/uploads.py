"""What an upload must survive before it becomes an Image; what decodes it is `decoding`."""

from __future__ import annotations

import hashlib
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from experiments.models import Dataset
from inference.images.apart import decoding
from inference.images.apart.decoding import TrueMask, UploadRefused, UploadTooLarge
from inference.images.apart.process import apart

NAME_LENGTH = 100
FORM_BYTES = 2**20  # what a multipart form may need beside its files
Page = Callable[..., HttpResponse]


def body_too_long(request: HttpRequest, *, files_bytes: int) -> bool:
    """Whether a request says itself that it holds more than its files and their form may."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    # A first guard only, for what admits it: `_check_bytes` measures what came.
    return length.isdigit() and int(length) > files_bytes + FORM_BYTES


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
            if body_too_long(request, files_bytes=files_bytes_max()):
                return render(request, "413.html", status=413)
            return protected(request, *args, **named)

        return page

    return checked


def upload_decode(
    folder: Path,
    file: BinaryIO,
    mask: BinaryIO | None = None,
    dataset: Dataset | None = None,
    *,
    stored: bool = False,
) -> tuple[int, int]:
    """Leave `folder`/image.png, and mask.png where there is a true mask; the image's size.

    A `stored` image was taken before, and may have more bytes as PNG than an upload.
    UploadRefused with a sentence in the reader's language; Occupied and OverBudget as by `apart`.
    """
    truth = None
    for name, given in (("upload", file), ("mask", mask)):
        if given is not None:
            if given is mask or not stored:
                _check_bytes(given)
            with (folder / name).open("wb") as target:
                shutil.copyfileobj(given, target)
    if mask is not None:
        truth = TrueMask(dataset.title, dataset.classes, dataset.ignore_index)
    with _in_words():
        return apart(decoding.upload_decode, folder, settings.UPLOAD_MAX_PIXELS, truth)


def upload_digest(file: BinaryIO) -> str:
    """The sha256 of what was sent, which is read from its beginning afterwards."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    return digest


def check_header(file: BinaryIO) -> None:
    """UploadRefused for what is no image or too large, as far as the header tells."""
    _check_bytes(file)
    with _in_words():
        decoding.check_header(file, settings.UPLOAD_MAX_PIXELS)


@contextmanager
def _in_words() -> Iterator[None]:
    """Refusals in the reader's language, which the process apart does not know."""
    try:
        yield
    except UploadRefused as refusal:
        raise type(refusal)(_(refusal.message), params=refusal.params) from refusal


def _check_bytes(file: BinaryIO) -> None:
    length = file.seek(0, 2)
    file.seek(0)
    if length == 0:
        raise UploadRefused(_("The file is empty."))
    if length > settings.UPLOAD_MAX_BYTES:
        limit = settings.UPLOAD_MAX_BYTES / 2**20
        raise UploadTooLarge(_("The file is larger than %(limit)g MiB.") % {"limit": limit})


def clean_name(name: str | None) -> str:
    """A file name to show: no folders, no control or direction-changing characters, not long."""
    return clean_text((name or "").replace("\\", "/").rsplit("/", 1)[-1])


def clean_text(text: str) -> str:
    """A title to show: no control or direction-changing characters, not long."""
    # Category C: controls with NUL, halves of surrogate pairs, and what turns the direction.
    seen = "".join(c for c in text if unicodedata.category(c)[0] != "C")
    return seen.strip()[:NAME_LENGTH]
