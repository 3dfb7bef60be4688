"""A trained network's weights in 8 bits, as far as its score allows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.counts import counts_write
from models_zoo.checkpoints.files import sidecar_save, weights_shrink
from models_zoo.data import open_dataset
from models_zoo.files import write_atomically
from models_zoo.predict.engine import Engine
from models_zoo.predict.evaluation import evaluate
from models_zoo.training.record.sidecar import EVALUATION_SUFFIX

# Of the shipped networks SegNet on CamVid lost most to 8 bits, 0.0026; half gained up to 0.004.
MOST_LOST = 0.003  # of mIoU


def shrunk(best: Path, sidecar: dict[str, Any], weights: Path, *, data: str) -> dict[str, Any]:
    """Writes `best`, described by `sidecar`, in 8 bits as `weights` with its sidecar; returns that.

    Beside them go the counts of each image.
    Its scores are those of the file as written, on val of `data` in fp32. Where it scores more than
    MOST_LOST below `best`, the file is `best` itself.
    """
    changed = {"sha256": weights_shrink(best, weights), "bytes": weights.stat().st_size}
    small = sidecar | changed
    # From the file as it is written, so that the sidecar tells the scores of what is shipped.
    evaluation = evaluate(Engine(0, precision="fp32"), weights, small, open_dataset(data, "val"))
    small["scores"], per_image = [evaluation.scores], evaluation.per_image
    if evaluation.scores["miou"] < sidecar["scores"][0]["miou"] - MOST_LOST:
        write_atomically(weights, best.read_bytes())
        small = sidecar
        per_image = json.loads(best.with_suffix(EVALUATION_SUFFIX).read_bytes())["per_image"]
    counts_write(weights, sha256=small["sha256"], per_image=per_image)
    sidecar_save(weights, small)
    return small
