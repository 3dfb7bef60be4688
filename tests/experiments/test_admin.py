"""The admin shows everything, changes nothing by hand, and withdraws by the service."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from experiments.models import Checkpoint, Dataset
from inference.models import Comparison, Image, Prediction


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
