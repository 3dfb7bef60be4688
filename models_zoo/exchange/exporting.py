"""A checkpoint as a file that runs without SegWeb, compared with its network before it is kept."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from models_zoo.checkpoints.shipped import CheckpointFiles
from models_zoo.data.scenes import draw
from models_zoo.files import sha256_of
from models_zoo.predict.inputs import batch_of, network_load
from models_zoo.translation import gettext_noop as _

OPSET = 17
ALIKE = 0.999  # of the pixels: where two classes are all but equal, rounding may choose the other
SCENES = (1, 2)  # seeds of the images on which both are compared
Exported = Callable[[Tensor], np.ndarray]  # 1×3×H×W → 1×K×H×W


def export(checkpoint: CheckpointFiles, form: str, out: Path) -> dict[str, Any]:
    """Writes `checkpoint` as `out`, in one of FORMS; tells the sizes and how alike the masks are.

    Normalised RGB in, 1×3×H×W float32, logits out; what the pixels are normalised by and the
    classes stand in the file's metadata, as `models_zoo.exchange.asked` reads them. `size`: the
    one height and width that it takes, or null for any. ValueError when its masks are others than
    the network's; nothing is written then.
    """
    sidecar = checkpoint.sidecar
    if "onnx" in sidecar:
        raise ValueError(_(f"{sidecar['key']} is an ONNX file: {checkpoint.weights_path}."))
    network = network_load(checkpoint.weights_path, sidecar, "cpu")
    network = network.float().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    out.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place: what fails leaves nothing, and what is moved is whole.
    with TemporaryDirectory(dir=out.parent, prefix=".export") as folder:
        draft = Path(folder, out.name)
        size, alike = _compared(network, sidecar, FORMS[form], draft)
        for path in sorted(draft.parent.iterdir()):
            os.replace(path, out.parent / path.name)  # noqa: PTH105  # of pathlib it is the same
    return {"file": str(out), "size": size, "alike": alike}


def _compared(
    network: nn.Module, sidecar: dict[str, Any], write: Callable[..., Exported], draft: Path
) -> tuple[list[int] | None, float]:
    """Writes a draft for any size, or for the network's own if only that gives the same masks."""
    height, width = sidecar["input_size"]
    fault = ""
    for size in (None, [height, width]):
        # Both odd: a size that a trace had fixed shows in the shape or the masks.
        odd = (height - height // 8 | 1, width - width // 6 | 1)
        seen_at = [(height, width)] if size else [(height, width), odd]
        try:
            computed = write(network, sidecar, draft, free=size is None)
            alike = min(_alike(network, computed, sidecar, at) for at in seen_at)
        except Exception as raised:  # whatever an exporter or a runtime raises
            fault = str(raised).strip().splitlines()[0] if str(raised).strip() else repr(raised)
            continue
        if alike >= ALIKE:
            return size, alike
        fault = f"{100 * (1 - alike):.2g} % of the pixels get another class."
    raise ValueError(_(f"{sidecar['key']} cannot be had in this form: {fault}"))


def _alike(
    network: nn.Module, computed: Exported, sidecar: dict[str, Any], size: tuple[int, int]
) -> float:
    """The smallest share of pixels of one class in both masks of an image."""
    shares = []
    for seed in SCENES:
        pixels = draw(seed=seed, height=192, width=256).image
        cpu = torch.device("cpu")
        figures = {"mean": sidecar["mean"], "std": sidecar["std"]}
        batch = batch_of(pixels, scored_at=size, device=cpu, **figures).contiguous()
        with torch.no_grad():
            wanted = network(batch).argmax(1).numpy()
        shares.append(float((computed(batch).argmax(1) == wanted).mean()))
    return min(shares)


def _metadata(sidecar: dict[str, Any]) -> dict[str, str]:
    terms = {
        name: sidecar["dataset"].get(name, "") for name in ("slug", "title", "licence", "source")
    }
    classes = {"classes": sidecar["classes"], "ignore_index": sidecar["ignore_index"]}
    return {
        "classes": json.dumps(classes | terms),
        "mean": ",".join(map(str, sidecar["mean"])),
        "std": ",".join(map(str, sidecar["std"])),
        "order": "RGB",
        "input_size": ",".join(map(str, sidecar["input_size"])),
        "key": sidecar["key"],
    }


def _traced(network: nn.Module, sidecar: dict[str, Any]) -> Any:
    with torch.no_grad(), warnings.catch_warnings():
        # A trace warns of each size that could be fixed in it; the comparison tells.
        warnings.simplefilter("ignore")
        return torch.jit.trace(
            network, torch.zeros(1, 3, *sidecar["input_size"]), check_trace=False
        )


def _onnx(network: nn.Module, sidecar: dict[str, Any], draft: Path, *, free: bool) -> Exported:
    import onnx

    from models_zoo.predict.runtimes.onnx import OnnxNetwork

    sides = {2: "height", 3: "width"}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (torch.zeros(1, 3, *sidecar["input_size"]),),
            draft,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": sides, "logits": sides} if free else None,
            opset_version=OPSET,
            dynamo=False,  # the other one needs each open side declared
        )
    model = onnx.load(draft)
    onnx.helper.set_model_props(model, _metadata(sidecar))
    onnx.save(model, draft)
    taken = {"size": None if free else sidecar["input_size"], "multiple": 1, "order": "RGB"}
    described = sidecar | {"onnx": taken, "sha256": sha256_of(draft)}
    computes = OnnxNetwork(draft, described)
    return lambda batch: cast(np.ndarray, computes(batch).numpy())


def _openvino(network: nn.Module, sidecar: dict[str, Any], draft: Path, *, free: bool) -> Exported:
    import openvino as ov

    sides = [-1, -1] if free else list(sidecar["input_size"])
    graph = ov.convert_model(_traced(network, sidecar), input=[ov.PartialShape([1, 3, *sides])])
    for name, text in _metadata(sidecar).items():
        graph.set_rt_info(text, ["segweb", name])
    ov.save_model(graph, draft, compress_to_fp16=False)
    core = ov.Core()
    compiled = core.compile_model(draft, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda batch: cast(np.ndarray, compiled(batch.numpy())[0])


def _torch(network: nn.Module, sidecar: dict[str, Any], draft: Path, *, free: bool) -> Exported:
    traced = _traced(network, sidecar)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch advises torch.export, whose sizes are not free
        torch.jit.save(traced, draft, _extra_files=_metadata(sidecar))
        loaded = torch.jit.load(draft)

    def computed(batch: Tensor) -> np.ndarray:
        with torch.no_grad():
            return cast(np.ndarray, loaded(batch).numpy())

    return computed


FORMS: dict[str, Callable[..., Exported]] = {
    "onnx": _onnx,
    "openvino": _openvino,
    "torch": _torch,
}
