"""The sample images that ship with the project: handpicked scenes, made again bit for bit."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from models_zoo.data.scenes.classes import CLASSES, IGNORE_INDEX
from models_zoo.data.scenes.scene import Scene, draw
from models_zoo.masks import mask_png

HEIGHT, WIDTH = 576, 768  # pixels

DATASET = {
    "slug": "scenes",
    "title": "Scenes",
    "licence": "the project's own",
    "source": "drawn by models_zoo.data.scenes from a seed",
    "classes": CLASSES,
    "ignore_index": IGNORE_INDEX,
}


@dataclass(frozen=True)
class Sample:
    """A scene worth showing: `failure` is one of FAILURES, `provokes` says it in a sentence."""

    name: str
    seed: int
    failure: str
    title: str
    provokes: str

    def scene(self) -> Scene:
        """The scene, drawn."""
        return draw(seed=self.seed, height=HEIGHT, width=WIDTH)


SAMPLES = (
    Sample("bus", 1370, "large", "A bus up close",
           "Windows and doors belong to the bus; a narrow view cuts it apart."),
    Sample("quay", 1183, "small", "Traffic along the quay",
           "Far cars, boats and people vanish in coarse masks."),
    Sample("bicycles", 1369, "thin", "Bicycles by the kerb",
           "Spokes, posts and railings need fine boundaries."),
    Sample("harbour", 1194, "context", "Road and river",
           "The same body is a car on the road and a boat on the water."),
    Sample("skyline", 1338, "look_alike", "Houses and towers",
           "Houses and skyscrapers share their walls, only their extent differs."),
    Sample("hiding", 1279, "low_contrast", "Grey before grey",
           "People and signs in nearly the colour of what is behind them."),
    Sample("promenade", 1250, "thin", "On the promenade",
           "A fence and bicycles, and boats behind them."),
    Sample("dusk", 1304, "low_contrast", "A walk at dusk",
           "People, trees and a fence fade into the dusk."),
)  # fmt: skip


def samples_write(folder: Path) -> None:
    """Write NAME.png, NAME.mask.png and samples.json for every sample into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for sample in SAMPLES:
        scene, file, mask = sample.scene(), f"{sample.name}.png", f"{sample.name}.mask.png"
        # They ship with the code: all of them are to stay under 500 KB.
        Image.fromarray(scene.image).save(folder / file, optimize=True)
        (folder / mask).write_bytes(mask_png(scene.mask, CLASSES))
        entries.append(asdict(sample) | {"file": file, "mask": mask, "dataset": DATASET["slug"]})
    index = {"dataset": DATASET, "samples": entries}
    (folder / "samples.json").write_text(json.dumps(index, indent=2) + "\n")
