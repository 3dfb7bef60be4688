"""The files of a run in Django's storage, all under `runs/<id>/`.

run.json                                               what the trainer was told to do
events.jsonl  log.txt  diff.patch  audit.json          what happened
state-<step>-<sha256>.pt                               what it resumes from (the last two)
best.safetensors  best.json  best.evaluation.json      its best weights and what they scored
images/<name>.jpg  truth/<name>.png                    the images that masks are kept of
probes/<epoch>/<name>.png                              masks of the probe images, by epoch
masks/<name>.png                                       masks of the worst images, at the end
"""

from __future__ import annotations

CONFIG, LOG, DIFF, EVENTS = "run.json", "log.txt", "diff.patch", "events.jsonl"
