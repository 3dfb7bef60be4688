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

from django.core.files.storage import default_storage

CONFIG, LOG, DIFF, EVENTS = "run.json", "log.txt", "diff.patch", "events.jsonl"
TAIL_BYTES = 20_000


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
