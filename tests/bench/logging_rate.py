"""How fast a script logs: 100 metrics × 1,000 steps in batches, here and to MLflow's own server.

`python -m tests.bench.logging_rate` prints points a second of both, and the ratio, as JSON. Both
servers are real processes on SQLite, asked by MLflow's own client from this process, by turns in
one run, so that whatever else the machine does is in both. MLflow's gets an environment of its own
in var/bench-mlflow-server.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from segweb.env import BASE_DIR
from tests.real.test_scripts import ACCOUNT
from tests.stack import stack_up
from tests.waiting import wait_until

SERVER = "mlflow==3.17.2"
METRICS, STEPS, AT_ONCE, ROUNDS = 100, 1000, 1000, 5
# Logs the steps from sys.argv[2] to sys.argv[3] to the run sys.argv[1], or to a new one.
CLIENT = """
import sys, time, mlflow
from mlflow.entities import Metric
run, first, last, metrics, most = sys.argv[1], *map(int, sys.argv[2:])
client = mlflow.MlflowClient()
run = run or client.create_run("0").info.run_id
names = ["val/mIoU", "val/loss", "train/loss", *(f"metric {n}" for n in range(metrics - 3))]
points = [Metric(name, (s + 1) / (s + 2), s, s) for s in range(first, last) for name in names]
client.log_metric(run, names[0], 0.1, step=first)
began = time.perf_counter()
for start in range(0, len(points), most):
    client.log_batch(run, metrics=points[start : start + most])
print(run, time.perf_counter() - began)
"""


def logged(address: str, token: str, run: str, first: int, last: int) -> tuple[str, float]:
    """The run, and how many seconds its steps took."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": address, "MLFLOW_TRACKING_TOKEN": token}
    told = subprocess.run(
        [sys.executable, "-c", CLIENT, run, *map(str, (first, last, METRICS, AT_ONCE))],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    name, seconds = told.stdout.split()
    return name, float(seconds)


def mlflow_server(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """MLflow's own server, with one worker as ours is one process."""
    home = BASE_DIR / "var" / "bench-mlflow-server"
    if not (home / "bin" / "mlflow").exists():
        venv.create(home, with_pip=True)
        install = [home / "bin" / "python", "-m", "pip", "install", "--quiet", SERVER]
        subprocess.run(install, check=True, stdout=sys.stderr)
    command = [home / "bin" / "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--backend-store-uri", f"sqlite:///{folder}/mlflow.sqlite3"]
    return subprocess.Popen(command, cwd=folder, stdout=sys.stderr, stderr=sys.stderr)


def main() -> None:
    """Both by turns, and the figures."""
    port = 5999
    seconds = {"ours": 0.0, "mlflow": 0.0}
    with tempfile.TemporaryDirectory(prefix="segweb-bench-") as name:
        folder = Path(name)
        stack = stack_up(folder / "var")
        server = mlflow_server(folder, port)
        try:
            token = stack.python("-c", ACCOUNT).split()[-1]
            theirs = f"http://127.0.0.1:{port}"
            wait_until(lambda: _answers(theirs), seconds=120)
            doors = {"ours": (f"{stack.url}/mlflow", token), "mlflow": (theirs, "")}
            runs = dict.fromkeys(doors, "")
            for turn in range(ROUNDS):
                first, last = turn * STEPS // ROUNDS, (turn + 1) * STEPS // ROUNDS
                for door, (address, word) in doors.items():
                    runs[door], took = logged(address, word, runs[door], first, last)
                    seconds[door] += took
        finally:
            server.terminate()
            server.wait(30)
            stack.stop()
    rates = {door: round(METRICS * STEPS / took) for door, took in seconds.items()}
    ratio = round(seconds["mlflow"] / seconds["ours"], 2)
    load = round(os.getloadavg()[0], 1)
    told = {"points_a_second": rates, "ours_over_mlflow": ratio, "load": load, "at": time.ctime()}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")


def _answers(address: str) -> bool:
    from urllib.request import urlopen

    try:
        return bool(urlopen(f"{address}/health", timeout=5).status == 200)
    except OSError:
        return False


if __name__ == "__main__":
    main()
