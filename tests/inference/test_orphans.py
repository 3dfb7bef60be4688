"""What killed processes leave is collected after a day, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from pytest_django import Settings

from experiments.models import Checkpoint, Dataset
from inference.models import Image
from segweb.jobs import orphans
from segweb.management.commands import sweep
from tests.experiments.factories import run_make

pytestmark = pytest.mark.django_db

Left = Callable[..., str]


@pytest.fixture
def left(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Left:
    """Leaves a file in storage, last changed some hours ago."""
    settings.FILE_UPLOAD_TEMP_DIR = tmp_path / "uploads"
    settings.FILE_UPLOAD_TEMP_DIR.mkdir()
    month = timezone.now() - timedelta(days=30)
    monkeypatch.setattr(orphans, "_database_made", lambda: month)

    def leave(key: str, *, hours: float = 25) -> str:
        path = Path(default_storage.path(key))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left")
        when = timezone.now().timestamp() - 3600 * hours
        for changed in (path, path.parent):
            os.utime(changed, (when, when))
        return key

    return leave


def test_what_has_no_row_goes_after_a_day(
    left: Left, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    gone = [
        f"images/{uuid4()}/image.png",
        f"batchitems/{uuid4()}/upload",
        "runs/4711/best.safetensors",
        "datasets/.import-x/classes.json",
        "datasets/harbour/classes.json",
        "checkpoints/ab.safetensors",
    ]
    for key in gone:
        left(key)
    upload = settings.FILE_UPLOAD_TEMP_DIR / "x.upload.zip"
    upload.write_bytes(b"half")
    os.utime(upload, (0, 0))
    with caplog.at_level("INFO"):
        assert len(orphans.orphans_collect()) == len(gone) + 1
    for key in gone:
        assert not default_storage.exists(key)
        assert key.rpartition("/")[0].split("/", 2)[0] in caplog.text
    assert not upload.exists()
    assert "Removed runs/4711: no row has named it for a day." in caplog.text
    assert orphans.orphans_collect() == []


def test_what_has_a_row_or_is_young_or_is_not_ours_stays(left: Left, image: Image) -> None:
    run = run_make()
    Dataset.objects.create(slug="harbour", title="Harbour", folder="datasets/harbour")
    Checkpoint.objects.create(
        key="k",
        sha256="ab",
        architecture="unet",
        variant="slim",
        dataset=run.dataset,
        file=default_storage.save("checkpoints/ab.safetensors", ContentFile(b"w")),
        sidecar={},
        parameters=1,
    )
    kept = [
        left(image.file.name, hours=999),
        left(f"runs/{run.pk}/log.txt"),
        left("datasets/harbour/classes.json"),
        left("checkpoints/ab.safetensors"),
        left(f"images/{uuid4()}/image.png", hours=23),
        left("images/notes/readme.txt"),
        left("elsewhere/x.txt"),
    ]
    # Its folder was changed long ago, and still somebody writes into it.
    left(f"runs/4712/{'old.txt'}", hours=99)
    kept.append(left("runs/4712/probes/0001/a.png", hours=1))
    assert orphans.orphans_collect() == []
    assert all(default_storage.exists(key) for key in kept)


def test_another_databases_files_stay(left: Left, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when a new DATABASE_URL is set beside the former media folder."""
    monkeypatch.undo()
    key = left(f"images/{uuid4()}/image.png", hours=25)
    assert orphans.orphans_collect() == []
    assert default_storage.exists(key)


def test_a_full_or_absent_disk_ends_no_sweeper(caplog: pytest.LogCaptureFixture) -> None:
    def broken() -> None:
        raise OSError("Stale file handle")

    sweep.tried(broken)
    assert "Stale file handle" in caplog.text
