"""How the masks of what is fastest here agree with float32's, over a whole split."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from models_zoo.checkpoints.shipped import shipped
from models_zoo.data import open_dataset
from models_zoo.metrics import confusion, scores
from models_zoo.predict.engine import Engine


def agreements(data: str) -> Iterator[dict[str, Any]]:
    """A row for each shipped checkpoint of the data set, over its val split.

    `same`: the share of pixels that have the class that PyTorch gives them in float32. `miou`, and
    `miou_fp32` of PyTorch.
    """
    dataset = open_dataset(data, "val")
    classes, ignored = len(dataset.classes), dataset.ignore_index
    for checkpoint in shipped():
        if checkpoint.slug != dataset.slug:
            continue
        fast, single = Engine(), Engine(precision="fp32")
        counts = np.zeros((2, classes, classes), np.int64)
        same = pixels = 0
        for index in range(len(dataset)):
            image, truth = dataset.load(index)
            predicted, exact = (
                engine.predict(checkpoint.weights_path, checkpoint.sidecar, image)
                for engine in (fast, single)
            )
            same += int(np.count_nonzero(predicted.mask == exact.mask))
            pixels += truth.size
            for number, mask in enumerate((predicted.mask, exact.mask)):
                counts[number] += confusion(truth, mask, classes, ignored)
        yield {
            "key": checkpoint.sidecar["key"],
            "runtime": predicted.runtime,
            "precision": predicted.precision,
            "same": same / pixels,
            "miou": scores(counts[0])["miou"],
            "miou_fp32": scores(counts[1])["miou"],
        }
