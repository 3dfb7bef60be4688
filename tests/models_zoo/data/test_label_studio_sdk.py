"""What goes out to Label Studio, held against its SDK's own schema, converter and decoder.

The SDK wants an older numpy than SegWeb runs with, so that it has an environment of its own:
`pip install label_studio_sdk==2.1.2 pytest`, then
`python -m pytest --noconftest -c /dev/null --rootdir . FILE` with this one.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from models_zoo.data.classes import class_list
from models_zoo.data.labelling.export import label_studio_pieces, prediction

sdk = pytest.importorskip("label_studio_sdk", reason="has an environment of its own")

CLASSES = class_list(("sky", "#a6cee3"), ("road", "#5b4f9c"), ("background", "#000000"))
MASK = np.random.default_rng(0).integers(0, 3, (12, 20)).astype(np.uint8)
CONFIG = """<View><Image name="image" value="$image"/><BrushLabels name="tag" toName="image">
<Label value="sky"/><Label value="road"/></BrushLabels></View>"""


def test_the_schema_takes_our_predictions() -> None:
    from label_studio_sdk.label_interface import LabelInterface

    interface = LabelInterface(CONFIG)
    told = prediction(MASK, CLASSES, "camvid-unet-slim")
    assert interface.validate_prediction(told)
    told["result"][0]["value"]["brushlabels"] = ["tree"]
    assert not interface.validate_prediction(told)


def test_the_decoder_reads_our_brushes() -> None:
    from label_studio_sdk.converter.brush import decode_rle

    for number, result in enumerate(prediction(MASK, CLASSES, "m")["result"]):
        pixels = np.array(decode_rle(result["value"]["rle"])).reshape(*MASK.shape, 4)
        assert np.array_equal(pixels[..., 3] == 255, number == MASK)


def test_the_converter_makes_our_masks_of_our_tasks(tmp_path) -> None:
    from label_studio_sdk.converter import Converter

    tasks = json.loads(b"".join(label_studio_pieces([("a.png", MASK)], CLASSES, "m")))
    tasks[0] |= {"id": 1, "annotations": [tasks[0].pop("predictions")[0] | {"id": 7}]}
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    converter = Converter(CONFIG, str(tmp_path), download_resources=False)
    out = str(tmp_path / "out")
    (tmp_path / "out").mkdir()
    converter.convert(str(tmp_path / "export.json"), out, "BRUSH_TO_NUMPY", is_dir=False)
    found = {path.name: np.load(path) for path in (tmp_path / "out").glob("*.npy")}
    assert len(found) == 2
    for name, pixels in found.items():
        number = 0 if "sky" in name else 1
        assert np.array_equal(pixels > 0, number == MASK)
