"""DilatedNet: what is said of its front end and its two context modules."""

from models_zoo.networks.paper import Architecture, Claim, Paper, Recipe
from models_zoo.translation import gettext_noop as _

AFTER = "deeplab_v1"
PAPER = Paper(
    title="Yu, Koltun: Multi-Scale Context Aggregation by Dilated Convolutions",
    year=2016,
    settings={
        "optimizer": "sgd",
        "lr": 1e-3,
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "schedule": "constant",
        "batch": 14,
        "crop": (500, 500),
        "scale": (1.0, 1.0),
        "jitter": 0.0,
        "class_weights": "none",
    },
)

_OPTIONS = {"last_pools": _("pool4 and pool5 stay, with stride 1.")}

ARCHITECTURES = (
    Architecture(
        key="dilatednet_front",
        title="DilatedNet, front end",
        paper=PAPER,
        idea=_("The last two pools are gone; dilation keeps the view that they gave."),
        answers=_(
            "Once dilation keeps the view, pools without stride only smear. DilatedNet drops them."
        ),
        claims=(Claim(_("Dropping the last pools helps."), ("last_pools",)),),
        path=f"{__name__}.network:DilatedNet",
        arguments={"context": None},
        options=_OPTIONS,
        slim_width=3 / 16,
        sees_at="score",
        backbone=True,
        recipe=Recipe(taught=True, camvid={"epochs": 2}),
    ),
    Architecture(
        key="dilatednet_basic",
        title="DilatedNet, basic context",
        paper=PAPER,
        idea=_("Growing dilation over the class maps gathers context without losing resolution."),
        answers=_(
            "A front end at stride 8 sees too little around it. Layers whose dilation doubles "
            "widen the view exponentially, without one more pool."
        ),
        path=f"{__name__}.network:DilatedNet",
        arguments={"context": "basic"},
        options=_OPTIONS,
        slim_width=3 / 16,
        sees_at="context",
        backbone=True,
        recipe=Recipe(taught=True, camvid={"epochs": 3}),
    ),
    Architecture(
        key="dilatednet_large",
        title="DilatedNet, large context",
        paper=PAPER,
        idea=_("The same context module with up to 32 maps a class."),
        answers=_("The context module once more, wide enough to tell more contexts apart."),
        claims=(Claim(_("A context module helps."), ("context_module",)),),
        path=f"{__name__}.network:DilatedNet",
        arguments={"context": "large"},
        options=_OPTIONS,
        slim_width=3 / 16,
        sees_at="context",
        backbone=True,
        recipe=Recipe(turn=1, camvid={"epochs": 40}),
    ),
)
