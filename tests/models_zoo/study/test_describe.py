"""Descriptions: the traced data path, options, align_corners, and that the files are current."""

from __future__ import annotations

import json
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from models_zoo import architecture_get, build, catalogue, published
from models_zoo.cli import main
from models_zoo.study.corners import corners_compare
from models_zoo.study.describe import describe, options
from models_zoo.study.descriptions import CORNERS, description, picture_path
from models_zoo.study.graph import trace

QUICK = ("fcn8s", "segnet_basic")


class Branching(nn.Module):
    """Two branches of a list, joined and brought back to the image's size."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.branches = nn.ModuleList(
            nn.Conv2d(8, 4, 3, padding=rate, dilation=rate) for rate in (1, 6)
        )

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        x = self.stem(image)
        x = torch.cat([branch(x) for branch in self.branches], dim=1)
        return nn.functional.interpolate(x, image.shape[-2:], mode="bilinear")


def path_of(network: nn.Module, size: tuple[int, int] = (32, 48)) -> list[dict]:
    return trace(network.to("meta").eval(), size)


def test_blocks_have_the_shapes_and_sources_of_the_network():
    image, stem, first, second, concat, upsample = path_of(Branching())
    assert image["parts"] == [{"op": "image", "times": 1}]
    assert [part["op"] for part in stem["parts"]] == ["conv", "max pool"]
    assert (stem["shape"], stem["from"]) == ((8, 16, 24), [0])
    assert second["parts"] == [{"op": "conv", "times": 1, "kernel": 3, "rates": [6]}]
    assert (first["module"], first["from"], second["from"]) == ("branches.0", [1], [1])
    assert (concat["parts"][0]["op"], concat["shape"]) == ("concat", (8, 16, 24))
    assert concat["from"] == [2, 3]
    assert (upsample["parts"][0]["factor"], upsample["shape"]) == (2, (8, 32, 48))


@pytest.mark.slow
@pytest.mark.parametrize("key", ["segnet", "deconvnet", "unet", "fc_densenet56", "pspnet_resnet50"])
def test_shapes_are_those_of_a_real_forward_pass(key):
    network = build(key, variant="slim", num_classes=5).eval()
    seen: dict[str, list[tuple[int, ...]]] = {}
    for name, module in network.named_modules():
        module.register_forward_hook(
            lambda _m, _i, output, name=name: seen.setdefault(name, []).append(
                tuple((output[0] if isinstance(output, tuple) else output).shape[1:])
            )
        )
    with torch.inference_mode():
        network(torch.zeros(1, 3, 72, 96))
    with torch.device("meta"):
        path = trace(build(key, variant="slim", num_classes=5).eval(), (72, 96))
    modules = [block for block in path if block["module"] and block["parts"][0]["op"] != "concat"]
    assert len(modules) > 8
    for block in modules:
        upsampled = block["parts"][-1]["op"] == "upsample"  # outside of the branch's own module
        assert upsampled or block["shape"] in seen[block["module"]], block


@pytest.mark.slow
def test_unpooling_names_the_pooling_whose_indices_it_takes():
    with torch.device("meta"):
        path = trace(build("segnet", variant="slim", num_classes=5).eval(), (64, 64))
    pools = [n for n, block in enumerate(path) if block["parts"][0]["op"] == "max pool"]
    unpools = [block for block in path if "places" in block]
    assert [block["places"] for block in unpools] == pools[::-1]
    for block in unpools:
        before = path[path[block["places"]]["from"][0]]
        assert block["shape"][1:] == before["shape"][1:]


@pytest.mark.slow
def test_a_sum_of_branches_is_one_block_and_a_mean_is_called_so():
    with torch.device("meta"):
        summed = trace(build("deeplab_v2_vgg16", variant="slim").eval(), (64, 64))
        mean = trace(build("edeconvnet", variant="slim").eval(), (64, 64))
    sums = [block for block in summed if block["parts"][0]["op"] == "sum"]
    assert [len(block["from"]) for block in sums] == [4]
    assert mean[-1]["parts"][0]["op"] == "mean"


def test_options_come_with_the_papers_choice_and_the_others():
    found = {option["name"]: option for option in options(architecture_get("deeplab_v3_resnet50"))}
    assert found["output_stride"] == {"name": "output_stride", "default": 16, "choices": [8, 16]}
    assert found["head"]["choices"] == ["paper", "torchvision"]
    assert found["multi_grid"]["default"] == (1, 2, 4)
    assert found["align_corners"]["default"] is True


def test_every_architecture_is_described():
    for key in [*catalogue(), *published()]:
        found = description(key)
        assert found is not None, f"python -m models_zoo describe {key}"
        corners = "align_corners" in {option["name"] for option in found["options"]}
        for name in CORNERS:
            assert picture_path(key, name).is_file() == corners


@pytest.mark.parametrize(
    "key",
    [
        key if key in QUICK else pytest.param(key, marks=pytest.mark.slow)
        for key in [*catalogue(), *published()]
    ],
)
def test_the_files_are_what_the_networks_give(key):
    stored = {name: value for name, value in description(key).items() if name != "align_corners"}
    assert json.loads(json.dumps(describe(key))) == stored, f"python -m models_zoo describe {key}"


@pytest.mark.parametrize("key", ["fcn8s", "pspnet_resnet50"])
def test_the_difference_is_where_the_masks_differ(key):
    pictures, facts = corners_compare(key)
    masks = {}
    for name, data in pictures.items():
        with Image.open(BytesIO(data)) as picture:
            masks[name] = np.asarray(picture)
    different = masks["aligned"] != masks["unaligned"]
    assert np.array_equal(masks["difference"], different)
    assert facts["share"] == pytest.approx(different.mean(), abs=1e-5)
    assert 0.001 < facts["share"] < 0.5
    stored = description(key)["align_corners"]
    assert facts["checkpoint"] == stored["checkpoint"], f"python -m models_zoo describe {key}"
    assert facts["share"] == pytest.approx(stored["share"], abs=0.005)


@pytest.mark.slow
def test_the_command_writes_where_it_is_told(tmp_path, capsys):
    assert main(["describe", "fcn32s", "unet", "--out", str(tmp_path)]) == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"fcn32s.json", "unet.json", *(f"fcn32s.{name}.png" for name in CORNERS)}
    assert description("unet", tmp_path)["variants"]["full"]["figures"]["parameters"] == 31_033_045
