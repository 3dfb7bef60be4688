"""Data set, checkpoints, image and an engine without networks, for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from PIL import Image as Picture
from rest_framework.test import APIClient

from experiments.models import Checkpoint, Dataset
from inference.images.services import image_create
from inference.models import Image, Prediction
from inference.worker import warm
from segweb.jobs import job_execute, wakeups
from tests.inference.pictures import noise, upload

CLASSES = [
    {"id": 0, "name": "sky", "colour": "#a6cee3"},
    {"id": 1, "name": "road", "colour": "#5b4f9c"},
    {"id": 2, "name": "car", "colour": "#2166ac"},
]


@pytest.fixture
def dataset(db: None) -> Dataset:
    """Three classes, 255 ignored."""
    return Dataset.objects.create(
        slug="camvid", title="CamVid", classes=CLASSES, ignore_index=255, shipped=True
    )


def checkpoint_make(dataset: Dataset, key: str) -> Checkpoint:
    """A checkpoint on offer whose file holds no weights."""
    sha256 = key.encode().hex().ljust(64, "0")[:64]
    return Checkpoint.objects.create(
        key=key,
        sha256=sha256,
        architecture=key.split("-")[1],
        variant="slim",
        dataset=dataset,
        file=default_storage.save(f"checkpoints/{sha256}.safetensors", ContentFile(b"weights")),
        sidecar={"key": key, "classes": dataset.classes, "sha256": sha256},
        parameters=700_000,
        shipped=True,
    )


@pytest.fixture
def checkpoints(dataset: Dataset) -> list[Checkpoint]:
    """Three on offer."""
    keys = ("camvid-fcn8s-slim", "camvid-segnet-slim", "camvid-unet-slim")
    return [checkpoint_make(dataset, key) for key in keys]


@pytest.fixture
def image(db: None) -> Image:
    """An image of an anonymous visitor."""
    return image_create(file=upload(noise()))


@pytest.fixture
def truth(dataset: Dataset) -> np.ndarray:
    """A true mask for `image`: sky above road, a stripe of void."""
    mask = np.zeros((16, 24), np.uint8)
    mask[8:] = 1
    mask[7] = 255
    return mask


class FakeEngine:
    """Says "sky" above and "road" below, or does what a test wants of `predict`."""

    device = "cpu"
    warm: frozenset[str] = frozenset()

    def predict(
        self,
        weights: Any,
        sidecar: dict[str, Any],
        image: Picture.Image,
        *,
        scale: str,
        progress: Any = None,
    ) -> Any:
        """A prediction as models_zoo.predict.engine gives it."""
        mask = np.zeros((image.height, image.width), np.uint8)
        mask[image.height // 2 :] = 1
        top = np.stack([mask, 1 - mask, np.full_like(mask, 2)])
        return SimpleNamespace(
            mask=mask,
            top_classes=top,
            top_probabilities=np.stack([np.full_like(mask, p) for p in (200, 50, 5)]),
            milliseconds=12.5,
            load_milliseconds=None,
            scored_at=mask.shape,
            tiled=scale == "tiles",
            memory_bytes=3_000_000,
            device="cpu",
            precision="fp32",
            runtime="torch",
        )


@pytest.fixture
def fake_engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    """Predictions without torch."""
    engine = FakeEngine()
    monkeypatch.setattr(warm, "engine", lambda: engine)
    return engine


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the jobs whose wake-ups were sent."""
    ids: list[str] = []
    monkeypatch.setattr(wakeups, "send", lambda model, pk: ids.append(str(pk)) or True)
    return ids


@pytest.fixture
def execute_all(fake_engine: FakeEngine) -> Callable[[Any], None]:
    """Do what the worker does for every prediction of a comparison."""

    def execute(comparison: Any) -> None:
        for prediction in comparison.predictions.all():
            job_execute(model=Prediction, pk=prediction.pk, device="cpu")

    return execute


@pytest.fixture
def api() -> APIClient:
    """An anonymous client that the CSRF check applies to."""
    return APIClient(enforce_csrf_checks=True)
