"""What computes a mask beside PyTorch: OpenVINO, on a processor, where it is installed."""

from __future__ import annotations

import os
from importlib.util import find_spec


def graphs_wanted() -> bool:
    """Whether OpenVINO is here and SEGWEB_RUNTIME does not ask for PyTorch alone."""
    return os.environ.get("SEGWEB_RUNTIME") != "torch" and find_spec("openvino") is not None
