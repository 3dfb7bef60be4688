"""What the worker does with a prediction: success, failure, a second delivery, a lost lease."""

from __future__ import annotations

import errno
import gzip
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from PIL import Image as Picture
from pytest_django import Settings

from experiments.models import Checkpoint, Dataset
from inference.compare import predicting, services
from inference.comparisons import comparison_create
from inference.images.services import image_create
from inference.models import Comparison, Image, Prediction
from inference.models.jobs import NO_FILE, NO_MEMORY, UNKNOWN_FAULT
from inference.worker import order
from segweb import jobs
from segweb.jobs import State
from segweb.jobs.storage import DISK_FULL
from tests.inference.conftest import FakeEngine
from tests.inference.pictures import noise, opened, upload

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def prediction(image: Image, checkpoints: list[Checkpoint]) -> Prediction:
    """One that waits for a worker."""
    comparison = comparison_create(image=image, models=["camvid-fcn8s-slim"])
    return comparison.predictions.get()


def run(prediction: Prediction) -> Prediction:
    """What a wake-up leads to, in one thread; the row afterwards."""
    order.next_execute()
    return Prediction.objects.get(pk=prediction.pk)


def stored_names(prediction: Prediction) -> set[str]:
    folder = Path(default_storage.path(prediction.folder))
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def test_done(prediction: Prediction, fake_engine: FakeEngine) -> None:
    done = run(prediction)
    assert (done.state, done.error, done.attempt) == (State.DONE, "", 1)
    assert (done.latency_ms, done.load_ms, done.device) == (12.5, None, "cpu")
    assert (done.scored_height, done.scored_width, done.precision) == (16, 24, "fp32")
    assert done.scores is None
    assert done.ended_at >= done.started_at
    mask = opened(done.mask)
    assert (mask.mode, mask.size) == ("P", (24, 16))
    assert np.array_equal(np.unique(mask), [0, 1])
    assert mask.convert("RGB").getpixel((0, 0)) == (0xA6, 0xCE, 0xE3)
    with done.top3.open() as file:
        top3 = np.frombuffer(gzip.decompress(file.read()), np.uint8).reshape(2, 3, 16, 24)
    assert np.array_equal(top3[0, 0], mask)
    assert top3[1, :, 0, 0].tolist() == [200, 50, 5]


def test_scores_against_the_true_mask(
    dataset: Dataset, checkpoints: list[Checkpoint], truth: np.ndarray, fake_engine: FakeEngine
) -> None:
    truth[0] = 2  # a car in the sky, where the engine says sky
    mask = upload(Picture.fromarray(truth))
    image = image_create(file=upload(noise()), mask=mask, mask_dataset=dataset)
    scores = run(comparison_create(image=image).predictions.first()).scores
    assert scores["per_class_iou"] == [6 / 7, 1.0, 0.0]
    assert scores["pixel_accuracy"] == 14 / 15


def test_no_scores_against_another_data_sets_mask(
    checkpoints: list[Checkpoint], truth: np.ndarray, fake_engine: FakeEngine
) -> None:
    others = [{**entry, "name": f"{entry['name']} seen"} for entry in checkpoints[0].classes]
    scenes = Dataset.objects.create(slug="scenes", title="Scenes", classes=others, ignore_index=255)
    mask = upload(Picture.fromarray(truth))
    image = image_create(file=upload(noise()), mask=mask, mask_dataset=scenes)
    done = run(comparison_create(image=image).predictions.first())
    assert (done.state, done.scores) == (State.DONE, None)


def test_delivered_twice(prediction: Prediction, fake_engine: FakeEngine) -> None:
    first = run(prediction)
    again = run(prediction)
    assert (again.attempt, again.ended_at, again.mask) == (1, first.ended_at, first.mask)


def test_unknown_and_deleted_ids_are_harmless(
    prediction: Prediction, fake_engine: FakeEngine
) -> None:
    services.comparison_delete(comparison=prediction.comparison)
    order.next_execute()


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (RuntimeError("shape mismatch in conv2d"), UNKNOWN_FAULT),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory"), NO_MEMORY),
        (MemoryError(), NO_MEMORY),
        (OSError(errno.ENOSPC, "No space left on device"), DISK_FULL),
    ],
)
def test_a_fault_ends_in_a_sentence(
    fault: Exception,
    sentence: str,
    prediction: Prediction,
    fake_engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def predict(*_: Any, **__: Any) -> None:
        raise fault

    monkeypatch.setattr(fake_engine, "predict", predict)
    failed = run(prediction)
    assert (failed.state, failed.error) == (State.FAILED, sentence)
    assert "Traceback" in caplog.text
    assert stored_names(prediction) == set()


def test_a_missing_checkpoint_file(prediction: Prediction, fake_engine: FakeEngine) -> None:
    default_storage.delete(prediction.comparison.image.file.name)
    assert run(prediction).error == NO_FILE


def test_a_fault_between_the_two_files_leaves_neither(
    prediction: Prediction, fake_engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = default_storage.save

    def full(name: str, content: Any) -> str:
        if name.endswith(".gz"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return save(name, content)

    monkeypatch.setattr(predicting.default_storage, "save", full)
    assert run(prediction).error == DISK_FULL
    assert stored_names(prediction) == set()


def during_predict(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine, happening: Any) -> None:
    """Let something happen while the engine works, once."""
    predict = engine.predict

    def interrupted(*args: Any, **how: Any) -> Any:
        monkeypatch.setattr(engine, "predict", predict)
        happening()
        return predict(*args, **how)

    monkeypatch.setattr(engine, "predict", interrupted)


def test_deleted_while_it_runs(
    prediction: Prediction,
    fake_engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    comparison = Comparison.objects.get()
    during_predict(
        monkeypatch, fake_engine, lambda: services.comparison_delete(comparison=comparison)
    )
    order.next_execute()
    left = [p for p in Path(settings.MEDIA_ROOT).rglob("*") if p.is_file()]
    assert {path.parent.name for path in left} == {"checkpoints"}


def test_taken_for_dead_while_it_runs(
    prediction: Prediction,
    fake_engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    sent: list[str],
) -> None:
    """The sweeper gives the job away and another worker does it: the first one changes nothing."""

    def given_away() -> None:
        long_ago = timezone.now() - timedelta(hours=1)
        Prediction.objects.update(heartbeat_at=long_ago, queued_at=long_ago)
        jobs.sweep_once()
        assert sent == [str(prediction.pk)]
        run(prediction)

    during_predict(monkeypatch, fake_engine, given_away)
    done = run(prediction)
    assert (done.state, done.attempt) == (State.DONE, 2)
    assert stored_names(prediction) == {"2.png", "2.gz"}


def test_files_of_an_attempt_that_was_killed_go(
    prediction: Prediction, fake_engine: FakeEngine
) -> None:
    Prediction.objects.update(lease_token=1)
    default_storage.save(f"{prediction.folder}/1.png", ContentFile(b"half a ma"))
    run(prediction)
    assert stored_names(prediction) == {"2.png", "2.gz"}


def test_a_files_name_is_not_taken_for_a_lack_of_memory() -> None:
    sentence = "allocate.png is no image."
    assert Prediction.fault_sentence(ValidationError(sentence)) == sentence
