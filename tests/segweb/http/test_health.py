"""Health: up is cheap, ready asks everyone, and each answer comes within a bound."""

import time

import pytest
from django.test import Client

from segweb.http import health


def test_healthz_needs_nothing(client: Client):
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "ok"}


@pytest.mark.django_db
def test_readyz_names_what_does_not_answer(client: Client):
    started = time.monotonic()
    response = client.get("/readyz")
    assert time.monotonic() - started < 5
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert checks["database"] == "ok"
    assert {name for name, answer in checks.items() if answer != "ok"} == {
        "broker",
        "inference worker",
        "training worker",
    }


@pytest.mark.django_db
def test_readyz_is_content_when_everyone_answers(client: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(health, "_broker", lambda: None)
    monkeypatch.setattr(health, "_worker", lambda name: None)
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["ready"] is True


@pytest.mark.django_db
def test_pages_forbid_inline_scripts_and_other_hosts(client: Client):
    policy = client.get("/accounts/login/")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
