"""Files that nobody should send: a sentence, nothing is left, and the next is served."""

import pickle
import zipfile

import numpy as np
import pytest
from onnx import TensorProto, helper, save

from models_zoo.exchange.importing import onnx_import
from models_zoo.exchange.onnx_file import LARGEST, onnx_facts
from models_zoo.fence import Misbehaved
from models_zoo.predict.engine import Engine
from models_zoo.predict.runtimes import onnx as runtime
from models_zoo.predict.runtimes.onnx import OnnxNetwork
from tests.models_zoo.exchange.drawn import (
    ASKED,
    WEIGHTS,
    colours,
    graph_of,
    ids,
    model_of,
    score,
    write,
)

pytestmark = pytest.mark.slow


def external(path):
    """Weights said to be the password file."""
    graph = graph_of([score()], tensors=WEIGHTS)
    kernel = graph.initializer[0]
    kernel.ClearField("raw_data")
    kernel.data_location = TensorProto.EXTERNAL
    entry = kernel.external_data.add()
    entry.key, entry.value = "location", "/etc/passwd"
    write(path, graph)


def hidden(path):
    """The same, in an operator within an operator."""
    tensor = helper.make_tensor("far", TensorProto.FLOAT, [1], [0.0])
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../var/db.sqlite3"
    inner = [
        helper.make_node("Constant", [], ["far"], value=tensor),
        helper.make_node("Add", ["scored", "far"], ["branch"]),
    ]
    value = helper.make_tensor_value_info("branch", TensorProto.FLOAT, None)
    branch = helper.make_graph(inner, "branch", [], [value])
    yes = helper.make_tensor("yes", TensorProto.BOOL, [], [True])
    nodes = [
        score("scored"),
        helper.make_node("Constant", [], ["yes"], value=yes),
        helper.make_node("If", ["yes"], ["out"], then_branch=branch, else_branch=branch),
    ]
    write(path, graph_of(nodes, tensors=WEIGHTS))


def declared(path):
    """Two gigabytes that are not there."""
    graph = graph_of([score()], tensors=WEIGHTS)
    del graph.initializer[0].dims[:]
    graph.initializer[0].dims.extend([4, 3, 1 << 13, 1 << 13])
    write(path, graph)


def enormous(path):
    with path.open("wb") as file:
        file.truncate(LARGEST + 1)


def foreign(path):
    write(path, graph_of([helper.make_node("Conv", ["image"], ["out"], domain="com.example")]))


def looks_like_a_network(path):
    path.write_bytes(np.random.default_rng(0).bytes(4096))


def bomb(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data.pkl", bytes(1 << 24))


def torch_pickle(path):
    path.write_bytes(pickle.dumps({"state": 1}, protocol=2))


def two_inputs(path):
    graph = graph_of([score()], tensors=WEIGHTS)
    graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, [1]))
    write(path, graph)


def picture_first(path):
    colours(path, given=("N", "H", "W", 3))


def one_label(path):
    nodes = [score("scored"), helper.make_node("GlobalAveragePool", ["scored"], ["pooled"])]
    nodes.append(helper.make_node("Flatten", ["pooled"], ["out"]))
    write(path, graph_of(nodes, output=("N", 4), tensors=WEIGHTS))


def silent(path):
    graph = graph_of([score()], tensors=WEIGHTS)
    del graph.output[:]
    write(path, graph)


def torn(path):
    """A bias that nothing gives."""
    write(path, graph_of([score()], tensors=WEIGHTS[:1]))


def made_up(path):
    write(path, graph_of([helper.make_node("Guess", ["image"], ["out"])]))


def newer(path):
    model = model_of(graph_of([score()], tensors=WEIGHTS))
    model.opset_import[0].version = 99
    save(model, path)


def bytes_in(path):
    nodes = [helper.make_node("Cast", ["image"], ["pixels"], to=TensorProto.FLOAT)]
    nodes.append(helper.make_node("Conv", ["pixels", "kernel", "bias"], ["out"]))
    graph = graph_of(nodes, tensors=WEIGHTS)
    graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    write(path, graph)


def no_rows(path):
    colours(path, given=("N", 3, 0, "W"))


FILES = {
    silent: "gives nothing: write it anew, with the network's logits as its output",
    torn: "is not sound: .*'bias'.* onnx.checker.check_model.FILE, full_check=True. says more",
    made_up: "is not sound: No Op registered for Guess .* mend the network",
    newer: "is written for a newer ONNX .* opset_version=17",
    bytes_in: "takes no float32 image. Leave the conversion of pixels out of the file",
    no_rows: "takes .×3×0×.; it should take N×3×H×W",
    external: "keeps kernel in another file",
    hidden: "keeps far in another file",
    declared: "declares kernel of more than 2 GiB",
    enormous: "is larger than 1 GiB",
    foreign: "uses operators of com.example",
    looks_like_a_network: "is no ONNX file",
    bomb: "it is a zip, as torch.save writes it",
    torch_pickle: "it is a pickle",
    two_inputs: "takes 2 inputs",
    picture_first: "it should take N×3×H×W",
    one_label: "should be N×K×h×w logits",
}


@pytest.mark.parametrize("make", [*FILES, lambda path: path.write_bytes(b"")])
def test_a_file_is_refused_in_a_sentence_and_leaves_nothing(make, tmp_path):
    make(tmp_path / "net.onnx")
    with pytest.raises(Misbehaved, match=FILES.get(make, "is no ONNX file")):
        onnx_import(tmp_path / "net.onnx", tmp_path / "out", ASKED)
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def wide_image(path):
    """One size, of which an image would be twelve terabytes."""
    colours(path, given=(1, 3, 1 << 20, 1 << 20))


def of_one_size(path):
    """Free by its word, but made for 64×64."""
    sides = ("sides", np.array([1, 4, 64, 64], np.int64))
    nodes = [score("scored"), helper.make_node("Reshape", ["scored", "sides"], ["out"])]
    write(path, graph_of(nodes, tensors=(*WEIGHTS, sides)))


def nan(path):
    nodes = [score("scored"), helper.make_node("Log", ["negative"], ["lost"])]
    nodes.append(helper.make_node("Add", ["scored", "lost"], ["out"]))
    tensors = (*WEIGHTS, ("negative", np.array(-1, np.float32)))
    write(path, graph_of(nodes, tensors=tensors))


def more_classes(path):
    write(path, graph_of([score()], output=("N", "K", "h", "w"), tensors=WEIGHTS))


def greedy(path):
    """A hundred gigabytes, which no tensor of the file shows."""
    nodes = [
        helper.make_node("ConstantOfShape", ["sides"], ["much"]),
        helper.make_node("ReduceMax", ["much"], ["most"], keepdims=0),
        score("scored"),
        helper.make_node("Add", ["scored", "most"], ["out"]),
    ]
    sides = ("sides", np.array([25, 1 << 15, 1 << 15], np.int64))
    write(path, graph_of(nodes, tensors=(*WEIGHTS, sides)))


def endless(path):
    """A loop of 2⁶² turns."""
    say = helper.make_tensor_value_info
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["on"]),
            helper.make_node("Identity", ["value"], ["again"]),
        ],
        "body",
        [
            say("turn", TensorProto.INT64, []),
            say("go", TensorProto.BOOL, []),
            say("value", TensorProto.FLOAT, None),
        ],
        [say("on", TensorProto.BOOL, []), say("again", TensorProto.FLOAT, None)],
    )
    nodes = [score("scored"), helper.make_node("Loop", ["turns", "", "scored"], ["out"], body=body)]
    tensors = (*WEIGHTS, ("turns", np.array(1 << 62, np.int64)))
    write(path, graph_of(nodes, tensors=tensors))


def wide(path):
    """Class ids of 9,000×9,000 pixels, whatever the image: as logits of four classes, 1.2 GiB."""
    nodes = [
        helper.make_node("ReduceMax", ["image"], ["most"], keepdims=0),
        helper.make_node("Cast", ["most"], ["whole"], to=TensorProto.INT64),
        helper.make_node("Mul", ["whole", "zero"], ["none"]),
        helper.make_node("Expand", ["none", "sides"], ["out"]),
    ]
    sides = np.array([1, 9_000, 9_000], np.int64)
    tensors = (("zero", np.array(0, np.int64)), ("sides", sides))
    kind = TensorProto.INT64
    write(path, graph_of(nodes, output=("N", "h", "w"), kind=kind, tensors=tensors))


@pytest.mark.parametrize(
    ("make", "options", "sentence"),
    [
        (nan, {}, "no numbers"),
        (more_classes, {"classes": '["one", "two", "three"]'}, "gives 4 classes, .* list has 3"),
        (colours, {"classes": '["one", "two", "three"]'}, "gives 4 classes, .* list has 3"),
        (lambda path: ids(path, more=1), {}, "the class id 4; its class list ends at 3"),
        (greedy, {}, "memory"),
        (endless, {}, "takes more than"),
        (wide, {}, "which is too large"),
        (wide_image, {"input_size": ""}, "sides of up to 4096 are taken. Write it for a smaller"),
        (
            of_one_size,
            {},
            "not compute an image of 64×96 [^/]*cannot be reshaped [^/]* give that as the input",
        ),
    ],
    ids=["nan", "free K", "fixed K", "ids", "memory", "loop", "wide", "wide image", "one size"],
)
def test_what_a_network_does_is_refused_too(make, options, sentence, tmp_path, monkeypatch):
    if make is endless:
        monkeypatch.setattr(runtime, "SECONDS", 4)
    make(tmp_path / "net.onnx")
    with pytest.raises(Misbehaved, match=sentence):
        onnx_import(tmp_path / "net.onnx", tmp_path / "out", ASKED | options)
    assert [path.name for path in tmp_path.iterdir()] == ["net.onnx"]


def test_a_network_whose_process_dies_is_followed_by_one_that_answers(tmp_path):
    sidecar = onnx_import(colours(tmp_path / "net.onnx"), tmp_path / "out", ASKED)["sidecar"]
    engine, file = Engine(), tmp_path / "net.onnx"
    network, _ = engine.network(file, sidecar)
    assert isinstance(network, OnnxNetwork)
    network._child.kill()
    network._child.wait()
    pixels = np.zeros((40, 40, 3), np.uint8)
    with pytest.raises(Misbehaved, match="its process died"):
        engine.predict(file, sidecar, pixels)
    assert engine.predict(file, sidecar, pixels).mask.shape == (40, 40)
    child = network._child
    engine._warm.clear()
    del network
    assert child.wait(30) != 0  # what is no longer warm has no process


def test_weights_that_are_not_the_sidecars_are_not_computed(tmp_path):
    sidecar = onnx_import(colours(tmp_path / "net.onnx"), tmp_path / "out", ASKED)["sidecar"]
    with pytest.raises(Misbehaved, match="sha256 differs"):
        Engine().predict(ids(tmp_path / "net.onnx"), sidecar, np.zeros((9, 9, 3), np.uint8))


def test_metadata_are_no_longer_than_what_is_read_of_them(tmp_path):
    file = colours(tmp_path / "net.onnx", junk="\x01" * 1_000_000, mean="0")
    assert onnx_facts(file)["metadata"] == {"mean": "0"}
