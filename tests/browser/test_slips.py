"""What goes wrong between a page and its server: pressed twice, gone back, signed out, offline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PATIENCE
from tests.browser.test_compare import all_arrived, compared, drawn, upload  # noqa: F401
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Any]

PRIVATE = """
import django; django.setup()
from django.contrib.auth.models import User
User.objects.create_user("private", password="of-the-slips-test")
"""
COUNT = """
import django; django.setup()
from inference.models import Comparison
print(Comparison.objects.count())
"""
RUNNING = """
import sys, django; django.setup()
from django.utils import timezone
from inference.models import Prediction
rows = Prediction.objects.filter(comparison=sys.argv[1].split("/")[2])
rows.filter(position=0).update(state="RUNNING", tile=12, tiles=48, heartbeat_at=timezone.now(),
                               lease_owner="somebody", attempt=1)
"""
DONE = """
import sys, django; django.setup()
from inference.models import Prediction
rows = Prediction.objects.filter(comparison=sys.argv[1].split("/")[2])
rows.filter(position=0).update(state=sys.argv[2], error="")
"""


@pytest.fixture
def tolerant(site: Stack, browser: Any) -> Iterator[Any]:
    """A page whose console may report what a test provokes."""
    context = browser.new_context(base_url=site.url, locale="en")
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def comparisons(site: Stack) -> int:
    return int(site.python("-c", COUNT))


@pytest.mark.parametrize("what", ["sample", "again", "batch"])
def test_a_double_click_makes_one(
    site: Stack,
    visit: Visit,
    compared: str,  # noqa: F811
    photo: Path,
    what: str,
) -> None:
    page = visit({"sample": "/", "again": compared, "batch": "/batches/new/"}[what])
    sent = []
    page.on("request", lambda request: request.method == "POST" and sent.append(request.url))
    before = comparisons(site)
    if what == "sample":
        page.locator(".samples .tile").first.dblclick()
    if what == "again":
        page.locator("summary", has_text="Run again").click()
        page.get_by_role("button", name="Compare these").dblclick()
    if what == "batch":
        page.set_input_files(".drop-target input", photo)
        page.get_by_role("button", name="Compare all").dblclick()
        page.wait_for_url("**/batches/*-*/")
        page.get_by_text("3 of 3 masks").wait_for()
    else:
        page.wait_for_url(lambda url: "/c/" in url and compared not in url)
        all_arrived(page)
    assert len(sent) == 1
    assert comparisons(site) == before + 1


def test_the_same_file_may_be_chosen_after_going_back(visit: Visit, photo: Path) -> None:
    page = visit("/")
    upload(page, photo)
    page.go_back()
    page.wait_for_url("**/")
    page.wait_for_function(
        "() => document.querySelector('drop-zone input[type=file]').value === ''"
    )
    assert page.locator(".preview").is_hidden()
    page.set_input_files(".drop-target input", photo)
    page.wait_for_url("**/c/**")


def test_whoever_is_signed_out_is_told_so(site: Stack, tolerant: Any, photo: Path) -> None:
    site.python("-c", PRIVATE)
    page = tolerant
    page.goto("/accounts/login/?next=/")
    page.fill("[name=username]", "private")
    page.fill("[name=password]", "of-the-slips-test")
    page.click("main button")
    page.wait_for_url(f"{site.url}/")
    upload(page, photo)
    all_arrived(page)
    form = page.context.new_page()  # a tab from before
    form.goto("/")
    page.context.clear_cookies(name="sessionid")
    site.python("-c", RUNNING, page.url.removeprefix(site.url))
    page.get_by_role("button", name="Speed").click()
    page.locator(".fault", has_text="If you were signed out, sign in again.").wait_for()
    page.context.clear_cookies()
    form.set_input_files(".drop-target input", photo)
    form.get_by_text("This page is from before you signed in or out.").wait_for()
    assert form.locator(".upload [name=models]:checked").count() == 3  # nothing is lost


def test_a_panel_says_that_the_server_is_away(tolerant: Any, compared: str) -> None:  # noqa: F811
    page = tolerant
    page.goto(compared)
    all_arrived(page)
    page.route("**/panels/speed*.js", lambda route: route.abort())
    page.get_by_role("button", name="Speed").click()
    fault = page.locator("#panel-speed .fault")
    fault.wait_for()
    assert (
        fault.inner_text() == "The server does not answer. Nothing is lost: try again in a moment."
    )


def test_a_tile_says_how_far_it_is_and_keeps_what_is_open(
    site: Stack,
    visit: Visit,
    photo: Path,
) -> None:
    page = visit("/")
    upload(page, photo)
    all_arrived(page)
    path = page.url.removeprefix(site.url)
    site.python("-c", RUNNING, path)
    page.reload()
    page.get_by_text("Tile 12 of 48").wait_for()
    summary = page.locator("#pane-1 summary").first
    summary.focus()
    page.keyboard.press("Enter")
    site.python("-c", DONE, path, "DONE")
    page.locator("#shown-1[data-state=DONE]").wait_for()
    assert page.locator("#pane-1 .more").evaluate("menu => menu.open")
    assert summary.evaluate("summary => summary === document.activeElement")
    page.locator("#facts-1").get_by_text("Download the mask").wait_for()


def test_failed_masks_are_told(site: Stack, visit: Visit, photo: Path) -> None:
    page = visit("/")
    upload(page, photo)
    all_arrived(page)
    site.python("-c", DONE, page.url.removeprefix(site.url), "FAILED")
    page.reload()
    page.get_by_text("Masks: 2 of 3, 1 failed").wait_for()
