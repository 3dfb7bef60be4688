"""What a decoder makes of an image, layer by layer, as in DeconvNet's figure 4.

Noh, Hong, Han 2015: unpooling brings back where the maxima were, deconvolution fills in the shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from models_zoo.networks.blocks import BilinearUpsample
from models_zoo.networks.unpooling import PlaceUnpool

UPWARDS = {PlaceUnpool: "unpool", nn.ConvTranspose2d: "deconv", BilinearUpsample: "deconv"}
LAYERS = UPWARDS | {nn.Conv2d: "conv"}
ATTACHED = (nn.modules.batchnorm._BatchNorm, nn.ReLU)  # belong to the layer before them


@dataclass(frozen=True)
class Activation:
    """The strongest channel after one layer: `map` is h×w float32, nothing below 0.

    Strongest is the channel with the largest sum of squares. `name` is the layer's in the network.
    """

    name: str
    kind: str
    channel: int
    map: np.ndarray


def decoder_strip(network: nn.Module, batch: Tensor) -> list[Activation]:
    """The strongest activation after each layer of the decoder, in the order of computing.

    The decoder begins with the first unpooling or transposed convolution; a network without any
    has none. A layer's activation is what its batch normalisation and ReLU make of it. `batch` is
    1×3×h×w as the network expects it.
    """
    activations: list[Activation] = []

    def remember(name: str, kind: str, _layer: nn.Module, _inputs: Any, output: Tensor) -> None:
        if activations or kind != "conv":
            activations.append(_strongest(name, kind, output[0].float()))

    with ExitStack() as hooks, torch.inference_mode():
        for name, kind, last in _layers(network):
            hooks.enter_context(last.register_forward_hook(partial(remember, name, kind)))
        network(batch)
    return activations


def _strongest(name: str, kind: str, maps: Tensor) -> Activation:
    positive = maps.clamp(min=0)
    # Energy, not the peak: the largest single value picked channels with one bright dot.
    channel = int(positive.square().sum(dim=(1, 2)).argmax())
    return Activation(name, kind, channel, positive[channel].cpu().numpy())


def _layers(network: nn.Module) -> Iterator[tuple[str, str, nn.Module]]:
    """Name, kind and last module of each layer: of a Sequential's (conv, BN, ReLU) the ReLU."""
    last: dict[nn.Module, nn.Module] = {}
    for parent in network.modules():
        if isinstance(parent, nn.Sequential):
            layer = None
            for child in parent:
                if type(child) in LAYERS:
                    layer = child
                elif not isinstance(child, ATTACHED):
                    layer = None
                if layer is not None:
                    last[layer] = child
    for name, module in network.named_modules():
        if kind := LAYERS.get(type(module)):
            yield name, kind, last.get(module, module)
