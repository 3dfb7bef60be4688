"""The README's tree: it names every folder of source, and nothing that does not exist."""

import re
from pathlib import Path

from segweb.env import BASE_DIR

ONE_SCREEN = 45  # lines: the tree describes rooms, not modules


def _tree() -> list[str]:
    text = (BASE_DIR / "README.md").read_text()
    return re.search(r"```text\n(.*?)```", text, re.DOTALL).group(1).splitlines()


def _named_paths() -> list[str]:
    """What the tree names, from the root; an indented line lies in the folder above it."""
    folder, paths = "", []
    for line in _tree():
        indented = line.startswith("  ")
        names = re.split(r"\s{2,}", line.strip())[0].split()
        if not indented:
            folder = names[0] if names[0].endswith("/") else ""
        paths += [(folder if indented else "") + name for name in names]
    return paths


def _source_folders() -> set[Path]:
    packages = [init.parent for init in BASE_DIR.glob("*/__init__.py")]
    folders = {module.parent for package in packages for module in package.rglob("*.py")}
    # Migrations are Django's; management/ holds nothing but commands/.
    return {folder for folder in folders if folder.name not in ("migrations", "management")}


def test_the_tree_names_what_is_there():
    paths = _named_paths()
    assert len(paths) > 40
    assert [path for path in paths if not list(BASE_DIR.glob(path))] == []


def test_the_tree_names_every_folder_of_source():
    named = {folder for path in _named_paths() for folder in BASE_DIR.glob(path)}
    missing = sorted(str(folder.relative_to(BASE_DIR)) for folder in _source_folders() - named)
    assert missing == []


def test_the_tree_is_no_longer_than_a_screen():
    assert len(_tree()) <= ONE_SCREEN
