"""DeconvNet and EDeconvNet: what is said of them."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "fcn"
PAPER = Paper(
    title="Noh, Hong, Han: Learning Deconvolution Network for Semantic Segmentation",
    year=2015,
    settings={  # but for its two stages of training, objects alone before whole images
        "optimizer": "sgd",
        "lr": 1e-2,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": "step",
        "batch": 64,
        "crop": (224, 224),
        "scale": (1.0, 1.15),
        "jitter": 0.0,
        "class_weights": "none",
    },
)

ARCHITECTURES = (
    Architecture(
        key="deconvnet",
        title="DeconvNet",
        paper=PAPER,
        idea=_(
            "A deep decoder mirrors the encoder: unpooling restores places, deconvolution shapes."
        ),
        answers=_(
            "FCN cuts large objects apart, loses small ones and blurs boundaries, since its way "
            "back up is one interpolation. DeconvNet learns that way: unpooling puts values back "
            "where their maxima were, and deconvolutions fill in the shape."
        ),
        claims=(Claim(_("A learned decoder beats one interpolation."), ("learned_decoder",)),),
        path=f"{__name__}.network:DeconvNet",
        options={"decoder": _("A learned way back up, or one interpolation in its place.")},
        precise=True,
        slim_width=1 / 8,
        sees_at="pool",
        backbone=True,
        recipe=Recipe(
            turn=1,
            camvid={"epochs": 60},
            # fc6 has two cells a scene, and batch normalisation needs more than eight values.
            scenes={"epochs": 20, "batch": 16},
            unshipped="On a processor, batches of 4 left it at 0.24 after 27 of 30 epochs. An H200 "
            "had time for 30 passes of batches of 8 from a teacher, which reached 0.255: too few "
            "for it.",
        ),
    ),
    Architecture(
        key="edeconvnet",
        title="EDeconvNet",
        paper=PAPER,
        idea=_("DeconvNet's detail and FCN-8s's overall shape, averaged over one image."),
        answers=_(
            "DeconvNet is good at detail, FCN at overall shape, and they err in different places. "
            "The mean of both is meant to be better than either."
        ),
        claims=(
            Claim(
                _("The mean of DeconvNet and FCN-8s is above both."),
                ("ensemble_deconvnet", "ensemble_fcn8s"),
            ),
        ),
        path=f"{__name__}.network:EDeconvNet",
        options={"combine": _("How the two output maps become one.")},
        slim_width=7 / 64,
        sees_at="fcn.fc7",
        strides_at="fcn.score_pool3",
        backbone=True,
        recipe=Recipe(
            taught=True,
            camvid={"epochs": 3},
            scenes={"epochs": 10, "batch": 16},
        ),
    ),
)
