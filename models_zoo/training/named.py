"""The checkpoints that a run's configuration names: its teacher, and what it begins with."""

from __future__ import annotations

import torch
from torch import nn

from models_zoo.checkpoints.files import weights_read
from models_zoo.checkpoints.resolve import resolve
from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data.classes import Classes
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.networks.pretrained import Report, report_of
from models_zoo.translation import gettext_noop as _


def checkpoint_find(name: str, classes: Classes, *, role: str) -> CheckpointFiles:
    """The checkpoint `name`, a file or a shipped key, that is a run's "teacher" or "start".

    ValueError unless it knows the same classes and takes the same input as networks that train.
    """
    checkpoint = resolve(name)
    sidecar = checkpoint.sidecar
    if [entry["name"] for entry in sidecar["classes"]] != [entry["name"] for entry in classes]:
        raise ValueError(_(f"The {role} {sidecar['key']} was trained on other classes."))
    # It is fed the run's own batch, which is normalised by these.
    if (*sidecar["mean"], *sidecar["std"]) != (*IMAGENET_MEAN, *IMAGENET_STD):
        raise ValueError(_(f"The {role} {sidecar['key']} takes its input normalised otherwise."))
    return checkpoint


@torch.no_grad()
def weights_take(network: nn.Module, start: CheckpointFiles) -> Report:
    """Fills what of `network` has a tensor of the same name and shape in the checkpoint `start`.

    What is left keeps its initial weights. ValueError when nothing fits or the file is not its
    sidecar's.
    """
    tensors = weights_read(start.weights_path, sha256=start.sidecar["sha256"])
    own = network.state_dict()
    fitting = {n for n in own if n in tensors and tensors[n].shape == own[n].shape}
    for name in fitting:
        own[name].copy_(tensors[name])
    report = report_of(network, {start.sidecar["key"]}, fitting)
    if not report.loaded:
        raise ValueError(_(f"Nothing of {start.sidecar['key']} fits this network to begin with."))
    return report
