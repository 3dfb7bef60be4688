"""What an ONNX file holds, found out in a process that may die: nobody has looked at it before.

    python -m models_zoo.exchange.onnx_file FILE MEMORY_BYTES

It prints one JSON object: {"facts": …} or {"refused": sentence}.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models_zoo.fence import Misbehaved, die_with_parent, fence
from models_zoo.translation import gettext_noop as _

if TYPE_CHECKING:
    import onnx

LARGEST = 1 << 30  # bytes of a file
MEMORY_BYTES = 4 << 30
SECONDS = 120
MOST_TEXTS, LONGEST_TEXT = 1000, 100_000  # of metadata
STANDARD = ("", "ai.onnx", "ai.onnx.ml")
FLOATS, IDS = (1, 10), (2, 3, 5, 6, 7)  # TensorProto's numbers of float32, float16; whole numbers
KNOWN_FORMS = {
    b"PK\x03\x04": _("a zip, as torch.save writes it"),
    b"\x80\x02": _("a pickle"),
    b"\x89HDF": _("an HDF5 file"),
    b"\x1f\x8b": _("a gzip archive"),
}
HOW = _("Write an ONNX file, such as by torch.onnx.export(network, (image,), FILE).")
OPSET = _("Write it with an older one, such as torch.onnx.export(…, opset_version=17).")
SMALLER = _(
    f"{MEMORY_BYTES >> 30} GiB are given. A smaller network can be taken, or this in float16."
)
WHOLE = _(
    "onnx.checker.check_model(FILE, full_check=True) says more: mend the network, or write it anew."
)


def onnx_facts(path: Path) -> dict[str, Any]:
    """What the file says: `size` [H or null, W or null], `output`, `parameters`, `metadata`.

    Misbehaved, a ValueError, says why it cannot be taken; FileNotFoundError that there is none.
    """
    with path.open("rb") as file:
        start = file.read(8)
    for magic, form in KNOWN_FORMS.items():
        if start.startswith(magic):
            raise Misbehaved(_(f"{path.name} is no ONNX file: it is {form}. {HOW}"))
    if path.stat().st_size > LARGEST:
        raise Misbehaved(_(f"{path.name} is larger than {LARGEST >> 30} GiB. Write it in float16."))
    if find_spec("onnx") is None:
        raise Misbehaved(
            _("Looking at an ONNX file takes the package onnx, which is not installed.")
        )
    words = [sys.executable, "-m", __name__, str(path), str(MEMORY_BYTES)]
    try:
        told = subprocess.run(words, stdout=subprocess.PIPE, timeout=SECONDS, check=False)
        answer = json.loads(told.stdout)
    except subprocess.TimeoutExpired as fault:
        raise Misbehaved(
            _(f"{path.name}: to read it takes more than {SECONDS} seconds.")
        ) from fault
    except ValueError as fault:
        raise Misbehaved(
            _(
                f"{path.name} cannot be read: whoever tries dies, perhaps for lack of memory. "
                f"{SMALLER}"
            )
        ) from fault
    if "refused" in answer:
        raise Misbehaved(f"{path.name}: {answer['refused']}")
    facts: dict[str, Any] = answer["facts"]
    return facts


def main(file: str, memory_bytes: str) -> None:
    """Prints what is in the file."""
    import onnx

    die_with_parent()
    fence(int(memory_bytes))
    try:
        # Its bytes and no path, beside which other files could be looked for.
        model = onnx.load_from_string(Path(file).read_bytes())
    except MemoryError:
        answer: dict[str, Any] = {"refused": _(f"it takes too much memory to be read. {SMALLER}")}
    except Exception:  # whatever protobuf raises
        answer = {"refused": _(f"it is no ONNX file. {HOW}")}
    else:
        try:
            answer = {"facts": _facts(model)}
        except MemoryError:
            answer = {"refused": _(f"it takes too much memory to be checked. {SMALLER}")}
        except Misbehaved as fault:
            answer = {"refused": str(fault)[:400]}
        except Exception as fault:  # of the checker or of shape inference, in C++
            said = [*str(fault).strip().splitlines(), type(fault).__name__][0][:400].rstrip(".: ")
            answer = {"refused": _(f"it is not sound: {said}. {WHOLE}")}
    print(json.dumps(answer))  # noqa: T201  # that is the answer


def _facts(model: onnx.ModelProto) -> dict[str, Any]:
    import onnx

    graph = model.graph
    if not graph.node:
        raise Misbehaved(_(f"it is no ONNX file: it computes nothing. {HOW}"))
    known = onnx.defs.onnx_opset_version()
    opsets = [one.version for one in model.opset_import if one.domain in STANDARD[:2]]
    if model.ir_version > onnx.IR_VERSION or max(opsets, default=0) > known:
        raise Misbehaved(
            _(
                f"it is written for a newer ONNX than is known here, opset {known} and IR "
                f"{onnx.IR_VERSION}. {OPSET}"
            )
        )
    if not graph.output:
        raise Misbehaved(
            _("it gives nothing: write it anew, with the network's logits as its output.")
        )
    if model.functions or model.training_info:
        raise Misbehaved(_("it defines functions of its own: inline them by onnx.inliner."))
    nodes = list(_nodes(graph))
    if strange := sorted({node.domain for node in nodes}.difference(STANDARD)):
        raise Misbehaved(
            _(f"it uses operators of {', '.join(strange)}; ONNX's own are taken alone.")
        )
    tensors = [*_tensors(graph), *(tensor for node in nodes for tensor in _held(node))]
    for tensor in tensors:
        if tensor.external_data or tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise Misbehaved(
                _(
                    f"it keeps {tensor.name or 'values'} in another file. Write all of it into "
                    "one: onnx.save(onnx.load(FILE), FILE, save_as_external_data=False)."
                )
            )
        if 4 * prod(tensor.dims) > 2 * LARGEST:
            raise Misbehaved(
                _(f"it declares {tensor.name or 'values'} of more than {LARGEST >> 29} GiB.")
            )
    onnx.checker.check_model(model, full_check=True)
    weights = {tensor.name for tensor in graph.initializer}
    given = [value for value in graph.input if value.name not in weights]
    if len(given) != 1:
        raise Misbehaved(_(f"it takes {len(given)} inputs; it should take one image, N×3×H×W."))
    floats = [tensor for tensor in tensors if tensor.data_type in FLOATS]
    return {
        "size": _size(given[0]),
        "output": _output(graph.output[0]),
        "parameters": sum(prod(tensor.dims) for tensor in floats),
        "metadata": _metadata(model),
    }


def _metadata(model: onnx.ModelProto) -> dict[str, str]:
    """Its texts by name, but for those that are longer than any list of classes."""
    entries = list(model.metadata_props)[:MOST_TEXTS]
    return {one.key: one.value for one in entries if len(one.key + one.value) <= LONGEST_TEXT}


def _size(given: onnx.ValueInfoProto) -> list[int | None]:
    shape = _shape(given)
    if given.type.tensor_type.elem_type not in FLOATS:
        raise Misbehaved(
            _(
                "it takes no float32 image. Leave the conversion of pixels out of the file: they "
                "come as float32, normalised by mean and std."
            )
        )
    fits = len(shape) == 4 and shape[0] in (None, 1) and shape[1] in (None, 3) and 0 not in shape
    if not fits or (shape[1] is None and shape[3] == 3):
        raise Misbehaved(
            _(f"it takes {_written(shape)}; it should take N×3×H×W (free or 1 for N).")
        )
    return shape[2:]


def _output(given: onnx.ValueInfoProto) -> dict[str, Any]:
    shape, kind = _shape(given), given.type.tensor_type.elem_type
    logits = kind in FLOATS and len(shape) == 4
    ids = kind in IDS and (len(shape) == 3 or (len(shape) == 4 and shape[1] in (None, 1)))
    if not (logits or ids):
        raise Misbehaved(
            _(
                f"it gives {_written(shape)}; its first output should be N×K×h×w logits (floats) "
                "or N×h×w class ids (whole numbers)."
            )
        )
    return {"kind": "logits" if logits else "ids", "classes": shape[1] if logits else None}


def _shape(given: onnx.ValueInfoProto) -> list[int | None]:
    sides = given.type.tensor_type.shape.dim
    # A free side has a name, or nothing at all.
    return [side.dim_value if side.WhichOneof("value") == "dim_value" else None for side in sides]


def _written(shape: list[int | None]) -> str:
    return "×".join("?" if side is None else str(side) for side in shape) or "a single value"


def _nodes(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Every operator, those within others too."""
    for node in graph.node:
        yield node
        for inner in _graphs(node):
            yield from _nodes(inner)


def _graphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    yield from _dense(graph.sparse_initializer)
    for node in graph.node:
        for inner in _graphs(node):
            yield from _tensors(inner)


def _held(node: onnx.NodeProto) -> Iterator[onnx.TensorProto]:
    for attribute in node.attribute:
        if attribute.HasField("t"):
            yield attribute.t
        yield from attribute.tensors
        if attribute.HasField("sparse_tensor"):
            yield from _dense([attribute.sparse_tensor])
        yield from _dense(attribute.sparse_tensors)


def _dense(sparse: Iterable[onnx.SparseTensorProto]) -> Iterator[onnx.TensorProto]:
    for tensor in sparse:
        yield tensor.values
        yield tensor.indices


if __name__ == "__main__":
    main(*sys.argv[1:])
