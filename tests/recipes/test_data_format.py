"""CONTRIBUTING's recipe for a data-set format: one module, which audits, trains and is offered."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from segweb.env import BASE_DIR
from tests.models_zoo.fixtures import draw_street
from tests.recipes.contributing import code_shown

PACKAGES = ("segweb", "inference", "experiments", "lineage", "models_zoo", "templates", "static")
(MODULE,) = code_shown("Add a data-set format")
OFFERED = """
import django
django.setup()
from experiments.records.sources import data_find, data_open, data_sources
from django.core.management import call_command
call_command("migrate", verbosity=0)
assert "drives:mine" in [source.spec for source in data_sources()]
print(data_find("drives"), len(data_open("drives:mine", "train")))
"""


def drives_draw(root: Path) -> None:
    """A data set in the recipe's layout: six images to train on, three to score."""
    for split, count in (("train", 6), ("val", 3)):
        for kind in ("pictures", "labels"):
            (root / kind / split).mkdir(parents=True)
        for number in range(count):
            seed = number + (100 if split == "val" else 0)
            for kind, pixels in zip(("pictures", "labels"), draw_street(seed, 48, 64), strict=True):
                Image.fromarray(pixels).save(root / kind / split / f"{split}{number}.png")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_data_format_is_one_module(tmp_path: Path, process_env: dict[str, str]) -> None:
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("*.safetensors", "*.zip", "__pycache__")
        shutil.copytree(BASE_DIR / package, tmp_path / package, ignore=ignored)
    (tmp_path / "models_zoo/data/formats/drives.py").write_text(MODULE)
    drives_draw(tmp_path / "data" / "mine")
    env = process_env | {
        "DJANGO_SETTINGS_MODULE": "segweb.settings",
        "SEGWEB_DATA": str(tmp_path / "data"),
        "OMP_NUM_THREADS": "1",
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=env, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip().splitlines()[-1]

    zoo = ("-m", "models_zoo")
    audit = json.loads(run(*zoo, "audit", "--data=drives:data/mine", "--json"))
    # Streets have no pole and no tree: that the audit says so shows that it has read the masks.
    assert {finding["kind"] for finding in audit["findings"]} == {"absent"}
    settings = ("--set=crop=32,32", "--set=batch=2", "--set=workers=0", "--epochs=1")
    train = (*zoo, "train", "--arch=unet", "--data=drives:data/mine", *settings, "--out=run")
    told = json.loads(run(*train, "--json"))
    assert (told["key"], told["images"]) == ("drives-unet-slim", 3)
    assert run("-c", OFFERED) == "drives:mine 6"
