"""Learning rates as a function of the step alone, so that resuming needs no schedule state."""

from __future__ import annotations

import math

WARM_UP = 0.25
THIRDS = 3


def learning_rate(schedule: str, peak: float, step: int, steps: int) -> float:
    """The learning rate of `step` (from 0) of `steps`.

    one_cycle: cosine from peak/25 up to peak over the first quarter, cosine down to nearly zero
    (Smith & Topin 2018). poly: peak·(1 − step/steps)^0.9 (DeepLab v2, section 4.1). step: a tenth
    after each third (DeepLab v1, section 5.1). constant: peak.
    """
    progress = step / max(steps, 1)
    if schedule == "constant":
        return peak
    if schedule == "step":
        # In whole numbers: a float's rounding could move the drop by a step.
        return peak / float(10 ** (step * THIRDS // max(steps, 1)))
    if schedule == "poly":
        return peak * float((1 - progress) ** 0.9)
    if progress < WARM_UP:
        return _cosine(peak / 25, peak, progress / WARM_UP)
    return _cosine(peak, peak / 1e4, (progress - WARM_UP) / (1 - WARM_UP))


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2
