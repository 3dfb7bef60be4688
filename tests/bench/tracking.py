"""Tracking with 1,000 runs of 200 epochs on SQLite, beside MLflow's store with the same curves.

`python -m tests.bench.tracking` (part of `make bench`) prints milliseconds and ratios as JSON.
`pages` are timed within one process, from request to rendered response. `stores` are called
without a server, ours and MLflow's, which gets an environment of its own in var/bench-mlflow.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MLFLOW = ["mlflow-skinny==3.17.2", "SQLAlchemy==2.1.9", "alembic==1.20.1"]
SIZES = {"runs": 1000, "epochs": 200, "classes": 21}
ROUNDS = 60
PAGE = 50  # runs


def milliseconds(work: Callable[[int], object], rounds: int = ROUNDS) -> dict[str, float]:
    """Median and 95th percentile of `rounds` calls, after one that is not counted."""
    work(0)
    times = []
    for number in range(1, rounds + 1):
        started = time.perf_counter()
        work(number)
        times.append(1000 * (time.perf_counter() - started))
    times.sort()
    return {"median": times[len(times) // 2], "p95": times[int(0.95 * (len(times) - 1))]}


def ours(runs: int, epochs: int, classes: int) -> dict[str, dict[str, dict[str, float]]]:
    """Table, run page and its curves as pages; the same and recording an epoch as calls."""
    import numpy as np
    from django.contrib.auth.models import User
    from django.test import Client

    from experiments.board.curves import run_curves
    from experiments.board.table import RunsForm
    from experiments.models import Run
    from experiments.records.epochs import epoch_record
    from tests.experiments.factories import counts_make, dataset_make, run_make

    dataset = dataset_make("bench", num_classes=classes)
    made = [
        run_make(epochs=epochs, dataset=dataset, seed=number, name=f"run {number}", usage=20)
        for number in range(runs)
    ]
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(User.objects.create_superuser("bench"))

    def get(path: str) -> None:
        response = client.get(path)
        assert response.status_code == 200, response
        assert response.content

    orders = ("-created", "best", "-best", "state", "architecture")
    going = run_make(epochs=1, planned=10_000, dataset=dataset)
    counts = counts_make(np.random.default_rng(0), classes, 0.8)

    def order(number: int) -> str:
        return orders[number % len(orders)]

    def page(number: int) -> int:
        return number % max(1, runs // PAGE)

    def some(number: int) -> Run:
        return made[number * 7 % runs]

    def rows(number: int) -> list[Run]:
        first = PAGE * page(number)
        return list(RunsForm({"sort": order(number)}, reader=None).runs()[first : first + PAGE])

    def record(number: int) -> None:
        figures = {"loss": 0.5, "val_loss": 0.6, "lr": 1e-3}
        epoch_record(run=going, number=number + 2, confusion=counts, **figures)

    pages = {
        "table": lambda n: get(f"/runs/?sort={order(n)}&page={1 + page(n)}"),
        "run": lambda n: get(f"/runs/{some(n).pk}/"),
        "curves": lambda n: get(f"/runs/{some(n).pk}/curves/"),
    }
    store = {
        "list_runs": rows,
        "read_run": lambda n: Run.objects.select_related("dataset", "owner").get(pk=some(n).pk),
        "read_curves": lambda n: run_curves(run=some(n)),
        "record_epoch": record,
    }
    return {
        "pages": {name: milliseconds(work) for name, work in pages.items()},
        "store": {name: milliseconds(work) for name, work in store.items()},
    }


def mlflows(folder: Path, sizes: dict[str, int]) -> dict[str, dict[str, float]]:
    """The same by MLflow's tracking store, in its own environment."""
    python = ROOT / "var" / "bench-mlflow" / "bin" / "python"
    if not python.exists():
        venv.create(python.parents[1], with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *MLFLOW], check=True, stdout=sys.stderr)
    script = Path(__file__).with_name("mlflow_store.py")
    done = subprocess.run(
        [python, script, json.dumps({"folder": str(folder), "rounds": ROUNDS, **sizes})],
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Make both stores, time them in one run, and print the figures."""
    sizes = {name: int(os.environ.get(f"BENCH_{name.upper()}", n)) for name, n in SIZES.items()}
    with tempfile.TemporaryDirectory(prefix="segweb-bench-") as folder:
        os.environ |= {"SEGWEB_VAR": folder, "DATABASE_URL": "", "LOG_LEVEL": "ERROR"}
        os.environ |= {"REDIS_URL": "redis://127.0.0.1:1/0"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "segweb.settings"
        import django

        django.setup()
        from django.core.management import call_command

        from segweb.host.preparation import collect_static

        call_command("migrate", verbosity=0)
        collect_static(Path(folder) / "static")
        found = ours(**sizes)
        theirs = mlflows(Path(folder), sizes)
    ratios = {name: theirs[name]["p95"] / found["store"][name]["p95"] for name in theirs}
    result = {**sizes, "milliseconds": found, "mlflow": theirs, "mlflow_over_ours_p95": ratios}
    result["load"] = os.getloadavg()[0]
    sys.stdout.write(json.dumps(_rounded(result), indent=1) + "\n")


def _rounded(value: object) -> object:
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return round(value, 2) if isinstance(value, float) else value


if __name__ == "__main__":
    main()
