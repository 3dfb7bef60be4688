"""The blocks of a traced data path, and what is told of them as JSON."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from torch import nn

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


def merge_sums(blocks: list[Block]) -> list[Block]:
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


def as_dict(block: Block, blocks: list[Block]) -> dict[str, Any]:
    """What is told of a block: module, parts, shape, from, and of an unpooling its places."""
    told: dict[str, Any] = {
        "module": block.module,
        "parts": _parts(block),
        "shape": block.shape,
        "from": block.sources,
    }
    for part in told["parts"]:
        width = blocks[block.sources[0]].shape[-1] if block.sources else block.shape[-1]
        factor = round(block.shape[-1] / width)
        if part["op"] == "upsample" and factor > 1:
            part["factor"] = factor
        if part["op"] == "global pool":
            layers = () if block.whole is None else block.whole.modules()
            sizes = [m.output_size for m in layers if isinstance(m, nn.AdaptiveAvgPool2d)]
            several = sizes and isinstance(sizes[0], int)
            part["bins"] = sizes[0] if several else block.whole and 1
    return told if block.places is None else {**told, "places": block.places}


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
