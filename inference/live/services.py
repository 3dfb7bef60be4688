"""What people do live: send a frame, and get its masks at once or never."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image

from inference.comparisons import checkpoints_choose
from inference.images.uploads import UploadTooLarge
from inference.live.frames import Dropped, frame_pass

MODELS_MAX = 4
FRAME_BYTES = 2**18
START_OF_SCAN = b"\xff\xda"
SCANS_MAX = 4  # one, or one of each component; a thumbnail may hold as many
# Each size is compiled for each network, so there are few: one side is this long, and both are
# multiples of STEP.
LONGEST, SHORTEST, STEP = 480, 64, 16


def frame_masks(
    *, jpeg: bytes, models: Sequence[str], owner: User | None, visitor: str, address: str
) -> list[dict[str, Any]]:
    """The masks of one frame: model key, milliseconds, and an indexed PNG in base64.

    ValidationError for a frame or a choice that cannot be, Dropped where there was no time.
    """
    checkpoints = checkpoints_choose(models, reader=owner)
    if len(checkpoints) > MODELS_MAX:
        raise ValidationError(_("Live takes at most %(limit)s models.") % {"limit": MODELS_MAX})
    if not all(checkpoint.file for checkpoint in checkpoints):
        raise ValidationError(_("Live takes no models that are downloaded at first use."))
    _check(jpeg)
    said = frame_pass(
        visitor=visitor, address=address, checkpoints=[c.pk for c in checkpoints], jpeg=jpeg
    )
    if "dropped" in said:
        raise Dropped(_("A comparison goes first: this frame was dropped."))
    if "damaged" in said:
        raise ValidationError(_("The frame is damaged or cut off."))
    if "failed" in said:
        raise ValidationError(_("A model could not process the frame. The log says why."))
    masks: list[dict[str, Any]] = said["masks"]
    return masks


def _check(jpeg: bytes) -> None:
    """By the header: a baseline JPEG of one of the sizes, which costs a known time to decode."""
    if len(jpeg) > FRAME_BYTES:
        raise UploadTooLarge(_("A frame has at most %(limit)s KiB.") % {"limit": FRAME_BYTES >> 10})
    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as frame:
            sides, progressive = frame.size, "progressive" in frame.info
    except (Image.DecompressionBombError, OSError, ValueError, SyntaxError) as fault:
        raise ValidationError(_("A frame is a JPEG.")) from fault
    # A baseline JPEG too may have any number of scans, each as dear as the picture. Within one, FF
    # is followed by 00 or by a restart, so that this pair is another scan.
    scans = jpeg.count(START_OF_SCAN)
    fits = max(sides) == LONGEST and min(sides) >= SHORTEST
    if progressive or scans > SCANS_MAX or not fits or any(side % STEP for side in sides):
        text = _(
            "A frame is a baseline JPEG whose longer side has %(longest)s pixels; both sides are "
            "multiples of %(step)s."
        )
        raise ValidationError(text % {"longest": LONGEST, "step": STEP})
