"""The data path of a network, traced: blocks in the order in which they run, with real shapes.

`torch.export` on the meta device gives every operation with the module that it belongs to and the
shape of what it makes; nothing is computed and no weight takes memory. Operations are gathered into
blocks: an element of a list of modules (a stage, a branch) is one, and so is any module that has
neither such a list nor several sequences inside; what a network does between its modules (sum,
concatenation, upsampling) is a block of its own. Normalisation, activations, dropout, padding and
cropping are left out.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx, nn

from models_zoo.study.blocks_traced import Block, as_dict, merge_sums

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
    blocks = merge_sums(tracer.blocks)
    return [as_dict(block, blocks) for block in blocks]


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
            self.made_by[node] = self.made_by[inputs[0]]
            # A pooling returns maxima and indices; who reads the second unpools by them.
            if "getitem" in str(node.target) and node.args[1] == 1:
                self.indices.add(node)
            block = self.blocks[self.made_by[node]]
            # A sum that is divided afterwards is a mean, as EDeconvNet's.
            if ".div" in str(node.target) and block.joins:
                block.operations = [("mean", 0, 1)]
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
            element = id(module) in self.elements or type(module) in self.element_classes
            sequences = sum(isinstance(child, nn.Sequential) for child in module.children())
            several = sequences > 1 and not isinstance(module, nn.Sequential)
            divided = several or any(isinstance(inner, LISTS) for inner in module.modules())
            if name and (element or not divided):
                return name, module
        return name, None

    def _operation(self, node: fx.Node, kind: str) -> tuple[str, int, int]:
        if kind not in ("conv", "deconv"):
            return kind, 0, 1
        arguments: Any = node.args  # of an ATen convolution, whose signature is known
        weight = arguments[1]
        if weight.name not in self.parameters:
            return "upsample", 0, 1  # FCN's fixed bilinear kernel
        # ATen's conv2d has dilation after padding; conv_transpose2d after output_padding and
        # groups.
        position = 5 if kind == "conv" else 7
        dilation = arguments[position][0] if len(arguments) > position else 1
        return kind, _shape(weight, batch=0)[-1], dilation


def _shape(node: fx.Node, *, batch: int = 1) -> tuple[int, ...]:
    value = node.meta["val"]
    value = value[0] if isinstance(value, tuple | list) else value
    return tuple(int(side) for side in value.shape[batch:])
