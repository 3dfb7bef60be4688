"""ONNX files drawn for tests: small networks, and what nobody should send."""

from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

CLASSES = '{"classes": ["dark", "red", "green", "blue"], "slug": "colours"}'
ASKED = {"classes": CLASSES, "mean": "0", "std": "1", "input_size": "64,96"}
# Which channel is the strongest, or that all are weak.
KERNEL = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)[:, :, None, None]
BIAS = np.array([0.2, 0, 0, 0], np.float32)
FREE = ("N", 3, "H", "W")
OPSET = 17


def graph_of(nodes, *, given=FREE, output=("N", 4, "h", "w"), tensors=(), kind=TensorProto.FLOAT):
    return helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, given)],
        [helper.make_tensor_value_info("out", kind, output)],
        [numpy_helper.from_array(value, name) for name, value in tensors],
    )


def model_of(graph, **metadata):
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    helper.set_model_props(model, metadata)
    return model


def write(path: Path, graph, **metadata) -> Path:
    save(model_of(graph, **metadata), path)
    return path


def score(name="out"):
    return helper.make_node("Conv", ["image", "kernel", "bias"], [name])


WEIGHTS = (("kernel", KERNEL), ("bias", BIAS))


def colours(path: Path, *, given=FREE, **metadata) -> Path:
    """Tells which primary colour a pixel has."""
    return write(path, graph_of([score()], given=given, tensors=WEIGHTS), **metadata)


def ids(path: Path, *, more=0) -> Path:
    """The same network, which ends at class ids; `more` is added to each."""
    nodes = [
        score("logits"),
        helper.make_node("ArgMax", ["logits"], ["best"], axis=1, keepdims=0),
        helper.make_node("Add", ["best", "more"], ["out"]),
    ]
    tensors = (*WEIGHTS, ("more", np.array(more, np.int64)))
    return write(
        path, graph_of(nodes, output=("N", "h", "w"), tensors=tensors, kind=TensorProto.INT64)
    )


def write_multiple(path: Path) -> Path:
    """The network that says colours, halved thrice and doubled, so that other sides do not fit."""
    pool = {"kernel_shape": [8, 8], "strides": [8, 8]}
    nodes = [
        score("logits"),
        helper.make_node("AveragePool", ["logits"], ["small"], **pool),
        helper.make_node("Resize", ["small", "", "scales"], ["large"], mode="nearest"),
        helper.make_node("Add", ["logits", "large"], ["out"]),
    ]
    scales = ("scales", np.array([1, 1, 8, 8], np.float32))
    return write(path, graph_of(nodes, tensors=(*WEIGHTS, scales)))
