"""PSPNet: what is said of its two networks."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "deeplab_v2"
PAPER = Paper(
    title="Zhao, Shi, Qi, Wang, Jia: Pyramid Scene Parsing Network",
    year=2017,
    settings={  # but for rotation and blur of its images
        "optimizer": "sgd",
        "lr": 1e-2,
        "momentum": 0.9,
        "weight_decay": 1e-4,
        "schedule": "poly",
        "batch": 16,
        "crop": (473, 473),
        "scale": (0.5, 2.0),
        "jitter": 0.0,
        "class_weights": "none",
        "options": {"aux": True},
    },
)

_IDEA = _("Averages over 1, 2, 3 and 6 bins a side tell every pixel what scene it is in.")
_OPTIONS = {
    "stem": _("The first layers: one 7×7 convolution, or three of 3×3."),
    "pooling": _("The pyramid's branches average over their bins; else they see single cells."),
}

ARCHITECTURES = (
    Architecture(
        key="pspnet_resnet50",
        title="PSPNet, ResNet-50",
        paper=PAPER,
        idea=_IDEA,
        answers=_(
            "A wide view still does not say what scene this is: a boat on a river is taken for a "
            "car. Averages over the whole image and over its parts tell every pixel."
        ),
        claims=(Claim(_("Global pooling gives context (PSPNet)."), ("pyramid_pooling",)),),
        path=f"{__name__}.network:PSPNet",
        arguments={"depth": 50},
        options=_OPTIONS,
        slim_width=9 / 64,
        sees_at="backbone.layer4",
        backbone=True,
        recipe=Recipe(
            turn=1,
            on_corners=True,
            taught=True,
            settings={"options": {"aux": True}},
            camvid={"epochs": 7},
        ),
    ),
    Architecture(
        key="pspnet_resnet101",
        title="PSPNet, ResNet-101",
        paper=PAPER,
        idea=_IDEA,
        answers=_("The same pyramid on twice as deep a network."),
        path=f"{__name__}.network:PSPNet",
        arguments={"depth": 101},
        options=_OPTIONS,
        slim_width=1 / 8,
        sees_at="backbone.layer4",
        backbone=True,
        recipe=Recipe(
            on_corners=True,
            taught=True,
            settings={"options": {"aux": True}},
            camvid={"epochs": 5},
        ),
    ),
)
