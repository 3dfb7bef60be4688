"""What a shipped network made of each image of val: a small file beside its weights. Torch-free.

<name>.counts.json.gz       sha256 of the weights, and `per_image` as an evaluation counts it

With it a run of one's own can be compared with a shipped network image by image, and be told from
chance. Equal counts give equal files.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from models_zoo.files import write_atomically

SUFFIX = ".counts.json.gz"


def counts_write(weights: Path, *, sha256: str, per_image: list[dict[str, Any]]) -> None:
    """Keep the counts of each image beside `weights`, the file of this sha256."""
    content = json.dumps({"sha256": sha256, "per_image": per_image}, separators=(",", ":"))
    write_atomically(weights.with_suffix(SUFFIX), gzip.compress(content.encode(), mtime=0))


def counts_read(weights: Path, *, sha256: str) -> list[dict[str, Any]] | None:
    """The counts of each image; None where there are none, or those of other weights."""
    try:
        content = json.loads(gzip.decompress(weights.with_suffix(SUFFIX).read_bytes()))
    except FileNotFoundError:
        return None
    return list(content["per_image"]) if content["sha256"] == sha256 else None
