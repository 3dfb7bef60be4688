"""What the inference worker does for a frame, when nobody waits for a comparison."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any

from django.core.exceptions import ValidationError
from redis import RedisError

from experiments.models import Checkpoint
from inference.live.frames import Frame, frame_take
from inference.worker import warm
from inference.worker.weights import checkpoint_weights
from models_zoo.images import open_image
from models_zoo.masks import mask_png

logger = logging.getLogger(__name__)


def frame_serve(comparison_waits: Callable[[], object]) -> None:
    """Answer the frame that waits longest, if there is one; at once if a comparison waits."""
    frame = frame_take()
    if frame is None:
        return
    try:
        frame.answer(_masks(frame, comparison_waits))
    except RedisError:
        logger.warning("A live frame could not be answered: Redis is away.")


def _masks(frame: Frame, comparison_waits: Callable[[], object]) -> dict[str, Any]:
    if comparison_waits():
        return {"dropped": True}
    try:
        pixels = open_image(BytesIO(frame.jpeg))
    except ValueError:
        return {"damaged": True}
    checkpoints = Checkpoint.objects.in_bulk(frame.checkpoints)
    masks = []
    for pk in frame.checkpoints:
        # Between the networks: one takes as long as a mask that somebody waits for.
        if comparison_waits() or not frame.wanted:
            return {"dropped": True}
        try:
            weights, sidecar = checkpoint_weights(checkpoint=checkpoints[pk])
            computed = warm.engine().predict(weights, sidecar, pixels, scale="model")
        except (KeyError, OSError, ValueError, RuntimeError, ValidationError):
            logger.exception("A live frame failed.")
            return {"failed": True}
        drawn = b64encode(mask_png(computed.mask, checkpoints[pk].classes)).decode()
        masks.append(
            {"model": checkpoints[pk].key, "milliseconds": computed.milliseconds, "mask": drawn}
        )
    return {"masks": masks}
