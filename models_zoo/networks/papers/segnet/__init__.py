"""SegNet and SegNet-Basic: what is said of them."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "deconvnet"
PAPER = Paper(
    title="Badrinarayanan, Kendall, Cipolla: SegNet, a Deep Convolutional Encoder-Decoder",
    year=2015,
    settings={
        "optimizer": "sgd",
        "lr": 0.1,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": "constant",
        "batch": 12,
        "crop": (360, 480),
        "scale": (1.0, 1.0),
        "flip": False,
        "jitter": 0.0,
        "class_weights": "median",
    },
)

ARCHITECTURES = (
    Architecture(
        key="segnet",
        title="SegNet",
        paper=PAPER,
        idea=_(
            "The decoder unpools to where each maximum was, which is light and keeps boundaries."
        ),
        answers=_(
            "DeconvNet's two fully connected layers hold most of its weights. SegNet leaves them "
            "out and keeps only where each maximum was: lighter, faster, and still sharp."
        ),
        claims=(Claim(_("Unpooling brings boundaries back."), ("unpooling",)),),
        path=f"{__name__}.network:SegNet",
        options={
            "unpooling": _("How the decoder's maps grow: to the maxima's places, or smoothly.")
        },
        precise=True,
        slim_width=1 / 4,
        sees_at="pool",
        backbone=True,
        recipe=Recipe(turn=1, settings={"batch": 4}, camvid={"epochs": 60}),
    ),
    Architecture(
        key="segnet_basic",
        title="SegNet-Basic",
        paper=PAPER,
        idea=_("Four levels of 7×7 convolutions: SegNet's idea at a twentieth of its size."),
        answers=_(
            "SegNet's idea in its smallest form, to study the decoder: four levels, one wide "
            "convolution each way."
        ),
        path=f"{__name__}.network:SegNetBasic",
        precise=True,  # as SegNet: the places of maxima move with the rounding
        slim_width=3 / 4,
        sees_at="pool",
        recipe=Recipe(
            settings={"batch": 4},
            unshipped="11 minutes an epoch of scenes: its 7×7 convolutions see whole images.",
        ),
    ),
)
