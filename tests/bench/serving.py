"""How long people wait for masks, by REST from a real web process, Redis and worker.

`python -m tests.bench.serving` (part of `make bench`) prints JSON. `ten`: a warm comparison of the
ten shipped networks of the lineage on a CamVid-sized image, in milliseconds to its last and first
mask, beside what predicting (with decoding the image) and the forward passes alone take in one
process. `users`: 50 people who compare three networks again and again, without and with a training
beside them; waits in seconds, from POST to the last mask; `trainer_cores` is what the training got.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

# What a worker's process is given too (segweb/host/processes.py), before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import psutil
from PIL import Image

from models_zoo.checkpoints.shipped import FOLDER
from segweb.env import BASE_DIR
from tests.real.training import TOKEN
from tests.stack import ENDED, Stack, stack_up
from tests.waiting import wait_until

TEN = (
    *("fcn32s", "fcn8s", "unet", "segnet", "fc_densenet56", "deeplab_v1"),
    *("dilatednet_large", "deeplab_v2_vgg16", "pspnet_resnet50", "deeplab_v3_resnet50"),
)
THREE = ("fcn8s", "segnet", "deeplab_v3_resnet50")
SIZE = 480, 360
WARM_UP, ROUNDS = 2, 5
USERS, SECONDS = 50, int(os.environ.get("BENCH_SECONDS", 20))
LOOK = 1.0  # seconds between two looks at a comparison, as often as a page looks
DELETE = """
import django; django.setup()
from inference.models import Comparison
Comparison.objects.all().delete()
"""


def weights_of(architecture: str) -> Path:
    """The shipped weights, trained on CamVid."""
    return FOLDER / "camvid" / f"{architecture}-slim.safetensors"


def picture() -> bytes:
    """A drawn street of the samples as PNG."""
    buffer = BytesIO()
    with Image.open(BASE_DIR / "inference/images/samples/bus.png") as image:
        image.convert("RGB").resize(SIZE).save(buffer, "PNG")
    return buffer.getvalue()


class Alone:
    """The ten networks in this process, warm, with nothing between them and the image."""

    def __init__(self, png: bytes) -> None:
        from models_zoo.predict.engine import Engine, network_load

        self.png, self.engine = png, Engine()
        weights = [weights_of(architecture) for architecture in TEN]
        sidecars = [json.loads(path.with_suffix(".json").read_text()) for path in weights]
        self.checkpoints = list(zip(weights, sidecars, strict=True))
        self.networks = [network_load(*checkpoint) for checkpoint in self.checkpoints]

    def predicts(self) -> None:
        """Each predicts, from the file to its likeliest classes."""
        for weights, sidecar in self.checkpoints:
            self.engine.predict(weights, sidecar, Image.open(BytesIO(self.png)))

    def forwards(self) -> None:
        """The forward pass of each."""
        from models_zoo.predict.engine import logits_of

        pixels = np.asarray(Image.open(BytesIO(self.png)))
        for network, (_, sidecar) in zip(self.networks, self.checkpoints, strict=True):
            logits_of(
                network,
                pixels,
                mean=sidecar["mean"],
                std=sidecar["std"],
                scored_at=pixels.shape[:2],
                precision=self.engine.precision,
            )


def ten(stack: Stack, image: str, alone: Alone) -> dict[str, float]:
    """Medians in milliseconds; the three in turns, so that a load on the machine falls on each."""
    times: dict[str, list[float]] = {"comparison": [], "first_mask": []}
    times |= {"latencies": [], "predicts": [], "forwards": []}
    for _ in range(WARM_UP + ROUNDS):
        started = time.perf_counter()
        comparison = stack.comparison_post(image, [f"camvid-{key}-slim" for key in TEN])
        first = 0.0
        while not all(p["state"] in ENDED for p in comparison["predictions"]):
            time.sleep(0.05)
            comparison = stack.get(f"comparisons/{comparison['id']}/")
            if not first and any(p["state"] == "DONE" for p in comparison["predictions"]):
                first = _milliseconds(started)
        times["comparison"].append(_milliseconds(started))
        times["first_mask"].append(first)
        times["latencies"].append(sum(p["latency_ms"] for p in comparison["predictions"]))
        for work in (alone.predicts, alone.forwards):
            started = time.perf_counter()
            work()
            times[work.__name__].append(_milliseconds(started))
    warm = {name: measured[WARM_UP:] for name, measured in times.items()}
    pairs = zip(warm["comparison"], warm["predicts"], strict=True)
    over = median(comparison / predicts for comparison, predicts in pairs)
    return {name: median(values) for name, values in warm.items()} | {"over_predicts": over}


def _milliseconds(started: float) -> float:
    return (time.perf_counter() - started) * 1000


def users(stack: Stack, image: str, headers: dict[str, str]) -> dict[str, Any]:
    """What `USERS` meet within `SECONDS`; each begins the next comparison once one has ended."""
    waits: list[float] = []
    errors: list[str] = []
    body = json.dumps({"image": image, "models": [f"camvid-{key}-slim" for key in THREE]}).encode()
    over = time.monotonic() + SECONDS

    def compare() -> None:
        while (started := time.monotonic()) < over:
            try:
                status, answer, _ = stack.call("comparisons/", body, **headers)
                path, state = "", "QUEUED"
                if status != 202:
                    errors.append(f"{status} {answer.decode()}")
                    continue
                path = f"comparisons/{json.loads(answer)['id']}/"
                while state not in ENDED and time.monotonic() < over:
                    time.sleep(LOOK)
                    status, answer, _ = stack.call(path, **headers)
                    state = json.loads(answer)["state"] if status == 200 else f"{status}"
                if state == "DONE":
                    waits.append(time.monotonic() - started)
                elif state not in ("QUEUED", "RUNNING"):
                    errors.append(state)
            except OSError as fault:
                errors.append(str(fault))

    threads = [threading.Thread(target=compare) for _ in range(USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    waits.sort()
    return {
        "comparisons_a_second": len(waits) / SECONDS,
        "median": median(waits) if waits else None,
        "p95": waits[int(0.95 * (len(waits) - 1))] if waits else None,
        "errors": errors[:3] and [len(errors), *errors[:3]],
    }


@contextmanager
def training(stack: Stack, headers: dict[str, str]) -> Iterator[Callable[[], float]]:
    """A training of U-Net runs meanwhile; gives what tells the seconds of cores it has had."""
    stack.start("trainer")
    request = {"architecture": "unet", "variant": "slim", "dataset": "scenes", "epochs": 1000}
    status, answer, _ = stack.call("runs/", json.dumps(request).encode(), **headers)
    assert status == 201, answer
    run = f"runs/{json.loads(answer)['id']}/"

    def state() -> str:
        return json.loads(stack.call(run, **headers)[1])["state"]

    wait_until(lambda: state() == "RUNNING")
    worker = psutil.Process(stack.running["trainer"].pid)
    yield lambda: sum(sum(process.cpu_times()[:2]) for process in worker.children(recursive=True))
    stack.call(f"{run}stop/", b"{}", **headers)
    wait_until(lambda: state() in ENDED)


def main() -> None:
    """Start the stack, measure, and print the figures."""
    png, result = picture(), {}
    with tempfile.TemporaryDirectory(prefix="segweb-bench-") as folder:
        usual = {"LEASE_SECONDS": "45", "HEARTBEAT_SECONDS": "5", "SWEEP_SECONDS": "5"}
        stack = stack_up(Path(folder) / "var", *map(weights_of, TEN), **usual)
        try:
            stack.start("worker", "sweeper")
            token = stack.python("-c", TOKEN).strip()
            headers = {"Authorization": f"Token {token}", "Content_Type": "application/json"}
            image = stack.image_post(png)[1]["id"]
            result["ten"] = ten(stack, image, Alone(png))
            say(result)
            image = stack.image_post(png)[1]["id"]
            result["users"] = {"alone": users(stack, image, headers)}
            say(result)
            stack.python("-c", DELETE)  # what is still queued would be in the others' way
            image = stack.image_post(png)[1]["id"]
            with training(stack, headers) as cores:
                time.sleep(10)  # it draws its scenes first
                before = cores()
                result["users"]["with_training"] = users(stack, image, headers)
                result["users"]["trainer_cores"] = (cores() - before) / SECONDS
        finally:
            stack.stop()
    sys.stdout.write(json.dumps(result | {"load": os.getloadavg()[0]}, indent=1) + "\n")


def say(result: dict[str, Any]) -> None:
    """What is known so far, to whoever waits."""
    sys.stderr.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
