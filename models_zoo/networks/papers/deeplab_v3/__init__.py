"""DeepLab v3: what is said of its two networks."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "pspnet"
PAPER = Paper(
    title=(
        "Chen, Papandreou, Schroff, Adam: Rethinking Atrous Convolution for Semantic Image "
        "Segmentation"
    ),
    year=2017,
    settings={
        "optimizer": "sgd",
        "lr": 7e-3,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "schedule": "poly",
        "batch": 16,
        "crop": (513, 513),
        "scale": (0.5, 2.0),
        "jitter": 0.0,
        "class_weights": "none",
    },
)

_IDEA = _("Multi-grid dilation, several rates side by side, and image pooling, concatenated.")
_OPTIONS = {
    "head": _("Whose layout to follow in everything where the two differ."),
    "image_pooling": _("A branch that sees the average of the whole image."),
    "output_stride": _("How many pixels one cell of the last map covers a side."),
    "multi_grid": _("What the dilations of the last three blocks are multiplied by."),
}

ARCHITECTURES = (
    Architecture(
        key="deeplab_v3_resnet50",
        title="DeepLab v3, ResNet-50",
        paper=PAPER,
        idea=_IDEA,
        answers=_(
            "At large rates a 3×3 kernel mostly falls beside the map. v3 keeps several rates, "
            "brings global context back by image pooling, varies the dilation within a stage, and "
            "needs no conditional random field."
        ),
        claims=(Claim(_("Global pooling gives context (DeepLab v3)."), ("image_pooling",)),),
        path=f"{__name__}.network:DeepLabV3",
        arguments={"depth": 50},
        options=_OPTIONS,
        slim_width=5 / 32,
        sees_at="backbone.layer4",
        backbone=True,
        recipe=Recipe(
            turn=1,
            on_corners=True,
            taught=True,
            camvid={"epochs": 7},
            # Deep and without pretrained weights: 0.574 after fifteen epochs, still rising.
            scenes={"epochs": 25},
        ),
    ),
    Architecture(
        key="deeplab_v3_resnet101",
        title="DeepLab v3, ResNet-101",
        paper=PAPER,
        idea=_IDEA,
        answers=_("The same on twice as deep a network."),
        path=f"{__name__}.network:DeepLabV3",
        arguments={"depth": 101},
        options=_OPTIONS,
        slim_width=1 / 8,
        sees_at="backbone.layer4",
        backbone=True,
        recipe=Recipe(on_corners=True, taught=True, camvid={"epochs": 4}, scenes={"epochs": 25}),
    ),
)
