"""DeepLab v1: what is said of it."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "fc_densenet"
PAPER = Paper(
    title=(
        "Chen, Papandreou, Kokkinos, Murphy, Yuille: Semantic Image Segmentation with Deep "
        "Convolutional Nets and Fully Connected CRFs"
    ),
    year=2015,
    settings={
        "optimizer": "sgd",
        "lr": 1e-3,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": "step",
        "batch": 20,
        "crop": (321, 321),
        "scale": (1.0, 1.0),
        "jitter": 0.0,
        "class_weights": "none",
    },
)

ARCHITECTURES = (
    Architecture(
        key="deeplab_v1",
        title="DeepLab v1 LargeFOV",
        paper=PAPER,
        idea=_(
            "Dilation instead of the last strides; one widely dilated layer sees large objects."
        ),
        answers=_(
            "Pooling is what makes maps coarse. Here the last two pools keep their stride at one, "
            "and what follows is dilated: an output stride of 8 instead of 32, the same view, and "
            "weights from ImageNet still fit."
        ),
        claims=(Claim(_("Dilation keeps large objects whole."), ("dilation",)),),
        path=f"{__name__}.network:LargeFOV",
        options={"output_stride": _("How many pixels one cell of the last map covers a side.")},
        slim_width=7 / 32,
        sees_at="fc7",
        backbone=True,
        recipe=Recipe(turn=1, on_corners=True, taught=True, camvid={"epochs": 3}),
    ),
)
