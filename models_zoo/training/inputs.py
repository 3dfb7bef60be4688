"""What a run learns from: its splits, looked at before the first step."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models_zoo.data import DatasetSplit, open_dataset
from models_zoo.data.audit import Audit, audit
from models_zoo.files import write_atomically
from models_zoo.training.config import TrainConfig
from models_zoo.training.distributed import Group
from models_zoo.translation import gettext_noop as _

AUDIT_NAME = "audit.json"


@dataclass(frozen=True)
class Inputs:
    """The splits of a run, pseudo-labelled images where there are some, and what the audit saw."""

    train: DatasetSplit
    val: DatasetSplit
    pseudo: DatasetSplit | None
    audit: Audit

    @property
    def hashes(self) -> list[str]:
        """What tells whether a resumed run still has the same data."""
        splits = (self.train, self.val, self.pseudo)
        return [dataset.split_hash for dataset in splits if dataset is not None]


def inputs_open(config: TrainConfig, out: Path, group: Group, alive: Callable[[], None]) -> Inputs:
    """Opens the data of a run, which one process of its group audits.

    `alive` is called while that goes on. ValueError names what is wrong with the data, with file
    names.
    """
    splits = splits_open(config)
    for split in splits.values():
        split.read_through(alive)
    audited = None
    if group.leads:
        path, train = out / AUDIT_NAME, splits["train"]
        of = {
            "hashes": {split: dataset.split_hash for split, dataset in splits.items()},
            "classes": [entry["name"] for entry in train.classes],
            "ignore_index": train.ignore_index,
        }
        kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if kept.get("of") == of:
            audited = kept  # not repeated when the run goes on
        else:
            # An earlier try in this folder may have been about other data.
            fresh = audit(splits, alive=alive)
            fresh.require_sound()
            audited = {**fresh.as_dict(), "of": of}
            write_atomically(path, json.dumps(audited, indent=1).encode() + b"\n")
    audit_shared = Audit.from_dict(group.share(audited))
    return Inputs(splits["train"], splits["val"], splits.get("pseudo"), audit_shared)


def splits_open(config: TrainConfig) -> dict[str, DatasetSplit]:
    """`train`, `val` and, where there is one, `pseudo`. ValueError when their classes differ."""
    splits = {split: open_dataset(config.data, split) for split in ("train", "val")}
    if config.pseudo:
        splits["pseudo"] = open_dataset(config.pseudo, "train")
    names = [[entry["name"] for entry in dataset.classes] for dataset in splits.values()]
    if any(other != names[0] for other in names):
        raise ValueError(_(f"The splits {', '.join(splits)} do not have the same classes."))
    return splits
