"""Modules that import each other by names that carry a hash."""

from __future__ import annotations

from pathlib import Path

from django.urls.base import clear_script_prefix, set_script_prefix
from pytest_django import Settings

from segweb.http.staticfiles import StaticFilesStorage


def test_modules_and_workers_are_found_under_their_hashed_names(tmp_path: Path) -> None:
    source = {
        "js/page.js": 'import { f } from "./part.js";\n'
        'const later = () => import("./part.js");\n'
        'const work = new Worker(new URL("./work.js", import.meta.url));\n',
        "js/part.js": "export const f = 1; // ../css/x.js\n",
        "js/work.js": 'import "./part.js";\n',
        "other/htmx.js": '/* import htmx from "./htmx"; */\n',
    }
    for name, text in source.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    storage = StaticFilesStorage(location=tmp_path, base_url="/static/")
    paths = {name: (storage, name) for name in source}
    outcomes = {name: hashed for name, hashed, _ in storage.post_process(paths) if name in source}

    def named(name: str) -> str:
        return Path(outcomes[f"js/{name}.js"]).name

    assert (tmp_path / outcomes["js/page.js"]).read_text() == source["js/page.js"].replace(
        "./part.js", f"./{named('part')}"
    ).replace("./work.js", f"./{named('work')}")
    assert named("part") in (tmp_path / outcomes["js/work.js"]).read_text()
    assert (tmp_path / outcomes["other/htmx.js"]).read_text() == source["other/htmx.js"]


def test_addresses_begin_with_what_stands_before_all_of_them(
    tmp_path: Path, settings: Settings
) -> None:
    """The storage is made before any request, and no request is under the same path for ever."""
    settings.DEBUG = True  # so that it looks for no list of hashed names
    storage = StaticFilesStorage(location=tmp_path)
    assert storage.url("x.css") == "/static/x.css"
    set_script_prefix("/segweb/")
    try:
        assert storage.url("x.css") == "/segweb/static/x.css"
    finally:
        clear_script_prefix()
