"""The shipped zoo: which slim networks are trained on which data, how, and the training of them.

`zoo_train` is what `make train-zoo` runs. It trains what is missing or was trained by another
recipe, in the plan's order, one after the other, and puts each result where it is shipped from.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models_zoo.files import write_atomically
from models_zoo.training.config import TrainConfig
from models_zoo.weights import FOLDER, sidecar_read
from models_zoo.weights.history import SUFFIX, history_write

# One network of each paper first, so that the whole story is there before its variations.
FIRST = (
    "fcn8s",
    "deconvnet",
    "segnet",
    "unet",
    "fc_densenet56",
    "deeplab_v1",
    "dilatednet_large",
    "deeplab_v2_vgg16",
    "pspnet_resnet50",
    "deeplab_v3_resnet50",
    "fcn16s",
    "fcn32s",
)
LATER = (
    "edeconvnet",
    "segnet_basic",
    "fc_densenet67",
    "fc_densenet103",
    "dilatednet_front",
    "dilatednet_basic",
    "deeplab_v2_resnet101",
    "pspnet_resnet101",
    "deeplab_v3_resnet101",
)

# What differs from TrainConfig's recipe. Sizes 8·n + 1 fit networks whose cells sit on pixel 8·n.
_CORNERS = (257, 321)
_ON_CORNERS = {"crop": _CORNERS}
CAMVID: dict[str, dict[str, Any]] = {
    "fcn8s": {"epochs": 40},
    "fcn16s": {"epochs": 25},
    "fcn32s": {"epochs": 25},
    "segnet": {"epochs": 60, "batch": 4},
    "segnet_basic": {"epochs": 30, "batch": 4},
    "deconvnet": {"epochs": 30, "batch": 4},
    "edeconvnet": {"epochs": 60, "batch": 4},
    "unet": {"epochs": 32},
    "fc_densenet56": {"epochs": 30, "batch": 4},
    "fc_densenet67": {"epochs": 30, "batch": 4},
    "fc_densenet103": {"epochs": 40, "batch": 4},
    "deeplab_v1": {"epochs": 25, **_ON_CORNERS},
    "deeplab_v2_vgg16": {"epochs": 25, **_ON_CORNERS},
    "deeplab_v2_resnet101": {"epochs": 25, **_ON_CORNERS},
    "dilatednet_front": {"epochs": 25},
    "dilatednet_basic": {"epochs": 25},
    "dilatednet_large": {"epochs": 25},
    "pspnet_resnet50": {"epochs": 25, "options": {"aux": True}, **_ON_CORNERS},
    "pspnet_resnet101": {"epochs": 25, "options": {"aux": True}, **_ON_CORNERS},
    "deeplab_v3_resnet50": {"epochs": 35, **_ON_CORNERS},
    "deeplab_v3_resnet101": {"epochs": 35, **_ON_CORNERS},
}
# 2,000 scenes are five times CamVid's images at a third of its size. They vary by themselves in
# light and distance, so that ten epochs learn more when little is changed beside.
SCENES: dict[str, Any] = {"scale": (0.8, 1.25), "jitter": 0.1}
SCENES_EPOCHS = 10
# Short of 0.60 after ten epochs of that, with no more mIoU on what they learned from than on val;
# and their relatives. They learn from the scenes as these are, and for longer.
_AS_DRAWN: dict[str, Any] = {"scale": (1.0, 1.0), "jitter": 0.0}
SCENES_LONGER = {
    "segnet": 15,
    "segnet_basic": 15,
    "deconvnet": 20,
    "edeconvnet": 20,
    "deeplab_v2_vgg16": 15,
    "deeplab_v2_resnet101": 15,
    "dilatednet_basic": 15,
    "dilatednet_large": 15,
    "pspnet_resnet50": 15,
    "pspnet_resnet101": 15,
    "deeplab_v3_resnet50": 15,
    "deeplab_v3_resnet101": 15,
}
_SCENES_CROP, _SCENES_CORNERS = (192, 256), (193, 257)


@dataclass(frozen=True)
class Item:
    """One network of the zoo: its recipe and where it is shipped."""

    dataset: str
    config: TrainConfig

    @property
    def name(self) -> str:
        """The file name that the shipped files share."""
        return f"{self.config.arch}-{self.config.variant}"

    def shipped_at(self, folder: Path) -> Path:
        """The weights file inside the folder of shipped weights."""
        return folder / self.dataset / f"{self.name}.safetensors"

    @property
    def command(self) -> str:
        """The command line that trains it, which names its recipe."""
        from models_zoo.training.sidecar import command

        return command(self.config)

    def run_folder(self, runs: Path) -> Path:
        """Where this recipe trains; a changed recipe begins anew in another folder."""
        recipe = hashlib.sha256(self.command.encode()).hexdigest()[:8]
        return runs / self.dataset / f"{self.name}-{recipe}"

    def is_current(self, folder: Path) -> bool:
        """Whether weights of this very recipe are shipped already, with their history."""
        weights = self.shipped_at(folder)
        sidecar = weights.with_suffix(".json")
        if not all(path.is_file() for path in (weights, sidecar, weights.with_suffix(SUFFIX))):
            return False
        return sidecar_read(sidecar)["command"] == self.command


def plan(*, camvid: str = "") -> Iterator[Item]:
    """Every network of the zoo in the order of training; CamVid's only where its folder is given.

    First one network of each paper, on CamVid and then on scenes, then the others likewise.
    """
    for keys in (FIRST, LATER):
        if camvid:
            yield from (Item("camvid", _camvid(key, camvid)) for key in keys)
        yield from (Item("scenes", _scenes(key)) for key in keys)


def _camvid(key: str, folder: str) -> TrainConfig:
    return TrainConfig(arch=key, data=f"camvid:{folder}", **CAMVID[key])


def _scenes(key: str) -> TrainConfig:
    crop = _SCENES_CORNERS if CAMVID[key].get("crop") == _CORNERS else _SCENES_CROP
    recipe = _AS_DRAWN if key in SCENES_LONGER else SCENES
    epochs = SCENES_LONGER.get(key, SCENES_EPOCHS)
    settings = CAMVID[key] | recipe | {"crop": crop, "epochs": epochs}
    return TrainConfig(arch=key, data="scenes", **settings)


def zoo_train(
    items: list[Item], *, runs: Path, say: Callable[[str], object], folder: Path = FOLDER
) -> dict[str, str]:
    """Trains what is not current and ships it into `folder`; tells each step by `say`.

    Returns what failed: checkpoint names with their sentences. Stopped (with the state saved) after
    SIGTERM or Ctrl-C: the next call goes on where this one was.
    """
    from models_zoo.training.events import sentence_of
    from models_zoo.training.failures import TrainingFailed
    from models_zoo.training.run import train

    failed = {}
    for number, item in enumerate(items, start=1):
        label = f"[{number}/{len(items)}] {item.dataset} {item.name}"
        if item.is_current(folder):
            say(f"{label}: shipped already")
            continue
        say(f"{label}: {item.config.epochs} epochs")
        out = item.run_folder(runs)
        try:
            sidecar = train(item.config, out, resume=True)
        except (TrainingFailed, ValueError, OSError) as fault:
            failed[f"{item.dataset} {item.name}"] = sentence_of(fault)
            say(f"{label}: {sentence_of(fault)}")
            continue
        ship(out, item.shipped_at(folder))
        say(f"{label}: mIoU {sidecar['scores'][0]['miou']:.4f} on val")
    return failed


def ship(run: Path, weights: Path) -> None:
    """Puts a finished run's weights, sidecar and history where the zoo ships them from."""
    from models_zoo.training.loop import WEIGHTS_NAME

    weights.parent.mkdir(parents=True, exist_ok=True)
    best = run / WEIGHTS_NAME
    write_atomically(weights, best.read_bytes())
    write_atomically(weights.with_suffix(".json"), best.with_suffix(".json").read_bytes())
    history_write(run, weights.with_suffix(SUFFIX))
