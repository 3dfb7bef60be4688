"""U-Net: what is said of it."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "segnet"
PAPER = Paper(
    title="Ronneberger, Fischer, Brox: U-Net, Convolutional Networks for Biomedical Images",
    year=2015,
    settings={  # but for its elastic deformation
        "optimizer": "sgd",
        "momentum": 0.99,
        "weight_decay": 5e-4,
        "schedule": "constant",
        "batch": 1,
        "class_weights": "none",
    },
)

ARCHITECTURES = (
    Architecture(
        key="unet",
        title="U-Net",
        paper=PAPER,
        idea=_("A symmetric decoder sees the encoder's features again through concatenated skips."),
        answers=_(
            "Unpooling brings back places, but not what was there. U-Net hands the encoder's "
            "features over whole, by concatenation, and learns from few images."
        ),
        claims=(Claim(_("Concatenated skips bring boundaries back."), ("concatenation",)),),
        path=f"{__name__}.network:UNet",
        options={
            "bias": _("Convolutions have a bias."),
            "skips": _("The decoder gets the encoder's features by concatenation."),
        },
        slim_width=1 / 4,
        sees_at="down.4",
        recipe=Recipe(
            turn=1,
            taught=True,
            camvid={"epochs": 4},
            scenes={"epochs": 4, "passes": 3, "class_weights": "enet_sqrt", "precision": "bf16"},
        ),
    ),
)
