"""torchvision's published networks: 21 classes, to use as they are; nothing of them is trained."""

from models_zoo.networks.paper import Paper, Published
from models_zoo.networks.papers import deeplab_v3, fcn
from models_zoo.translation import gettext_noop as _

AFTER = "deeplab_v3"
_MOBILENET = Paper("Howard et al.: Searching for MobileNetV3", 2019)
_IDEA = _("Trained by torchvision on COCO's images of the 20 VOC classes; to use as it is.")
_LABELS = "Weights.COCO_WITH_VOC_LABELS_V1"

ARCHITECTURES = (
    Published(
        key="torchvision_fcn_resnet50",
        title="FCN, ResNet-50 (torchvision)",
        paper=fcn.PAPER,
        idea=_IDEA,
        path=f"{__name__}.network:FCNResNet",
        arguments={"depth": 50},
        sees_at="backbone.layer4",
        weights=f"FCN_ResNet50_{_LABELS}",
        parameters=35_322_218,
        megabytes=135.009,
    ),
    Published(
        key="torchvision_deeplab_v3_resnet50",
        title="DeepLab v3, ResNet-50 (torchvision)",
        paper=deeplab_v3.PAPER,
        idea=_IDEA,
        path=f"{deeplab_v3.__name__}.network:DeepLabV3",
        arguments={"depth": 50, "head": "torchvision", "aux": True},
        sees_at="backbone.layer4",
        weights=f"DeepLabV3_ResNet50_{_LABELS}",
        parameters=42_004_074,
        megabytes=160.515,
    ),
    Published(
        key="torchvision_deeplab_v3_resnet101",
        title="DeepLab v3, ResNet-101 (torchvision)",
        paper=deeplab_v3.PAPER,
        idea=_IDEA,
        path=f"{deeplab_v3.__name__}.network:DeepLabV3",
        arguments={"depth": 101, "head": "torchvision", "aux": True},
        sees_at="backbone.layer4",
        weights=f"DeepLabV3_ResNet101_{_LABELS}",
        parameters=60_996_202,
        megabytes=233.217,
    ),
    Published(
        key="torchvision_deeplab_v3_mobilenet",
        title="DeepLab v3, MobileNetV3 (torchvision)",
        paper=_MOBILENET,
        idea=_IDEA,
        path=f"{__name__}.network:MobileNetNetwork",
        arguments={"name": "deeplabv3_mobilenet_v3_large", "aux": True},
        sees_at="backbone.16",
        weights=f"DeepLabV3_MobileNet_V3_Large_{_LABELS}",
        parameters=11_029_328,
        megabytes=42.301,
    ),
    Published(
        key="torchvision_lraspp_mobilenet",
        title="LR-ASPP, MobileNetV3 (torchvision)",
        paper=_MOBILENET,
        idea=_IDEA,
        path=f"{__name__}.network:MobileNetNetwork",
        arguments={"name": "lraspp_mobilenet_v3_large", "aux": False},
        sees_at="backbone.16",
        weights=f"LRASPP_MobileNet_V3_Large_{_LABELS}",
        parameters=3_221_538,
        megabytes=12.49,
    ),
)
