"""Which models to look through live."""

from __future__ import annotations

from typing import Any

from experiments.models import Checkpoint
from inference.forms import ModelsForm

FIRST = 2  # models that are chosen unless somebody says otherwise: quick ones, on any machine


class LiveForm(ModelsForm):
    """Those whose weights are here: nobody waits for a download with a camera in the hand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.checkpoints = [checkpoint for checkpoint in self.checkpoints if checkpoint.file]

    @property
    def default_keys(self) -> set[str]:
        """The quickest of what photographs go to."""
        usual = super().default_keys if self.checkpoints else set()
        quickest = sorted(
            (entry for entry in self.checkpoints if entry.key in usual), key=_multiply_adds
        )
        return {entry.key for entry in quickest[:FIRST]}


def _multiply_adds(checkpoint: Checkpoint) -> float:
    return checkpoint.gmacs or float("inf")
