"""The data path of a network, traced: blocks in the order in which they run, with real shapes.

`torch.export` on the meta device gives every operation with the module that it belongs to and the
shape of what it makes; nothing is computed and no weight takes memory. Operations are gathered into
blocks: an element of a list of modules (a stage, a branch) is one, and so is any module that has
neither such a list nor several sequences inside; what a network does between its modules (sum,
concatenation, upsampling) is a block of its own. Normalisation, activations, dropout, padding and
cropping are left out.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import torch
from torch import fx, nn

LISTS = (nn.ModuleList, nn.ModuleDict)
KINDS = {
    "conv2d": "conv",
    "conv_transpose2d": "deconv",
    "max_pool2d": "max pool",
    "max_pool2d_with_indices": "max pool",
    "avg_pool2d": "average pool",
    "adaptive_avg_pool2d": "global pool",
    "max_unpool2d": "unpool",
    "upsample_bilinear2d": "upsample",
    "add": "sum",
    "add_": "sum",
    "mul": "product",
    "cat": "concat",
}
JOINS = ("sum", "product", "concat")


@dataclass
class Block:
    """One box of the diagram.

    `sources`: the blocks it reads, by position; `places`: the pooling whose indices it unpools to;
    `operations`: (kind, kernel, dilation) of each that counts.
    """

    module: str
    shape: tuple[int, ...]
    sources: list[int] = field(default_factory=list)
    places: int | None = None
    operations: list[tuple[str, int, int]] = field(default_factory=list)
    whole: nn.Module | None = None

    @property
    def joins(self) -> bool:
        """Whether it is nothing but a sum, product or concatenation outside of any module."""
        return self.whole is None and self.operations[0][0] in JOINS


def trace(network: nn.Module, size: tuple[int, int]) -> list[dict[str, Any]]:
    """The blocks of `network` (on the meta device) for an image of `size`, ready for JSON.

    The first is the image. Each: module, parts, shape (channels, height, width), from, places.
    """
    image = torch.empty(1, 3, *size, device="meta")
    exported = torch.export.export(network, (image,))
    parameters = set(exported.graph_signature.inputs_to_parameters)
    tracer = _Tracer(network, parameters)
    for node in exported.graph.nodes:
        if node.op == "placeholder" and node.name in exported.graph_signature.user_inputs:
            tracer.image(node)
        elif node.op == "call_function":
            tracer.add(node)
    blocks = _merge_sums(tracer.blocks)
    return [_as_dict(block, blocks) for block in blocks]


class _Tracer:
    """Walks an exported graph and gathers its nodes into blocks."""

    def __init__(self, network: nn.Module, parameters: set[str]) -> None:
        self.network, self.parameters = network, parameters
        self.blocks: list[Block] = []
        self.made_by: dict[fx.Node, int] = {}
        self.indices: set[fx.Node] = set()
        modules = [m for m in network.modules() if isinstance(m, LISTS)]
        elements = [child for m in modules for child in m.children()]
        self.elements = {id(child) for child in elements}
        self.element_classes = {type(child) for child in elements} - {nn.Sequential}

    def image(self, node: fx.Node) -> None:
        """The graph's input."""
        self.blocks.append(Block("", _shape(node), operations=[("image", 0, 1)]))
        self.made_by[node] = 0

    def add(self, node: fx.Node) -> None:
        """One operation; those that no image reaches (kernels, checks) are no part of the path."""
        inputs = [n for n in node.all_input_nodes if n in self.made_by]
        if not inputs:
            return
        kind = KINDS.get(str(node.target).split(".")[1] if "aten." in str(node.target) else "")
        if kind in ("sum", "product") and len(inputs) == 1 and inputs[0] is node.args[0]:
            kind = None  # with a number
        if kind is None:
            self._pass_on(node, inputs)
            return
        name, whole = self._owner(node)
        position = self._open_block(name, whole, inputs, kind)
        block = self.blocks[position]
        block.shape = _shape(node)
        block.operations.append(self._operation(node, kind))
        for source in inputs:
            if source in self.indices:
                block.places = self.made_by[source]
            elif self.made_by[source] not in (position, *block.sources):
                block.sources.append(self.made_by[source])
        self.made_by[node] = position

    def _pass_on(self, node: fx.Node, inputs: list[fx.Node]) -> None:
        self.made_by[node] = self.made_by[inputs[0]]
        if "getitem" in str(node.target) and node.args[1] == 1:
            self.indices.add(node)
        block = self.blocks[self.made_by[node]]
        if ".div" in str(node.target) and block.joins:
            block.operations = [("mean", 0, 1)]

    def _open_block(
        self, name: str, whole: nn.Module | None, inputs: list[fx.Node], kind: str
    ) -> int:
        """The block that an operation belongs to: the latest, one it continues, or a new one."""
        last = self.blocks[-1]
        if whole is not None and last.whole is whole and last.module == name:
            return len(self.blocks) - 1
        branch = self.made_by[inputs[0]] == len(self.blocks) - 1 and name != ""
        if whole is None and kind == "upsample" and branch:  # as in a branch of pyramid pooling
            return len(self.blocks) - 1
        self.blocks.append(Block(name, (), whole=whole))
        return len(self.blocks) - 1

    def _owner(self, node: fx.Node) -> tuple[str, nn.Module | None]:
        """The module whose block this is; without a module, inside which one it happens."""
        name = ""
        for name, _ in node.meta["nn_module_stack"].values():
            module = self.network.get_submodule(name)
            if name and self._is_whole(module):
                return name, module
        return name, None

    def _is_whole(self, module: nn.Module) -> bool:
        if id(module) in self.elements or type(module) in self.element_classes:
            return True
        sequences = sum(isinstance(child, nn.Sequential) for child in module.children())
        if not isinstance(module, nn.Sequential) and sequences > 1:
            return False
        return not any(isinstance(inner, LISTS) for inner in module.modules())

    def _operation(self, node: fx.Node, kind: str) -> tuple[str, int, int]:
        if kind not in ("conv", "deconv"):
            return kind, 0, 1
        weight = node.args[1]
        if weight.name not in self.parameters:
            return "upsample", 0, 1  # FCN's fixed bilinear kernel
        position = 5 if kind == "conv" else 7
        dilation = node.args[position][0] if len(node.args) > position else 1
        return kind, _shape(weight, batch=0)[-1], dilation


def _merge_sums(blocks: list[Block]) -> list[Block]:
    """A sum of a sum in the same module is one sum: a + b + c."""
    reads = Counter(source for block in blocks for source in block.sources)
    gone: set[int] = set()
    for block in blocks:
        for source in list(block.sources):
            inner = blocks[source]
            sums = block.joins and inner.joins and block.operations == inner.operations
            if sums and block.module == inner.module and reads[source] == 1:
                at = block.sources.index(source)
                block.sources[at : at + 1] = inner.sources
                gone.add(source)
    kept = [position for position in range(len(blocks)) if position not in gone]
    number = {position: count for count, position in enumerate(kept)}
    for position in kept:
        block = blocks[position]
        block.sources = [number[source] for source in block.sources]
        block.places = None if block.places is None else number[block.places]
    return [blocks[position] for position in kept]


def _shape(node: fx.Node, *, batch: int = 1) -> tuple[int, ...]:
    value = node.meta["val"]
    value = value[0] if isinstance(value, tuple | list) else value
    return tuple(int(side) for side in value.shape[batch:])


def _as_dict(block: Block, blocks: list[Block]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "module": block.module,
        "parts": _parts(block),
        "shape": block.shape,
        "from": block.sources,
    }
    for part in found["parts"]:
        factor = block.sources and round(block.shape[-1] / blocks[block.sources[0]].shape[-1])
        if part["op"] == "upsample" and factor and factor > 1:
            part["factor"] = factor
        if part["op"] == "global pool":
            part["bins"] = block.whole and _bins(block.whole)
    return found if block.places is None else {**found, "places": block.places}


def _bins(module: nn.Module) -> int:
    sizes = [m.output_size for m in module.modules() if isinstance(m, nn.AdaptiveAvgPool2d)]
    return sizes[0] if sizes and isinstance(sizes[0], int) else 1


def _parts(block: Block) -> list[dict[str, Any]]:
    """What a block does, in runs of equal layers; one with branches inside goes by its class."""
    kinds = [kind for kind, *_ in block.operations]
    if block.whole is not None and any(kind in JOINS for kind in kinds):
        inner = {type(child) for child in block.whole.children()}
        repeated = isinstance(block.whole, nn.Sequential) and len(inner) == 1
        name = (inner.pop() if repeated else type(block.whole)).__name__
        times = len(list(block.whole.children())) if repeated else 1
        convs = sum(kind in ("conv", "deconv") for kind in kinds)
        rates = {k: list(dict.fromkeys(v)) for k, v in _rates(block.operations).items()}
        return [{"op": name, "times": times, "convs": convs} | rates]
    parts = []
    for (kind, kernel), run in groupby(block.operations, key=lambda entry: entry[:2]):
        entries = list(run)
        part = {"op": kind, "times": len(entries)} | ({"kernel": kernel} if kernel else {})
        parts.append(part | _rates(entries))
    return [part | {"times": 1} if part["op"] in JOINS else part for part in parts]


def _rates(operations: list[tuple[str, int, int]]) -> dict[str, Any]:
    """The dilations, where there are any: one if all are alike, else all of them in order."""
    rates = [rate for kind, kernel, rate in operations if kind == "conv" and kernel > 1]
    if not any(rate > 1 for rate in rates):
        return {}
    return {"rates": rates[:1] if len(set(rates)) == 1 else rates}
