"""The rules of the package: no Django anywhere, and no torch where the web process comes."""

import ast
import subprocess
import sys
from pathlib import Path

import models_zoo

PACKAGE = Path(models_zoo.__file__).parent
FOREIGN = {"django", "rest_framework", "celery", "segweb", "inference", "experiments"}


def imported(path: Path) -> set[str]:
    """The top-level packages that a file imports, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names}


def test_models_zoo_imports_neither_django_nor_an_app():
    offenders = {p.name: imported(p) & FOREIGN for p in PACKAGE.rglob("*.py")}
    assert not {name: found for name, found in offenders.items() if found}


def test_torch_free_parts_import_no_torch():
    parts = (
        "cli data study.descriptions files images masks metrics seeds checkpoints.shipped"
        " training.config data.scenes"
    )
    lines = ["import sys, models_zoo"] + [f"import models_zoo.{part}" for part in parts.split()]
    lines += ["models_zoo.catalogue()", "models_zoo.checkpoints.shipped.shipped()"]
    lines += ["heavy = {'torch', 'torchvision', 'safetensors', 'django'} & set(sys.modules)"]
    lines += ["sys.exit(str(heavy) if heavy else 0)"]
    result = subprocess.run(
        [sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
