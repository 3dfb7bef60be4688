"""Stored and derived files as responses: a type that is fixed, never guessed, and nosniff."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

from django.core.files.storage import default_storage
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase

from inference.images.apart import decoding
from inference.images.apart.derived import derived
from inference.models import Prediction
from models_zoo.data.labelling.export import EXPORTS
from segweb.http.answers.caching import lasting

BYTES = "application/octet-stream"


def stored(
    request: HttpRequest,
    key: str,
    content_type: str,
    name: str,
    *,
    drawn: Callable[[], BinaryIO] | None = None,
    encoding: str = "",
) -> HttpResponseBase:
    """The stored file `key`, which never changes, for the caller alone; 304 for who has it.

    `drawn` gives it where it need not be there yet. `encoding` is undone by the browser on the way.
    """

    def answer() -> FileResponse:
        opened = drawn() if drawn else default_storage.open(key)
        response = FileResponse(opened, content_type=content_type, filename=name)
        response["X-Content-Type-Options"] = "nosniff"
        if encoding:
            response["Content-Encoding"] = encoding
        return response

    return lasting(request, key, answer)


def mask_as_png(request: HttpRequest, prediction: Prediction) -> HttpResponseBase:
    """The indexed PNG as it was stored."""
    return stored(request, prediction.mask.name, "image/png", f"{_stem(prediction)}.png")


def mask_as_overlay(request: HttpRequest, prediction: Prediction) -> HttpResponseBase:
    """The class colours laid half transparent over the image, as RGB PNG."""
    image, classes = prediction.comparison.image.file, prediction.checkpoint.classes
    sources = (decoding.overlay, image, prediction.mask, classes)
    name = f"{_stem(prediction)}-overlay.png"
    return _derived(request, f"{prediction.folder}/overlay.png", sources, "image/png", name)


def mask_as_coco(request: HttpRequest, prediction: Prediction) -> HttpResponseBase:
    """COCO JSON with run-length encoded regions, one for each class found."""
    classes = prediction.checkpoint.classes
    image = prediction.comparison.image.name or f"{prediction.comparison.image_id}.png"
    sources = (decoding.coco_json, prediction.mask, classes, image)
    name = f"{_stem(prediction)}.json"
    return _derived(request, f"{prediction.folder}/coco.json", sources, "application/json", name)


def mask_as_export(form: str, request: HttpRequest, prediction: Prediction) -> HttpResponseBase:
    """A labelling tool's own file."""
    checkpoint, export = prediction.checkpoint, EXPORTS[form]
    image = prediction.comparison.image.name or f"{prediction.comparison.image_id}.png"
    sources = (
        decoding.export_file,
        prediction.mask,
        form,
        checkpoint.classes,
        image,
        checkpoint.key,
    )
    name = f"{_stem(prediction)}-{form}.{export.ending}"
    return _derived(
        request, f"{prediction.folder}/{form}.{export.ending}", sources, export.kind, name
    )


def mask_as_npz(request: HttpRequest, prediction: Prediction) -> HttpResponseBase:
    """The three likeliest classes of each pixel: uint8 `classes` and `probabilities`, 3×H×W."""
    name = f"{_stem(prediction)}.npz"
    if prediction.top3.name.endswith(".npz"):  # as predictions of earlier versions are kept
        return stored(request, prediction.top3.name, BYTES, name)
    image = prediction.comparison.image
    sources = (decoding.top3_npz, prediction.top3, image.height, image.width)
    return _derived(request, f"{prediction.folder}/top3.npz", sources, BYTES, name)


def mask_as_ids(request: HttpRequest, prediction: Prediction) -> HttpResponseBase:
    """The class ids alone: H×W bytes, row by row, gzipped for the way."""
    sources = (decoding.ids_gzip, prediction.mask)
    name = f"{_stem(prediction)}.ids"
    return _derived(request, f"{prediction.folder}/ids.gz", sources, BYTES, name, encoding="gzip")


def mask_as_top3(request: HttpRequest, prediction: Prediction) -> HttpResponseBase:
    """3×H×W bytes of classes, then 3×H×W of probabilities (255 = 1.0), gzipped for the way."""
    name = f"{_stem(prediction)}.top3"
    if not prediction.top3.name.endswith(".npz"):
        return stored(request, prediction.top3.name, BYTES, name, encoding="gzip")
    sources = (decoding.top3_gzip, prediction.top3)
    return _derived(request, f"{prediction.folder}/top3.gz", sources, BYTES, name, encoding="gzip")


def _derived(
    request: HttpRequest, key: str, sources: Any, kind: str, name: str, *, encoding: str = ""
) -> HttpResponseBase:
    """A file that is drawn of others where it is not there yet; who has it waits for no drawing."""
    draw = partial(derived, key, *sources)
    return stored(request, key, kind, name, drawn=draw, encoding=encoding)


MASK_FORMATS: dict[str, Callable[[HttpRequest, Prediction], HttpResponseBase]] = {
    "png": mask_as_png,
    "overlay": mask_as_overlay,
    "coco": mask_as_coco,
    "npz": mask_as_npz,
    "ids": mask_as_ids,
    "top3": mask_as_top3,
    **{form: partial(mask_as_export, form) for form in EXPORTS},
}


def _stem(prediction: Prediction) -> str:
    return f"{prediction.comparison_id}-{prediction.checkpoint.key}"
