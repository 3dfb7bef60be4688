"""The masks of a comparison in one zip, to take away."""

from __future__ import annotations

import tempfile
import zipfile
from typing import IO

from django.http import FileResponse

from inference.models import Comparison
from segweb.http.answers.caching import NEVER

IN_MEMORY = 8 * 2**20  # bytes of a zip before it goes to disk


def masks_zip(comparison: Comparison) -> IO[bytes]:
    """The indexed PNGs of all masks that are there, each named by image and checkpoint."""
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  (the caller reads it)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # PNGs do not shrink
        for prediction in comparison.predictions.all():
            if prediction.mask:
                with prediction.mask.open() as mask:
                    name = f"{_stem(comparison)}-{prediction.checkpoint.key}.png"
                    archive.writestr(name, mask.read())
    file.seek(0)
    return file


def masks_answer(comparison: Comparison) -> FileResponse:
    """The zip as a response; unlike a mask it changes while predictions arrive."""
    name = f"{_stem(comparison)}-masks.zip"
    response = FileResponse(
        masks_zip(comparison), content_type="application/zip", filename=name, as_attachment=True
    )
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = NEVER
    return response


def _stem(comparison: Comparison) -> str:
    name = comparison.image.name
    return name.rpartition(".")[0] or name or "image"
