"""The reader of strangers' zips: what its two takers do not test for themselves."""

from __future__ import annotations

import io
import stat
import zipfile
from pathlib import PurePosixPath

import pytest

from segweb.http.zips import (
    ZipRefused,
    ZipRules,
    ZipTooLarge,
    ZipTooMany,
    zip_end,
    zip_entries,
)

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


def test_whatever_misleads_the_decompressors_is_a_refusal() -> None:
    def packed(method: int, name: str = "a.png") -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.writestr(name, b"x" * 9)
        return buffer.getvalue()

    squeezed = bytearray(packed(zipfile.ZIP_LZMA))
    squeezed[45] ^= 0xFF
    named = packed(zipfile.ZIP_STORED, "é.png").replace("é".encode(), b"\xff\xfe", 1)
    moved = bytearray(packed(zipfile.ZIP_STORED))
    moved[-6:-2] = (10**9).to_bytes(4, "little")  # where the list of entries begins
    for content in (bytes(squeezed), named, bytes(moved)):
        with pytest.raises(ZipRefused, match="damaged"):
            [entry.read() for entry in zip_entries(io.BytesIO(content), RULES)]
