"""torchvision's networks for its published weights: FCN, DeepLab v3 and LR-ASPP.

The weights were trained by torchvision on the images of COCO that show the 20 classes of Pascal
VOC, so there are 21 classes and no other number. FCN (here) and DeepLab v3 (`deeplab_v3.py`) are
the project's own parts in torchvision's layout; the MobileNetV3 networks are torchvision's.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.networks.assembly import ResNetNetwork
from models_zoo.networks.backbones import ResNet
from models_zoo.networks.blocks import fcn_head, narrow
from models_zoo.torchvision_ops import torchvision


class FCNResNet(ResNetNetwork):
    """A 3×3 convolution and scores on ResNet at output stride 8. N×3×H×W → N×K×H×W logits."""

    def __init__(self, *, depth: int, num_classes: int, width: float = 1.0) -> None:
        backbone = ResNet(depth, width=width, output_stride=8, torchvision_dilation=True)
        third, fourth = backbone.channels[-2:]
        super().__init__(
            backbone,
            fcn_head(fourth, narrow(512, width), num_classes),
            # Always there: the published state dict has it.
            fcn_head(third, narrow(256, width), num_classes),
            align_corners=False,
        )


class MobileNetNetwork(nn.Module):
    """torchvision's segmentation network `name`, giving its logits alone. N×3×H×W → N×K×H×W.

    Only ever full: `width` is there because every network has it.
    """

    def __init__(self, *, name: str, aux: bool, num_classes: int, width: float = 1.0) -> None:
        super().__init__()
        network = torchvision.models.get_model(
            name, weights=None, weights_backbone=None, num_classes=num_classes, aux_loss=aux
        )
        self.backbone, self.classifier = network.backbone, network.classifier
        self.aux_classifier = network.aux_classifier if aux else None

    def forward(self, image: Tensor) -> Tensor:
        features = self.backbone(image)
        # LR-ASPP reads two maps of the backbone's, DeepLab v3 the one called out.
        scores = self.classifier(features.get("out", features))
        return interpolate(scores, image.shape[-2:], mode="bilinear")
