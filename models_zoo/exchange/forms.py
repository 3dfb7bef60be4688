"""The forms in which a checkpoint goes out, and how a file of each ends."""

from __future__ import annotations

ENDINGS = {
    "onnx": ".onnx",
    "openvino": ".xml",  # and its weights beside it as .bin
    "torch": ".pt",  # torch.jit.load(FILE)
}
