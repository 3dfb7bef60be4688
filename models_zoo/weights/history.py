"""The history of a run in one small file, shipped beside its weights as <name>.history.zip.

    history.json            format, key, dataset, config, started, seconds, environment, protocol,
                            epochs (the `epoch` events of the run as they were written)
    probes/<epoch>/<name>.png   masks of the probe images, of a few epochs
    images/<name>.jpg, truth/<name>.png   the probe images, where their licence is the project's own

Torch-free. Equal runs give equal files, so that their sha256 names them.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from models_zoo.files import write_atomically
from models_zoo.training.events import events_read
from models_zoo.weights import FOLDER, sidecar_read

FORMAT = 1
SUFFIX = ".history.zip"
PROBED_EPOCHS = 6
OWN_LICENCE = "the project's own"
_HISTORY = "history.json"
_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class History:
    """What a history file tells; `files` are the pictures by their name in it."""

    about: dict[str, Any]
    files: dict[str, bytes]


def history_write(run: Path, out: Path) -> None:
    """Exports the finished run in the folder `run` as the file `out`.

    ValueError or FileNotFoundError when the run has no finished weights.
    """
    sidecar, events = sidecar_read(run / "best.json"), list(events_read(run))
    epochs = [event for event in events if event["event"] == "epoch"]
    if not epochs:
        raise ValueError(f"{run} holds no run that has trained an epoch.")
    start = next((event for event in events if event["event"] == "start"), {})
    about = {
        "format": FORMAT,
        "key": sidecar["key"],
        "architecture": sidecar["architecture"],
        "variant": sidecar["variant"],
        "dataset": sidecar["dataset"] | {"classes": sidecar["classes"]},
        "ignore_index": sidecar["ignore_index"],
        "config": sidecar["training"],
        "command": sidecar["command"],
        "sha256": sidecar["sha256"],
        "bytes": sidecar.get("bytes", 0),
        "started": start.get("time", epochs[0]["time"]),
        "seconds": round(sum(event["seconds"] for event in epochs), 2),
        "environment": sidecar.get("environment", {}),
        "protocol": start.get("protocol", {}),
        "epochs": epochs,
    }
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        _add(archive, _HISTORY, json.dumps(about).encode())
        for path in _pictures(run, own=sidecar["dataset"].get("licence") == OWN_LICENCE):
            _add(archive, str(path.relative_to(run)), path.read_bytes())
    write_atomically(out, buffer.getvalue())


def history_read(path: Path) -> History:
    """The history in a file of `history_write`. ValueError says what is wrong with it."""
    try:
        with zipfile.ZipFile(path) as archive:
            about = json.loads(archive.read(_HISTORY))
            names = [name for name in archive.namelist() if name != _HISTORY]
            files = {name: archive.read(name) for name in names}
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise ValueError(f"{path.name} is no history: {error}.") from error
    if about.get("format") != FORMAT:
        raise ValueError(f"{path.name} has format {about.get('format')}; this reads {FORMAT}.")
    return History(about, files)


def histories(folder: Path = FOLDER) -> list[Path]:
    """Every shipped history, by name."""
    return sorted(folder.glob(f"*/*{SUFFIX}"))


def _pictures(run: Path, *, own: bool) -> Iterator[Path]:
    """Masks of a few epochs, evenly chosen, and the images that they are of."""
    folders = sorted(path for path in (run / "probes").glob("*") if path.is_dir())
    last, count = len(folders) - 1, min(PROBED_EPOCHS, len(folders))
    chosen = sorted({round(last * place / max(1, count - 1)) for place in range(count)})
    masks = [mask for place in chosen for mask in sorted(folders[place].glob("*.png"))]
    yield from masks
    if not own:
        return
    for name in sorted({mask.stem for mask in masks}):
        for path in (run / "images" / f"{name}.jpg", run / "truth" / f"{name}.png"):
            if path.exists():
                yield path


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    info = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
    info.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(info, content)
