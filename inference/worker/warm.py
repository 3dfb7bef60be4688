"""The warm networks of this worker process. Imports torch at first use."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.files.storage import default_storage
from PIL import Image as Picture

from experiments.models import Checkpoint
from inference.models import Image
from inference.worker.weights import checkpoint_weights

if TYPE_CHECKING:
    from models_zoo.predict.engine import Engine


@cache
def engine() -> Engine:
    """The one engine of this worker process, with its warm networks."""
    from models_zoo.predict.engine import Engine

    return Engine(settings.MODEL_BUDGET_BYTES, behind=True)


def graphs_prepare() -> None:
    """Has graphs made of the models that a comparison begins with, behind all that is asked for."""
    shipped = Checkpoint.objects.offered().filter(shipped=True)
    for checkpoint in shipped.filter(dataset__slug=settings.DEFAULT_DATASET):
        engine().prepare(*checkpoint_weights(checkpoint=checkpoint))


def picture_of(image: Image) -> Picture.Image:
    """The stored image, decoded; not to be drawn on."""
    return _decoded(image.file.name)


@lru_cache(maxsize=1)  # a comparison's predictions come one after the other
def _decoded(name: str) -> Picture.Image:
    with default_storage.open(name) as file, Picture.open(file) as picture:
        return picture.convert("RGB")
