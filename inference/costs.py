"""What predictions took on this site's workers, told to the leaderboard."""

from __future__ import annotations

from collections import defaultdict
from statistics import median

from experiments.scores.costs import Cost, costs_measured
from inference.models import Prediction
from segweb.jobs import State

FEWEST = 3  # predictions of a checkpoint: its first one pays for the start of the network
RECENT = 5000  # predictions that are looked at: older ones ran on who knows what


@costs_measured
def predictions_costs() -> dict[int, Cost]:
    """The cost of each checkpoint by its latest predictions.

    Images differ in size, so times and memory are divided by what the network saw.
    """
    done = Prediction.objects.filter(
        state=State.DONE, latency_ms__isnull=False, scored_height__gt=0
    ).order_by("-ended_at")
    names = ("checkpoint", "latency_ms", "scored_height", "scored_width", "memory_bytes", "tiled")
    times, memory = defaultdict(list), defaultdict(list)
    for checkpoint, milliseconds, height, width, used, tiled in done.values_list(*names)[:RECENT]:
        megapixels = height * width / 1e6
        times[checkpoint].append(milliseconds / megapixels)
        if used is not None and not tiled:  # else it is a tile's, whatever the image's size
            memory[checkpoint].append(used / megapixels)
    return {
        pk: Cost(median(took), median(memory[pk]) if memory[pk] else None)
        for pk, took in times.items()
        if len(took) >= FEWEST
    }
