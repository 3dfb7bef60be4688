"""Files that are drawn of stored ones when they are first asked for, and then kept beside them.

Drawing happens apart, a few at once: of a mask of 40 megapixels an overlay took 10 CPU seconds and
2 GB of the web process, anew each time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

from django.core.files.base import File
from django.core.files.storage import default_storage

from inference.images.apart.process import apart


def spooled(stored: Any, path: Path) -> Path:
    """A stored file as one that another process can open."""
    with path.open("wb") as target, stored.open() as source:
        shutil.copyfileobj(source, target)
    return path


def derived(name: str, draw: Callable[..., None], *sources: Any) -> BinaryIO:
    """The stored file `name`, opened; drawn by `draw(*sources, target)` where it is not there yet.

    Sources are stored files, or what `draw` takes as it is. OverBudget and Occupied as by `apart`.
    """
    if not default_storage.exists(name):
        with TemporaryDirectory(prefix="segweb-") as folder:
            taken = [
                spooled(source, Path(folder, str(place))) if hasattr(source, "open") else source
                for place, source in enumerate(sources)
            ]
            target = Path(folder, "target")
            apart(draw, *taken, target)
            try:
                # Another request may have been faster: its file is as good.
                if not default_storage.exists(name):
                    with target.open("rb") as drawn:
                        default_storage.save(name, File(drawn))
            except OSError:  # not to keep it costs time, not to show it would cost the page
                return BytesIO(target.read_bytes())
    return cast(BinaryIO, default_storage.open(name))
