"""How static files are stored: compressed, under names that carry a hash of what is in them.

BokehJS is among them, from the installed package: the two scripts that the charts need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from django.urls import get_script_prefix
from whitenoise.storage import CompressedManifestStaticFilesStorage

# What stands before the address of a module: from "./x.js", import("./x.js"), new URL("./x.js" …
MODULE = r"""(?P<matched>(?P<before>\b(from |import |import\(|new URL\())"(?P<url>\.[^"]+\.js)")"""


class StaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Modules find each other, and their workers, under those names too.

    An import map would do so for pages, but not inside workers; Django's own
    `support_js_module_import_aggregation` stumbles over an import in a comment of htmx.
    """

    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", ((MODULE, '%(before)s"%(url)s"'),)),
    )

    @property
    def base_url(self) -> str:
        """With what stands before all addresses, which only a request knows (SCRIPT_NAME).

        Django keeps the setting as it first was read, which is before any request.
        """
        return get_script_prefix() + settings.STATIC_URL.lstrip("/")


SCRIPTS = ("bokeh.min.js", "bokeh-api.min.js")


class _Scripts(FileSystemStorage):
    prefix = "bokeh"  # which collectstatic puts before the names


class BokehFinder(BaseFinder):
    """Finds `bokeh/<script>`. The package's folder holds 24 MB, of which these are 1.4."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        import bokeh  # here, since only collecting static files looks for them

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
