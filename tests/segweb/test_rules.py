"""The rules of the house that cannot be seen in one file: who imports what, and stays light."""

import os
import subprocess
import sys

import pytest
from django.core.management import call_command

from segweb.env import BASE_DIR


def _loaded(script: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after the script."""
    show = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules})"
    run = subprocess.run(
        [sys.executable, "-c", script + show],
        cwd=BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "segweb.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(run.stdout.split())


@pytest.mark.slow
def test_the_web_process_never_imports_torch():
    serve = "import segweb.wsgi; from django.urls import get_resolver; get_resolver().reverse_dict"
    loaded = _loaded(serve)
    assert {"django", "inference", "experiments", "models_zoo"} <= loaded
    assert not {"torch", "torchvision"} & loaded


def test_a_process_starts_without_what_only_rest_views_need():
    # REST framework's views bring pygments and psycopg: 0.25 s of every process's start, and `up`
    # starts before the first page can.
    assert not {"pygments", "bokeh", "torch"} & _loaded("import django; django.setup()")


def test_the_catalogue_imports_neither_torch_nor_django():
    loaded = _loaded("import models_zoo; models_zoo.catalogue()")
    assert "models_zoo" in loaded
    assert not {"torch", "torchvision", "django", "segweb"} & loaded


def test_the_import_contracts_hold():
    lint = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as l; l()"],
        cwd=BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert lint.returncode == 0, lint.stdout


@pytest.mark.django_db
def test_every_change_of_a_model_has_its_migration():
    call_command("makemigrations", check=True, dry_run=True)


def test_the_configuration_passes_djangos_checks():
    call_command("check", fail_level="WARNING")
