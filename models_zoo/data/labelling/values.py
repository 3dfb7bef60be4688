"""Masks whose values are no class ids: 0 and 255, the numbers of 16 bits, colours of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models_zoo.data.findings import named
from models_zoo.masks import read_values
from models_zoo.translation import gettext_noop as _


@dataclass(frozen=True)
class ValueTable:
    """Which class id each value of a mask means.

    ids: by value, which is a number, or 0xrrggbb where the values are `colours`. `place` is what a
    sentence calls the file that says so.
    """

    ids: Mapping[int, int]
    colours: bool
    place: str

    def read(self, path: Path) -> np.ndarray:
        """A mask file as H×W uint8 class ids. ValueError names the values that mean nothing."""
        values = read_values(path, colours=self.colours)
        known = np.array(sorted(self.ids))
        places = np.searchsorted(known, values).clip(max=len(known) - 1)
        strange = known[places] != values
        if strange.any():
            shown = named([self._shown(value) for value in np.unique(values[strange]).tolist()])
            raise ValueError(
                _(f"{path.name} has colours that {self.place} does not name: {shown}")
                if self.colours
                else _(f"{path.name} has values that {self.place} does not name: {shown}")
            )
        return np.array([self.ids[value] for value in known.tolist()], np.uint8)[places]

    @property
    def meaning(self) -> bytes:
        """The table as bytes: masks of equal bytes differ where their tables do."""
        return repr((self.colours, sorted(self.ids.items()))).encode()

    def _shown(self, value: int) -> str:
        return f"#{value:06x}" if self.colours else str(value)
