"""Data sets, checkpoints and their scores; runs and their epochs. Services are the only writers."""

from experiments.models.checkpoints import (
    Checkpoint,
    Confusion,
    Dataset,
    Evaluation,
    ImageCounts,
)
from experiments.models.imports import Import
from experiments.models.runs import Attempt, Epoch, Kind, Preflight, Probe, Run, Usage

__all__ = [
    "Attempt",
    "Checkpoint",
    "Confusion",
    "Dataset",
    "Epoch",
    "Evaluation",
    "ImageCounts",
    "Import",
    "Kind",
    "Preflight",
    "Probe",
    "Run",
    "Usage",
]
