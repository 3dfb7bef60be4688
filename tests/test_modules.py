"""Every module of the house: it says what it holds, lies in a small room, and imports alone."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from segweb.env import BASE_DIR

PACKAGES = ("models_zoo", "segweb", "experiments", "inference", "lineage")
MOST_MODULES = 15  # in a folder

# Each module is imported in a fork of its own, whose parent has loaded what others wrote, and of
# the house what `django.setup` needs; but no admin pages, whose order of imports hid a circle once.
ALONE = """
import gc, importlib, os, sys, traceback
{setup}
for name in {others!r}:
    importlib.import_module(name)
# Else each child would look through, and so copy, all that its parent has loaded.
gc.freeze()
gc.disable()
for name in {names!r}:
    if name in sys.modules:
        continue
    child = os.fork()
    if child == 0:
        try:
            importlib.import_module(name)
        except BaseException:
            traceback.print_exc()
            print(name, flush=True)
            os._exit(1)
        os._exit(0)
    os.waitpid(child, 0)
"""
WITH_DJANGO = """
import django
from django.conf import settings
settings.INSTALLED_APPS = [
    app.replace("django.contrib.admin", "django.contrib.admin.apps.SimpleAdminConfig")
    for app in settings.INSTALLED_APPS
]
django.setup()
"""


ROOMS = {"models_zoo": ("models_zoo",), "the apps": PACKAGES[1:]}  # a parent process each


def modules(package: str) -> list[Path]:
    """Relative paths of the package's sources."""
    found = sorted((BASE_DIR / package).rglob("*.py"))
    return [path.relative_to(BASE_DIR) for path in found]


def others(sources: list[Path]) -> list[str]:
    """What modules import at their top that is not of the house."""
    names = set()
    for module in sources:
        for node in ast.parse((BASE_DIR / module).read_text()).body:
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    foreign = {name for name in names if name.partition(".")[0] not in PACKAGES}
    return sorted(
        name for name in foreign if name.partition(".")[0] not in ("django", "rest_framework")
    )


ALL = [module for package in PACKAGES for module in modules(package)]


def test_a_docstring_opens_every_file() -> None:
    silent = [
        str(module)
        for module in ALL
        if "migrations" not in module.parts
        and ast.get_docstring(ast.parse((BASE_DIR / module).read_text())) is None
    ]
    assert silent == []


def test_no_room_is_crowded() -> None:
    rooms = Counter(
        module.parent
        for module in ALL
        if module.name != "__init__.py" and module.parent.name != "migrations"
    )
    assert {room: size for room, size in rooms.items() if size > MOST_MODULES} == {}


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_every_module_imports_alone(room: str) -> None:
    """Whoever comes first: nothing relies on what another module has imported before."""
    sources = [module for package in ROOMS[room] for module in modules(package)]
    names = [
        ".".join(module.with_suffix("").parts).removesuffix(".__init__")
        for module in sources
        if module.name != "__main__.py"
    ]
    setup = "import models_zoo.torchvision_ops" if room == "models_zoo" else WITH_DJANGO
    script = ALONE.format(others=others(sources), setup=setup, names=names)
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == "", run.stderr
