"""FC-DenseNet: what is said of its three networks."""

from models_zoo.networks.paper import Architecture, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "unet"
PAPER = Paper(
    title=(
        "Jégou, Drozdzal, Vazquez, Romero, Bengio: The One Hundred Layers Tiramisu, "
        "Fully Convolutional DenseNets for Semantic Segmentation"
    ),
    year=2017,
    settings={  # but for RMSprop, for which AdamW stands
        "lr": 1e-3,
        "weight_decay": 1e-4,
        "schedule": "constant",
        "batch": 3,
        "crop": (224, 224),
        "scale": (1.0, 1.0),
        "jitter": 0.0,
        "class_weights": "none",
    },
)

ARCHITECTURES = (
    Architecture(
        key="fc_densenet56",
        title="FC-DenseNet56",
        paper=PAPER,
        idea=_("Every layer sees all before it; only new maps go up, so few channels suffice."),
        answers=_(
            "Skips like U-Net's make decoders wide. Where every layer sees all before it, few new "
            "maps a layer are enough, and only those go up: a small fraction of the parameters."
        ),
        path=f"{__name__}.network:FCDenseNet",
        arguments={"layers": (4, 4, 4, 4, 4, 4), "growth": 12},
        slim_width=5 / 6,
        sees_at="bottom",
        recipe=Recipe(
            turn=1,
            taught=True,
            camvid={"epochs": 6},
            # An epoch of whole scenes takes it 20 minutes on one core. At three quarters of its
            # size a scene fits into this crop, so that it is learned whole as well as in parts.
            scenes={"epochs": 6, "batch": 4, "crop": (144, 192), "scale": (0.75, 1.0)},
        ),
    ),
    Architecture(
        key="fc_densenet67",
        title="FC-DenseNet67",
        paper=PAPER,
        idea=_("Five layers a block, sixteen new maps each."),
        answers=_("The same with more layers and more new maps in each."),
        path=f"{__name__}.network:FCDenseNet",
        arguments={"layers": (5, 5, 5, 5, 5, 5), "growth": 16},
        slim_width=1 / 2,
        sees_at="bottom",
        recipe=Recipe(
            taught=True,
            camvid={"epochs": 6},
            scenes={"batch": 4},
            unshipped="45 minutes an epoch of scenes on a processor.",
        ),
    ),
    Architecture(
        key="fc_densenet103",
        title="FC-DenseNet103",
        paper=PAPER,
        idea=_("More layers where the image is small, where context is cheap."),
        answers=_("The same, with its depth where maps are small."),
        path=f"{__name__}.network:FCDenseNet",
        arguments={"layers": (4, 5, 7, 10, 12, 15), "growth": 16},
        slim_width=5 / 16,
        sees_at="bottom",
        recipe=Recipe(
            settings={"batch": 4},
            camvid={"epochs": 40},
            unshipped="18 minutes an epoch of scenes on a processor. On CamVid an H200 had time "
            "for 40 passes from a teacher, which reached 0.375: too few for the deepest of them.",
        ),
    ),
)
