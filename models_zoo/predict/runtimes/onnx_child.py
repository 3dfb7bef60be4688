"""The process in which ONNX Runtime computes one network from elsewhere; no other dies of it.

    python -m models_zoo.predict.runtimes.onnx_child FILE SHA256 MEMORY_BYTES THREADS

It answers on its standard output, JSON lines: the first {"ready": true}. To each line
{"shape": [1, 3, H, W]} with as many float32 behind it, {"shape": […], "type": …, "peak_bytes": …}
with the values of the first output behind it. {"refused": sentence} says what went wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import onnxruntime

from models_zoo.fence import MOST_VALUES, die_with_parent, fence
from models_zoo.translation import gettext_noop as _

INPUTS = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
Send = Callable[..., None]
# What ONNX Runtime says before the reason: an error's number, and where in its own source it was.
_BEFORE = re.compile(r"\[ONNXRuntimeError\] : \d+ : \w+ : |/\S+\.(h|cc):\d+ [^)]*\) ")


def main(file: str, sha256: str, memory_bytes: str, threads: str) -> None:
    """Answers until the input ends."""
    die_with_parent()
    # Whatever a library prints goes to the log and does not mix with answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)

    def send(values: bytes | memoryview = b"", **said: Any) -> None:
        answers.write(json.dumps(said).encode() + b"\n")
        answers.write(values)
        answers.flush()

    try:
        fence(int(memory_bytes))
        session = _session(Path(file), sha256, int(threads))
        send(ready=True)
        _answer(session, sys.stdin.buffer, send)
    except MemoryError:
        send(refused=_("it needs more memory than a network from elsewhere is given."))
    except Exception as fault:  # whatever a network has a library raise
        memory = "alloc" in str(fault).lower()
        said = str(fault) if isinstance(fault, ValueError) else _sentence(fault)
        send(refused=said + (" " + _("It may need too much memory.") if memory else ""))


def _session(file: Path, sha256: str, threads: int) -> onnxruntime.InferenceSession:
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(_("it is not the file that its sidecar describes (sha256 differs)."))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    # Threads that wait actively take the cores from everybody else.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # From its bytes: a path would let a file name others.
    advice = _("Write it with another opset_version, such as 17, or without this operator.")
    with _told(_("ONNX Runtime does not load it"), advice):
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _answer(session: onnxruntime.InferenceSession, asked: BinaryIO, send: Send) -> None:
    given, first = session.get_inputs()[0], session.get_outputs()[0]
    while line := asked.readline():
        shape = json.loads(line)["shape"]
        batch = np.frombuffer(asked.read(4 * prod(shape)), np.float32).reshape(shape)
        doing = _(f"it does not compute an image of {shape[2]}×{shape[3]} (height × width)")
        with _told(doing, _("If it takes another size, give that as the input size.")):
            values = session.run([first.name], {given.name: batch.astype(INPUTS[given.type])})[0]
        if values.size > MOST_VALUES:
            raise ValueError(
                _(f"its output has the shape {list(values.shape)}, which is too large.")
            )
        # As float32, or whole numbers: what else there is becomes one of these.
        kind = np.float32 if values.dtype.kind == "f" else np.int64
        values = np.ascontiguousarray(values, kind)
        told = {"shape": values.shape, "type": kind.__name__, "peak_bytes": _peak_bytes()}
        send(values.data.cast("B"), **told)


def _peak_bytes() -> int:
    if sys.platform == "win32":
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


@contextmanager
def _told(doing: str, advice: str) -> Iterator[None]:
    """What a library raises within, as a sentence: what failed, why, and what to do about it."""
    try:
        yield
    except MemoryError:
        raise
    except Exception as fault:
        raise ValueError(f"{doing}: {_sentence(fault)} {advice}") from fault


def _sentence(fault: Exception) -> str:
    lines = _BEFORE.sub("", str(fault)).strip().splitlines() or [type(fault).__name__]
    return f"{lines[0][:300].rstrip('. ')}."


if __name__ == "__main__":
    main(*sys.argv[1:])
