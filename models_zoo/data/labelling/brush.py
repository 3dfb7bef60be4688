"""Label Studio's brush: a region as run lengths of an RGBA picture, packed into bits.

The bytes begin with the number of values (32 bits), the bits of a value less one (5 bits) and the
bits of four kinds of lengths less one (4 bits each). Then come blocks: one bit says whether one
value is repeated, two bits which kind of length, then the length less one, and the value, or as
many values. Of the four channels of a pixel the last, its opacity, is the region.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from models_zoo.translation import gettext_noop as _

_CHANNELS = 4
_WORD = 8
_LENGTHS = (3, 4, 8, 16)  # bits, as Label Studio writes them itself
_HEADER = 32 + 5 + 4 * len(_LENGTHS)


def brush_decode(packed: Sequence[int], height: int, width: int) -> np.ndarray:
    """Packed run lengths → height×width bool. ValueError when they are not of such a picture."""
    if not all(isinstance(byte, int) and 0 <= byte <= 255 for byte in packed):
        raise ValueError(_("rle should be a list of bytes."))
    bits = "".join(f"{byte:08b}" for byte in packed)
    wanted = height * width * _CHANNELS
    if len(bits) < _HEADER or int(bits[:32], 2) != wanted:
        raise ValueError(_(f"rle is not of {width}×{height} pixels with four channels."))
    word = int(bits[32:37], 2) + 1
    lengths = [int(bits[place : place + 4], 2) + 1 for place in range(37, _HEADER, 4)]
    values, counts = [], []
    filled, place = 0, _HEADER
    while filled < wanted:
        kind = bits[place : place + 3]
        place += 3
        size = lengths[int(kind[1:] or "0", 2)]
        count = int(bits[place : place + size] or "0", 2) + 1
        place += size
        filled += count
        words = 1 if kind[:1] == "1" else count
        # Before anything is repeated: of lying runs that would take any amount of memory.
        if filled > wanted or place + words * word > len(bits):
            raise ValueError(_(f"rle ends before {width}×{height} pixels are filled, or goes on."))
        values += [int(bits[at : at + word], 2) for at in range(place, place + words * word, word)]
        counts += [count] if words == 1 else [1] * count
        place += words * word
    flat = np.repeat(np.array(values) > 0, counts)
    region: np.ndarray = flat[_CHANNELS - 1 :: _CHANNELS].reshape(height, width)
    return region


def brush_encode(region: np.ndarray) -> list[int]:
    """An H×W bool region as Label Studio's bytes; what `brush_decode` reads."""
    flat = region.ravel()
    ends = np.append(np.flatnonzero(np.diff(flat)) + 1, flat.size)
    counts = np.diff(ends, prepend=0) * _CHANNELS
    head = f"{flat.size * _CHANNELS:032b}{_WORD - 1:05b}"
    head += "".join(f"{size - 1:04b}" for size in _LENGTHS)
    blocks = []
    for end, count in zip(ends.tolist(), counts.tolist(), strict=True):
        value = f"{255 * bool(flat[end - 1]):0{_WORD}b}"
        blocks += [f"1{kind:02b}{part - 1:0{size}b}{value}" for kind, size, part in _parts(count)]
    bits = head + "".join(blocks)
    bits += "0" * (-len(bits) % 8)
    return [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]


def _parts(count: int) -> Iterator[tuple[int, int, int]]:
    """A run's length in pieces that fit: kind of length, its bits, and how long the piece is."""
    longest = 1 << _LENGTHS[-1]
    while count:
        part = min(count, longest)
        kind = next(kind for kind, size in enumerate(_LENGTHS) if part <= 1 << size)
        yield kind, _LENGTHS[kind], part
        count -= part
