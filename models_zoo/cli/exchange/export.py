"""export: a checkpoint as a file that runs without SegWeb."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from models_zoo.checkpoints.resolve import resolve
from models_zoo.exchange.forms import ENDINGS

HELP = "Write a checkpoint as ONNX, OpenVINO or TorchScript, once its masks were compared."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--checkpoint", required=True, help="a file or a shipped key")
    parser.add_argument("--format", choices=ENDINGS, default="onnx", help="onnx unless given")
    parser.add_argument("--out", type=Path, help="the file; as its key unless given")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Writes it."""
    from models_zoo.exchange.exporting import export

    checkpoint = resolve(options.checkpoint)
    ending = ENDINGS[options.format]
    out = options.out or Path(f"{checkpoint.sidecar['key']}{ending}")
    if out.suffix != ending:
        raise ValueError(f"A file of this form ends in {ending}, not as {out.name} does.")
    told = export(checkpoint, options.format, out)
    sizes = "×".join(map(str, told["size"])) if told["size"] else "any size"
    print(f"{told['file']}  {sizes}, {100 * told['alike']:.2f} % of the pixels as the network's")
    return {"key": checkpoint.sidecar["key"], **told}
