"""Files of Django's storage as local paths, for the workers.

Where storage is a local file system the path is the file's own. Elsewhere the file is copied into
VAR_DIR/cache, which is kept within CACHE_BUDGET_BYTES, least recently used out. Only for files that
never change under their name, as those named by their hash.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage


def local_path(name: str) -> Path:
    """Where the stored file `name` can be read by path, copied there if it must be.

    FileNotFoundError when a storage without paths has no such file.
    """
    try:
        return Path(default_storage.path(name))
    except NotImplementedError:
        path: Path = settings.VAR_DIR / "cache" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with (
            default_storage.open(name) as source,
            tempfile.NamedTemporaryFile(dir=path.parent, suffix=".tmp", delete=False) as target,
        ):
            shutil.copyfileobj(source, target)
        # Under its name once it is whole: others look by `exists`.
        Path(target.name).replace(path)
    # A hit makes the file young: the least recently used one goes, not the oldest.
    os.utime(path)
    _trim(keep=path)
    return path


def _trim(*, keep: Path) -> None:
    files = [path for path in (settings.VAR_DIR / "cache").rglob("*") if path.is_file()]
    files.sort(key=lambda path: path.stat().st_mtime)
    total = sum(path.stat().st_size for path in files)
    for path in files:
        if total <= settings.CACHE_BUDGET_BYTES:
            break
        # The one asked for stays, even where it is larger than the whole budget.
        if path != keep:
            total -= path.stat().st_size
            path.unlink(missing_ok=True)
