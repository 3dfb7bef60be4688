"""Requests as MLflow's client makes them, to the views themselves."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from segweb.http.tokens import token_make

ROOT = "/mlflow/api/2.0"


class Caller:
    """An account's script."""

    def __init__(self, name: str = "ann", word: str = "Bearer", **account: Any) -> None:
        self.user = User.objects.create_user(name, **account)
        token = token_make(user=self.user, name="script")
        self.client = Client(headers={"Authorization": f"{word} {token}"})

    def ask(self, method: str, path: str, given: Any = None) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        address = f"{ROOT}/{path}"
        if method == "GET":
            answer = self.client.get(address, given)
        else:
            body = given if isinstance(given, (str, bytes)) else json.dumps(given)
            answer = self.client.generic(method, address, body, "application/json")
        if answer.headers["Content-Type"] != "application/json":
            return answer.status_code, b"".join(answer)
        return answer.status_code, answer.json()

    def post(self, path: str, /, **given: Any) -> Any:
        """What a POST that goes well gives."""
        status, told = self.ask("POST", f"mlflow/{path}", given)
        assert status == 200, told
        return told

    def get(self, path: str, /, **given: Any) -> Any:
        """What a GET that goes well gives."""
        status, told = self.ask("GET", f"mlflow/{path}", given)
        assert status == 200, told
        return told

    def refused(self, path: str, given: Any) -> tuple[int, str]:
        """Status and error code of a POST that is refused."""
        status, told = self.ask("POST", f"mlflow/{path}", given)
        assert set(told) == {"error_code", "message"}, told
        assert told["message"].endswith((".", "…")) or ":" in told["message"], told
        return status, told["error_code"]

    def begin(self, **given: Any) -> str:
        """The id of a new run."""
        return self.post("runs/create", **given)["run"]["info"]["run_id"]

    def log(self, run: str, metrics: dict[str, Any], step: int = 0, at: int = 1000) -> None:
        """Values of several metrics at a step."""
        rows = [{"key": k, "value": v, "step": step, "timestamp": at} for k, v in metrics.items()]
        self.post("runs/log-batch", run_id=run, metrics=rows)
