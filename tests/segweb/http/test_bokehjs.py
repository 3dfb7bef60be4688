"""BokehJS comes from the installed package, and only what the charts need of it."""

from __future__ import annotations

from pathlib import Path

import bokeh
from django.contrib.staticfiles import finders

from segweb.http.staticfiles import SCRIPTS, BokehFinder


def test_the_charts_scripts_are_static_files() -> None:
    for name in SCRIPTS:
        found = Path(finders.find(f"bokeh/{name}"))
        assert found.is_relative_to(Path(bokeh.__file__).parent)
        assert bokeh.__version__.encode() in found.read_bytes()


def test_nothing_else_of_the_package_is_served() -> None:
    assert finders.find("bokeh/compiler.js") is None
    assert finders.find("other/bokeh.min.js") is None
    listed = [Path(storage.path(name)) for name, storage in BokehFinder().list([])]
    assert sum(path.stat().st_size for path in listed) < 2_000_000
