"""The check as a whole within a time, as JSON and as a page."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from models_zoo.files import write_atomically
from models_zoo.gpu_check.agreement import Job, agreements
from models_zoo.gpu_check.sharing import resumed, shared
from models_zoo.gpu_check.speed import TORCHVISION, speeds, torchvision_speeds
from models_zoo.networks.catalogue import catalogue

SHARED, RESUMED = "unet", "unet"
_MEASURED_SECONDS = 0.2

Say = Callable[[str], object]


def gpu_check(
    device: str, *, seconds: float, say: Say, keys: Sequence[str] = (), job: Job | None = None
) -> dict[str, Any]:
    """Measures what fits into about `seconds`; `left_out` names what did not.

    Of `keys`, all unless given. What raises is told in the result and ends nothing else.
    """
    keys, job = keys or tuple(catalogue()), job or Job(device)
    few = replace(job, batch=2)  # errors need no full batch
    small = Job(device, variant="slim", size=job.size, batch=job.batch)
    until = time.monotonic() + seconds
    tasks: list[tuple[str, Callable[[], dict[str, Any] | list[dict[str, Any]]]]] = [
        ("shared", lambda: shared(SHARED, small, seconds=15 * _MEASURED_SECONDS)),
        ("resumed", _resumption),
    ]
    tasks += [("agreement", partial(agreements, key, few)) for key in keys]
    plain = partial(torchvision_speeds, job=job, seconds=_MEASURED_SECONDS)
    own = partial(speeds, job=job, seconds=_MEASURED_SECONDS)
    tasks += [("speed", partial(plain, name)) for name in TORCHVISION]
    tasks += [("speed", partial(own, key)) for key in keys]
    names = [SHARED, RESUMED, *keys, *TORCHVISION, *keys]
    result: dict[str, Any] = {"environment": _environment(device), "variant": job.variant}
    result |= {"size": list(job.size), "batch": job.batch}
    result |= {part: [] for part, _ in tasks} | {"failed": {}, "left_out": []}
    for (part, work), name in zip(tasks, names, strict=True):
        label = f"{part} {name}"
        if time.monotonic() > until:
            result["left_out"].append(label)
            continue
        started = time.monotonic()
        try:
            measured = work()
            result[part] += measured if isinstance(measured, list) else [measured]
        except Exception as error:
            result["failed"][label] = f"{type(error).__name__}: {error}"[:300]
        if device == "cuda":
            # What one network cached is room that the next one needs.
            torch.cuda.empty_cache()
        say(f"{label}: {result['failed'].get(label, 'done')} ({time.monotonic() - started:.1f} s)")
    return result


def _resumption() -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        return resumed(RESUMED, Path(folder))


def _environment(device: str) -> dict[str, Any]:
    cuda = device == "cuda"
    return {
        "device": torch.cuda.get_device_name() if cuda else platform.processor() or "CPU",
        "memory_bytes": torch.cuda.get_device_properties(0).total_memory if cuda else None,
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version() if cuda else None,
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def report_write(result: dict[str, Any], folder: Path) -> None:
    """gpu.json and gpu.md in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "gpu.json", json.dumps(result, indent=1).encode() + b"\n")
    write_atomically(folder / "gpu.md", page(result).encode())


def page(result: dict[str, Any]) -> str:
    """The result as a page of tables."""
    about = result["environment"]
    height, width = result["size"]
    lines = [
        "# On a GPU",
        "",
        f"`make gpu-check` on {about['device']}, torch {about['torch']}, {about['date']}: "
        f"{result['variant']} networks, {result['batch']} images of {width}×{height} a step.",
        "",
        "## Half precision against fp32",
        "",
        "‖x − fp32‖ / ‖fp32‖ of the logits and of all gradients, as initialised.",
        "",
        *_table(
            ("network", "precision", "logits", "gradients"),
            (
                (r["architecture"], r["precision"], _short(r["logits_error"]),
                 _short(r["gradient_error"]))
                for r in result["agreement"]
            ),
        ),
        "## Images a second, and GiB beside the weights at most",
        "",
        "Plain: the same network in eager fp32 and the default layout.",
        "",
        *_table(
            ("network", "train", "plain", "ratio", "GiB", "plain GiB",
             "predict", "plain", "ratio"),
            map(_speed_row, result["speed"]),
        ),
        "## Two trainings on one device, and a kill",
        "",
    ]  # fmt: skip
    for entry in result["shared"]:
        both = " and ".join(f"{rate:.0f}" for rate in entry["together"])
        lines += [f"- {entry['architecture']} slim: {entry['alone']:.0f} images a second alone, "
                  f"{both} two at once."]  # fmt: skip
    for entry in result["resumed"]:
        lines += [
            f"- Two equal runs of {entry['architecture']} slim are equal bit for bit: "
            f"{_yes(entry['repeatable'])} (weights differ by "
            f"{_short(entry['repeated_difference'])} at most).",
            f"- Killed after an epoch and resumed, it ends like the run that was not: "
            f"{_yes(entry['resumed_alike'])} ({_short(entry['resumed_difference'])}).",
        ]
    lines += [f"- Failed: {name}: {text}" for name, text in result["failed"].items()]
    if result["left_out"]:
        lines += [f"- Left out for want of time: {', '.join(result['left_out'])}."]
    return "\n".join(lines) + "\n"


def _speed_row(row: dict[str, Any]) -> tuple[str, ...]:
    cells = [row["network"]]
    for kind in ("train", "predict"):
        own, plain = row.get(kind), row[f"plain_{kind}"]
        cells += [f"{own:.0f}" if own else "", f"{plain:.0f}", f"{own / plain:.2f}" if own else ""]
        if kind == "train":
            cells += [_gib(row.get("train_bytes")), _gib(row["plain_train_bytes"])]
    return tuple(cells)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines] + [""]


def _gib(count: int | None) -> str:
    return f"{count / 2**30:.2f}" if count else ""


def _short(value: float | None) -> str:
    return "no number" if value is None else f"{value:.1e}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
