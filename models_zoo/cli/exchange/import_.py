"""import: a network from elsewhere becomes a checkpoint."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from models_zoo.images import open_image

HELP = "Take a network from elsewhere: an ONNX file."
OPTIONS = ("classes", "name", "mean", "std", "order", "input_size")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Declares what the command takes."""
    parser.add_argument("--onnx", type=Path, metavar="FILE", required=True)
    parser.add_argument("--classes", help="a data set's slug, or a JSON file such as classes.json")
    parser.add_argument("--name", help="what it is called; as its file unless given")
    parser.add_argument("--mean", help="as in 0.485,0.456,0.406, of pixels from 0 to 1")
    parser.add_argument("--std", help="as in 0.229,0.224,0.225")
    parser.add_argument("--order", help="RGB or BGR; RGB unless given")
    parser.add_argument("--input-size", metavar="HEIGHT,WIDTH", help="where the file takes any")
    parser.add_argument("--try", dest="picture", type=Path, metavar="IMAGE", help="a drawn scene")
    parser.add_argument("--out", type=Path, default=Path("imported"), help="imported unless given")


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Checks the file, tries it and keeps it."""
    from models_zoo.exchange.importing import onnx_import

    asked = {name: getattr(options, name) for name in OPTIONS}
    picture = open_image(options.picture) if options.picture else None
    checked = onnx_import(options.onnx, options.out, asked, picture)
    for seen in checked["seen"][:5]:
        print(f"{seen['name']:20} {100 * seen['share']:.1f} %")
    print(f"{checked['file']}  {checked['milliseconds']:.0f} ms; .png beside it shows a mask")
    return checked | {"key": checked["sidecar"]["key"]}
