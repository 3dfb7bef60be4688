"""A data set is all of its bytes, and a file is read once for as long as it stays as it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from models_zoo.data import digests, open_dataset
from models_zoo.data.digests import bytes_unread, file_digest
from tests.models_zoo.data.awkward import coco, folder


@pytest.fixture(autouse=True)
def _settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, and nothing is known of any."""
    monkeypatch.setattr(digests, "_SETTLED_NS", -(10**12))
    monkeypatch.setattr(digests, "_known", {})


@pytest.mark.parametrize("keeps_time", [False, True])
@pytest.mark.parametrize("kind", ["folder", "coco"])
def test_an_image_replaced_by_one_of_its_size_is_noticed(
    kind: str, keeps_time: bool, tmp_path: Path
) -> None:
    """In the middle of many, and though its time is put back: a sample would not have it."""
    spec = (folder() if kind == "folder" else coco())(tmp_path)
    pattern = "train/images/*" if kind == "folder" else "pictures/train*"
    for path in tmp_path.glob(pattern):  # uncompressed: all of one length
        Image.open(path).save(path, "BMP")
    before = open_dataset(spec, "train").content
    assert open_dataset(spec, "train").content == before
    middle = sorted(tmp_path.glob(pattern))[2]
    state = middle.stat()
    Image.open(middle).transpose(Image.Transpose.ROTATE_180).save(middle, "BMP")
    if keeps_time:
        os.utime(middle, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert middle.stat().st_size == state.st_size
    assert open_dataset(spec, "train").content != before


def test_a_file_is_read_once_while_it_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    assert bytes_unread([path, tmp_path / "nothing"]) == 5
    digest = file_digest(path)
    assert bytes_unread([path]) == 0
    monkeypatch.setattr(Path, "open", lambda *_: pytest.fail("read again"))
    assert file_digest(path) == digest


def test_what_was_written_a_moment_ago_is_not_trusted_to_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_SETTLED_NS", 10**12)
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    file_digest(path)
    assert bytes_unread([path]) == 5


def test_published_data_are_known_by_their_name(tmp_path: Path) -> None:
    assert open_dataset("scenes", "train").unread == 0
    assert open_dataset(folder()(tmp_path), "train").unread > 0
