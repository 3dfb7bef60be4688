"""What 50 people who compare notice of one client that does all the harm it knows of at once.

`python -m tests.bench.attack` prints JSON after some four minutes (BENCH_SECONDS for each half, 60
if not said); it is to be run on a machine that rests. `without` and `with` are what users meet, as
in `tests.bench.serving`; `ratio` is the one p95 by the other. `megabytes` is the most that the web
process held, and what its processes that decode held beside it, read from /proc. `answers`: how
often each attack was answered by which status, or cut off.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from PIL import Image

from tests.bench import serving
from tests.inference.images.hostile import deep_png, scans
from tests.inference.pictures import encoded, upload
from tests.real.training import TOKEN
from tests.stack import Stack, stack_up

SECONDS = int(os.environ.get("BENCH_SECONDS", 60))
ELSEWHERE = "127.0.0.2"  # users come from 127.0.0.1
SLOW = 200
KEYS = [f"camvid-{key}-slim" for key in serving.THREE]


class Attacker:
    """One client, with as many threads as it likes."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.over = stack, threading.Event()
        self.answers: dict[str, Counter[str]] = defaultdict(Counter)
        self.hostile = {
            "scans": scans(Image.new("RGB", (4000, 3000), "#345"), 3000),
            "deep": deep_png(8000, 5000),
            "thread": encoded(Image.new("1", (1, 10_000_000))),
            "runs of black": encoded(Image.new("L", (6000, 6000)), "BMP"),
        }
        self.large = stack.image_post(encoded(Image.new("RGB", (6400, 6200), "#345")))[1]["id"]
        self.mine = stack.image_post()[1]["id"]
        done = stack.wait_for(stack.comparison_post(self.large, KEYS), seconds=120)
        self.comparison = done["id"]
        self.predictions = [prediction["id"] for prediction in done["predictions"]]

    def call(self, path: str, body: bytes | None = None, kind: str = "application/json") -> str:
        """A request from elsewhere; its status, or what became of it."""
        connection = http.client.HTTPConnection(
            "127.0.0.1", self.stack.port, timeout=30, source_address=(ELSEWHERE, 0)
        )
        try:
            headers = {"Content-Type": kind} if body else {}
            connection.request("POST" if body else "GET", path, body, headers)
            answer = connection.getresponse()
            answer.read()
            return str(answer.status)
        except (OSError, http.client.HTTPException) as fault:
            return type(fault).__name__
        finally:
            connection.close()

    def upload(self, name: str) -> Callable[[], str]:
        """Send a hostile image."""
        body = encode_multipart(BOUNDARY, {"file": upload(self.hostile[name])})
        return lambda: self.call("/api/v1/images/", body, MULTIPART_CONTENT)

    def batch(self) -> str:
        """Send many hostile images at once."""
        files = [upload(self.hostile["scans"], f"{number}.jpg") for number in range(20)]
        body = encode_multipart(BOUNDARY, {"files": files, "models": KEYS})
        return self.call("/api/v1/batches/", body, MULTIPART_CONTENT)

    def compare(self) -> str:
        """Fill the queue."""
        body = json.dumps({"image": self.mine, "models": "all"}).encode()
        return self.call("/api/v1/comparisons/", body)

    def agree(self) -> str:
        """Have masks of 40 megapixels compared."""
        return self.call(f"/api/v1/comparisons/{self.comparison}/agreement/")

    def masks(self, kind: str) -> Callable[[], str]:
        """Have masks of 40 megapixels drawn."""
        paths = [f"/api/v1/predictions/{pk}/mask/?as={kind}" for pk in self.predictions]
        return lambda: self.call(paths[int(time.monotonic()) % len(paths)])

    def slow(self) -> str:
        """Half requests, and answers of which a few bytes are taken, all held for ever."""
        halves = (
            b"GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ",
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf",
            f"GET /api/v1/images/{self.large}/file/ HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
        )
        opened: dict[int, socket.socket] = {}
        while not self.over.is_set():
            for number in range(SLOW):
                try:
                    if number not in opened:
                        address = ("127.0.0.1", self.stack.port)
                        made = socket.create_connection(address, 5, (ELSEWHERE, 0))
                        made.setblocking(False)
                        opened[number] = made
                        made.send(halves[number % 3])
                    elif number % 3 < 2:
                        opened[number].send(b"x")
                    with suppress(BlockingIOError):
                        if not opened[number].recv(10):
                            raise ConnectionResetError
                except OSError:
                    self.answers["slow"]["cut off"] += 1
                    if number in opened:
                        opened.pop(number).close()
            self.over.wait(1)
        for connection in opened.values():
            connection.close()
        return "held"

    def attacks(self) -> dict[str, tuple[Callable[[], str], int]]:
        """All of it, each with as many threads as do it at once."""
        words = "+".join(f"word{number}" for number in range(1500))
        return {
            "slow": (self.slow, 1),
            **{name: (self.upload(name), 4) for name in self.hostile},
            "batch": (self.batch, 2),
            "queue": (self.compare, 12),
            "overlay": (self.masks("overlay"), 3),
            "coco": (self.masks("coco"), 3),
            "agreement": (self.agree, 2),
            "search": (lambda: self.call(f"/runs/?q={words[:8000]}"), 4),
            "brackets": (lambda: self.call("/api/v1/comparisons/", b"[" * 3000), 2),
        }

    def begin(self) -> list[threading.Thread]:
        """Start all of it."""

        def again(name: str, act: Callable[[], str]) -> None:
            while not self.over.is_set():
                self.answers[name][act()] += 1

        threads = [
            threading.Thread(target=again, args=(name, act))
            for name, (act, times) in self.attacks().items()
            for _ in range(times)
        ]
        for thread in threads:
            thread.start()
        return threads


class Memory:
    """The most that the web process held, and the processes that it started, in megabytes."""

    def __init__(self, pid: int) -> None:
        self.process, self.over = psutil.Process(pid), threading.Event()
        self.web = self.apart = 0.0
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        while not self.over.wait(0.2):
            self.web = max(self.web, resident(self.process.pid))
            children = self.process.children(recursive=True)
            self.apart = max(self.apart, sum(resident(child.pid) for child in children))

    def told(self) -> dict[str, float]:
        """What was read until now; it is over then."""
        self.over.set()
        self.thread.join()
        return {"web": round(self.web, 1), "apart": round(self.apart, 1)}


def resident(pid: int) -> float:
    """VmRSS in megabytes; 0 for a process that is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    return 0.0


def measure(stack: Stack, headers: dict[str, str]) -> dict[str, Any]:
    """The same users without the attacker, and with it."""
    serving.SECONDS = SECONDS
    web, result = stack.running["web"].pid, {"megabytes": {}}
    image = stack.image_post(serving.picture())[1]["id"]
    serving.SECONDS = 5
    serving.users(stack, image, headers)  # networks are warm then
    serving.SECONDS = SECONDS
    memory = Memory(web)
    result["without"] = serving.users(stack, image, headers)
    result["megabytes"]["without"] = memory.told()
    serving.say(result)
    stack.python("-c", serving.DELETE)
    attacker = Attacker(stack)
    image = stack.image_post(serving.picture())[1]["id"]
    memory, threads = Memory(web), attacker.begin()
    try:
        time.sleep(min(5, SECONDS))  # until all of it is under way
        result["with"] = serving.users(stack, image, headers)
    finally:
        attacker.over.set()
        result["megabytes"]["with"] = memory.told()
        for thread in threads:
            thread.join()
    both = result["with"]["p95"], result["without"]["p95"]
    result["ratio"] = both[0] / both[1] if all(both) else None
    return result | {"answers": attacker.answers, "load": os.getloadavg()[0]}


def main() -> None:
    """Start the stack, measure, and print the figures."""
    with tempfile.TemporaryDirectory(prefix="segweb-bench-") as folder:
        usual = {"LEASE_SECONDS": "45", "HEARTBEAT_SECONDS": "5", "SWEEP_SECONDS": "5"}
        weights = map(serving.weights_of, serving.THREE)
        usual |= {"PUBLIC_RUNS": "true"}  # else nobody searches who has no account
        stack = stack_up(Path(folder) / "var", *weights, static=True, **usual)
        try:
            stack.start("worker", "sweeper")
            token = stack.python("-c", TOKEN).strip()
            headers = {"Authorization": f"Token {token}", "Content_Type": "application/json"}
            sys.stdout.write(json.dumps(measure(stack, headers), indent=1) + "\n")
        finally:
            stack.stop()


if __name__ == "__main__":
    main()
