"""Every page, anonymous and signed in: axe finds nothing serious, and Korean pages are Korean."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.test_batches import scenes  # noqa: F401  (a fixture)
from tests.browser.test_compare import compared  # noqa: F401  (a fixture)
from tests.browser.test_pages import axe_faults
from tests.browser.test_tracking import runs, signed_in  # noqa: F401  (fixtures)
from tests.stack import Stack

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
Visit = Callable[..., Any]

FOR_ALL = (
    "/",
    "/history/",
    "/models/",
    "/batches/",
    "/batches/new/",
    "/live/",
    "/lineage/",
    "/architectures/",
    "/architectures/segnet/",
    "/accounts/login/?next=/runs/",
    "/none/",
)
FOR_ACCOUNTS = (
    "/accounts/",
    "/accounts/password/",
    "/datasets/",
    "/datasets/one/?data=scenes",
    "/models/import/",
    "/models/masks/",
    "/leaderboard/",
    "/runs/",
    "/runs/new/",
    "/admin/",
    "/admin/experiments/run/",
    "/admin/inference/comparison/",
)

# The English of a page outside of what is English by nature: texts, and attributes that are read.
ENGLISH = r"""() => {
  const ours = /\b(the|of|and|is|are|was|with|to|in|for|no|not|from|this|that|it|on|at|as|be)\b/;
  const run = /[A-Za-z]+(?:[\s,’'-]+[A-Za-z]+){2,}/;
  const english = (text) => ours.test(run.exec(text)?.[0] ?? "");
  const own = "code, pre, kbd, textarea, script, style, noscript, template, [lang=en]";
  const theirs = (element) => !element.closest(own);
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { parentElement, data } = texts.currentNode;
    if (theirs(parentElement) && english(data)) found.push(data.trim());
  }
  for (const element of document.querySelectorAll("*"))
    for (const { name, value } of theirs(element) ? element.attributes : [])
      if (/^(title|alt|placeholder|aria-label|data-.*)$/.test(name) && english(value))
        found.push(`${name}: ${value}`);
  return found;
}"""


def walk(page: Any, paths: tuple[str, ...], language: str) -> list[str]:
    """What is wrong with the pages, each with its path."""
    faults = []
    for path in paths:
        page.goto(path)
        page.wait_for_load_state("networkidle")
        found = axe_faults(page)
        if language == "ko":
            found += page.evaluate(ENGLISH)
        faults += [f"{path}: {fault}" for fault in found]
    return faults


@pytest.mark.parametrize(("language", "scheme"), [("ko", "light"), ("en", "dark")])
def test_pages_for_all(
    browser: Any,
    site: Stack,
    compared: str,  # noqa: F811
    language: str,
    scheme: str,
) -> None:
    context = browser.new_context(base_url=site.url, locale=language, color_scheme=scheme)
    assert walk(context.new_page(), (*FOR_ALL, compared), language) == []
    context.close()


@pytest.mark.parametrize(("language", "scheme"), [("ko", "dark"), ("en", "light")])
def test_pages_for_accounts(
    browser: Any,
    site: Stack,
    signed_in: dict[str, Any],  # noqa: F811
    runs: list[str],  # noqa: F811
    language: str,
    scheme: str,
) -> None:
    context = browser.new_context(
        base_url=site.url, locale=language, color_scheme=scheme, storage_state=signed_in
    )
    of_runs = [f"/runs/{pk}/" for pk in runs[1:]]
    compared_runs = f"/runs/compare/?run={runs[0]}&run={runs[1]}"
    paths = (*FOR_ACCOUNTS, *of_runs, compared_runs)
    assert walk(context.new_page(), paths, language) == []
    context.close()


def test_a_batch_in_korean(visit: Visit, scenes: Path) -> None:  # noqa: F811
    page = visit("/batches/new/", locale="ko")
    page.set_input_files(".drop-target input", scenes)
    page.locator("form.upload button.primary").last.click()
    page.wait_for_url("**/batches/*-*/")
    page.locator("#batch:not([hx-get])").wait_for()
    assert page.evaluate(ENGLISH) == []
    # Shared: the page of its maker, and that of whoever has the link.
    for menu in ("share", "unshare"):
        page.locator(".menu", has=page.locator(f"form[action$='/{menu}/']")).locator(
            "summary"
        ).click()
        if menu == "share":
            page.locator("form[action$='/share/'] button").click()
            page.wait_for_load_state()
    link = page.locator(".link").input_value()
    assert walk(page, (page.url, link), "ko") == []
