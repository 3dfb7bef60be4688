"""Runs of an MLflow server, read by its REST protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from experiments.records.points import Told
from experiments.runs.elsewhere.history import Histories, History, NoHistory
from experiments.runs.elsewhere.mlflow_store import STATES, finite, moment
from segweb.jobs import State

SECONDS = 60


def histories(url: str, token: str = "") -> Histories:
    """Every run of every experiment, as far as the token may read."""
    server = _Server(url, token)
    names = {one["experiment_id"]: one["name"] for one in server.pages("experiments", {})}
    for pk, name in names.items():
        for run in server.pages("runs", {"experiment_ids": [pk]}):
            yield _history(server, url, name, run)


def _history(server: _Server, url: str, experiment: str, run: dict[str, Any]) -> History:
    info, data = run["info"], run.get("data", {})
    pairs = {
        what: {row["key"]: row.get("value", "") for row in data.get(what, [])} for what in data
    }
    points = [
        Told(name, finite(float(p["value"])), int(p.get("step", 0)), int(p["timestamp"]))
        for name in pairs.get("metrics", {})
        for p in server.points(info["run_id"], name)
    ]
    return History(
        source=f"mlflow:{url}#{info['run_id']}",
        name=info.get("run_name") or info["run_id"],
        experiment=experiment,
        points=points,
        settings=pairs.get("params", {}),
        tags=pairs.get("tags", {}),
        state=STATES.get(info.get("status", ""), State.STOPPED),
        started_at=moment(info.get("start_time")),
        ended_at=moment(info.get("end_time")),
    )


class _Server:
    def __init__(self, url: str, token: str) -> None:
        self.root = f"{url.rstrip('/')}/api/2.0/mlflow"
        self.headers = {"Content-Type": "application/json"}
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.root}/{path}", data, self.headers)  # noqa: S310
        try:
            with urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                told: dict[str, Any] = json.load(answer)
                return told
        except (URLError, OSError, ValueError) as fault:
            raise NoHistory(f"{self.root} does not answer as MLflow does: {fault}.") from fault

    def pages(self, what: str, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
        token = None
        while token != "":
            body = {**asked, "max_results": 1000, **({"page_token": token} if token else {})}
            told = self.ask(f"{what}/search", body)
            yield from told.get(what, [])
            token = told.get("next_page_token", "")

    def points(self, run: str, name: str) -> Iterator[dict[str, Any]]:
        token = None
        while token != "":
            asked = {"run_id": run, "metric_key": name, "max_results": 25_000}
            asked |= {"page_token": token} if token else {}
            told = self.ask(f"metrics/get-history?{urlencode(asked)}")
            yield from told.get("metrics", [])
            token = told.get("next_page_token", "")
