"""The admin shows everything, changes nothing by hand, and withdraws by the service."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse as Response
from django.test import Client
from django.urls import reverse

from experiments.models import Checkpoint, Dataset, Run
from inference.models import Comparison, Image, Prediction
from segweb.env import BASE_DIR
from segweb.jobs import State
from tests.experiments.factories import run_make


@pytest.fixture
def checkpoint(db: None) -> Checkpoint:
    """One on offer."""
    return Checkpoint.objects.create(
        key="camvid-unet-slim",
        sha256="1",
        architecture="unet",
        variant="slim",
        dataset=Dataset.objects.create(slug="camvid", title="CamVid"),
        parameters=1,
    )


def test_withdraw_and_restore(admin_client: Client, checkpoint: Checkpoint) -> None:
    address = reverse("admin:experiments_checkpoint_changelist")
    for action, offered in (("withdraw", False), ("restore", True)):
        data = {"action": action, "_selected_action": [checkpoint.pk]}
        response = admin_client.post(address, data, follow=True)
        assert b"1 checkpoint" in response.content
        assert Checkpoint.objects.get().offered is offered


def test_only_who_may_change_may_withdraw(client: Client, checkpoint: Checkpoint) -> None:
    client.force_login(User.objects.create_user("ann", is_staff=True))
    data = {"action": "withdraw", "_selected_action": [checkpoint.pk]}
    response = client.post(reverse("admin:experiments_checkpoint_changelist"), data)
    assert response.status_code == 403
    assert Checkpoint.objects.get().offered


@pytest.mark.parametrize("name", ["checkpoint", "dataset", "evaluation"])
def test_experiments_pages(name: str, admin_client: Client, checkpoint: Checkpoint) -> None:
    address = reverse(f"admin:experiments_{name}_changelist")
    assert admin_client.get(address).status_code == 200
    assert admin_client.get(f"{address}add/").status_code == 403


@pytest.mark.parametrize("language", ["en", "ko"])
def test_times_have_their_zone(language: str, admin_client: Client) -> None:
    run = run_make(usage=1)
    shown = 0
    for page in ("", f"{run.pk}/change/"):
        address = f"/admin/experiments/run/{page}"
        text = admin_client.get(address, headers={"Accept-Language": language}).content.decode()
        # As Django writes them without more: 8:31 p.m. or 오후.
        times = re.findall(
            r"\d+(?::\d\d)? (?:[ap]\.m\.|오전|오후)(.{4})|(?:midnight|noon)(.{4})", text
        )
        assert all(" UTC" in after for after in times), times
        shown += len(times)
    assert shown > 3


def test_no_template_shows_a_time_without_its_zone() -> None:
    forms = [
        form
        for path in (BASE_DIR / "templates").rglob("*.html")
        for form in re.findall(r"""\|(?:date|time)(?::["']([^"']+))?""", path.read_text())
    ]
    assert forms
    for form in set(forms):
        assert "e" in form or not set(form) & set("aAfgGhHiPsu"), form


def test_inference_pages(admin_client: Client, checkpoint: Checkpoint) -> None:
    image = Image.objects.create(width=1, height=1, name="<img src=x onerror=alert(1)>")
    comparison = Comparison.objects.create(image=image)
    prediction = Prediction.objects.create(comparison=comparison, checkpoint=checkpoint)
    for row in (image, comparison, prediction):
        name = row._meta.model_name
        for page in ("changelist", "change"):
            args = [row.pk] if page == "change" else []
            response = admin_client.get(reverse(f"admin:inference_{name}_{page}", args=args))
            assert response.status_code == 200
            assert b"<img src=x" not in response.content


def test_runs_are_acted_on_by_services(admin_client: Client) -> None:
    going, failed = run_make(epochs=1, planned=3), run_make(state="FAILED")
    address = reverse("admin:experiments_run_changelist")
    assert reverse("admin:experiments_run_launch") in admin_client.get(address).content.decode()

    def act(action: str, *runs: Run) -> Response:
        data = {"action": action, "_selected_action": [run.pk for run in runs]}
        return admin_client.post(address, data)

    act("stop", going, failed)
    act("resume", going, failed)
    assert Run.objects.get(pk=going.pk).stop_requested
    assert Run.objects.get(pk=failed.pk).state == "QUEUED"
    launch = reverse("admin:experiments_run_launch")
    assert act("clone", failed).url == f"{launch}?from={failed.pk}"
    assert act("clone", going, failed).url == address
    act("delete_for_good", going, failed)
    assert not Run.objects.exists()


def test_the_admins_pages_of_runs(admin_client: Client) -> None:
    run = run_make(name="<img src=x onerror=alert(1)>")
    pages = [reverse("admin:experiments_run_change", args=[run.pk])]
    pages += [reverse("admin:experiments_run_launch") + query for query in ("", f"?from={run.pk}")]
    for page in pages:
        response = admin_client.get(page)
        assert response.status_code == 200
        assert b"<img src=x" not in response.content


@pytest.mark.django_db
def test_staff_without_the_permission_launch_nothing(client: Client) -> None:
    client.force_login(User.objects.create_user("ann", is_staff=True))
    assert client.get(reverse("admin:experiments_run_launch")).status_code == 403
    assert client.get(reverse("admin:experiments_run_changelist")).status_code == 403
    assert client.get(reverse("experiments:launch")).status_code == 403


def test_the_first_page_says_what_trains_and_what_failed(admin_client: Client) -> None:
    run_make(name="now", state=State.RUNNING, epochs=3, planned=9)
    run_make(name="broken", state=State.FAILED, error="The disk is full.")
    page = admin_client.get(reverse("admin:index")).content.decode()
    going, failed = page.partition("Failed lately")[::2]
    assert "now" in going
    assert "epoch 3 of 9" in going
    assert "The disk is full." in failed
    assert reverse("admin:experiments_run_launch") in going
    assert "of the disk are free" in going
