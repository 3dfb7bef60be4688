"""From an image to a mask: load a checkpoint once, keep it warm, predict."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import gt
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.checkpoints.files import weights_load
from models_zoo.data.transforms import normalise
from models_zoo.images import to_rgb
from models_zoo.memory import PeakBytes
from models_zoo.networks.build import build
from models_zoo.precision import autocast, device_name, resolve
from models_zoo.predict.tiles import Block, tile_size, tiled_logits

TOP = 3
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
    network's weights and the most that its activations took at once.
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


def scoring_size(size: tuple[int, int], input_size: tuple[int, int]) -> tuple[int, int]:
    """The height and width at which an image of `size` is scored.

    Its own, unless it has more pixels than the data set that the network was trained on: then it
    is shrunk to as many, in its own proportions, since a network knows objects at that scale.
    """
    shrink = (input_size[0] * input_size[1] / (size[0] * size[1])) ** 0.5
    if shrink >= 1:
        return size
    return max(1, round(size[0] * shrink)), max(1, round(size[1] * shrink))


def network_load(weights: Path, sidecar: dict[str, Any]) -> nn.Module:
    """The network of a checkpoint on this machine's device, ready to predict.

    ValueError when the two do not fit, FileNotFoundError when there are no weights.
    """
    network = build(
        sidecar["architecture"],
        variant=sidecar["variant"],
        num_classes=len(sidecar["classes"]),
        **sidecar["options"],
    )
    weights_load(weights, network, sha256=sidecar["sha256"])
    network.eval().requires_grad_(False)  # the image's gradient is asked for, theirs never
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # no stub
    return network.to(device_name())


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
    with torch.inference_mode(), autocast(precision, device.type):
        batch = batch_of(pixels, mean=mean, std=std, scored_at=scored_at, device=device)
        return network(batch)[0].float()


def batch_of(
    pixels: np.ndarray,
    *,
    mean: Sequence[float],
    std: Sequence[float],
    scored_at: tuple[int, int],
    device: torch.device,
) -> Tensor:
    """An H×W×3 uint8 RGB image → what a network expects, 1×3×h×w at `scored_at`.

    It is resized before it is normalised, so that a large photo stays bytes for as long as it is.
    """
    image = torch.tensor(pixels, device=device).permute(2, 0, 1)[None]
    if scored_at != pixels.shape[:2]:
        # antialias averages what a shrunk photo's pixels cover; sampling would drop thin things.
        image = interpolate(image.float(), scored_at, mode="bilinear", antialias=True)
    return normalise(image, mean, std).contiguous(memory_format=torch.channels_last)


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
        count = min(TOP, logits.shape[0])
        best, index = logits.softmax(dim=0).topk(count, dim=0)
        classes[:count, rows, columns] = index.to(torch.uint8).cpu().numpy()
        shown = (best * 255).round().to(torch.uint8)
        probabilities[:count, rows, columns] = shown.cpu().numpy()
    return classes, probabilities


class Engine:
    """Predicts with checkpoints and keeps the warm ones within `budget_bytes`, oldest use out."""

    def __init__(self, budget_bytes: int = WARM_BYTES, *, precision: str = "auto") -> None:
        self.budget_bytes = budget_bytes
        self.device = device_name()
        self.precision = resolve(precision, self.device)
        self._warm: OrderedDict[tuple[str, str], nn.Module] = OrderedDict()

    @property
    def warm(self) -> set[str]:
        """The sha256 of every network that is in memory."""
        return {sha256 for _, sha256 in self._warm}

    def predict(
        self,
        weights: Path,
        sidecar: dict[str, Any],
        image: Image.Image | np.ndarray,
        *,
        scale: str = "model",
    ) -> PredictedMask:
        """The mask of `image` (any size) by the checkpoint `weights`, at one of SCALES.

        ValueError or OSError when the checkpoint cannot be read or does not fit its sidecar.
        """
        network, load_milliseconds = self.network(weights, sidecar)
        started = time.perf_counter()
        pixels = np.asarray(to_rgb(image)) if isinstance(image, Image.Image) else image
        size, input_size = pixels.shape[:2], tuple(sidecar["input_size"])
        peak = PeakBytes(self.device)
        score = self.scorer(network, sidecar, peak)
        classes, probabilities = _top(logit_blocks(score, pixels, input_size, scale), size)
        return PredictedMask(
            mask=classes[0],
            top_classes=classes,
            top_probabilities=probabilities,
            milliseconds=(time.perf_counter() - started) * 1000,
            load_milliseconds=load_milliseconds,
            scored_at=size if scale == "tiles" else scoring_size(size, input_size),
            tiled=scale == "tiles" and any(map(gt, size, tile_size(input_size))),
            memory_bytes=_bytes(network) + peak.bytes,
            device=self.device,
            precision=self.precision,
        )

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
        key = (str(weights), sidecar["sha256"])
        if key in self._warm:
            self._warm.move_to_end(key)
            return self._warm[key], None
        started = time.perf_counter()
        network = network_load(weights, sidecar)
        self._warm[key] = network
        # The newest stays even if it is too large for the budget alone: it is what was asked for.
        while len(self._warm) > 1 and sum(map(_bytes, self._warm.values())) > self.budget_bytes:
            self._warm.popitem(last=False)
        return network, (time.perf_counter() - started) * 1000


def _bytes(network: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in network.state_dict().values())
