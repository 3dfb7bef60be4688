"""What the inference worker does for a look inside: the decoder's strip and a pixel's field."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Picture

from inference.images.samples import sample_images
from inference.models import Inside
from inference.worker import warm
from inference.worker.weights import checkpoint_weights
from segweb.jobs import Lease

Network: TypeAlias = Any
Batch: TypeAlias = Any  # a torch.nn.Module and a Tensor: torch is imported in models_zoo alone

SAMPLES = 4  # images beside the comparison's own that a field is averaged over


def look(inside: Inside, lease: Lease) -> dict[str, Any]:
    """The fields that a look inside gains by being carried out.

    The network sees the image at the size that it knows, also where it was scored in tiles.
    """
    from models_zoo.predict.inputs import scoring_size
    from models_zoo.predict.insides import decoder_strip

    weights, sidecar = checkpoint_weights(checkpoint=inside.prediction.checkpoint)
    picture = warm.picture_of(inside.prediction.comparison.image)
    network, _ = warm.engine().network(weights, sidecar)
    known = tuple(sidecar["input_size"])
    scored_at = scoring_size((picture.height, picture.width), known)
    batch = _batch(network, sidecar, np.asarray(picture), scored_at)
    stem = f"{inside.folder}/{lease.token}"
    strip = [
        {
            "name": activation.name,
            "kind": activation.kind,
            "height": activation.map.shape[0],
            "width": activation.map.shape[1],
            "file": _grey(activation.map, f"{stem}-{number}.png"),
        }
        for number, activation in enumerate(decoder_strip(network, batch), start=1)
    ]
    field = None
    if inside.pixel:
        field, heat = _field(inside, network, sidecar, batch)
        field["heat"] = _grey(heat, f"{stem}-field.png", picture.size)
    return {"strip": strip, "field": field}


def _field(
    inside: Inside, network: Network, sidecar: dict[str, Any], batch: Batch
) -> tuple[dict[str, Any], np.ndarray]:
    """The effective receptive field of the pixel: its figures in pixels of the image, its map."""
    from models_zoo.predict.receptive_field import effective_field, effective_side, theoretical_side

    image = inside.prediction.comparison.image
    x, y = inside.pixel
    height, width = batch.shape[-2:]
    across, down = image.width / width, image.height / height
    others = [
        _batch(network, sidecar, np.asarray(_opened(sample.image_path)), (height, width))
        for sample in sample_images()[:SAMPLES]
    ]
    # The middle of the pixel, at the size that the network sees.
    row, column = int((y + 0.5) / down), int((x + 0.5) / across)
    field = effective_field(network, [batch, *others], row, column)
    theory = theoretical_side(sidecar["architecture"], sidecar["options"])
    side, box = effective_side(field), None
    if theory != "global":
        half = theory / 2
        box = [x - half * across, y - half * down, x + half * across, y + half * down]
    # A square's side by the mean of both factors, which differ where a size was rounded.
    scale = (across * down) ** 0.5
    figures = {
        "box": box,
        "effective_side": side * scale,
        "theoretical_side": theory * scale if theory != "global" else None,
        "ratio": side / theory if theory != "global" else None,
    }
    return figures, field


def _batch(
    network: Network, sidecar: dict[str, Any], pixels: np.ndarray, scored_at: tuple[int, int]
) -> Batch:
    from models_zoo.predict.inputs import batch_of

    return batch_of(
        pixels,
        mean=sidecar["mean"],
        std=sidecar["std"],
        scored_at=scored_at,
        device=next(network.parameters()).device,
    )


def _opened(path: Path) -> Picture.Image:
    with Picture.open(path) as picture:
        return picture.convert("RGB")


def _grey(values: np.ndarray, name: str, size: tuple[int, int] | None = None) -> str:
    """Store values as a grey PNG, the largest white, at `size` (width, height) if that is said."""
    levels = (values * (255 / (values.max() or 1))).round().astype(np.uint8)
    picture = Picture.fromarray(levels)
    if size and size != picture.size:
        picture = picture.resize(size, Picture.Resampling.BILINEAR)
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return default_storage.save(name, ContentFile(buffer.getvalue()))
