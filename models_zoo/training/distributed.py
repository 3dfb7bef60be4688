"""One run on several processes, as torchrun starts them; alone, everything here does nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Group:
    """The processes of a run: this one's number and how many there are."""

    rank: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def add(self, tensor: Tensor) -> Tensor:
        """`tensor` summed over the processes, in place."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    # What only the leading process reads (state, audit) must not differ between processes.
    def share(self, value: Any) -> Any:
        """The leading process's `value`, in every process."""
        if self.world == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values)
        return values[0]


@contextmanager
def group_joined() -> Iterator[Group]:
    """The group that torchrun's environment describes, gone again afterwards."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Group()
        return
    cuda = torch.cuda.is_available()
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield Group(dist.get_rank(), world)
    finally:
        dist.destroy_process_group()
