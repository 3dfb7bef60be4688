"""BokehJS as static files, from the installed package: the two scripts that the charts need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import bokeh
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

SCRIPTS = ("bokeh.min.js", "bokeh-api.min.js")


class _Scripts(FileSystemStorage):
    prefix = "bokeh"  # which collectstatic puts before the names


class BokehFinder(BaseFinder):
    """Finds `bokeh/<script>`. The package's folder holds 24 MB, of which these are 1.4."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.storage = _Scripts(Path(bokeh.__file__).parent / "server" / "static" / "js")

    def check(self, **kwargs: Any) -> list[Any]:
        """Nothing can be set, so nothing can be wrong."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file behind a static path; an empty list when it is not one of the scripts."""
        prefix, _, name = path.partition("/")
        if prefix != self.storage.prefix or name not in SCRIPTS:
            return []
        script = self.storage.path(name)
        return [script] if find_all else script

    def list(
        self, ignore_patterns: Iterable[str] | None
    ) -> Iterator[tuple[str, FileSystemStorage]]:
        """Each script with its storage."""
        yield from ((name, self.storage) for name in SCRIPTS)
