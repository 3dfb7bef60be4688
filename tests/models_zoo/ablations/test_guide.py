"""docs/ablate.md: its plan is one, its commands are commands, and it names every measure."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from models_zoo.ablations.plan import plan_read
from models_zoo.ablations.results import MEASURES
from models_zoo.cli import main

GUIDE = Path("docs/ablate.md").read_text(encoding="utf-8")


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE, flags=re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [shlex.split(line) for line in lines if line.strip()]


@pytest.mark.slow
@pytest.mark.timeout(900)  # its processes are niced, and give way to all others
def test_the_guides_plan_runs_as_it_says(tmp_path):
    plan = json.loads(re.search(r"```json\n(.*?)```", GUIDE, flags=re.DOTALL).group(1))
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    for words in commands()[:2]:
        assert words[:3] == [".venv/bin/python", "-m", "models_zoo"]
        run = subprocess.run(
            [sys.executable, *words[1:]],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(Path.cwd())},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert "4 of 4 done" in run.stdout


def test_the_guides_plan_is_one(tmp_path):
    path = tmp_path / "plan.json"
    path.write_text(re.search(r"```json\n(.*?)```", GUIDE, flags=re.DOTALL).group(1))
    assert plan_read(path).comparisons["skips"].differs == "options.skips"
    assert all(f"`{measure}`" in GUIDE for measure in MEASURES)


def test_the_projects_plan_can_be_asked_of_other_data(tmp_path, capsys):
    *_, words = commands()
    words = [word.replace("folder:PATH", "scenes:48x64:20") for word in words[3:]]
    words[words.index("--out") + 1] = str(tmp_path)
    assert main([*words, "--jobs", "0"]) == 0
    assert "0 of 125 done" in capsys.readouterr().out
