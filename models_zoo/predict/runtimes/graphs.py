"""Checkpoints as OpenVINO's graphs, kept on the disk.

A graph maps 1×3×H×W to 1×K×H×W logits as the network does, for any H and W. Converting one takes
seconds, so it is done once for a checkpoint, this graph's VERSION and OpenVINO's. A file is whole
or it is none: its sha256 stands before it, and what does not fit is converted again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import torch
from torch import nn

from models_zoo.files import clear_temporaries, write_atomically
from models_zoo.predict.inputs import network_load

VERSION = 1
BUDGET_BYTES = 2 << 30  # of graphs on the disk; those used longest ago go
IMAGES = 4  # of noise, on one of which graph and network agree
TOLERANCE = 2e-3  # of the largest logit; float32 differs by some 1e-6
_DIGEST, _LENGTH = 32, 8

logger = logging.getLogger(__name__)


class NoGraph(Exception):
    """A network cannot be had as a graph, or gives other values as one."""


def graph_path(sidecar: dict[str, Any]) -> Path:
    """Where the graph of a checkpoint is kept; beside PyTorch's downloads, for all processes."""
    # The same weights are another network with another option, such as a dilation.
    parts = [sidecar[part] for part in ("architecture", "variant", "options", "sha256")]
    described = json.dumps([*parts, len(sidecar["classes"])], sort_keys=True)
    name = f"{hashlib.sha256(described.encode()).hexdigest()}-{ov.__version__.split('-')[0]}"
    return Path(torch.hub.get_dir()) / "segweb" / "graphs" / f"{name}-{VERSION}.graph"


def graph_read(path: Path) -> ov.Model | None:
    """A kept graph; None where there is none, or none that is whole. NoGraph as it was found."""
    try:
        content = memoryview(path.read_bytes())
    except FileNotFoundError:
        return None
    body = content[_DIGEST:]
    if hashlib.sha256(body).digest() != content[:_DIGEST]:
        logger.warning("%s is damaged and is made again.", path)
        path.unlink(missing_ok=True)
        return None
    if not body:
        raise NoGraph(path.name)
    with suppress(OSError):  # another process dropped it, or it is not ours
        os.utime(path)  # used just now
    length = int.from_bytes(body[:_LENGTH], "little")
    text, constants = body[_LENGTH : _LENGTH + length], body[_LENGTH + length :]
    # A tensor has a copy of its own, into which the graph points.
    return ov.Core().read_model(bytes(text).decode(), ov.Tensor(np.frombuffer(constants, np.uint8)))


def graph_make(weights: Path, sidecar: dict[str, Any]) -> None:
    """Converts a checkpoint and keeps its graph, or that it has none. Only one process at a time.

    ValueError or OSError when the checkpoint cannot be read.
    """
    path = graph_path(sidecar)
    path.parent.mkdir(parents=True, exist_ok=True)
    with (path.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():  # who waited finds what the first one made
            return
        clear_temporaries(path.parent)
        try:
            body = _bytes_of(convert(network_load(weights, sidecar, "cpu"), sidecar["input_size"]))
        except NoGraph as fault:
            logger.warning("%s stays with PyTorch: %s", sidecar["key"], fault)
            body = b""
        write_atomically(path, hashlib.sha256(body).digest() + body)
        _trim(keep=path)


def convert(network: nn.Module, input_size: tuple[int, int]) -> ov.Model:
    """A network as a graph for every size, compared with it at sizes of its own.

    NoGraph when it cannot be converted, or gives other values than the network.
    """
    network = network.float().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    height, width = input_size
    try:
        with torch.no_grad(), warnings.catch_warnings():
            # A trace warns of each size that could be fixed in it; the comparison below tells.
            warnings.simplefilter("ignore")
            traced = torch.jit.trace(network, torch.zeros(1, 3, height, width), check_trace=False)
        graph = ov.convert_model(traced, input=[ov.PartialShape([1, 3, -1, -1])])
        # Both odd: a size that the trace had fixed shows in the shape or the values.
        for size in ((height - height // 8 | 1, width - width // 6 | 1), (45, 61)):
            _compare(network, graph, size)
    except NoGraph:
        raise
    except Exception as fault:  # whatever a converter raises
        raise NoGraph(str(fault).strip().splitlines()[-1] if str(fault) else repr(fault)) from fault
    return graph


def _compare(network: nn.Module, graph: ov.Model, size: tuple[int, int]) -> None:
    of_size = graph.clone()
    of_size.reshape([1, 3, *size])
    compiled = ov.Core().compile_model(of_size, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    # Where two pixels of a window are all but equal, rounding chooses which one's place is
    # remembered, and the logits around it change. That depends on the image, a fault does not.
    for seed in range(IMAGES):
        image = torch.randn(1, 3, *size, generator=torch.Generator().manual_seed(seed))
        with torch.no_grad():
            wanted = network(image).numpy()
        computed = compiled(image)[0]
        if computed.shape != wanted.shape:
            raise NoGraph(f"its shape at {size} is {computed.shape}, not {wanted.shape}.")
        # Not the largest error, for the same reason. A hundredth is less than a row.
        error = np.quantile(np.abs(computed - wanted), 0.99) / max(np.abs(wanted).max(), 1e-9)
        if error < TOLERANCE:
            return
    raise NoGraph(f"its logits at {size} differ by {error:.1g} of the largest.")


def _bytes_of(graph: ov.Model) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        text, constants = Path(folder, "graph.xml"), Path(folder, "graph.bin")
        ov.save_model(graph, text, compress_to_fp16=False)
        described = text.read_bytes()
        return len(described).to_bytes(_LENGTH, "little") + described + constants.read_bytes()


def _trim(*, keep: Path) -> None:
    """Drops graphs used longest ago beyond the budget; the newest stays, however large."""
    files = sorted(keep.parent.glob("*.graph"), key=lambda path: path.stat().st_mtime)
    total = sum(path.stat().st_size for path in files)
    for path in files:
        if total > BUDGET_BYTES and path != keep:
            total -= path.stat().st_size
            path.unlink(missing_ok=True)
