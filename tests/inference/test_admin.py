"""What the admin calls inference's things, and that each has a page to be searched in."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains


@pytest.mark.parametrize(
    ("language", "wanted"),
    [("en", ("Batches", "Looks into networks", "Files of batches")), ("ko", ("배치", "앙상블"))],
)
def test_things_have_names(language: str, wanted: tuple[str, ...], admin_client: Client) -> None:
    index = admin_client.get("/admin/", headers={"Accept-Language": language})
    for name in wanted:
        assertContains(index, name)
    for wrong in ("Batchs", "Insides", "Batch items"):
        assertNotContains(index, wrong)


@pytest.mark.parametrize(
    "model", [m.__name__.lower() for m in apps.get_app_config("inference").get_models()]
)
def test_everything_can_be_looked_at_and_searched(model: str, admin_client: Client) -> None:
    assertContains(admin_client.get(f"/admin/inference/{model}/", {"q": "x"}), "searchbar")
