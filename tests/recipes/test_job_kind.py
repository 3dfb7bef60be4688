"""CONTRIBUTING's recipe for a kind of job: a model that describes itself, and its work."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segweb.env import BASE_DIR

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
MODEL = (
    "inference/models/lab.py",
    '''

class Palette(InferenceJob):
    """The colours of an image, counted."""

    work = "inference.lab.colours:count"
    needs = ("image",)
    belongs_to = "image"

    image = models.ForeignKey("inference.Image", on_delete=models.CASCADE, related_name="+")
    colours = models.PositiveIntegerField(null=True)
    drawn = models.FileField(max_length=200, blank=True)

    @property
    def files(self) -> tuple[str, ...]:
        """The drawing."""
        return tuple(filter(None, (self.drawn.name,)))
''',
)
WORK = (
    "inference/lab/colours.py",
    '''"""What the inference worker does for a palette."""

from __future__ import annotations

from typing import Any

from inference.models.lab import Palette
from inference.worker import warm
from segweb.jobs import Lease


def count(palette: Palette, lease: Lease) -> dict[str, Any]:
    """The fields that a palette gains by being carried out."""
    return {"colours": len(set(warm.picture_of(palette.image).getdata()))}
''',
)
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


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ('    work = "inference.lab.colours:count"\n', "work"),
        ('    belongs_to = "image"\n', "belongs_to"),
        ("    @property\n", "files"),
    ],
)
def test_what_is_forgotten_is_refused_at_once(
    line: str, name: str, copy: Path, process_env: dict[str, str]
) -> None:
    model = copy / MODEL[0]
    whole, forgetful = MODEL[1], MODEL[1].replace(line, "")
    if name == "files":
        forgetful = whole[: whole.index(line)]
    model.write_text(model.read_text().replace(whole, forgetful))
    check = run(copy, process_env, "manage.py", "check")
    assert check.returncode == 1
    assert f"inference.Palette: `{name}`" in check.stderr
