"""Signing in is throttled by address, at both of its doors."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

WRONG = {"username": "teacher", "password": "guess"}


@pytest.mark.django_db
@pytest.mark.parametrize("door", ["/accounts/login/", "/admin/login/"])
def test_two_hundred_attempts_in_a_minute_are_stopped(client, door):
    answers = [client.post(door, WRONG, HTTP_X_FORWARDED_FOR=f"10.0.0.{i}") for i in range(200)]
    codes = [answer.status_code for answer in answers]
    assert codes[:20] == [200] * 20, "the form again, with its error"
    assert codes[20:] == [429] * 180, "a forged header makes nobody another"
    assert int(answers[-1]["Retry-After"]) <= 60


@pytest.mark.django_db
def test_the_admin_panel_is_reached_by_the_one_sign_in_page(client):
    User.objects.create_superuser("teacher", password="right")
    form = client.get("/admin/", follow=True)
    assert form.templates[0].name == "registration/login.html"
    answer = client.post("/admin/login/?next=/admin/", WRONG | {"password": "right"})
    assert answer.url == "/admin/"
    assert client.get("/admin/").status_code == 200
