"""CONTRIBUTING's recipe for a kind of job: a model that describes itself, and its work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segweb.env import BASE_DIR
from tests.recipes.contributing import code_shown

PACKAGES = (
    "segweb",
    "inference",
    "experiments",
    "lineage",
    "models_zoo",
    "templates",
    "static",
    "tests",
)
STEPS = code_shown("Add a kind of job")
MODEL = ("inference/models/lab.py", f"\n\n{STEPS[0]}")
WORK = ("inference/lab/colours.py", STEPS[1])
CARRIED_OUT = """
import django
django.setup()
from io import BytesIO
from types import SimpleNamespace
from celery import current_app
from django.core.files.base import ContentFile
from django.core.management import call_command
from PIL import Image as Picture
from inference import tasks
from inference.images.services import image_create
from inference.models.lab import Palette
from inference.worker import warm

call_command("migrate", verbosity=0)
warm.engine = lambda: SimpleNamespace(device="cpu", warm=frozenset())
content = BytesIO()
Picture.new("RGB", (2, 2), "red").save(content, "PNG")
palette = Palette.objects.create(image=image_create(file=ContentFile(content.getvalue())))
current_app.tasks[Palette.task_name].run(str(palette.pk))
palette.refresh_from_db()
print(palette.state, palette.colours, palette.error)
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository in which the recipe was followed, by exactly two files."""
    for package in PACKAGES:
        heavy = shutil.ignore_patterns("*.safetensors", "*.zip", "__pycache__")
        shutil.copytree(BASE_DIR / package, tmp_path / "copy" / package, ignore=heavy)
    for name in ("manage.py", "pyproject.toml"):
        shutil.copy(BASE_DIR / name, tmp_path / "copy")
    for name, text in (MODEL, WORK):
        with (tmp_path / "copy" / name).open("a") as file:
            file.write(text)
    return tmp_path / "copy"


def run(copy: Path, env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words], cwd=copy, env=env, capture_output=True, text=True
    )


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_two_files_are_a_kind_of_job(copy: Path, process_env: dict[str, str]) -> None:
    made = run(copy, process_env, "manage.py", "makemigrations", "inference")
    assert "Create model Palette" in made.stdout, made.stderr
    check = run(copy, process_env, "manage.py", "check", "--fail-level", "WARNING")
    assert check.returncode == 0, check.stderr
    env = process_env | {"DJANGO_SETTINGS_MODULE": "segweb.settings"}
    carried_out = run(copy, env, "-c", CARRIED_OUT)
    assert carried_out.stdout.split() == ["DONE", "1"], carried_out.stderr
    tests = run(
        copy, process_env, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/segweb/jobs"
    )
    assert tests.returncode == 0, tests.stdout[-3000:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('    work = "inference.lab.colours:count"', "work"),
        ('    belongs_to = "image"', "belongs_to"),
        ("    @property", "files"),
    ],
)
def test_what_is_forgotten_is_refused_at_once(
    line: str, name: str, copy: Path, process_env: dict[str, str]
) -> None:
    model = copy / MODEL[0]
    whole = MODEL[1]
    before, after = whole.split(line)
    forgetful = before if name == "files" else before + after.partition("\n")[2]
    model.write_text(model.read_text().replace(whole, forgetful))
    check = run(copy, process_env, "manage.py", "check")
    assert check.returncode == 1
    assert f"inference.Palette: `{name}`" in check.stderr
