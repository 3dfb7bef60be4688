"""Learning from a trained network as well as from the truth.

Hinton, Vinyals, Dean 2015, "Distilling the Knowledge in a Neural Network": the student's class
probabilities are drawn to the teacher's, here at temperature 1 and in cells of 4×4 pixels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data.transforms import IGNORED
from models_zoo.precision import autocast
from models_zoo.predict.inputs import network_load

TRUTH_SHARE = 0.5  # of the loss against the truth; the teacher's counts once
# fpn_vgg16, the zoo's teacher, has its scores at stride 4 and only interpolates between them.
STRIDE = 4


class Distillation:
    """½ · the loss against the truth + the divergence from a teacher's probabilities."""

    def __init__(self, teacher: nn.Module, *, precision: str, device: str) -> None:
        self.teacher, self.precision, self.device = teacher, precision, device

    def __call__(self, loss: Tensor, logits: Tensor, image: Tensor, mask: Tensor) -> Tensor:
        """The whole loss of one part of a batch, a float32 scalar.

        `loss` is the student's against the truth, `logits` its N×K×H×W ones of `image`, N×3×H×W and
        normalised; `mask` is N×H×W int64.
        """
        with torch.no_grad(), autocast(self.precision, self.device):
            taught = self.teacher(image)
        # In float32: the logarithm of a small probability is coarse in half precision.
        return TRUTH_SHARE * loss + divergence(logits.float(), taught.float(), mask)


def divergence(logits: Tensor, taught: Tensor, mask: Tensor) -> Tensor:
    """KL(taught ‖ logits) of N×K×H×W float32 logits, a mean over cells of STRIDE×STRIDE pixels.

    Hinton et al. 2015, section 2, at temperature 1, in nats. `mask` is N×H×W int64.

    A cell counts by its share of pixels that `mask` does not ignore: a crop beyond the image's edge
    is nothing that a teacher knows of. 0 where no pixel counts.
    """
    share = _cells((mask != IGNORED).float()[:, None])
    student, teacher = _cells(logits).log_softmax(dim=1), _cells(taught).log_softmax(dim=1)
    apart = (teacher.exp() * (teacher - student)).sum(dim=1, keepdim=True)
    return (share * apart).sum() / share.sum().clamp(min=1e-12)


def _cells(x: Tensor) -> Tensor:
    # Cells that the right or lower edge cuts are averaged over the pixels they have.
    return avg_pool2d(x, STRIDE, ceil_mode=True, count_include_pad=False)


def distillation_build(checkpoint: CheckpointFiles, *, precision: str, device: str) -> Distillation:
    """The teacher in memory, ready to be asked. ValueError when its file is not its sidecar's."""
    network = network_load(checkpoint.weights_path, checkpoint.sidecar)
    return Distillation(network, precision=precision, device=device)
