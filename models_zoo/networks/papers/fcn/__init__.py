"""FCN: what is said of its three networks."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = ""
PAPER = Paper(
    title="Long, Shelhamer, Darrell: Fully Convolutional Networks for Semantic Segmentation",
    year=2015,
    settings={
        "optimizer": "sgd",
        "lr": 1e-4,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": "constant",
        "batch": 20,
        "crop": (360, 480),
        "scale": (1.0, 1.0),
        "flip": False,
        "jitter": 0.0,
        "class_weights": "none",
    },
)

ARCHITECTURES = (
    Architecture(
        key="fcn32s",
        title="FCN-32s",
        paper=PAPER,
        idea=_("Classifier layers become convolutions, so a classifier labels every pixel."),
        answers=_(
            "A classifier says what is in an image, not where. FCN runs one over the whole image "
            "in a single pass. Its last map is 32 times coarser than the image: small objects "
            "vanish, boundaries blur, and what is larger than its fixed view is cut apart."
        ),
        path=f"{__name__}.network:FCN",
        arguments={"skips": 0},
        slim_width=3 / 16,
        sees_at="fc7",
        strides_at="fc7",
        backbone=True,
        recipe=Recipe(turn=3, camvid={"epochs": 25}),
    ),
    Architecture(
        key="fcn16s",
        title="FCN-16s",
        paper=PAPER,
        idea=_("A skip from pool4 adds finer detail to the coarse prediction."),
        answers=_(
            "FCN-32s blurs every boundary. Features from before the last pool still know where "
            "things are, so a score made of them is added."
        ),
        path=f"{__name__}.network:FCN",
        arguments={"skips": 1},
        slim_width=3 / 16,
        sees_at="fc7",
        strides_at="score_pool4",
        backbone=True,
        recipe=Recipe(turn=2, camvid={"epochs": 25}),
    ),
    Architecture(
        key="fcn8s",
        title="FCN-8s",
        paper=PAPER,
        idea=_("Skips from pool4 and pool3 are added: what from deep, where from shallow."),
        answers=_(
            "One more skip gives back another factor of two. The last factor of eight stays a "
            "fixed bilinear step, so finer detail is out of reach, and the view is as fixed as "
            "before."
        ),
        claims=(
            Claim(
                _("Skip connections bring boundaries back."),
                ("skips", "skips_pool4", "skips_pool3"),
            ),
        ),
        path=f"{__name__}.network:FCN",
        arguments={"skips": 2},
        slim_width=3 / 16,
        sees_at="fc7",
        strides_at="score_pool3",
        backbone=True,
        recipe=Recipe(turn=1, camvid={"epochs": 40}),
    ),
)
