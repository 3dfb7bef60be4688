"""The weights of a checkpoint on this worker: stored, or published and fetched at first use.

Imports torch for published ones.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_noop

from experiments.models import Checkpoint
from segweb.host.artefacts import local_path

logger = logging.getLogger(__name__)

NO_WEIGHTS = gettext_noop(
    "The weights of this model are downloaded at first use, and that failed. Is there a network?"
)


def checkpoint_weights(
    *, checkpoint: Checkpoint, progress: Callable[[float], object] | None = None
) -> tuple[Path, dict[str, Any]]:
    """Where the weights can be read, and the sidecar that belongs to them.

    `progress` hears the share of a download. ValidationError says that it failed, OSError that a
    stored file is missing.
    """
    if checkpoint.file:
        return local_path(checkpoint.file.name), checkpoint.sidecar
    from models_zoo.checkpoints.published import published_checkpoint
    from models_zoo.networks.pretrained import WeightsUnavailable

    try:
        published = published_checkpoint(checkpoint.key, progress=progress)
    except WeightsUnavailable as fault:
        logger.warning("%s", fault)
        raise ValidationError(NO_WEIGHTS) from fault
    return published.weights_path, published.sidecar
