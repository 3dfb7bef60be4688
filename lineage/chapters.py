"""The lineage as the lecture tells it: what each network left unsolved, and what came next.

What an architecture mends is said in its paper's folder and claimed there, figures stand in
`lineage.figures`, numbers and masks come from `models_zoo.study.stories`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from lineage.sources import Code


@dataclass(frozen=True)
class Shown:
    """A sample's masks beside each other, and what they score by `measure`; `says` what to see."""

    sample: str
    measure: str
    architectures: tuple[str, ...]
    says: Any


@dataclass(frozen=True)
class Chapter:
    """A step of the lineage.

    architectures: those it tells of, whose claims it shows; beside: those in its table beside them;
    measures: names of what the step is about; notes: why a claim holds or does not; asks: a
    question that the notes answer.
    """

    key: str
    title: Any
    architectures: tuple[str, ...]
    beside: tuple[str, ...] = ()
    figures: tuple[str, ...] = ()
    code: tuple[Code, ...] = ()
    shown: tuple[Shown, ...] = ()
    measures: tuple[str, ...] = ()
    notes: tuple[Any, ...] = ()
    asks: Any = ""


CHAPTERS = (
    Chapter(
        "fcn",
        _("FCN: one pass over the image, and three failures"),
        ("fcn32s",),
        beside=("fcn8s",),
        figures=("bilinear",),
        shown=(
            Shown("bus", "large", ("fcn8s",), _("Large objects are cut apart.")),
            Shown("quay", "small", ("fcn32s",), _("Small objects are lost.")),
            Shown("harbour", "thin", ("fcn32s",), _("Boundaries are blurred.")),
        ),
        measures=("large", "small", "boundary_f1"),
        notes=(
            _(
                "All three have one origin: the last map has a cell for 32×32 pixels, and what is "
                "filled in between is interpolation, which knows nothing of the image."
            ),
        ),
    ),
    Chapter(
        "deconvnet",
        _("DeconvNet: a way back up that is learned"),
        ("deconvnet", "edeconvnet"),
        beside=("fcn32s",),
        figures=("unpooling", "transposed"),
        shown=(
            Shown(
                "harbour",
                "thin",
                ("fcn32s", "deconvnet"),
                _("Are edges where they belong once places are remembered?"),
            ),
        ),
        measures=("large", "boundary_f1"),
        notes=(
            _(
                "DeconvNet is trained here without pretrained weights and at an eighth of its "
                "width, which leaves 64 of its 512 channels a layer: its scores tell of that as "
                "much as of its decoder. Only both decoders inside one network can tell them apart."
            ),
        ),
    ),
    Chapter(
        "segnet",
        _("SegNet: the places alone, at less cost"),
        ("segnet",),
        beside=("deconvnet",),
        shown=(
            Shown(
                "harbour",
                "thin",
                ("deconvnet", "segnet"),
                _("The same unpooling without the two fully connected layers."),
            ),
        ),
        measures=("boundary_f1",),
        notes=(
            _(
                "The verdict on cost is of both as their papers have them. Slim, DeconvNet is "
                "narrowed to an eighth and SegNet to a quarter, so that both have about equally "
                "many parameters: there it is SegNet that takes longer, as the table says."
            ),
        ),
    ),
    Chapter(
        "skips",
        _("Skips: what pooling lost is handed over"),
        ("fcn16s", "fcn8s", "unet", "fc_densenet56"),
        beside=("fcn32s", "segnet"),
        code=(
            Code("papers/fcn/network.py",
                 "x = self.upscore2(x, skip.shape[-2:]) + self.get_submodule(name)(skip)"),
            Code("papers/unet/network.py",
                 "x = merge(torch.cat([skip, x], dim=1) if self.skips else x)"),
        ),
        shown=(
            Shown(
                "harbour",
                "thin",
                ("fcn32s", "fcn8s", "unet"),
                _("Added scores, then whole features side by side: masts and railings come back."),
            ),
        ),
        measures=("boundary_f1", "small", "thin"),
        notes=(
            _(
                "FCN adds scores made of finer maps; U-Net and FC-DenseNet hand the features "
                "themselves over. That costs: all these maps are kept in memory at full size."
            ),
        ),
    ),
    Chapter(
        "dilation",
        _("Dilation: a wide view without pooling"),
        ("deeplab_v1", "dilatednet_front", "dilatednet_basic", "dilatednet_large"),
        beside=("fcn32s",),
        figures=("dilation",),
        shown=(
            Shown(
                "bus",
                "large",
                ("fcn8s", "deeplab_v1", "dilatednet_front"),
                _("Cells of 8 pixels instead of 32, and as wide a view: is the bus one piece?"),
            ),
        ),
        measures=("large", "boundary_f1"),
        notes=(
            _(
                "The paper puts the context module onto a front end that has been trained. The "
                "checkpoint here learned both at once, in as many epochs as the front end alone "
                "had; the plan's arms do it as the paper does."
            ),
        ),
    ),
    Chapter(
        "rates",
        _("Several rates: objects of every size"),
        ("deeplab_v2_vgg16", "deeplab_v2_resnet101"),
        beside=("deeplab_v1",),
        figures=("rates",),
        shown=(
            Shown(
                "quay",
                "small",
                ("deeplab_v1", "deeplab_v2_vgg16"),
                _("Near cars and far boats in one picture: one rate, then four."),
            ),
        ),
        measures=("large", "small"),
        notes=(
            _(
                "At 192×256 pixels the map has 25×33 cells. A kernel of rate 24 spans 49, so most "
                "of its weights fall beside the map, as rate 5 shows in the figure above: "
                "little of what the four rates are for can show at this size."
            ),
        ),
    ),
    Chapter(
        "pspnet",
        _("Global pooling: what scene this is"),
        ("pspnet_resnet50", "pspnet_resnet101"),
        beside=("deeplab_v2_vgg16",),
        figures=("pyramid",),
        shown=(
            Shown(
                "skyline",
                "context",
                ("unet", "deeplab_v2_vgg16", "pspnet_resnet50"),
                _("Mismatched context: what has a car's body and lies on water is a boat."),
            ),
            Shown(
                "bus",
                "look_alike",
                ("deeplab_v2_vgg16", "pspnet_resnet50"),
                _("Confused categories: only their whole extent tells houses from towers."),
            ),
            Shown(
                "hiding",
                "low_contrast",
                ("fcn32s", "deeplab_v2_vgg16", "pspnet_resnet50"),
                _("Inconspicuous classes: people and signs in the colour of what is behind."),
            ),
        ),
        measures=("context", "look_alike", "low_contrast"),
        notes=(
            _(
                "These two differ in their trunk as well, VGG-16 against ResNet-50, and neither is "
                "pretrained. Only the pyramid against a plain convolution inside PSPNet can tell."
            ),
        ),
    ),
    Chapter(
        "deeplab_v3",
        _("DeepLab v3: several rates and the whole image"),
        ("deeplab_v3_resnet50", "deeplab_v3_resnet101"),
        beside=("fcn8s", "unet", "deeplab_v1", "deeplab_v2_vgg16", "pspnet_resnet50"),
        figures=("pooling",),
        shown=(
            Shown(
                "bus",
                "large",
                ("fcn8s", "deeplab_v2_vgg16", "deeplab_v3_resnet50"),
                _("The bus, by a fixed view, by several rates, and by rates with image pooling."),
            ),
        ),
        measures=("large", "context", "boundary_f1"),
        asks=_("Why does DeepLab v3 see the bus whole?"),
        notes=(
            _(
                "Because every cell inside the bus sees all of the bus. Its last stage is dilated "
                "instead of pooled, so the bus stays many cells; several rates look from one cell "
                "at near and far parts of it, further than its doors and windows are wide; and "
                "image pooling gives each cell the average of the whole image, so that a cell in "
                "the middle of a window has the same evidence for “bus” as one at the wheels. "
                "Switch image pooling off in the figure, and a cell is made of less."
            ),
            _(
                "One picture may be luck: the table scores every large object of the test scenes, "
                "and there networks without image pooling may do as well. All of them are slim and "
                "not pretrained, and v3's cells are 16 pixels wide against 8 in v2. How much image "
                "pooling adds, only switching it off inside one network and training both can tell."
            ),
        ),
    ),
    Chapter(
        "rest",
        _("And whatever the network"),
        (),
        notes=(
            _(
                "What the lecture claims of all of them: where weights come from, where cells lie, "
                "how far a network sees in truth."
            ),
        ),
    ),
)  # fmt: skip


def chapter_of(architecture: str) -> Chapter | None:
    """The chapter that tells of it."""
    return next((one for one in CHAPTERS if architecture in one.architectures), None)
