"""Each network of the lineage beside its peers: one forward pass, in turns, and a whole predict."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models_zoo.bench.peers import PEERS, Forward, bf16_channels_last, installed
from models_zoo.checkpoints.files import weights_save
from models_zoo.data.classes import CAMVID
from models_zoo.images import IMAGENET_MEAN, IMAGENET_STD
from models_zoo.networks.build import build
from models_zoo.networks.catalogue import catalogue
from models_zoo.predict.engine import Engine, PredictedMask

SIZE = (360, 480)
QUICK = ("fcn8s", "segnet", "fc_densenet56", "deeplab_v3_resnet50")
OURS = "ours"


def rows(*, quick: bool = False, rounds: int = 9) -> Iterator[dict[str, Any]]:
    """A row for each network, slim ones first; QUICK ones only, slim, where it has to be quick."""
    plan = (
        [("slim", key) for key in QUICK]
        if quick
        else [(variant, key) for variant in ("slim", "full") for key in catalogue()]
    )
    for variant, key in plan:
        yield row(key, variant, rounds=rounds)


def row(key: str, variant: str, *, rounds: int) -> dict[str, Any]:
    """Milliseconds of ours and of each peer, medians of `rounds` turns, and what follows of them.

    `ratio`: ours over the best of the peers; `predict_ratio`: a whole prediction over its forward
    pass. The network is untrained: its speed is a trained one's, its masks mean nothing.
    """
    torch.manual_seed(0)
    network = build(key, variant=variant, num_classes=len(CAMVID)).eval().requires_grad_(False)
    pixels = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), np.uint8)
    image = torch.randn(1, 3, *SIZE)
    with tempfile.TemporaryDirectory() as folder, _graphs_in(folder):
        checkpoint = _written(Path(folder), network, key, variant)
        engine = Engine()
        predicted = engine.predict(*checkpoint, pixels)
        contenders = {OURS: _own_forward(deepcopy(network), checkpoint[1], image, predicted)}
        lacking = {}
        for name, make in installed().items():
            try:
                contenders[name] = make(deepcopy(network), image)
            except Exception as fault:
                lacking[name] = str(fault)[-200:]
        contenders["predict"] = lambda: engine.predict(*checkpoint, pixels)
        milliseconds = in_turns(contenders, rounds)
    best = min(milliseconds[name] for name in PEERS if name in milliseconds)
    return {
        "architecture": key,
        "variant": variant,
        "runtime": predicted.runtime,
        "precision": predicted.precision,
        "milliseconds": milliseconds,
        "ratio": milliseconds[OURS] / best,
        "predict_ratio": milliseconds["predict"] / milliseconds[OURS],
        "memory_bytes": predicted.memory_bytes,
        "lacking": lacking,
    }


def in_turns(contenders: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median milliseconds of each; in turns, so that a load on the machine falls on all."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, forward in contenders.items():
            started = time.perf_counter()
            forward()
            if number:  # in the first round kernels are chosen and memory is allocated
                times[name].append((time.perf_counter() - started) * 1000)
    return {name: statistics.median(taken) for name, taken in times.items()}


def _own_forward(
    network: torch.nn.Module, sidecar: dict[str, Any], image: Tensor, predicted: PredictedMask
) -> Forward:
    """The forward pass alone of what the engine computed `predicted` with."""
    if predicted.runtime == "torch":
        return bf16_channels_last(network, image)
    from models_zoo.predict.runtimes.graphs import graph_path, graph_read
    from models_zoo.predict.runtimes.openvino import graph_compile

    graph = graph_read(graph_path(sidecar))
    assert graph is not None, "the engine has just used it"  # noqa: S101
    graph.reshape(list(image.shape))
    request = graph_compile(graph, predicted.precision).create_infer_request()
    given = image.numpy()
    return lambda: request.infer({0: given}, share_inputs=True, share_outputs=True)


@contextmanager
def _graphs_in(folder: str) -> Iterator[None]:
    """These graphs serve once: they would drive out those that are used."""
    before = torch.hub.get_dir()
    torch.hub.set_dir(folder)
    try:
        yield
    finally:
        torch.hub.set_dir(before)


def _written(
    folder: Path, network: torch.nn.Module, key: str, variant: str
) -> tuple[Path, dict[str, Any]]:
    weights = folder / "network.safetensors"
    return weights, {
        "key": f"bench-{key}-{variant}",
        "architecture": key,
        "variant": variant,
        "options": {},
        "classes": CAMVID,
        "mean": IMAGENET_MEAN,
        "std": IMAGENET_STD,
        "input_size": SIZE,
        "sha256": weights_save(weights, network),
    }
