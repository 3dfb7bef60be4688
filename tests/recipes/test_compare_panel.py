"""CONTRIBUTING's recipe for a panel of the compare page: a template and a module, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.template import Context, Engine, TemplateSyntaxError

from tests.stack import Stack, stack_up, tiny_checkpoint

TEMPLATE = """{% load i18n panels %}{% panel order=15 tab=_("Classes") title=_("Classes found") %}
<p class="texts" hidden data-count="{% translate 'Classes' %}"></p>
<p class="told-classes"></p>
"""
MODULE = """
export function panel(board, section, texts) {
  return async () => {
    const { ids } = await board.layer(1).read();
    section.querySelector(".told-classes").textContent = `${texts.count}: ${new Set(ids).size}`;
  };
}
"""
SETTINGS = """
from pathlib import Path
from segweb.settings import *
HERE = Path(__file__).parent
TEMPLATES[0]["DIRS"] = [*TEMPLATES[0]["DIRS"], HERE / "templates"]
STATICFILES_DIRS = [*STATICFILES_DIRS, HERE / "static"]
"""


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the repository with a panel's two files."""
    folder = tmp_path_factory.mktemp("added")
    files = {
        folder / "templates/inference/compare/panels/classes.html": TEMPLATE,
        folder / "static/js/compare/panels/classes.js": MODULE,
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True)
        path.write_text(content)
    return folder


def test_a_panel_announces_itself(added: Path) -> None:
    libraries = {"panels": "inference.templatetags.panels", "i18n": "django.templatetags.i18n"}
    engine = Engine(dirs=[str(added / "templates")], libraries=libraries)
    page = engine.from_string(
        "{% load panels %}{% panels as panels %}{% for p in panels %}{{ p.name }}: {{ p.tab }}"
        "{{ p.module }}{% endfor %}"
    )
    drawn = page.render(Context())
    assert drawn.startswith("classes: Classes")
    assert "js/compare/panels/classes" in drawn


@pytest.mark.parametrize(
    "announcement",
    [
        "",
        "{% panel order=1 %}",
        "{% panel order=1 tab='a' title='b' colour='c' %}",
        "{% panel 1 %}",
    ],
)
def test_what_is_forgotten_does_not_fail_silently(announcement: str, tmp_path: Path) -> None:
    path = tmp_path / "inference/compare/panels/classes.html"
    path.parent.mkdir(parents=True)
    path.write_text("{% load panels %}" + announcement)
    libraries = {"panels": "inference.templatetags.panels"}
    page = Engine(dirs=[str(tmp_path)], libraries=libraries).from_string(
        "{% load panels %}{% panels as panels %}"
    )
    with pytest.raises(TemplateSyntaxError, match=r"panel"):
        page.render(Context())


@pytest.fixture(scope="module")
def site(added: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """SegWeb with the panel."""
    (added / "settings_with_panel.py").write_text(SETTINGS)
    folder = tmp_path_factory.mktemp("site")
    stack = stack_up(
        folder / "var",
        tiny_checkpoint(folder, "unet"),
        static=True,
        DJANGO_SETTINGS_MODULE="settings_with_panel",
        PYTHONPATH=str(added),
    )
    yield stack
    stack.stop()


@pytest.mark.browser
@pytest.mark.timeout(300)
def test_two_files_are_a_tab_and_a_panel_that_works(site: Stack, browser: Any) -> None:
    path = site.python("-m", "tests.browser.drawn", "96", "64", "2")
    page = browser.new_page(base_url=site.url, locale="en")
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: said.type == "error" and faults.append(said.text))
    page.goto(path)
    tabs = page.locator(".tabs [data-panel]")
    assert tabs.all_inner_texts()[:3] == ["Agreement", "Classes", "Scores"]
    page.locator(".tabs [data-panel=classes]").click()
    page.get_by_role("heading", name="Classes found").wait_for()
    page.wait_for_function(
        "() => /^Classes: [1-9]/.test(document.querySelector('.told-classes').textContent)"
    )
    assert faults == []
    page.close()
