"""The reader of strangers' zips: what its two takers do not test for themselves."""

from __future__ import annotations

import io
import os
import shutil
import stat
import struct
import zipfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile

from experiments.datasets.archives import archive_unpack
from inference.batches.files import batch_files
from segweb.http.zips import (
    ZipRefused,
    ZipRules,
    ZipTooLarge,
    ZipTooMany,
    zip_end,
    zip_entries,
)
from tests.segweb.http.broken_zips import broken_zip

CASES = int(os.environ.get("ZIP_CASES", "500"))
RULES = ZipRules(
    endings=(".png",),
    kinds="images",
    entries_max=3,
    directory_bytes_max=1000,
    file_bytes_max=10,
    bytes_max=25,
)


def zipped(*entries: tuple[str, bytes], link: str = "") -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in entries:
            info = zipfile.ZipInfo("x")
            info.filename = name
            if name == link:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, content)
    return buffer


def test_files_are_read_and_what_systems_add_is_left_aside() -> None:
    file = zipped(("a/", b""), ("a/one.png", b"1"), ("__MACOSX/one.png", b"2"))
    (entry,) = zip_entries(file, RULES)
    assert (str(entry.path), entry.read()) == ("a/one.png", b"1")


def test_bounds() -> None:
    with pytest.raises(ZipTooMany):
        zip_entries(zipped(*((f"{n}.png", b"") for n in range(4))), RULES)
    with pytest.raises(ZipTooLarge, match=r"a\.png: the file is larger"):
        zip_entries(zipped(("a.png", b"x" * 11)), RULES)
    with pytest.raises(ZipTooLarge, match="holds too much"):
        zip_entries(zipped(*((f"{n}.png", b"x" * 9) for n in range(3))), RULES)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "x:.png/..", "c:/a.png", "./c:/a.png", "\u202egnp.exe"]
)
def test_names(name: str) -> None:
    with pytest.raises(ZipRefused) as refusal:
        zip_entries(zipped((name, b"")), RULES)
    assert "\u202e" not in str(refusal.value)


def test_a_link_is_refused_though_nobody_wants_it() -> None:
    def nothing(path: PurePosixPath) -> bool:
        return False

    assert zip_entries(zipped(("note", b"")), RULES, wanted=nothing) == []
    with pytest.raises(ZipRefused, match="links"):
        zip_entries(zipped(("note", b"/etc"), link="note"), RULES, wanted=nothing)


def test_a_64_bit_record_has_no_need_to_be_there() -> None:
    file = zipped(("a.png", b"1"))
    content = file.getvalue()
    at = content.rfind(b"PK\x05\x06")
    large = io.BytesIO(content[:at] + b"PK\x06\x07" + bytes(16) + content[at:])
    assert zip_end(large).zip64
    with pytest.raises(ZipTooMany):
        zip_entries(large, RULES)


def test_a_long_comment_hides_no_64_bit_record() -> None:
    """Its figures are what zipfile goes by: a million entries were parsed."""
    content = zipped(("a.png", b"1")).getvalue()
    at = content.rfind(b"PK\x05\x06")
    end = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 10**6, 10**6, 10**8, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    hidden = content[:at] + end + locator + content[at:-2] + b"\xff\xff" + bytes(65_535)
    told = zip_end(io.BytesIO(hidden))
    assert told == (10**6, 10**8, True)
    for bytes_max in (25, 2**33):  # a batch's, and an import's
        with pytest.raises(ZipTooMany):
            zip_entries(io.BytesIO(hidden), replace(RULES, bytes_max=bytes_max))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_only_the_usual_compression_is_taken(method: int) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        archive.writestr("a.png", b"x" * 9)
    with pytest.raises(ZipRefused, match=r"a\.png: its compression"):
        zip_entries(buffer, RULES)


def test_what_macos_puts_beside_a_file_is_left_aside() -> None:
    file = zipped(("a/._one.png", b"x"), ("a/one.png", b"1"), ("a/thumbs.DB", b"x"))
    assert [str(entry.path) for entry in zip_entries(file, RULES)] == ["a/one.png"]


@pytest.mark.slow
@pytest.mark.timeout(120 + CASES // 10)
def test_both_takers_refuse_or_take_and_raise_nothing_else(tmp_path: Path) -> None:
    """`make zips` tries 20,000 seeds; a sample of them runs here."""
    taken = 0
    for seed in range(CASES):
        content = broken_zip(seed)
        for number, take in enumerate((_as_batch, _as_import)):
            folder = tmp_path / f"{seed}-{number}"
            folder.mkdir()
            with suppress(ValidationError):
                take(content, folder)
                taken += 1
            shutil.rmtree(folder)
    # Nothing leaves its folder, and not all was refused.
    assert taken > CASES // 10
    assert list(tmp_path.iterdir()) == []
    print(f"{CASES} zips, each for a batch and an import: {taken} taken, all others refused")  # noqa: T201


def _as_batch(content: bytes, folder: Path) -> None:
    for file in batch_files([SimpleUploadedFile("a.zip", content)]):
        file.read()
        if file.read_mask:
            file.read_mask()


def _as_import(content: bytes, folder: Path) -> None:
    archive_unpack(io.BytesIO(content), folder)


def test_whatever_misleads_the_decompressors_is_a_refusal() -> None:
    def packed(method: int, name: str = "a.png") -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr(name, b"x" * 9)
        return buffer.getvalue()

    named = packed(zipfile.ZIP_STORED, "é.png").replace("é".encode(), b"\xff\xfe", 1)
    moved = bytearray(packed(zipfile.ZIP_STORED))
    moved[-6:-2] = (10**9).to_bytes(4, "little")  # where the list of entries begins
    for content in (named, bytes(moved)):
        with pytest.raises(ZipRefused, match="damaged"):
            [entry.read() for entry in zip_entries(io.BytesIO(content), RULES)]
