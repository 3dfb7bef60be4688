"""A network from elsewhere as an ONNX file: computed by ONNX Runtime in a process of its own.

Nobody here knows what such a file does. Its process has bounded memory and time and may die; the
next image gets another one. See `onnx_child`, which is that process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import prod
from pathlib import Path
from threading import Timer
from typing import Any, NoReturn

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from models_zoo.fence import MOST_VALUES, Misbehaved
from models_zoo.translation import gettext_noop as _

MEMORY_BYTES = 4 << 30
SECONDS = 120.0  # for loading, and for each image
SURE = 20.0  # the logit of a class id: the others have 0
CHILD = "models_zoo.predict.runtimes.onnx_child"


class OnnxNetwork(nn.Module):
    """1×3×H×W → 1×K×H×W float32 logits like any network here, for any H and W.

    The sidecar's `onnx` says what the file takes: `size`, a height and width or null where these
    are free; `multiple`, what free sides have to be multiples of; `order`, RGB or BGR.
    Misbehaved, a ValueError, when the network gives no logits of these classes.
    """

    computed_by = {"device": "cpu", "precision": "fp32", "runtime": "onnxruntime"}

    def __init__(self, weights: Path, sidecar: dict[str, Any]) -> None:
        super().__init__()
        self.weights, self.sha256, self.key = weights, sidecar["sha256"], sidecar["key"]
        if find_spec("onnxruntime") is None:
            self._refuse(
                _("computing it takes the package onnxruntime, which is not installed here.")
            )
        self.classes = len(sidecar["classes"])
        self.size, self.multiple = sidecar["onnx"]["size"], sidecar["onnx"]["multiple"]
        self.swapped = sidecar["onnx"]["order"] == "BGR"
        self.memory_bytes = weights.stat().st_size
        # What tells others where to put a batch.
        self.place = nn.Parameter(torch.empty(0), requires_grad=False)
        self._child: subprocess.Popen[bytes] | None = None
        with self._in_time():  # one that cannot be loaded is told now
            pass

    def fitted(self, size: tuple[int, int]) -> tuple[int, int]:
        """The height and width that the file takes in place of `size`."""
        if self.size:
            return self.size[0], self.size[1]
        height, width = (-(-side // self.multiple) * self.multiple for side in size)
        return height, width

    def forward(self, image: Tensor) -> Tensor:
        """Logits at the image's size; one that the file does not take is resized before."""
        size = (image.shape[-2], image.shape[-1])
        fitted = self.fitted(size)
        if fitted != size:
            image = interpolate(image, fitted, mode="bilinear", antialias=True)
        if self.swapped:
            image = image.flip(1)
        logits = self._logits(self._computed(image.float().contiguous().numpy()))
        if tuple(logits.shape[-2:]) == size:
            return logits
        return interpolate(logits, size, mode="bilinear")

    def _logits(self, values: np.ndarray) -> Tensor:
        """What the file gave, as 1×K×h×w float32."""
        computed, shape = torch.from_numpy(values), list(values.shape)
        if computed.is_floating_point():
            if len(shape) != 4 or shape[0] != 1 or not prod(shape):
                self._refuse(_(f"its output has the shape {shape}, not 1×K×h×w or 1×h×w."))
            if shape[1] != self.classes:
                self._refuse(
                    _(f"it gives {shape[1]} classes, and its class list has {self.classes}.")
                )
            if not torch.isfinite(computed).all():
                self._refuse(_("it gave logits that are no numbers (NaN or infinite)."))
            return computed
        if len(shape) == 4 and shape[1] == 1:
            computed = computed[:, 0]
        if computed.dim() != 3 or shape[0] != 1 or not prod(shape):
            self._refuse(_(f"its output has the shape {shape}, not 1×K×h×w or 1×h×w."))
        if prod(shape) * self.classes > MOST_VALUES:
            self._refuse(_(f"its output has the shape {shape}, which is too large."))
        least, most = int(computed.min()), int(computed.max())
        if least < 0 or most >= self.classes:
            wrong = least if least < 0 else most
            self._refuse(
                _(f"it gives the class id {wrong}; its class list ends at {self.classes - 1}.")
            )
        logits = torch.zeros(1, self.classes, *computed.shape[1:])
        return logits.scatter_(1, computed[:, None], SURE)

    def _computed(self, batch: np.ndarray) -> np.ndarray:
        with self._in_time() as child:
            child.stdin.write(json.dumps({"shape": batch.shape}).encode() + b"\n")
            child.stdin.write(batch.data.cast("B"))
            child.stdin.flush()
            told = self._told(child)
            values = np.empty(told["shape"], told["type"])
            if values.size and child.stdout.readinto(values.data.cast("B")) < values.nbytes:
                raise EOFError
        self.memory_bytes = told["peak_bytes"]
        return values

    @contextmanager
    def _in_time(self) -> Iterator[Any]:
        """The process, which is ended when what is asked of it takes too long or goes wrong."""
        late = False

        def end() -> None:
            nonlocal late
            late = True
            child.kill()

        fresh = self._child is None
        child = self._started() if self._child is None else self._child
        timer = Timer(SECONDS, end)
        timer.start()
        try:
            if fresh:
                self._told(child)
            yield child
        except (OSError, EOFError) as fault:  # its end of a pipe is closed
            self.close()
            if late:
                self._refuse(_(f"it takes more than {SECONDS:g} seconds."), fault)
            self._refuse(
                _(
                    "its process died; it may need more memory than a network from elsewhere is "
                    f"given ({MEMORY_BYTES >> 30} GiB)."
                ),
                fault,
            )
        except BaseException:
            self.close()
            raise
        finally:
            timer.cancel()

    def _started(self) -> subprocess.Popen[bytes]:
        words = (str(self.weights), self.sha256, str(MEMORY_BYTES), str(torch.get_num_threads()))
        child = subprocess.Popen(
            [sys.executable, "-m", CHILD, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        self._child = child
        # With the network, too, when it is no longer kept warm.
        self._end = weakref.finalize(self, _end, child)
        return child

    def _told(self, child: Any) -> dict[str, Any]:
        line = child.stdout.readline()
        if not line.endswith(b"\n"):
            raise EOFError
        told: dict[str, Any] = json.loads(line)
        if "refused" in told:
            self._refuse(told["refused"])
        return told

    def _refuse(self, why: str, fault: BaseException | None = None) -> NoReturn:
        raise Misbehaved(f"{self.key}: {why}") from fault

    def close(self) -> None:
        """Ends the process; the next image begins another one."""
        if self._child is not None:
            self._end()
            self._child = None


def _end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    for pipe in (child.stdin, child.stdout):
        try:
            pipe.close()  # type: ignore[union-attr]  # both were asked for
        except OSError:  # of a last line that it never read
            continue
    child.wait()
