"""Lets torchvision import beside a build of torch that its compiled operators do not match.

PyPI's torchvision is compiled against the CUDA build of torch. Beside a CPU build its library does
not load, and the import fails with "operator torchvision::nms does not exist", although SegWeb uses
none of these operators. Declaring their schemas is enough. Import torchvision through this module:

    from models_zoo.torchvision_ops import torchvision
"""

from __future__ import annotations

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)

try:
    import torchvision
except RuntimeError as error:
    if "torchvision::" not in str(error):
        raise
    # The declarations live as long as this object.
    _declarations = torch.library.Library("torchvision", "FRAGMENT")
    for _schema in _SCHEMAS:
        _declarations.define(_schema)
    import torchvision

from torchvision import tv_tensors  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

__all__ = ["torchvision", "tv_tensors", "v2"]
