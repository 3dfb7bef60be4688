"""Data sets, checkpoints and their scores; runs and their epochs. Services are the only writers."""

from experiments.models.checkpoints import (
    MASKS_ALONE,
    Checkpoint,
    Confusion,
    Dataset,
    Evaluation,
    ImageCounts,
)
from experiments.models.epochs import Epoch, Probe, Usage
from experiments.models.exports import FORMS, NetworkExport
from experiments.models.imports import Brought, Import, MasksImport, NetworkImport
from experiments.models.outside import Artifact, Experiment, Point, Series
from experiments.models.preflights import Preflight
from experiments.models.runs import Attempt, Kind, Run

__all__ = [
    "FORMS",
    "MASKS_ALONE",
    "Artifact",
    "Attempt",
    "Brought",
    "Checkpoint",
    "Confusion",
    "Dataset",
    "Epoch",
    "Evaluation",
    "Experiment",
    "ImageCounts",
    "Import",
    "Kind",
    "MasksImport",
    "NetworkExport",
    "NetworkImport",
    "Point",
    "Preflight",
    "Probe",
    "Run",
    "Series",
    "Usage",
]
