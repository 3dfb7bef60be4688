"""The environment's one declaration, its example file, and what is made at first start."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from segweb import env


def _example() -> dict[str, str]:
    lines = (env.BASE_DIR / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(value) if isinstance(value, list) else str(value)


def test_the_example_file_lists_every_variable_with_its_default():
    declared = {name: _written(default) for name, (_, default) in env.VARIABLES.items()}
    assert list(_example().items()) == list(declared.items())


def test_the_secret_key_is_made_once_and_private(tmp_path: Path):
    file = tmp_path / "secret_key"
    first = env.secret_key(file)
    assert len(first) >= 50
    assert env.secret_key(file) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(ImproperlyConfigured, match="cannot be written"):
        env.secret_key(tmp_path / "file" / "secret_key")


@pytest.mark.slow
@pytest.mark.parametrize(("proxies", "scheme"), [("1", "https"), ("0", "http")])
def test_a_proxy_that_is_counted_is_believed_that_it_speaks_https(
    proxies: str, scheme: str, tmp_path: Path
):
    script = """
import django; django.setup()
from django.test import RequestFactory
sent = {"Host": "testserver", "X-Forwarded-Proto": "https"}
request = RequestFactory().get("/runs/1/", headers=sent)
print(request.build_absolute_uri())
"""
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=env.BASE_DIR,
        env=os.environ
        | {
            "ALLOWED_HOSTS": "testserver",
            "DJANGO_SETTINGS_MODULE": "segweb.settings",
            "NUM_PROXIES": proxies,
            "SEGWEB_VAR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == f"{scheme}://testserver/runs/1/"


def test_the_var_folder_is_closed_to_other_accounts_and_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SEGWEB_VAR", str(tmp_path / "var"))
    var = env.var_dir()
    assert stat.S_IMODE(var.stat().st_mode) == 0o700
    (var / "media").mkdir(mode=0o755)
    (var / "db.sqlite3").touch(mode=0o644)
    (var / "media" / "photo.png").touch(mode=0o644)
    (tmp_path / "elsewhere").touch(mode=0o644)
    (var / "link").symlink_to(tmp_path / "elsewhere")
    var.chmod(0o755)
    env.var_dir()
    found = {path.name: oct(path.lstat().st_mode & 0o777) for path in var.rglob("*")}
    assert found == {
        "media": "0o700",
        "db.sqlite3": "0o600",
        "photo.png": "0o600",
        "link": "0o777",
    }
    assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o644
