"""What no database could keep is refused before anything looks at it."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from rest_framework.test import APIClient

from experiments.models import Run

pytestmark = pytest.mark.django_db
RUNS = "/api/v1/runs/"
DEEP = 100_000


@pytest.fixture
def staff() -> APIClient:
    user = User.objects.create_user("staff")
    user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.mark.parametrize(
    "value",
    [
        "1e999",
        "-1e999",
        "NaN",
        "1" * 400,
        "-" + "1" * 5000,
        '"\\ud800"',
        '{"\\ud800": 1}',
        "[" * DEEP + "]" * DEEP,
    ],
)
@pytest.mark.parametrize("kind", ["trained", "external"])
def test_values_that_json_lets_through_and_nobody_can_keep(
    staff: APIClient, kind: str, value: str
) -> None:
    run = f'"kind": "{kind}", "architecture": "unet", "dataset": "scenes", "epochs": 1'
    body = f'{{{run}, "config": {{"options": {{"a": {value}}}}}}}'
    answer = staff.post(RUNS, body, content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert not Run.objects.exists()
    assert staff.get(RUNS).status_code == 200
