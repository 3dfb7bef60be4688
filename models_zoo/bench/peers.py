"""How else a network could be computed: plain PyTorch, ONNX Runtime, OpenVINO as it converts."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from models_zoo.precision import resolve

Forward = Callable[[], object]


def eager(network: nn.Module, image: Tensor) -> Forward:
    """PyTorch as it comes: float32 in the default layout."""
    plain = network.float().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]

    def forward() -> object:
        with torch.inference_mode():
            return plain(image)

    return forward


def bf16_channels_last(network: nn.Module, image: Tensor) -> Forward:
    """PyTorch in the precision and layout that its kernels are fastest in here."""
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    image = image.contiguous(memory_format=torch.channels_last)

    def forward() -> object:
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
            return network(image)

    return forward


def onnx_runtime(network: nn.Module, image: Tensor) -> Forward:
    """ONNX Runtime in float32, as exported."""
    import onnxruntime

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter that needs no further package is the older
        path = Path(folder, "network.onnx")
        torch.onnx.export(network, (image,), path, dynamo=False, opset_version=17)
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: image.numpy()}
    return lambda: session.run(None, given)


def openvino(network: nn.Module, image: Tensor) -> Forward:
    """OpenVINO in what the processor is fastest in, converted as documented, for this size."""
    import openvino as ov

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph = ov.convert_model(network, example_input=image, input=[tuple(image.shape)])
    precision = {"fp32": "f32", "bf16": "bf16"}[resolve("auto", "cpu")]
    hints = {"INFERENCE_PRECISION_HINT": precision, "PERFORMANCE_HINT": "LATENCY"}
    request = ov.Core().compile_model(graph, "CPU", hints).create_infer_request()
    given = image.numpy()
    return lambda: request.infer({0: given}, share_inputs=True, share_outputs=True)


PEERS: dict[str, tuple[str, Callable[[nn.Module, Tensor], Forward]]] = {
    "eager fp32": ("torch", eager),
    "torch bf16": ("torch", bf16_channels_last),
    "ONNX Runtime fp32": ("onnxruntime", onnx_runtime),
    # Asked for bf16 where there is none, it computes in fp32 without a word.
    f"OpenVINO {resolve('auto', 'cpu')}": ("openvino", openvino),
}


def installed() -> dict[str, Callable[[nn.Module, Tensor], Forward]]:
    """The peers whose packages are here."""
    here = {name: make for name, (package, make) in PEERS.items() if find_spec(package)}
    if not find_spec("onnx"):
        here.pop("ONNX Runtime fp32", None)
    return here
