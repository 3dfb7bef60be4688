"""Memory: the most bytes of tensors alive at once in a forward pass, and what training keeps."""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

# malloc.h's numbers of the settings that mallopt takes.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
_STEP_BYTES = 64 << 20


def memory_keep() -> None:
    """Has this process keep the memory that it frees, where the C library is glibc.

    A training step takes the blocks anew that the step before freed. glibc hands large ones back
    to the system at once, which then clears every page again: a tenth to a fifth of a step's time.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        # Large blocks from the heap too, nothing of it handed back, and the heap grown in large
        # steps.
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, -1)
        mallopt(_M_TOP_PAD, _STEP_BYTES)


class PeakBytes(TorchDispatchMode):
    """Watches what is computed within; `bytes` is the most that was alive at once in any use.

    What existed before is not counted, nor is the scratch memory of a kernel. On a GPU the
    allocator's own count is taken.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: to be kept from its compiler, torch would first import it, which takes seconds."""
        return False

    def __init__(self, device: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's own
        self.device = device
        self.bytes = 0
        self._alive: dict[int, int] = {}
        self._total = self._before = 0

    def __enter__(self) -> PeakBytes:
        if self.device == "cuda":
            torch.cuda.reset_peak_memory_stats()
            self._before = torch.cuda.memory_allocated()
            return self
        super().__enter__()  # type: ignore[no-untyped-call]  # torch's own
        return self

    def __exit__(self, *fault: Any) -> None:
        if self.device == "cuda":
            self.bytes = max(self.bytes, torch.cuda.max_memory_allocated() - self._before)
        else:
            super().__exit__(*fault)  # type: ignore[no-untyped-call]  # torch's own

    def __torch_dispatch__(
        self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Every operation comes by here; its new storages count until they are freed."""
        # Views and operations in place return storages that were there before.
        given = {
            id(leaf.untyped_storage())
            for leaf in tree_leaves((args, kwargs))
            if isinstance(leaf, Tensor)
        }
        result = function(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if not isinstance(leaf, Tensor):
                continue
            storage = leaf.untyped_storage()
            number = id(storage)
            if number in given or number in self._alive:
                continue
            self._alive[number] = storage.nbytes()
            self._total += storage.nbytes()
            self.bytes = max(self.bytes, self._total)
            weakref.finalize(storage, self._free, number).atexit = False
        return result

    def _free(self, number: int) -> None:
        self._total -= self._alive.pop(number, 0)
