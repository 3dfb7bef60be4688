"""Local copies of stored files: none on a local file system, bounded elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, default_storage
from pytest_django import Settings

from segweb import artefacts


def test_a_local_file_system_needs_no_copy(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    name = default_storage.save("checkpoints/a.safetensors", ContentFile(b"weights"))
    assert artefacts.local_path(name) == Path(default_storage.path(name))
    assert not (tmp_path / "cache").exists()


class Remote(InMemoryStorage):
    """A storage whose files have no path."""

    def path(self, name: str) -> str:
        """As object storages do."""
        raise NotImplementedError


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> InMemoryStorage:
    """Three files of a hundred bytes in it, and room for two copies and a half."""
    settings.VAR_DIR, settings.CACHE_BUDGET_BYTES = tmp_path, 250
    storage = Remote()
    monkeypatch.setattr(artefacts, "default_storage", storage)
    for name in "abc":
        storage.save(f"checkpoints/{name}", ContentFile(name.encode() * 100))
    return storage


def test_a_copy_is_made_once(remote: InMemoryStorage) -> None:
    path = artefacts.local_path("checkpoints/a")
    assert path.read_bytes() == b"a" * 100
    remote.delete("checkpoints/a")
    assert artefacts.local_path("checkpoints/a") == path


def test_the_least_recently_used_copy_goes(remote: InMemoryStorage) -> None:
    a, b = (artefacts.local_path(f"checkpoints/{name}") for name in "ab")
    os.utime(b, (1, 1))
    c = artefacts.local_path("checkpoints/c")
    assert (a.exists(), b.exists(), c.exists()) == (True, False, True)


def test_a_file_larger_than_the_budget_is_there_as_long_as_it_is_the_newest(
    remote: InMemoryStorage,
) -> None:
    remote.save("checkpoints/large", ContentFile(b"x" * 1000))
    assert artefacts.local_path("checkpoints/large").stat().st_size == 1000


def test_what_is_not_stored(remote: InMemoryStorage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        artefacts.local_path("checkpoints/none")
    assert not list(tmp_path.rglob("*.tmp"))
