"""The files of a run in Django's storage, all under `runs/<id>/`.

run.json                                               what the trainer was told to do
events.jsonl  log.txt  diff.patch  audit.json          what happened
state-<step>.pt                                        what it resumes from (the last two)
best.safetensors  best.json  best.evaluation.json      its best weights and what they scored
images/<name>.jpg  truth/<name>.png                    the images that masks are kept of
probes/<epoch>/<name>.png                              masks of the probe images, by epoch
masks/<name>.png                                       masks of the worst images, at the end
"""

from __future__ import annotations

from contextlib import suppress

from django.core.files.storage import default_storage

CONFIG, LOG, DIFF, EVENTS = "run.json", "log.txt", "diff.patch", "events.jsonl"
TAIL_BYTES = 20_000


def folder_delete(*, folder: str) -> None:
    """Delete a storage folder with everything in it.

    What a trainer still writes meanwhile stays; its worker deletes the folder once it is gone.
    """
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in folders:
        folder_delete(folder=f"{folder}/{name}")
    for name in files:
        default_storage.delete(f"{folder}/{name}")
    with suppress(OSError):
        default_storage.delete(folder)


def folder_bytes(*, folder: str) -> int:
    """How much disk a storage folder takes."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return 0
    return sum(folder_bytes(folder=f"{folder}/{name}") for name in folders) + sum(
        default_storage.size(f"{folder}/{name}") for name in files
    )


def log_tail(*, folder: str, size: int = TAIL_BYTES) -> str:
    """The last lines of a run's log, at most `size` bytes of them; "" when there is none."""
    name = f"{folder}/{LOG}"
    try:
        with default_storage.open(name) as file:
            start = max(0, file.size - size)
            file.seek(start)
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""
    return text.partition("\n")[2] if start else text
