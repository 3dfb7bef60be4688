"""Checkpoints' graphs compiled for the sizes that occur: from an image's bytes to its classes."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cache
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from openvino import opset13 as ops
from openvino.preprocess import PrePostProcessor
from torch import Tensor

from models_zoo.networks.catalogue import architecture_get
from models_zoo.predict.inputs import batch_of, scoring_size
from models_zoo.predict.runtimes.converter import Converter
from models_zoo.predict.runtimes.graphs import NoGraph, graph_make, graph_path, graph_read
from models_zoo.predict.runtimes.likeliest import TOP

HINTS = {"fp32": "f32", "bf16": "bf16"}

logger = logging.getLogger(__name__)


@cache
def _core() -> ov.Core:
    core = ov.Core()
    # Threads that are tied to a core wait there for a training that has it.
    core.set_property("CPU", {"ENABLE_CPU_PINNING": False, "PERFORMANCE_HINT": "LATENCY"})
    return core


def graph_compile(graph: ov.Model, precision: str) -> ov.CompiledModel:
    """A graph of one size, compiled for this processor; `precision` is one of HINTS."""
    return _core().compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": HINTS[precision]})


class Graphs:
    """Compiles checkpoints' graphs. Where there is none yet it is made: at once, or `behind`."""

    def __init__(self, precision: str, *, behind: bool) -> None:
        self.precision = precision
        self.converter = Converter() if behind else None
        self._without: set[Path] = set()

    def compiled(
        self, weights: Path, sidecar: dict[str, Any], size: tuple[int, int]
    ) -> CompiledGraph | None:
        """A checkpoint's graph for images of `size`; None where PyTorch has to answer."""
        path = graph_path(sidecar)
        if path in self._without:
            return None
        try:
            graph = graph_read(path)
            if graph is None and self.converter is not None:
                self.converter.ask(weights, sidecar)
            elif graph is None:
                graph_make(weights, sidecar)
                graph = graph_read(path)
            precise = architecture_get(sidecar["architecture"]).precise
            precision = "fp32" if precise else self.precision
            return graph and CompiledGraph(graph, sidecar, size, precision)
        except NoGraph:
            self._without.add(path)
        except (OSError, ValueError, RuntimeError) as fault:
            # A full disk, or a size whose smallest map would be nothing: PyTorch has neither. What
            # is wrong with the checkpoint itself it says, too.
            logger.warning("%s has no graph for %s: %s", sidecar["key"], size, fault)
        return None


class CompiledGraph:
    """A checkpoint's graph for images of one height and width.

    `whole`: it takes an image's bytes and ends at its likeliest classes. Images that are scored at
    another size than their own are resized around it. `memory_bytes`: its constants, and the most
    that its maps take at once.
    """

    def __init__(
        self, graph: ov.Model, sidecar: dict[str, Any], size: tuple[int, int], precision: str
    ) -> None:
        """Takes `graph` as its own. RuntimeError when it does not have this size."""
        scored_at = scoring_size(size, tuple(sidecar["input_size"]))
        self.whole, self.precision = scored_at == size, precision
        self._mean, self._std = sidecar["mean"], sidecar["std"]
        graph.reshape([1, 3, *scored_at])
        if self.whole:
            graph = _begin_at_bytes(_end_at_bytes(graph), self._mean, self._std)
        compiled = graph_compile(graph, precision)
        self._request = compiled.create_infer_request()
        self.memory_bytes = _memory_bytes(compiled)

    def __call__(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """An H×W×3 uint8 RGB image → its likeliest classes, their probabilities: uint8 TOP×H×W."""
        self._infer(np.ascontiguousarray(pixels)[None])
        return self._output(0), self._output(1)

    def logits(self, pixels: np.ndarray, scored_at: tuple[int, int]) -> Tensor:
        """An H×W×3 uint8 RGB image → K×h×w float32 logits at `scored_at`, if not `whole`."""
        batch = batch_of(
            pixels,
            mean=self._mean,
            std=self._std,
            scored_at=scored_at,
            device=torch.device("cpu"),
        )
        self._infer(batch.contiguous().numpy())
        return torch.from_numpy(self._output(0))

    def _infer(self, batch: np.ndarray) -> None:
        self._request.infer({0: ov.Tensor(batch)})  # a copy: decoded images are read-only

    def _output(self, number: int) -> np.ndarray:
        # A copy: the next image is written over the request's own.
        return self._request.get_output_tensor(number).data[0].copy()


def _begin_at_bytes(graph: ov.Model, mean: Sequence[float], std: Sequence[float]) -> ov.Model:
    steps = PrePostProcessor(graph)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().model().set_layout(ov.Layout("NCHW"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).mean(
        [255 * value for value in mean]
    ).scale([255 * value for value in std])
    return steps.build()


def _end_at_bytes(graph: ov.Model) -> ov.Model:
    """The same graph with the likeliest classes and their probabilities in place of the logits."""
    logits = graph.output(0).get_node().input_value(0)
    classes, *size = tuple(logits.get_shape())[1:]
    count = min(TOP, classes)
    best = ops.topk(ops.softmax(logits, 1), np.int32(count), 1, "max", "value", "i32")
    shares = ops.round(ops.multiply(best.output(0), np.float32(255)), "half_to_even")
    ends = [ops.convert(best.output(1), "u8"), ops.convert(shares, "u8")]
    if count < TOP:  # of fewer classes the others are zeros
        filling = np.zeros((1, TOP - count, *size), np.uint8)
        ends = [ops.concat([end, filling], 1) for end in ends]
    return ov.Model(ends, graph.get_parameters())


def _memory_bytes(compiled: ov.CompiledModel) -> int:
    """Constants, and the most bytes that maps take at once, in the order of computing."""
    nodes = compiled.get_runtime_model().get_ordered_ops()
    last_read = {
        source.get_node().get_friendly_name(): place
        for place, node in enumerate(nodes)
        for source in node.input_values()
    }
    constants = alive = most = 0
    ends: dict[int, int] = {}
    for place, node in enumerate(nodes):
        size = sum(
            prod(output.get_shape()) * output.get_element_type().size for output in node.outputs()
        )
        if node.get_rt_info()["layerType"].astype(str) == "Const":
            constants += size
            continue
        alive += size
        most = max(most, alive)
        end = last_read.get(node.get_friendly_name(), place)
        ends[end] = ends.get(end, 0) + size
        alive -= ends.pop(place, 0)
    return constants + most
