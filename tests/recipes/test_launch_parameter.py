"""CONTRIBUTING's recipe for a launch parameter: a field of TrainConfig, a label in the form."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from segweb.env import BASE_DIR

PACKAGES = ("segweb", "inference", "experiments", "lineage", "models_zoo", "templates", "static")
FIELD = (
    "models_zoo/training/config.py",
    "    batch: int = _up_to(4096, 8)\n",
    "    label_smoothing: float = 0.0\n",
)
LABEL = (
    "experiments/runs/launching.py",
    '    "batch": _("Batch"),\n',
    '    "label_smoothing": "LS",\n',
)
CHECK = """
import json, sys
import django
django.setup()
from django.contrib.auth.models import User
from django.core.management import call_command
from django.template.loader import render_to_string
from rest_framework.test import APIClient
from experiments.models import Run
from experiments.records.configuration import run_config
from experiments.runs.launching import LaunchForm, clone_initial, preset_initial
from models_zoo.training.config import TrainConfig, settings_of

call_command("migrate", verbosity=0)
told = {"architecture": "unet", "dataset": "scenes", "epochs": 3, "label_smoothing": 0.1}
client = APIClient()
client.force_authenticate(User.objects.create_superuser("staff"))
answer = client.post("/api/v1/runs/", told, format="json", HTTP_HOST="localhost")
assert answer.status_code == 201, answer.content
run = Run.objects.get()
assert run.config["label_smoothing"] == 0.1
config = run_config(run)  # what the trainer's run.json holds
assert TrainConfig.from_json(json.loads(json.dumps(config.to_json()))) == config
assert "label_smoothing=0.1" in settings_of(config, TrainConfig("unet", "scenes"))
shown = clone_initial(run)
first = {"variant": "slim", "data": "scenes", "epochs": 3, "seeds": "0", "gpus": 1}
form = LaunchForm(first | {"architecture": "unet"} | preset_initial("unet", "house") | shown)
assert form.is_valid(), form.errors
assert form.request()["config"]["label_smoothing"] == 0.1
refused = client.post("/api/v1/runs/", told | {"label_smoothing": "x"}, format="json")
assert refused.status_code == 400, refused.content
page = render_to_string("experiments/runs/_settings.html", {"form": LaunchForm(initial=shown)})
print('name="label_smoothing"' in page, "label_smoothing=0.1" in page)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("steps", "shown"),
    [([FIELD], "False True"), ([FIELD, LABEL], "True False")],
    ids=["one file: a line of the form", "two files: a field of its own"],
)
def test_a_launch_parameter(
    steps: list[tuple[str, str, str]], shown: str, tmp_path: Path, process_env: dict[str, str]
) -> None:
    for package in PACKAGES:
        shutil.copytree(
            BASE_DIR / package,
            tmp_path / package,
            ignore=shutil.ignore_patterns("*.safetensors", "*.zip"),  # what is compiled stays so
        )
    for name, before, line in steps:
        path = tmp_path / name
        text = path.read_text()
        assert text.count(before) == 1
        path.write_text(text.replace(before, before + line))
    check = subprocess.run(
        [sys.executable, "-c", CHECK],
        cwd=tmp_path,
        env=process_env | {"DJANGO_SETTINGS_MODULE": "segweb.settings", "ALLOWED_HOSTS": "*"},
        capture_output=True,
        text=True,
    )
    assert check.returncode == 0, check.stderr[-2000:]
    assert check.stdout.strip() == shown
