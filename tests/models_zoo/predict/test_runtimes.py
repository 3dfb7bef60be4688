"""OpenVINO beside PyTorch: the same masks, whatever the size; graphs on the disk; the first use."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from models_zoo import build
from models_zoo.checkpoints.files import weights_save
from models_zoo.networks.catalogue import catalogue
from models_zoo.predict.engine import Engine
from models_zoo.predict.runtimes import graphs_wanted
from tests.models_zoo.fixtures import write_checkpoint

pytest.importorskip("openvino")

from models_zoo.predict.runtimes import converter, graphs, openvino
from models_zoo.predict.runtimes.graphs import NoGraph, convert, graph_make, graph_path, graph_read

pytestmark = pytest.mark.slow

Checkpoint = tuple[Path, dict[str, Any]]


@pytest.fixture(autouse=True)
def own_graphs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SEGWEB_RUNTIME", "auto")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return write_checkpoint(tmp_path)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


def from_torch(checkpoint: Checkpoint, image: np.ndarray) -> Any:
    return Engine(precision="fp32").predict(*checkpoint, image)


@pytest.fixture
def single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs then is the runtime alone."""
    monkeypatch.setattr("models_zoo.predict.engine.resolve", lambda precision, device: "fp32")


@pytest.mark.parametrize("size", [(48, 64), (37, 53), (20, 90), (131, 77)])
def test_an_image_gets_the_mask_and_probabilities_of_pytorch(size, checkpoint, single_precision):
    image = noise(*size)
    found, wanted = Engine().predict(*checkpoint, image), from_torch(checkpoint, image)
    assert (found.runtime, wanted.runtime) == ("openvino", "torch")
    assert found.scored_at == wanted.scored_at
    assert np.mean(found.top_classes == wanted.top_classes) > 0.999
    difference = found.top_probabilities.astype(int) - wanted.top_probabilities
    assert np.abs(difference).max() <= 1
    assert found.memory_bytes > sum(p.nbytes for p in build("unet", variant="slim").parameters())


def test_where_bf16_falls_short_graphs_are_in_float32(tmp_path):
    weights, sidecar = write_checkpoint(tmp_path)
    sidecar |= {"architecture": "segnet", "options": {}}
    sidecar["sha256"] = weights_save(weights, build("segnet", variant="slim", num_classes=11))
    found = Engine().predict(weights, sidecar, noise(48, 64))
    assert (found.runtime, found.precision) == ("openvino", "fp32")
    assert np.mean(found.mask == from_torch((weights, sidecar), noise(48, 64)).mask) > 0.999


def test_a_picture_that_is_not_to_be_written_to(checkpoint):
    image = noise(48, 64)
    image.flags.writeable = False
    assert Engine().predict(*checkpoint, image).runtime == "openvino"


def test_fewer_classes_than_three(tmp_path, single_precision):
    weights, sidecar = write_checkpoint(tmp_path)
    sidecar["classes"] = sidecar["classes"][:2]
    sidecar["sha256"] = weights_save(weights, build("unet", variant="slim", num_classes=2))
    found, wanted = (
        predict((weights, sidecar), noise(48, 64))
        for predict in (lambda c, image: Engine().predict(*c, image), from_torch)
    )
    assert found.runtime == "openvino"
    assert found.top_classes.shape == (3, 48, 64)
    assert not found.top_probabilities[2].any()
    assert np.array_equal(found.mask, wanted.mask)


# One of each paper: its others are put together of the same modules.
OF_PAPERS = {line.paper.title: key for key, line in reversed(catalogue().items())}


@pytest.mark.slow  # some seconds each
@pytest.mark.parametrize("key", sorted(OF_PAPERS.values()))
def test_every_network_is_one_graph_for_all_sizes(key):
    """`convert` compares logits at sizes that it did not trace."""
    network = build(key, variant="slim", num_classes=3).eval()
    assert convert(network, (96, 128)).output(0).get_partial_shape()[1].get_length() == 3


def test_a_network_whose_size_is_fixed_by_tracing_stays_with_pytorch(checkpoint, monkeypatch):
    class Fixed(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            height = int(image.shape[2])
            return image * height

    with pytest.raises(NoGraph, match="differ"):
        convert(Fixed(), (48, 64))
    monkeypatch.setattr(graphs, "network_load", lambda *_: Fixed())
    engine = Engine()
    assert engine.predict(*checkpoint, noise(48, 64)).runtime == "torch"
    # That there is none is kept too.
    monkeypatch.setattr(openvino, "graph_make", None)
    assert Engine().predict(*checkpoint, noise(48, 64)).runtime == "torch"


def test_a_graph_is_made_once_and_a_damaged_one_again(checkpoint, monkeypatch):
    first = Engine().predict(*checkpoint, noise(48, 64))
    path = graph_path(checkpoint[1])
    whole = path.read_bytes()
    with monkeypatch.context() as forbidden:
        forbidden.setattr(graphs, "convert", None)
        again = Engine().predict(*checkpoint, noise(48, 64))
    assert np.array_equal(first.top_probabilities, again.top_probabilities)
    for damaged in (whole[:-1], whole[:5000] + b"?" + whole[5001:], b""):
        path.write_bytes(damaged)
        mended = Engine().predict(*checkpoint, noise(48, 64))
        assert mended.runtime == "openvino"
        assert np.array_equal(first.mask, mended.mask)
        assert path.stat().st_size == len(whole)


def test_several_processes_make_it_once(checkpoint, monkeypatch):
    """Who waited for the lock finds what the first one made."""
    graph_make(*checkpoint)
    monkeypatch.setattr(graphs, "network_load", None)
    graph_make(*checkpoint)


def test_graphs_used_longest_ago_go_beyond_the_budget(tmp_path, monkeypatch):
    checkpoints = [write_checkpoint(tmp_path, name=name) for name in "ab"]
    weights, sidecar = checkpoints[1]
    torch.manual_seed(1)
    sidecar["sha256"] = weights_save(weights, build("unet", variant="slim", num_classes=11))
    graph_make(*checkpoints[0])
    older = graph_path(checkpoints[0][1])
    monkeypatch.setattr(graphs, "BUDGET_BYTES", older.stat().st_size + 1)
    graph_make(*checkpoints[1])
    assert not older.exists()
    assert graph_read(graph_path(sidecar)) is not None


def test_behind_pytorch_answers_until_the_graph_is_there(checkpoint, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(
        converter.Converter, "ask", lambda _, weights, sidecar: asked.append(sidecar["sha256"])
    )
    engine = Engine(behind=True)
    assert engine.predict(*checkpoint, noise(48, 64)).runtime == "torch"
    assert asked == [checkpoint[1]["sha256"]]
    graph_make(*checkpoint)
    assert engine.predict(*checkpoint, noise(48, 64)).runtime == "openvino"


def test_the_converter_goes_on_after_a_checkpoint_that_is_broken(checkpoint, tmp_path, monkeypatch):
    weights, sidecar = checkpoint
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"no weights")
    lines = json.dumps([(str(broken), sidecar), (str(weights), sidecar)])
    # In this process: one of the lowest priority may wait for minutes on a busy machine.
    lowered: list[int] = []
    monkeypatch.setattr(converter.os, "nice", lowered.append)
    # pytest's thread may end before its process.
    monkeypatch.setattr(converter, "die_with_parent", lambda: None)
    monkeypatch.setattr(converter.sys, "stdin", io.StringIO(lines))
    converter.main()
    assert lowered == [19]
    assert graph_read(graph_path(sidecar)) is not None


def test_a_chosen_precision_and_tiles_are_pytorchs(checkpoint, monkeypatch):
    assert Engine(precision="bf16").predict(*checkpoint, noise(48, 64)).runtime == "torch"
    tiled = Engine().predict(*checkpoint, noise(200, 200), scale="tiles")
    assert (tiled.runtime, tiled.tiled) == ("torch", True)
    monkeypatch.setenv("SEGWEB_RUNTIME", "torch")
    assert not graphs_wanted()
    assert Engine().predict(*checkpoint, noise(48, 64)).runtime == "torch"
