"""What is kept of an arm × seed: one small file of counts by image. NumPy only.

Beside them lies `truth.npz`, what the images themselves hold, which is the same for all arms. Both
are zips of NumPy arrays, a row an image, and about.json.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from models_zoo.data.scenes import FAILURES
from models_zoo.data.scenes.diagnosis import score_of
from models_zoo.files import write_atomically
from models_zoo.metrics.fractions import mean_known, ratio
from models_zoo.metrics.objects import SIZES

FORMAT = 1
SHARE = 1000  # sums of fractions are kept in thousandths
TRUTH = "truth.npz"
_ABOUT = "about.json"
SIZE_MEASURES = {f"of_size_{size}": size for size in SIZES}
MEASURES = ("miou", "boundary_f1", *SIZE_MEASURES, *FAILURES)


@dataclass(frozen=True, eq=False)
class Truth:
    """What the N images hold.

    about: `data`, `split`, `split_hash`, `images`, `failures` as pairs of a failure and a class,
    and `blocks`, images of one sequence in one number. truth: N×K pixels; sizes: N×3 objects by
    size; failures: N×J objects by failure and class.
    """

    about: Mapping[str, Any]
    truth: np.ndarray
    sizes: np.ndarray
    failures: np.ndarray
    blocks: np.ndarray

    def write(self, path: Path) -> None:
        """Keeps it in the file `path`."""
        arrays = {name: getattr(self, name) for name in ("truth", "sizes", "failures", "blocks")}
        _write(path, self.about, arrays)

    @classmethod
    def read(cls, path: Path) -> Truth:
        """What `write` kept. OSError without the file, ValueError when it is no such file."""
        about, arrays = _read(path)
        names = ("truth", "sizes", "failures", "blocks")
        return cls(about, **{name: arrays[name].astype(np.int64) for name in names})


@dataclass(frozen=True, eq=False)
class Counts:
    """How an arm with one seed did, image by image.

    about: `recipe`, `seed`, `split_hash`, `sha256` of the weights, `field` (the receptive field's
    sides in pixels) and more that is worth knowing. missed, false: N×K pixels of a class that were
    not found, and that were none; boundary: N, each image's boundary F1; sizes, failures: sums over
    the objects that `Truth` counts, of the share found and of the failure's number.
    """

    about: Mapping[str, Any]
    missed: np.ndarray
    false: np.ndarray
    boundary: np.ndarray
    sizes: np.ndarray
    failures: np.ndarray

    def write(self, path: Path) -> None:
        """Keeps it in the file `path`."""
        arrays = {"missed": self.missed, "false": self.false}
        for name in ("boundary", "sizes", "failures"):
            arrays[name] = np.rint(getattr(self, name) * SHARE).astype(np.int64)
        _write(path, self.about, arrays)

    @classmethod
    def read(cls, path: Path) -> Counts:
        """What `write` kept. OSError without the file, ValueError when it is no such file."""
        about, arrays = _read(path)
        shares = ("boundary", "sizes", "failures")
        return cls(
            about,
            *(arrays[name].astype(np.int64) for name in ("missed", "false")),
            *(arrays[name] / SHARE for name in shares),
        )

    def score(self, measure: str, truth: Truth, drawn: np.ndarray) -> np.ndarray:
        """`measure` for each row of `drawn`, R×N: how often each image is counted. R fractions.

        NaN where nothing is counted; KeyError for a measure that these images do not have.
        """
        if measure == "miou":
            pixels = drawn @ truth.truth
            union = pixels + drawn @ self.false
            return mean_known(ratio(pixels - drawn @ self.missed, union))
        if measure == "boundary_f1":
            return ratio(drawn @ self.boundary, drawn.sum(axis=1))
        if measure in SIZE_MEASURES:
            column = list(SIZE_MEASURES).index(measure)
            return ratio(drawn @ self.sizes[:, column], drawn @ truth.sizes[:, column])
        columns = [n for n, (name, _) in enumerate(truth.about["failures"]) if name == measure]
        if not columns:
            raise KeyError(measure)
        sums, objects = self.failures[:, columns], truth.failures[:, columns]
        return score_of(measure, drawn @ sums, drawn @ objects)


def measures(truth: Truth) -> list[str]:
    """The names of what `Counts.score` knows of these images."""
    failures = dict.fromkeys(name for name, _ in truth.about["failures"])
    sized = [name for n, name in enumerate(SIZE_MEASURES) if truth.sizes[:, n].any()]
    return ["miou", "boundary_f1", *sized, *failures]


def _write(path: Path, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr(_entry(_ABOUT), json.dumps({"format": FORMAT, **about}))
        for name, array in arrays.items():
            content = io.BytesIO()
            # Column by column and as small as the numbers are, which compresses best.
            smallest = np.min_scalar_type(int(array.max(initial=0)))
            np.save(content, np.asfortranarray(array.astype(smallest)), allow_pickle=False)
            archive.writestr(_entry(f"{name}.npy"), content.getvalue())
    write_atomically(path, buffer.getvalue())


def _entry(name: str) -> zipfile.ZipInfo:
    # With a date of its own each file would differ from its equal.
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_LZMA
    return entry


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(_ABOUT))
            names = [name for name in archive.namelist() if name.endswith(".npy")]
            arrays = {
                name.removesuffix(".npy"): np.load(io.BytesIO(archive.read(name))) for name in names
            }
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"{path.name} holds no results of an ablation: {error}") from error
    if about.get("format") != FORMAT:
        raise ValueError(f"{path.name} was written by another version.")
    return about, arrays
