"""What CONTRIBUTING's recipes show: tests follow the words that people read."""

from __future__ import annotations

import re
from textwrap import dedent

from segweb.env import BASE_DIR


def code_shown(heading: str) -> list[str]:
    """The Python of a recipe, block by block."""
    text = (BASE_DIR / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [dedent(code) for code in re.findall(r"^ *```python\n(.*?)^ *```", section, re.M | re.S)]
