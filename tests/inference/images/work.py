"""What other processes are given to do: found there by name, where Django is not set up."""

from __future__ import annotations

import os

import numpy as np

from inference.images.apart.decoding import UploadRefused


def process_id() -> int:
    """Another one each time."""
    return os.getpid()


def spin() -> None:
    """As a decoder that never ends."""
    while True:
        pass


def fill() -> int:
    """As a decoder that takes all memory there is."""
    return len(np.ones(4 * 2**30, np.uint8))


def die() -> None:
    """As a decoder that trips over a file."""
    os._exit(139)


def refuse() -> None:
    """As what says what is wrong."""
    raise UploadRefused("%(what)s", params={"what": "wrong"})
