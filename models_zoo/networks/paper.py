"""What a paper's folder says: of the publication, and of each architecture in it. No torch.

Sentences are English, marked for translation by `gettext_noop`; pages translate them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from models_zoo.translation import gettext_noop as _

# What an option means that several papers' networks have; a paper says it of its own options.
COMMON_OPTIONS = {
    "batch_norm": _("Normalise the convolutions over the batch."),
    "align_corners": _("Upsampling puts the corner cells onto the corner pixels."),
    "aux": _("A second classifier one stage earlier, for training."),
}


@dataclass(frozen=True)
class Paper:
    """A publication.

    `settings`: how it trains, as settings of `TrainConfig`. Only what the paper says and this
    training has; everything else keeps its default, and its count of iterations is the user's
    choice of epochs. Learning rates that differ by layer have no counterpart here.
    """

    title: str
    year: int
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Claim:
    """What the lecture says of a part of an architecture, and where that is put to the test.

    `comparisons`: names of them in models_zoo/ablations/lineage.json, where that one part is
    changed.
    """

    says: str
    comparisons: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """How the zoo trains an architecture: what differs from `training.zoo.recipes`.

    `settings` hold on every data set, `camvid` and `scenes` on that one. `on_corners`: the cells of
    its maps sit on every eighth pixel, so that crops of 8·n + 1 pixels fit it. `taught`: it learns
    CamVid from a teacher, on a GPU. `turn`: networks that have one are trained first, by turn, and
    shown before the others; 1 is for the network that stands for its paper. `unshipped`: why a
    checkpoint is missing.
    """

    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    camvid: Mapping[str, Any] = field(default_factory=dict, hash=False)
    scenes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    on_corners: bool = False
    taught: bool = False
    turn: int | None = None
    unshipped: str = ""


@dataclass(frozen=True)
class Architecture:
    """One line of the catalogue, with all that is said of it.

    `path` names the network's class as "module:Class"; it is called with `num_classes`, `width`
    and `arguments`, which make this key of it; its other keyword arguments are the options, and
    `options` says in a sentence what each means that is not in COMMON_OPTIONS.
    `idea`: what it does, in a sentence. `answers`: what it set out to mend. `claims`: what the
    lecture claims of it.
    `slim_width`: the factor by which the `slim` variant narrows every layer (see
    `models_zoo.networks.blocks.narrow`).
    `sees_at`, `strides_at`: the modules inside the network at whose output the receptive field and
    the output stride are measured; empty for the logits, and for the same place.
    `precise`: OpenVINO computes it in float32, since bf16 changes more than one pixel in 200.
    `backbone`: whether it has an encoder that weights are published for.
    `teaches`: it only teaches others (see `models_zoo.training.distillation`) and has no page.
    """

    key: str
    title: str
    paper: Paper
    idea: str
    path: str
    answers: str = ""
    claims: tuple[Claim, ...] = ()
    slim_width: float = 1.0
    arguments: Mapping[str, Any] = field(default_factory=dict, hash=False)
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    sees_at: str = ""
    strides_at: str = ""
    precise: bool = False
    backbone: bool = False
    recipe: Recipe = Recipe()
    teaches: bool = False


@dataclass(frozen=True, kw_only=True)
class Published(Architecture):
    """A line that is all about weights that others publish; such a network is not trained here.

    `weights`: torchvision's name of them; `parameters` and `megabytes`: what it says of them.
    """

    weights: str
    parameters: int
    megabytes: float
