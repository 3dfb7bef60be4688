"""Writes a finished run's history as the small file that is shipped. Torch-free."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.history import FORMAT, HISTORY, PICTURES, is_own, unzipped, zipped
from models_zoo.checkpoints.shipped import sidecar_read
from models_zoo.files import write_atomically
from models_zoo.training.record.events import events_read

PROBED_EPOCHS = 6


def history_write(run: Path, out: Path, *, sidecar: dict[str, Any] | None = None) -> None:
    """Exports the finished run in the folder `run` as the file `out`.

    `sidecar` is that of its weights as they are shipped, where that is not the run's own.
    ValueError or FileNotFoundError when the run has no finished weights.
    """
    sidecar, events = sidecar or sidecar_read(run / "best.json"), list(events_read(run))
    # By its number: one that was trained again after a damaged state is told twice.
    by_number = {event["epoch"]: event for event in events if event["event"] == "epoch"}
    epochs = [by_number[number] for number in sorted(by_number)]
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
    # Of a few epochs, evenly chosen.
    folders = sorted(path for path in (run / "probes").glob("*") if path.is_dir())
    last, count = len(folders) - 1, min(PROBED_EPOCHS, len(folders))
    chosen = sorted({round(last * place / max(1, count - 1)) for place in range(count)})
    paths = [path for place in chosen for path in sorted(folders[place].glob("*.png"))]
    masks = {str(path.relative_to(run)): path.read_bytes() for path in paths}
    write_atomically(out, zipped({HISTORY: json.dumps(about).encode(), **masks}))
    if is_own(about):
        # Once for all networks of the data set, which saved 0.9 of 64 MB.
        shared = out.with_name(PICTURES)
        known = unzipped(shared) if shared.exists() else {}
        stems = sorted({path.stem for path in paths})
        names = [name for stem in stems for name in (f"images/{stem}.jpg", f"truth/{stem}.png")]
        pictures = {name: (run / name).read_bytes() for name in names if (run / name).exists()}
        write_atomically(shared, zipped(known | pictures))
