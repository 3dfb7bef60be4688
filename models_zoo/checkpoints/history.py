"""The history of a run in one small file, shipped beside its weights as <name>.history.zip.

    history.json            format, key, dataset, config, started, seconds, environment, protocol,
                            epochs (the `epoch` events of the run as they were written)
    probes/<epoch>/<name>.png   masks of the probe images, of a few epochs

The probe images are the same for every network of a data set. Where their licence is the project's
own they lie once beside the histories, in pictures.zip: images/<name>.jpg, truth/<name>.png.

Torch-free. Equal runs give equal files, so that their sha256 names them:
`models_zoo.training.zoo.history` writes them.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.shipped import FOLDER

FORMAT = 1
SUFFIX = ".history.zip"
HISTORY = "history.json"
PICTURES = "pictures.zip"
OWN_LICENCE = "the project's own"
# A zip file holds times; the earliest that it can hold keeps equal runs equal.
_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class History:
    """What a history file tells; `files` are masks and probe images by their name in the files."""

    about: dict[str, Any]
    files: dict[str, bytes]


def history_read(path: Path) -> History:
    """The history in a shipped file. ValueError says what is wrong with it."""
    try:
        files = unzipped(path)
        about = json.loads(files.pop(HISTORY))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path.name} is no history: {error}.") from error
    if about.get("format") != FORMAT:
        raise ValueError(f"{path.name} has format {about.get('format')}; this reads {FORMAT}.")
    shared = path.with_name(PICTURES)
    if is_own(about) and shared.exists():
        names = {Path(mask).stem for mask in files}
        pictures = unzipped(shared)
        files |= {name: pictures[name] for name in pictures if Path(name).stem in names}
    return History(about, files)


def histories(folder: Path = FOLDER) -> list[Path]:
    """Every shipped history, by name."""
    return sorted(folder.glob(f"*/*{SUFFIX}"))


def is_own(about: dict[str, Any]) -> bool:
    """Whether the images that the run was probed with may be shipped too."""
    return bool(about["dataset"].get("licence") == OWN_LICENCE)


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip file of `files` by their names: the same bytes for the same files."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def unzipped(path: Path) -> dict[str, bytes]:
    """The files of a zip file by their names; ValueError when it is none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path.name} is no zip file: {error}") from error
