"""Menus close once a choice is made, on Escape and on a press elsewhere, on every page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_compare import upload
from tests.inference.pictures import encoded, noise
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]

RUN_OF_A_STAFF_MEMBER = """
import django; django.setup()
from django.contrib.auth.models import User
from tests.experiments.factories import run_make
User.objects.create_superuser("menus", password="of-the-menus-test")
print(run_make(name="with menus", epochs=2).pk)
"""
# Links and forms are followed by nothing, as after a download: the page stays.
STAY = """() => {
  window.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("click", (event) => {
    if (event.target.closest("a")) event.preventDefault();
  });
}"""


@pytest.fixture
def pages(site: Stack, visit: Visit, photo: Path) -> tuple[Any, list[str]]:
    """A signed-in browser, and every kind of page that has menus."""
    run = site.python("-c", RUN_OF_A_STAFF_MEMBER).strip()
    page = visit("/accounts/login/")
    page.fill("[name=username]", "menus")
    page.fill("[name=password]", "of-the-menus-test")
    page.click("main button")
    page.wait_for_url(f"{site.url}/")
    upload(page, photo)
    paths = [page.url]
    page.goto("/batches/new/")
    files = [{"name": "one.png", "mimeType": "image/png", "buffer": encoded(noise(96, 64))}]
    page.set_input_files(".drop-target input", files)
    page.get_by_role("button", name="Compare all").click()
    page.wait_for_url("**/batches/*-*/")
    page.get_by_text("3 of 3 masks").wait_for()
    paths += [page.url, "/runs/", f"/runs/{run}/", f"/runs/compare/?run={run}"]
    return page, paths


def test_every_menu_closes(pages: tuple[Any, list[str]]) -> None:
    page, paths = pages
    tried = []
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        page.evaluate(STAY)
        for menu in page.locator("details.menu").all():
            summary = menu.locator(":scope > summary")
            tried.append(summary.inner_text())
            choice = menu.locator("a[href], button:not([type=button])").last
            # A form that lacks something is not sent: its menu stays, with what is wrong.
            lacking = menu.locator("[required]").count()
            for close in (
                lambda: page.locator("h1").first.click(),
                lambda: page.keyboard.press("Escape"),
                *([] if lacking else [lambda choice=choice: choice.click()]),
            ):
                summary.click()
                assert menu.evaluate("menu => menu.open"), (path, tried[-1])
                close()
                assert not menu.evaluate("menu => menu.open"), (path, tried[-1])
            assert summary.evaluate("summary => summary === document.activeElement")
    assert {"Share", "Run again", "Delete", "Download", "Columns", "Export"} <= set(tried)


def test_a_menu_stays_while_its_form_is_filled_in(visit: Visit, photo: Path) -> None:
    page = visit()
    upload(page, photo)
    page.locator("summary", has_text="Run again").click()
    again = page.locator("details.menu", has_text="Run again")
    box = again.locator("[type=checkbox]").first
    box.click()
    box.click()
    assert again.evaluate("menu => menu.open")
