"""Images, comparisons, batches and jobs. Services are the only writers of state."""

from inference.models.batches import Batch, BatchItem
from inference.models.comparisons import (
    Comparison,
    Image,
    Owned,
    Prediction,
    Scale,
    Shareable,
)
from inference.models.jobs import InferenceJob
from inference.models.lab import Combine, Ensemble, Inside, Scoring

__all__ = [
    "Batch",
    "BatchItem",
    "Combine",
    "Comparison",
    "Ensemble",
    "Image",
    "InferenceJob",
    "Inside",
    "Owned",
    "Prediction",
    "Scale",
    "Scoring",
    "Shareable",
]
