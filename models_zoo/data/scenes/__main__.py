"""python -m models_zoo.data.scenes --samples DIR: make the shipped sample images again."""

from __future__ import annotations

import argparse
from pathlib import Path

from models_zoo.data.scenes.samples import samples_write

parser = argparse.ArgumentParser(prog="python -m models_zoo.data.scenes")
parser.add_argument("--samples", metavar="DIR", type=Path, required=True, help="folder to write to")
samples_write(parser.parse_args().samples)
