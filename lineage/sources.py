"""Lines of the networks' source that pages show, found by what they say."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models_zoo import networks

FOLDER = Path(networks.__path__[0])


@dataclass(frozen=True)
class Code:
    """One line of a network's source, found by what it says: `text` without its indent."""

    file: str
    text: str

    @property
    def path(self) -> str:
        """Where it stands in the repository."""
        return f"models_zoo/networks/{self.file}"

    @property
    def number(self) -> int:
        """The line's number. ValueError when the source no longer has it once."""
        return _line_number(self.file, self.text)


@cache
def _line_number(file: str, text: str) -> int:
    lines = (FOLDER / file).read_text(encoding="utf-8").splitlines()
    found = [number for number, line in enumerate(lines, 1) if line.strip() == text]
    if len(found) != 1:
        raise ValueError(f"{file} has {text!r} {len(found)} times.")
    return found[0]
