"""Reports a training to SegWeb: one file for Python 3.9 and newer, with nothing to install.

    from segweb_client import Run

    with Run("http://host:8000", token, architecture="unet", dataset="streets") as run:
        for epoch in range(1, 51):
            ...
            run.epoch(epoch, loss=loss, confusion=counts)  # K×K pixel counts, truth by row
            run.mask(epoch, "val-3", mask)                 # H×W class ids

Nothing here waits for the network or raises: a thread sends, again and again while the server is
away. What is unsent at the end is written to a file, which `python segweb_client.py FILE` sends.
"""

from __future__ import annotations

import atexit
import base64
import json
import logging
import os
import struct
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
import zlib
from collections import deque
from typing import Any

logger = logging.getLogger("segweb")

MOST_BYTES = 2**28  # that wait to be sent; beyond them the oldest masks, then epochs are dropped
PAUSES = (1, 2, 4, 8, 15, 30)  # seconds, while the server is away
AGAIN = (408, 409, 429, 500, 502, 503, 504)


class Run:
    """A run that reports from here."""

    def __init__(
        self, url: str, token: str, *, timeout: float = 20, patience: float = 60, **about: Any
    ) -> None:
        """`about` is what REST takes: architecture, dataset, epochs, config, name, tags, private.

        `patience` is how many seconds the end waits for a server that is away.
        """
        self.url, self.token = url.rstrip("/"), token
        self.timeout, self.patience = timeout, patience
        self.id: int | None = None  # known once the server has answered
        self._waiting: deque[dict[str, Any]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._over = False
        self._refused = False
        key = uuid.uuid4().hex  # the same run, however often it is asked for
        self._put({"kind": "run", "key": key, "body": {"kind": "external", **about}})
        self._thread = threading.Thread(target=self._send_all, name="segweb", daemon=True)
        self._thread.start()
        atexit.register(self.end)

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: Any, fault: Any, trace: Any) -> None:
        self.end("FAILED" if kind else "FINISHED")

    def epoch(self, number: int, *, confusion: Any = None, **metrics: Any) -> None:
        """What an epoch brought, from 1; the same one again replaces what it said."""
        try:
            body = {name: _plain(value) for name, value in metrics.items()}
            if confusion is not None:
                body["confusion"] = _plain(confusion)
            self._put({"kind": "epoch", "body": {"epoch": int(number), **body}})
        except Exception:
            logger.warning("Epoch %s is not reported.", number, exc_info=True)

    def mask(self, step: int, name: str, mask: Any, colours: Any = None) -> None:
        """H×W class ids as a picture on the run's page; `colours` are (r, g, b) by class."""
        try:
            png = base64.b64encode(png_of(mask, colours)).decode()
            at = int(time.time() * 1000)
            path = f"images/{name.replace('/', '#')}+step+{int(step)}+timestamp+{at}+mask.png"
            self._put({"kind": "file", "path": path, "content": png})
        except Exception:
            logger.warning("The mask %s is not reported.", name, exc_info=True)

    def end(self, status: str = "FINISHED") -> None:
        """Send what waits, for as long as `patience`; what is left goes into a file."""
        try:
            with self._changed:
                if self._over:
                    return
                self._over = True
                self._waiting.append({"kind": "end", "status": status})
                self._changed.notify()
            self._thread.join(self.patience)
            with self._changed:
                left = [{"kind": "of", "run": self.id, "url": self.url}, *self._waiting]
                self._waiting.clear()
            if len(left) > 1 and not self._refused:
                path = f"segweb-unsent-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
                with open(path, "w") as file:  # noqa: PTH123
                    file.writelines(json.dumps(item) + "\n" for item in left)
                logger.warning("SegWeb is away. Send %s later: python segweb_client.py it", path)
        except Exception:
            logger.warning("The run's end is not reported.", exc_info=True)

    def _put(self, item: dict[str, Any]) -> None:
        item["size"] = len(item.get("content", "")) + len(str(item.get("body", "")))
        with self._changed:
            if self._over or self._refused:
                return
            self._waiting.append(item)
            self._bytes += item["size"]
            for kind in ("file", "epoch"):
                while self._bytes > MOST_BYTES:
                    # The first is being sent.
                    later = list(self._waiting)[1:]
                    oldest = next((one for one in later if one["kind"] == kind), None)
                    if oldest is None:
                        break
                    self._waiting.remove(oldest)
                    self._bytes -= oldest["size"]
                    logger.warning("Too much waits for SegWeb: something old is dropped.")
            self._changed.notify()

    def _send_all(self) -> None:
        tries = 0
        while True:
            with self._changed:
                while not self._waiting:
                    if self._over:
                        return
                    self._changed.wait()
                item = self._waiting[0]
            if not self._sent(item):
                with self._changed:
                    self._changed.wait(PAUSES[min(tries, len(PAUSES) - 1)] if not self._over else 1)
                tries += 1
                continue
            tries = 0
            with self._changed:
                if self._waiting and self._waiting[0] is item:
                    self._waiting.popleft()
                    self._bytes -= item.get("size", 0)
                if self._refused:
                    self._waiting.clear()

    def _sent(self, item: dict[str, Any]) -> bool:
        """Whether it is done with: taken, or refused for good."""
        try:
            self._send(item)
        except urllib.error.HTTPError as fault:
            if fault.code in AGAIN:
                return False
            told = fault.read(2000).decode(errors="replace")
            logger.warning("SegWeb refused a report (%s): %s", fault.code, told)
            self._refused = self._refused or item["kind"] == "run"
        except OSError:
            return False
        except Exception:
            logger.warning("A report is not understood.", exc_info=True)
        return True

    def _send(self, item: dict[str, Any]) -> None:
        kind = item["kind"]
        mlflow = f"{self.url}/mlflow/api/2.0"
        if kind == "run":
            headers = {"Idempotency-Key": item["key"]}
            told = self._ask("POST", f"{self.url}/api/v1/runs/", item["body"], headers)
            self.id = told["id"]
        elif kind == "epoch":
            self._ask("POST", f"{self.url}/api/v1/runs/{self.id}/epochs/", item["body"])
        elif kind == "file":
            path = urllib.parse.quote(f"0/{self.id}/artifacts/{item['path']}")
            content = base64.b64decode(item["content"])
            self._ask("PUT", f"{mlflow}/mlflow-artifacts/artifacts/{path}", content)
        elif kind == "end":
            body = {"run_id": str(self.id), "status": item["status"]}
            self._ask("POST", f"{mlflow}/mlflow/runs/update", body)

    def _ask(self, method: str, url: str, body: Any, headers: Any = None) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Authorization": f"Token {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, {**sent, **(headers or {})}, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=self.timeout) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")


def _plain(value: Any) -> Any:
    """What JSON holds: numbers and lists of them, of tensors and arrays too; NaN is null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(part) for part in value]
    if isinstance(value, float) and not abs(value) < float("inf"):
        return None
    return value


def png_of(mask: Any, colours: Any = None) -> bytes:
    """H×W class ids below 256 as an indexed PNG."""
    rows = [bytes(row) for row in (mask.tolist() if hasattr(mask, "tolist") else mask)]
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("A mask is H rows of W class ids.")
    known = [tuple(colour) for colour in colours or ()]
    palette = bytearray()
    for number in range(256):
        # VOC's colours: the bits of a number, spread over red, green and blue.
        bits = [number >> shift & 1 for shift in range(8)]
        plain = [sum(bit << (7 - n) for n, bit in enumerate(bits[c::3])) for c in range(3)]
        palette += bytes(known[number] if number < len(known) else plain)

    def chunk(kind: bytes, data: bytes) -> bytes:
        size, check = struct.pack(">I", len(data)), struct.pack(">I", zlib.crc32(kind + data))
        return size + kind + data + check

    head = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 3, 0, 0, 0)
    drawn = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [chunk(b"IHDR", head), chunk(b"PLTE", bytes(palette)), chunk(b"IDAT", drawn)]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + chunk(b"IEND", b"")


def send_file(path: str, token: str) -> None:
    """Send what a training could not. OSError while the server is away."""
    with open(path) as file:  # noqa: PTH123
        of, *items = map(json.loads, file)
    run = Run.__new__(Run)
    run.url, run.token, run.timeout, run.id = of["url"], token, 60, of["run"]
    for item in items:
        run._send(item)


if __name__ == "__main__":
    if len(sys.argv) != 2 or "SEGWEB_TOKEN" not in os.environ:
        sys.exit("SEGWEB_TOKEN=… python segweb_client.py FILE")
    send_file(sys.argv[1], os.environ["SEGWEB_TOKEN"])
