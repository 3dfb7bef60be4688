"""A finished comparison without networks: masks drawn by rule, with probabilities and a truth.

    python -m tests.browser.drawn WIDTH HEIGHT MODELS

Run with a stack's settings; prints the comparison's path. The masks look like those of networks
(smooth regions with ragged edges), so their files have the usual size.
"""

from __future__ import annotations

import sys
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as Picture

CELLS = 96, 12  # cells of the random field, in pixels: regions, and their ragged edges


def field(rng: np.random.Generator, classes: int, width: int, height: int) -> np.ndarray:
    """K×H×W smooth random logits."""
    total = np.zeros((classes, height, width), np.float32)
    for cell, height_of in zip(CELLS, (4, 0.3), strict=True):
        for plane in total:
            grid = rng.normal(0, height_of, (height // cell + 2, width // cell + 2))
            smooth = Picture.fromarray(grid.astype(np.float32))
            plane += np.asarray(smooth.resize((width, height), Picture.Resampling.BICUBIC))
    return total


def likeliest(logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The three likeliest classes and their probabilities (255 = 1.0), each 3×H×W uint8."""
    order = np.argsort(-logits, axis=0)[:3].astype(np.uint8)
    powers = np.exp(logits - logits.max(axis=0))
    shares = np.take_along_axis(powers / powers.sum(axis=0), order.astype(int), axis=0)
    return order, (shares * 255).round().astype(np.uint8)


def png(pixels: np.ndarray) -> bytes:
    """An image file."""
    buffer = BytesIO()
    Picture.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def photo(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """Something with detail, as a photograph has it."""
    smooth = field(rng, 3, width, height).transpose(1, 2, 0) * 20 + 128
    return (smooth + rng.normal(0, 3, smooth.shape)).clip(0, 255).astype(np.uint8)


def compared(width: int, height: int, models: int) -> Any:
    """The comparison, its predictions DONE and scored."""
    from django.core.files.base import ContentFile
    from django.core.files.storage import default_storage
    from django.core.files.uploadedfile import SimpleUploadedFile
    from django.utils import timezone

    from experiments.models import Checkpoint, Dataset
    from inference.images.services import image_create
    from inference.images.truths import mask_scores
    from inference.models import Comparison, Prediction
    from models_zoo import catalogue
    from models_zoo.masks import mask_png
    from segweb.jobs import State

    rng = np.random.default_rng(0)
    dataset = Dataset.objects.get(slug="camvid")
    logits = field(rng, len(dataset.classes), width, height)
    truth = logits.argmax(axis=0).astype(np.uint8)
    truth[:4] = dataset.ignore_index
    files = [
        SimpleUploadedFile(name, png(pixels))
        for name, pixels in (("drawn.png", photo(rng, width, height)), ("mask.png", truth))
    ]
    image = image_create(file=files[0], mask=files[1], mask_dataset=dataset)
    comparison = Comparison.objects.create(image=image)
    for position, architecture in enumerate(list(catalogue())[:models]):
        own = logits + field(rng, len(logits), width, height) * 0.5
        classes, probabilities = likeliest(own)
        drawn_by = {
            "sha256": architecture.encode().hex().ljust(64, "0")[:64],
            "architecture": architecture,
            "variant": "slim",
            "dataset": dataset,
            "sidecar": {"classes": dataset.classes},
            "parameters": 700_000 * (position + 1),
            "withdrawn_at": timezone.now(),  # there are no weights to run
        }
        key = f"drawn-{architecture}-slim"
        checkpoint, _ = Checkpoint.objects.get_or_create(key=key, defaults=drawn_by)
        prediction = Prediction(comparison=comparison, checkpoint=checkpoint, position=position)
        top3 = BytesIO()
        np.savez_compressed(top3, classes=classes, probabilities=probabilities)
        drawn = ContentFile(mask_png(classes[0], dataset.classes))
        prediction.mask = default_storage.save(f"{prediction.folder}/1.png", drawn)
        prediction.top3 = default_storage.save(
            f"{prediction.folder}/1.npz", ContentFile(top3.getvalue())
        )
        prediction.state = State.DONE
        prediction.latency_ms, prediction.load_ms = 40.0 * (position + 1), 300.0
        prediction.scored_width, prediction.scored_height = width, height
        prediction.scores = mask_scores(image, checkpoint, classes[0])
        prediction.save()
    return comparison


if __name__ == "__main__":
    import django

    django.setup()
    made = compared(*map(int, sys.argv[1:4]))
    sys.stdout.write(f"/c/{made.pk}/")
