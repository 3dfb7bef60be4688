"""From an image to a mask: load a checkpoint once, keep it warm, predict."""

from __future__ import annotations

import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import gt
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.images import to_rgb
from models_zoo.memory import PeakBytes
from models_zoo.precision import autocast, device_name, resolve
from models_zoo.predict.inputs import batch_of, network_load, scoring_size
from models_zoo.predict.runtimes import graphs_wanted
from models_zoo.predict.runtimes.likeliest import TOP, likeliest
from models_zoo.predict.tiles import Block, tile_size, tiled_logits, tiles_of

if TYPE_CHECKING:
    from models_zoo.predict.runtimes.openvino import CompiledGraph, Graphs

    Warm = nn.Module | CompiledGraph

# As float32 logits of 21 classes, 88 MB.
BAND_PIXELS = 1 << 20
SCALES = ("model", "tiles")
WARM_BYTES = 2 << 30  # of networks that a command keeps warm


@dataclass(frozen=True)
class PredictedMask:
    """What a network says of one image of H×W pixels.

    mask: uint8 H×W, pixel = class id. top_classes, top_probabilities: uint8 3×H×W, the likeliest
    classes first, 255 = probability 1. milliseconds: preprocessing, forward pass and resizing;
    load_milliseconds: reading the checkpoint, None when it was warm. scored_at: the height and
    width that the network saw, in several overlapping parts where `tiled`. memory_bytes: the
    network's weights and the most that its activations took at once. runtime: what computed it,
    "torch", "openvino" or "onnxruntime".
    """

    mask: np.ndarray
    top_classes: np.ndarray
    top_probabilities: np.ndarray
    milliseconds: float
    load_milliseconds: float | None
    scored_at: tuple[int, int]
    tiled: bool
    memory_bytes: int
    device: str
    precision: str
    runtime: str


def logits_of(
    network: nn.Module,
    pixels: np.ndarray,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    scored_at: tuple[int, int],
    precision: str,
) -> Tensor:
    """An H×W×3 uint8 RGB image → K×h×w float32 logits at `scored_at`."""
    device = next(network.parameters()).device
    # What a network from elsewhere takes instead: pixels are resized once, and not its batch again.
    fitted: Callable[..., tuple[int, int]] | None = getattr(network, "fitted", None)
    seen_at = fitted(scored_at) if fitted else scored_at
    with torch.inference_mode(), autocast(precision, device.type):
        batch = batch_of(pixels, mean=mean, std=std, scored_at=seen_at, device=device)
        logits = network(batch).float()
        if seen_at != scored_at:
            logits = interpolate(logits, scored_at, mode="bilinear")
        return logits[0]


def _bands(logits: Tensor, size: tuple[int, int]) -> Iterator[tuple[slice, Tensor]]:
    """`logits` resized to `size` (bilinear, align_corners=False), some rows at a time.

    A photo of 40 megapixels would need gigabytes for all classes at once.
    """
    height, width = size
    step = max(1, BAND_PIXELS // width)
    if size == tuple(logits.shape[-2:]):
        for start in range(0, height, step):
            band = slice(start, min(start + step, height))
            yield band, logits[:, band]
        return
    source_height = logits.shape[-2]
    rows = torch.arange(height, device=logits.device, dtype=torch.float32)
    # As interpolate places them without align_corners, so that bands join without a seam.
    centre = ((rows + 0.5) * source_height / height - 0.5).clamp(0, source_height - 1)
    upper = centre.floor().long()
    lower = (upper + 1).clamp(max=source_height - 1)
    share = (centre - upper)[:, None]
    for start in range(0, height, step):
        band = slice(start, min(start + step, height))
        mixed = torch.lerp(logits[:, upper[band]], logits[:, lower[band]], share[band])
        yield band, interpolate(mixed[None], (mixed.shape[1], width), mode="bilinear")[0]


def logit_blocks(
    score: Callable[[np.ndarray, tuple[int, int]], Tensor],
    pixels: np.ndarray,
    input_size: tuple[int, int],
    scale: str,
) -> Iterator[Block]:
    """An image's logits at its own size, in blocks that cover every pixel once.

    `score` gives the logits of pixels at a height and width. By `scale` that is called for the
    whole image at the size that the network knows ("model"), or for tiles of it as they are.
    """
    size = pixels.shape[:2]
    if scale == "tiles":
        yield from tiled_logits(
            lambda rows, columns: score(
                pixels[rows, columns], (rows.stop - rows.start, columns.stop - columns.start)
            ),
            size,
            tile_size(input_size),
        )
        return
    for band, logits in _bands(score(pixels, scoring_size(size, input_size)), size):
        yield band, slice(0, size[1]), logits


def _top(blocks: Iterable[Block], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The likeliest classes and their probabilities at `size`, both uint8 TOP×H×W."""
    classes = np.zeros((TOP, *size), np.uint8)
    probabilities = np.zeros((TOP, *size), np.uint8)
    for rows, columns, logits in blocks:
        index, shares = likeliest(logits)
        classes[: len(index), rows, columns] = index.cpu().numpy()
        probabilities[: len(index), rows, columns] = shares.cpu().numpy()
    return classes, probabilities


def _counted(
    score: Callable[[np.ndarray, tuple[int, int]], Tensor],
    count: int,
    progress: Callable[[int, int], object],
) -> Callable[[np.ndarray, tuple[int, int]], Tensor]:
    """`score`, which tells before each call how many there were, and will be."""
    numbers = itertools.count(1)

    def told(pixels: np.ndarray, scored_at: tuple[int, int]) -> Tensor:
        progress(next(numbers), count)
        return score(pixels, scored_at)

    return told


class Engine:
    """Predicts with checkpoints and keeps the warm ones within `budget_bytes`, oldest use out.

    With the precision `auto`, on a processor, it computes by OpenVINO where that is installed, and
    by PyTorch whatever has no graph; in a precision that was chosen by PyTorch. The first use of a
    checkpoint waits until its graph is made, or has it made `behind` and PyTorch answer meanwhile.
    What is an ONNX file is computed by ONNX Runtime, on the processor and in float32.
    """

    def __init__(
        self, budget_bytes: int = WARM_BYTES, *, precision: str = "auto", behind: bool = False
    ) -> None:
        self.budget_bytes = budget_bytes
        self.device = device_name()
        self.precision = resolve(precision, self.device)
        self._graphs: Graphs | None = None
        if precision == "auto" and self.device == "cpu" and graphs_wanted():
            from models_zoo.predict.runtimes.openvino import Graphs

            self._graphs = Graphs(self.precision, behind=behind)
        self._warm: OrderedDict[tuple[Any, ...], Warm] = OrderedDict()

    @property
    def warm(self) -> set[str]:
        """The sha256 of every network that is in memory."""
        return {sha256 for sha256, *_ in self._warm}

    def prepare(self, weights: Path, sidecar: dict[str, Any]) -> None:
        """Has the graph of a checkpoint made behind, where this engine does so; returns at once."""
        behind = self._graphs.converter if self._graphs is not None else None
        if behind is not None and "onnx" not in sidecar:
            behind.ask(weights, sidecar)

    def predict(
        self,
        weights: Path,
        sidecar: dict[str, Any],
        image: Image.Image | np.ndarray,
        *,
        scale: str = "model",
        progress: Callable[[int, int], object] | None = None,
    ) -> PredictedMask:
        """The mask of `image` (any size) by the checkpoint `weights`, at one of SCALES.

        `progress` hears before each of several tiles which one it is, and of how many.
        ValueError or OSError when the checkpoint cannot be read or does not fit its sidecar.
        """
        pixels = np.asarray(to_rgb(image)) if isinstance(image, Image.Image) else image
        size, input_size = pixels.shape[:2], tuple(sidecar["input_size"])
        graph, load_milliseconds = None, None
        # Tiles of one image have up to four sizes, each of which would have to be compiled.
        if scale == "model":
            graph, load_milliseconds = self._graph(weights, sidecar, size)
        if graph is None:
            network, load_milliseconds = self.network(weights, sidecar)
        started = time.perf_counter()
        if graph is not None and graph.whole:
            classes, probabilities = graph(pixels)
            memory_bytes = graph.memory_bytes
        else:
            peak = PeakBytes(self.device)
            score = graph.logits if graph else self.scorer(network, sidecar, peak)
            if progress is not None and scale == "tiles":
                score = _counted(score, tiles_of(size, tile_size(input_size)), progress)
            classes, probabilities = _top(logit_blocks(score, pixels, input_size, scale), size)
            memory_bytes = graph.memory_bytes if graph else _bytes(network) + peak.bytes
        return PredictedMask(
            mask=classes[0],
            top_classes=classes,
            top_probabilities=probabilities,
            milliseconds=(time.perf_counter() - started) * 1000,
            load_milliseconds=load_milliseconds,
            scored_at=size if scale == "tiles" else scoring_size(size, input_size),
            tiled=scale == "tiles" and any(map(gt, size, tile_size(input_size))),
            memory_bytes=memory_bytes,
            **self._computed_by(graph or network),
        )

    def _computed_by(self, warm: Warm) -> dict[str, str]:
        if isinstance(warm, nn.Module):
            own = {"device": self.device, "precision": self.precision, "runtime": "torch"}
            return own | getattr(warm, "computed_by", {})
        return {"device": self.device, "precision": warm.precision, "runtime": "openvino"}

    def scorer(
        self, network: nn.Module, sidecar: dict[str, Any], peak: PeakBytes
    ) -> Callable[[np.ndarray, tuple[int, int]], Tensor]:
        """What `logit_blocks` asks for pixels' logits; the memory it takes is counted in `peak`."""

        def score(pixels: np.ndarray, scored_at: tuple[int, int]) -> Tensor:
            with peak:
                return logits_of(
                    network,
                    pixels,
                    mean=sidecar["mean"],
                    std=sidecar["std"],
                    scored_at=scored_at,
                    precision=self.precision,
                )

        return score

    def network(self, weights: Path, sidecar: dict[str, Any]) -> tuple[nn.Module, float | None]:
        """The checkpoint's network, and the milliseconds that loading took; None if it was warm.

        Raises as `network_load` does.
        """
        load: Callable[[Path, dict[str, Any]], nn.Module] = network_load
        if "onnx" in sidecar:
            from models_zoo.predict.runtimes.onnx import OnnxNetwork

            load = OnnxNetwork
        # What is asked of a file from elsewhere, and how its classes are called, may change.
        key = (sidecar["sha256"], str(weights), repr(sidecar.get("onnx")))
        network, milliseconds = self._kept(key, lambda: load(weights, sidecar))
        return cast(nn.Module, network), milliseconds

    def _graph(
        self, weights: Path, sidecar: dict[str, Any], size: tuple[int, int]
    ) -> tuple[CompiledGraph | None, float | None]:
        if self._graphs is None or "onnx" in sidecar:
            return None, None
        graphs = self._graphs
        key = (sidecar["sha256"], str(weights), size)
        graph, milliseconds = self._kept(key, lambda: graphs.compiled(weights, sidecar, size))
        return cast("CompiledGraph | None", graph), milliseconds

    def _kept(
        self, key: tuple[Any, ...], load: Callable[[], Warm | None]
    ) -> tuple[Warm | None, float | None]:
        """What is warm under `key`, or is by `load`, and the milliseconds that this took."""
        if key in self._warm:
            self._warm.move_to_end(key)
            return self._warm[key], None
        started = time.perf_counter()
        loaded = load()
        if loaded is None:
            return None, None
        self._warm[key] = loaded
        # The newest stays even if it is too large for the budget alone: it is what was asked for.
        while len(self._warm) > 1 and sum(map(_bytes, self._warm.values())) > self.budget_bytes:
            self._warm.popitem(last=False)
        return loaded, (time.perf_counter() - started) * 1000


def _bytes(warm: Warm) -> int:
    if isinstance(warm, nn.Module) and not hasattr(warm, "memory_bytes"):
        return sum(tensor.nbytes for tensor in warm.state_dict().values())
    return cast(int, warm.memory_bytes)
