"""What strangers' images may cost: decoded apart, with a budget, and drawn once."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PIL import Image as Picture
from rest_framework.test import APIClient

from inference.compare import services as compare
from inference.comparisons import comparison_create
from inference.images.apart import decoding, derived
from inference.images.apart import process as budget
from inference.images.apart.process import Occupied, OverBudget, apart
from inference.images.services import image_create
from inference.images.uploads import UploadRefused, UploadTooLarge
from inference.models import Comparison, Image
from tests.inference.images.hostile import deep_png, scans
from tests.inference.images.work import die, fill, process_id, refuse, spin
from tests.inference.pictures import encoded, noise, upload


def test_each_piece_of_work_has_a_process_that_ends() -> None:
    first, second = apart(process_id), apart(process_id)
    assert len({os.getpid(), first, second}) == 3
    assert not psutil.pid_exists(first)


def test_a_refusal_comes_back_as_it_was() -> None:
    with pytest.raises(UploadRefused) as caught:
        apart(refuse)
    assert caught.value.messages == ["wrong"]


@pytest.mark.slow
@pytest.mark.parametrize("work", [spin, fill, die])
def test_who_takes_too_much_is_ended(
    work: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "CPU_SECONDS", 1)
    with pytest.raises(OverBudget):
        apart(work)
    assert apart(process_id)


def test_a_few_at_once_then_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PATIENCE", 0.01)
    for _ in range(budget.PLACES):
        budget._places.acquire()
    try:
        with pytest.raises(Occupied, match="Try again"):
            apart(process_id)
    finally:
        for _ in range(budget.PLACES):
            budget._places.release()


@pytest.mark.slow
def test_a_jpeg_of_thousands_of_scans_is_refused_undecoded() -> None:
    hostile = scans(noise(600, 400), 3000)
    begun = time.process_time()
    with pytest.raises(UploadRefused, match="made to take long"):
        decoding.read_image(io.BytesIO(hostile), 10**8)
    assert time.process_time() - begun < 1
    decoding.read_image(io.BytesIO(encoded(noise(60, 40), "JPEG", progressive=True)), 10**8)


def test_a_film_after_a_jpeg_holds_no_scans() -> None:
    """As phones append it: the two bytes that begin a scan occur in it by chance."""
    photo = encoded(noise(60, 40), "JPEG") + decoding.SCAN * 1000
    assert decoding.read_image(io.BytesIO(photo), 10**8).size == (60, 40)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1, 10_000_000), (10_000_000, 1), (5000, 70)])
def test_an_image_like_a_thread_is_refused(size: tuple[int, int]) -> None:
    content = encoded(Picture.new("1", size))
    for check in (decoding.check_header, decoding.read_image):
        with pytest.raises(UploadTooLarge, match="64 times"):
            check(io.BytesIO(content), 40_000_000)
    decoding.check_header(io.BytesIO(encoded(Picture.new("1", (1, 500)))), 40_000_000)


@pytest.mark.slow
@pytest.mark.django_db
def test_forty_megapixels_leave_nothing_in_this_process() -> None:
    content = deep_png(8000, 5000)
    assert len(content) < 100_000
    image_create(file=upload(noise()))
    before = psutil.Process().memory_info().rss
    assert image_create(file=upload(content)).width == 8000
    assert psutil.Process().memory_info().rss - before < 50 * 2**20


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was drawn, by name."""
    names: list[str] = []
    real = derived.apart

    def counting(work: Callable[..., None], *args: object) -> None:
        names.append(work.__name__)
        real(work, *args)

    monkeypatch.setattr(derived, "apart", counting)
    return names


@pytest.mark.django_db
def test_what_is_drawn_of_a_mask_is_drawn_once(
    api: APIClient,
    image: Image,
    checkpoints: object,
    execute_all: Callable[[Comparison], None],
    drawn: list[str],
) -> None:
    comparison = comparison_create(image=image)
    execute_all(comparison)
    prediction = comparison.predictions.first()
    for form in ("overlay", "coco", "ids", "npz", "top3"):
        address = f"/api/v1/predictions/{prediction.pk}/mask/?as={form}"
        first, second = (b"".join(api.get(address)) for _ in range(2))
        assert first == second
    assert drawn == ["overlay", "coco_json", "ids_gzip", "top3_npz"]
    folder = Path(prediction.mask.path).parent
    assert {path.name for path in folder.iterdir()} >= {"overlay.png", "coco.json"}


@pytest.mark.django_db
def test_agreement_is_computed_once_for_each_set_of_masks(
    image: Image,
    checkpoints: object,
    execute_all: Callable[[Comparison], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    comparison = comparison_create(image=image)
    execute_all(comparison)
    comparison.predictions.filter(position=2).update(state="QUEUED", mask="")
    Comparison.objects.update(agreement=None)
    asked: list[Comparison] = []
    real = compare.comparison_agreement
    monkeypatch.setattr(
        compare, "comparison_agreement", lambda given: asked.append(given) or real(given)
    )
    for _ in range(3):
        fresh = Comparison.objects.get()
        assert len(compare.comparison_settle(comparison=fresh)["pairs"]) == 1
    assert len(asked) == 1


@pytest.mark.django_db
def test_a_crowded_decoder_is_a_503(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "PATIENCE", 0.01)
    monkeypatch.setattr(budget, "_places", budget.threading.BoundedSemaphore(1))
    budget._places.acquire()
    answer = api.post("/api/v1/images/", {"file": upload(noise())})
    assert answer.status_code == 503
    assert "Try again" in answer.json()["detail"]
