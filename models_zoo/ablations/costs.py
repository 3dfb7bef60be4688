"""What a network costs against another, both as their papers have them: no seeds, no training."""

from __future__ import annotations

import math
import statistics
import time
from typing import Any

import torch

from models_zoo.ablations.statistics import LEVEL, student_quantile
from models_zoo.memory import PeakBytes
from models_zoo.networks.build import build
from models_zoo.networks.measure import INPUT_SIZE, multiply_adds
from models_zoo.precision import device_name

ROUNDS = 7


def cost_compare(arm: str, against: str, *, rounds: int = ROUNDS) -> dict[str, Any]:
    """Of two catalogue keys: multiply-adds (10⁹), bytes and milliseconds of one 360×480 image.

    Each has both values and the `ratio`; of the times it is the geometric mean of the rounds', with
    Student's interval from `low` to `high`. Both run in turns, so that a load falls on both.
    """
    device = device_name()
    networks = [build(key, num_classes=21).eval().to(device) for key in (arm, against)]
    image = torch.zeros(1, 3, *INPUT_SIZE, device=device)
    taken: list[list[float]] = [[], []]
    memory = []
    with torch.inference_mode():
        for network in networks:
            with PeakBytes(device) as peak:
                network(image)  # for warming up too
            memory.append(peak.bytes + sum(t.nbytes for t in network.state_dict().values()))
        for _ in range(rounds):
            for network, times in zip(networks, taken, strict=True):
                started = time.perf_counter()
                network(image)
                if device == "cuda":
                    torch.cuda.synchronize()
                times.append((time.perf_counter() - started) * 1000)
    with torch.device("meta"):  # counting asks for shapes alone
        counted = [build(key, num_classes=21).eval() for key in (arm, against)]
        gmacs = [round(multiply_adds(network, INPUT_SIZE) / 1e9, 3) for network in counted]
    return {
        "arm": arm,
        "against": against,
        "gmacs": _exact(gmacs),
        "memory": _exact(memory),
        "milliseconds": time_ratio(*taken) | {"threads": torch.get_num_threads(), "on": device},
    }


def _exact(values: list[Any]) -> dict[str, Any]:
    return {"values": values, "ratio": round(values[0] / values[1], 4)}


def time_ratio(one: list[float], other: list[float]) -> dict[str, Any]:
    """The ratio of paired times, two or more, with its interval, and both medians."""
    logs = [math.log(first / second) for first, second in zip(one, other, strict=True)]
    mean = statistics.mean(logs)
    spread = statistics.stdev(logs) / math.sqrt(len(logs))
    half = student_quantile((1 + LEVEL) / 2, len(logs) - 1) * spread
    ratios = {"ratio": mean, "low": mean - half, "high": mean + half}
    return {
        "values": [round(statistics.median(times), 1) for times in (one, other)],
        **{name: round(math.exp(value), 4) for name, value in ratios.items()},
        "rounds": len(logs),
    }
