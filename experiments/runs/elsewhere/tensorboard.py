"""TensorBoard's event files, read without it: the scalars of each folder are a run.

A file is records: length (8 bytes, little-endian), checksum (4), the data, checksum (4).
The data are a protocol buffer, Event: 1 wall time (double), 2 step, 5 Summary with 1 Value: 1 tag,
2 simple value (float), 8 TensorProto with 1 type, 4 content, 5 floats, 6 doubles. A scalar is a
simple value, or a tensor of one number (types 1 float, 2 double), as later versions write it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from math import isfinite, isnan
from pathlib import Path
from typing import Any

from experiments.records.points import Told
from experiments.runs.elsewhere.history import Histories, History, NoHistory

MARK = "tfevents"  # in the name of each such file
MOST_RECORD = 2**26  # bytes; pictures are records too
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
FLOAT, DOUBLE = 1, 2


def histories(root: Path) -> Histories:
    """A run for each folder below `root` that has event files with scalars."""
    folders = sorted({path.parent for path in root.rglob(f"*{MARK}*") if path.is_file()})
    if not folders:
        raise NoHistory(f"{root} holds no event files of TensorBoard.")
    for folder in folders:
        points = []
        for file in sorted(folder.glob(f"*{MARK}*")):
            points += list(scalars(file))
        if points:
            times = [told.at / 1000 for told in points]
            name = str(folder.relative_to(root.parent))
            yield History(
                source=f"tensorboard:{folder.resolve()}",
                name=name,
                points=points,
                started_at=datetime.fromtimestamp(min(times), UTC),
                ended_at=datetime.fromtimestamp(max(times), UTC),
            )


def scalars(file: Path) -> Iterator[Told]:
    """The scalars of one event file, up to where it was cut off."""
    for record in _records(file):
        event = dict(_fields(record))
        at = int(max(0.0, event.get(1, 0.0)) * 1000)
        step = _signed(event.get(2, 0))
        for number, summary in _fields(record):
            if number != 5:
                continue
            for of_summary, value in _fields(summary):
                if of_summary != 1:
                    continue
                parts = dict(_fields(value))
                scalar = parts[2] if 2 in parts else _tensor(parts.get(8, b""))
                if isinstance(scalar, float) and 1 in parts:
                    told = None if isnan(scalar) else scalar if isfinite(scalar) else None
                    yield Told(parts[1].decode(errors="replace"), told, step, at)


def _records(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while len(head := opened.read(12)) == 12:
            (length,) = struct.unpack("<Q", head[:8])
            if length > MOST_RECORD:
                raise NoHistory(f"{file} is no event file of TensorBoard, or is damaged.")
            data = opened.read(length)
            if len(data) < length or len(opened.read(4)) < 4:
                return  # a training that was killed
            yield data


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and value of each field of a protocol buffer. NoHistory where it is none."""
    place = 0
    value: Any
    try:
        while place < len(data):
            key, place = _varint(data, place)
            kind = key & 7
            if kind == VARINT:
                value, place = _varint(data, place)
            elif kind == FIXED64:
                (value,) = struct.unpack_from("<d", data, place)
                place += 8
            elif kind == FIXED32:
                (value,) = struct.unpack_from("<f", data, place)
                place += 4
            elif kind == BYTES:
                length, place = _varint(data, place)
                value, place = data[place : place + length], place + length
            else:
                raise NoHistory("An event file is damaged.")
            yield key >> 3, value
    except (IndexError, struct.error) as fault:
        raise NoHistory("An event file is damaged.") from fault


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128 or shift > 63:
            return value, place


def _signed(value: Any) -> int:
    return value - 2**64 if isinstance(value, int) and value >= 2**63 else int(value)


def _tensor(data: bytes) -> float | None:
    """The one number of a tensor; None of any other."""
    parts = dict(_fields(data))
    shape = {FLOAT: ("<f", 5), DOUBLE: ("<d", 6)}.get(parts.get(1, 0))
    if shape is None:
        return None
    form, number = shape
    content = parts.get(4) or parts.get(number, b"")
    if isinstance(content, float):
        return content
    size = struct.calcsize(form)
    return float(struct.unpack(form, content)[0]) if len(content) == size else None
