"""The history of a run in one small file, shipped beside its weights as <name>.history.zip.

    history.json            format, key, dataset, config, started, seconds, environment, protocol,
                            epochs (the `epoch` events of the run as they were written)
    probes/<epoch>/<name>.png   masks of the probe images, of a few epochs

The probe images are the same for every network of a data set. Where their licence is the project's
own they lie once beside the histories, in pictures.zip: images/<name>.jpg, truth/<name>.png.

Torch-free. Equal runs give equal files, so that their sha256 names them.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.shipped import FOLDER, sidecar_read
from models_zoo.files import write_atomically
from models_zoo.training.record.events import events_read

FORMAT = 1
SUFFIX = ".history.zip"
PICTURES = "pictures.zip"
PROBED_EPOCHS = 6
OWN_LICENCE = "the project's own"
_HISTORY = "history.json"
_EPOCH_OF_ZIP = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class History:
    """What a history file tells; `files` are masks and probe images by their name in the files."""

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
    masks = _masks(run)
    write_atomically(out, _zipped({_HISTORY: json.dumps(about).encode(), **masks}))
    if _is_own(about):
        shared = out.with_name(PICTURES)
        known = _unzipped(shared) if shared.exists() else {}
        write_atomically(shared, _zipped(known | _pictures(run, masks)))


def history_read(path: Path) -> History:
    """The history in a file of `history_write`. ValueError says what is wrong with it."""
    try:
        files = _unzipped(path)
        about = json.loads(files.pop(_HISTORY))
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path.name} is no history: {error}.") from error
    if about.get("format") != FORMAT:
        raise ValueError(f"{path.name} has format {about.get('format')}; this reads {FORMAT}.")
    shared = path.with_name(PICTURES)
    if _is_own(about) and shared.exists():
        names = {Path(mask).stem for mask in files}
        pictures = _unzipped(shared)
        files |= {name: pictures[name] for name in pictures if Path(name).stem in names}
    return History(about, files)


def histories(folder: Path = FOLDER) -> list[Path]:
    """Every shipped history, by name."""
    return sorted(folder.glob(f"*/*{SUFFIX}"))


def _is_own(about: dict[str, Any]) -> bool:
    return about["dataset"].get("licence") == OWN_LICENCE


def _masks(run: Path) -> dict[str, bytes]:
    """Masks of a few epochs, evenly chosen, by their name in the run's folder."""
    folders = sorted(path for path in (run / "probes").glob("*") if path.is_dir())
    last, count = len(folders) - 1, min(PROBED_EPOCHS, len(folders))
    chosen = sorted({round(last * place / max(1, count - 1)) for place in range(count)})
    paths = [path for place in chosen for path in sorted(folders[place].glob("*.png"))]
    return {str(path.relative_to(run)): path.read_bytes() for path in paths}


def _pictures(run: Path, masks: Iterable[str]) -> dict[str, bytes]:
    """The images that `masks` are of and their truth, as far as the run has kept them."""
    stems = sorted({Path(mask).stem for mask in masks})
    names = [name for stem in stems for name in (f"images/{stem}.jpg", f"truth/{stem}.png")]
    return {name: (run / name).read_bytes() for name in names if (run / name).exists()}


def _zipped(files: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, _EPOCH_OF_ZIP)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return buffer.getvalue()


def _unzipped(path: Path) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path.name} is no zip file: {error}") from error
