"""DeepLab v2: what is said of its two networks."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "dilatednet"
PAPER = Paper(
    title=(
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: DeepLab, Semantic Image Segmentation with "
        "Deep Convolutional Nets, Atrous Convolution, and Fully Connected CRFs"
    ),
    year=2017,
    settings={
        "optimizer": "sgd",
        "lr": 2.5e-4,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": "poly",
        "batch": 10,
        "crop": (321, 321),
        "scale": (0.5, 1.5),
        "jitter": 0.0,
        "class_weights": "none",
    },
)

ARCHITECTURES = (
    Architecture(
        key="deeplab_v2_vgg16",
        title="DeepLab v2, VGG-16",
        paper=PAPER,
        idea=_("Four dilation rates side by side see objects at several scales, and are summed."),
        answers=_(
            "One dilation rate fits one size of things. Four of them side by side look at the same "
            "place at four scales."
        ),
        claims=(Claim(_("Several rates beat one."), ("several_rates",)),),
        path=f"{__name__}.network:DeepLabV2VGG16",
        options={"rates": _("The dilation of each branch.")},
        slim_width=5 / 32,
        sees_at="classifier.3",
        backbone=True,
        recipe=Recipe(turn=1, on_corners=True, taught=True, camvid={"epochs": 3}),
    ),
    Architecture(
        key="deeplab_v2_resnet101",
        title="DeepLab v2, ResNet-101",
        paper=PAPER,
        idea=_("The same four rates on the features of a far deeper network."),
        answers=_(
            "The same pyramid on a residual network, where most of the gain in the paper came from."
        ),
        path=f"{__name__}.network:DeepLabV2ResNet101",
        slim_width=9 / 64,
        sees_at="classifier.3",
        backbone=True,
        recipe=Recipe(
            on_corners=True,
            taught=True,
            camvid={"epochs": 5},
            # Deep and without pretrained weights: 0.590 after fifteen epochs, still rising.
            scenes={"epochs": 20},
        ),
    ),
)
