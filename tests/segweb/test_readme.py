"""The README's tree: every line of it names something that exists."""

import re

from segweb.env import BASE_DIR


def test_the_tree_names_what_is_there():
    tree = re.search(r"```text\n(.*?)```", (BASE_DIR / "README.md").read_text(), re.DOTALL).group(1)
    folder, named = "", []
    for line in tree.splitlines():
        paths = line.split("  ")[0 if line[0] != " " else 1].split()
        if line[0] != " ":
            folder = paths[0] if paths[0].endswith("/") else ""
        named += [(folder if line[0] == " " else "") + path for path in paths]
    assert len(named) > 40
    assert [path for path in named if not (BASE_DIR / path).exists()] == []
