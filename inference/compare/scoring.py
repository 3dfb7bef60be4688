"""What the inference worker does when a true mask comes after the masks: it scores them."""

from __future__ import annotations

from typing import Any

from inference.compare.services import predictions_score
from inference.models import Scoring
from segweb.jobs import Lease


def score(scoring: Scoring, lease: Lease) -> dict[str, Any]:
    """Gives every prediction of the image its scores."""
    predictions_score(image=scoring.image)
    return {}
