"""Local copies of stored files: none on a local file system, bounded elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from pytest_django import Settings

from segweb.host import artefacts


def test_a_local_file_system_needs_no_copy(settings: Settings, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    name = default_storage.save("checkpoints/a.safetensors", ContentFile(b"weights"))
    assert artefacts.local_path(name) == Path(default_storage.path(name))
    assert not (tmp_path / "cache").exists()


class Remote:
    """An object storage, as far as reading goes: its files have no path."""

    def __init__(self) -> None:
        self.files = {f"checkpoints/{name}": name.encode() * 100 for name in "abc"}

    def path(self, name: str) -> str:
        """As Django's base class."""
        raise NotImplementedError

    def open(self, name: str) -> ContentFile:
        """A stored file."""
        if name not in self.files:
            raise FileNotFoundError(name)
        return ContentFile(self.files[name])


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path) -> Remote:
    """Three files of a hundred bytes in it, and room for two copies and a half."""
    settings.VAR_DIR, settings.CACHE_BUDGET_BYTES = tmp_path, 250
    monkeypatch.setattr(artefacts, "default_storage", Remote())
    return artefacts.default_storage


def test_a_copy_is_made_once(remote: Remote) -> None:
    path = artefacts.local_path("checkpoints/a")
    assert path.read_bytes() == b"a" * 100
    remote.files.clear()
    assert artefacts.local_path("checkpoints/a") == path


def test_the_least_recently_used_copy_goes(remote: Remote) -> None:
    a, b = (artefacts.local_path(f"checkpoints/{name}") for name in "ab")
    os.utime(b, (1, 1))
    c = artefacts.local_path("checkpoints/c")
    assert (a.exists(), b.exists(), c.exists()) == (True, False, True)


def test_a_file_larger_than_the_budget_is_there_as_long_as_it_is_the_newest(
    remote: Remote,
) -> None:
    remote.files["checkpoints/large"] = b"x" * 1000
    assert artefacts.local_path("checkpoints/large").stat().st_size == 1000


def test_what_is_not_stored(remote: Remote, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        artefacts.local_path("checkpoints/none")
    assert not list(tmp_path.rglob("*.tmp"))
