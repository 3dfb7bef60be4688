"""Visitors of the tracking pages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client


@pytest.fixture
def reader(client: Client) -> Client:
    """Someone signed in."""
    client.force_login(User.objects.create_user("reader"))
    return client


@pytest.fixture
def launcher() -> Client:
    """Staff who may launch."""
    user = User.objects.create_user("launcher", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="launch_run"))
    client = Client()
    client.force_login(user)
    return client
