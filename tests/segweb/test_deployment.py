"""Behind TLS, as docs/deployment.md says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from segweb.env import BASE_DIR

DOCUMENT = (BASE_DIR / "docs" / "deployment.md").read_text()
SETTINGS = dict(
    line.split("=", 1)
    for line in re.search(r"```sh\n(.*?)```", DOCUMENT, re.DOTALL)[1].splitlines()
)
ASK = """
import django; django.setup()
from django.test import Client
client = Client(headers={"host": "segweb.example.org"})
plain = client.get("/")
print(plain.status_code, plain.get("Location"), client.get("/healthz").status_code)
secure = client.get("/accounts/login/", headers={"x-forwarded-proto": "https"})
hsts = secure["Strict-Transport-Security"]
print(secure.status_code, hsts, secure.cookies["csrftoken"]["secure"])
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """As on a server."""
    ours = {"SECRET_KEY", "DJANGO_ALLOW_ASYNC_UNSAFE"}  # of the tests
    here = {name: value for name, value in os.environ.items() if name not in ours}
    settings = {"SEGWEB_VAR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "segweb.settings"}
    return here | settings | {"DATABASE_URL": "", "REDIS_URL": ""} | SETTINGS


def told(environment: dict[str, str], *words: str) -> str:
    """What Python prints."""
    run = subprocess.run(
        [sys.executable, *words], cwd=BASE_DIR, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


@pytest.mark.slow
def test_the_settings_of_the_document_pass_djangos_deployment_check(environment) -> None:
    found = told(environment, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert "no issues" in found


@pytest.mark.slow
def test_behind_tls_nothing_travels_in_the_clear(environment) -> None:
    code = "from django.core.management import call_command; call_command('prepare')\n"
    setup, ask = ASK.strip().split("\n", 1)
    plain, secure = told(environment, "-c", f"{setup}\n{code}{ask}").splitlines()[-2:]
    assert plain == "301 https://segweb.example.org/ 200"
    assert secure == "200 max-age=31536000 True"
