"""From POST to mask through a real Redis and a real worker, and what they survive."""

from __future__ import annotations

import io
import json
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segweb.env import BASE_DIR
from tests.inference.pictures import encoded, noise
from tests.stack import Stack
from tests.waiting import heeds_sigterm, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def claims(stack: Stack, comparison: dict) -> list[tuple[str, int]]:
    """State and number of attempts of each prediction, read past everything else."""
    query = "SELECT state, attempt FROM inference_prediction WHERE comparison_id = ?"
    with closing(sqlite3.connect(stack.var / "db.sqlite3")) as database:
        return database.execute(query, [comparison["id"].replace("-", "")]).fetchall()


def files(stack: Stack, comparison: dict) -> list[str]:
    """What is stored of its predictions."""
    folders = (stack.var / "media" / "predictions" / p["id"] for p in comparison["predictions"])
    return sorted(path.name for folder in folders for path in folder.iterdir())


def running(stack: Stack, comparison: dict, attempt: int = 1) -> bool:
    """Whether a worker is at it."""
    return claims(stack, comparison) == [("RUNNING", attempt)]


@pytest.fixture(scope="module")
def large() -> bytes:
    """An image that keeps the worker busy for a second or more."""
    return encoded(noise(1200, 900))


def test_from_post_to_the_mask_that_the_command_line_gives(
    stack: Stack, tiny_weights: Path, tmp_path: Path
) -> None:
    stack.start("worker", "sweeper")
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(noise(160, 120).resize((320, 240)), "JPEG"))
    status, image = stack.image_post(photo.read_bytes())
    assert status == 201
    done = stack.wait_for(stack.comparison_post(image["id"]))
    (prediction,) = done["predictions"]
    assert (done["state"], prediction["model"]) == ("DONE", "camvid-unet-slim")
    assert prediction["latency_ms"] > 0
    mask = np.asarray(Image.open(io.BytesIO(stack.call(prediction["mask_url"])[1])))
    command = ["-m", "models_zoo", "predict", "--checkpoint", str(tiny_weights), str(photo)]
    subprocess.run([sys.executable, *command, "--out", str(tmp_path)], cwd=BASE_DIR, check=True)
    assert mask.shape == (240, 320)
    assert len(np.unique(mask)) > 1
    assert np.array_equal(mask, np.asarray(Image.open(tmp_path / "photo.png")))


def test_a_worker_killed_while_it_predicts(stack: Stack, large: bytes) -> None:
    stack.start("worker", "sweeper")
    image = stack.image_post(large)[1]
    comparison = stack.comparison_post(image["id"])
    wait_until(lambda: running(stack, comparison))
    stack.kill("worker")
    killed = time.monotonic()
    stack.start("worker")
    done = stack.wait_for(comparison, "DONE")
    assert time.monotonic() - killed < 60
    assert done["predictions"][0]["error"] is None
    assert claims(stack, comparison) == [("DONE", 2)]
    assert files(stack, comparison) == ["2.gz", "2.png"]


def test_a_worker_told_to_end_stores_what_it_has(stack: Stack, large: bytes) -> None:
    stack.start("worker")
    comparison = stack.comparison_post(stack.image_post(large)[1]["id"])
    wait_until(lambda: running(stack, comparison))
    stack.signal("worker", signal.SIGTERM)
    stack.running.pop("worker").wait(30)
    assert claims(stack, comparison) == [("DONE", 1)]
    assert files(stack, comparison) == ["1.gz", "1.png"]


def test_a_job_that_kills_every_worker_ends_lost(stack: Stack, large: bytes) -> None:
    stack.start("sweeper")
    comparison = stack.comparison_post(stack.image_post(large)[1]["id"])
    for attempt in (1, 2, 3):
        stack.start("worker")
        wait_until(partial(running, stack, comparison, attempt))
        stack.kill("worker")
    lost = stack.wait_for(comparison, "LOST")
    assert lost["state"] == "FAILED"
    assert "several times" in lost["predictions"][0]["error"]


def test_flushall_with_jobs_queued_and_running(stack: Stack, large: bytes) -> None:
    stack.start("worker", "sweeper")
    first = stack.comparison_post(stack.image_post(large)[1]["id"])
    image = stack.image_post()[1]
    queued = [stack.comparison_post(image["id"]) for _ in range(3)]
    wait_until(lambda: running(stack, first))
    stack.redis().flushall()
    later = stack.comparison_post(image["id"])
    for comparison in (first, *queued, later):
        stack.wait_for(comparison, "DONE")
        assert claims(stack, comparison) == [("DONE", 1)]


def test_every_message_twice(stack: Stack) -> None:
    image = stack.image_post()[1]
    comparisons = [stack.comparison_post(image["id"]) for _ in range(5)]
    broker = stack.redis()
    stack.start("sweeper")  # sends what the web process may have given up on
    wait_until(lambda: broker.llen("inference") >= len(comparisons))
    stack.kill("sweeper")
    messages = broker.lrange("inference", 0, -1)
    broker.rpush("inference", *messages)
    stack.start("worker")
    for comparison in comparisons:
        stack.wait_for(comparison, "DONE")
    wait_until(lambda: broker.llen("inference") == 0)
    for comparison in comparisons:
        assert claims(stack, comparison) == [("DONE", 1)]
        assert files(stack, comparison) == ["1.gz", "1.png"]


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_a_broker_that_is_away_delays_nobody(fault: str, stack: Stack) -> None:
    image = stack.image_post()[1]
    if fault == "frozen":
        stack.signal("redis", signal.SIGSTOP)
    else:
        stack.kill("redis")
    started = time.monotonic()
    comparisons = [stack.comparison_post(image["id"]) for _ in range(3)]
    assert time.monotonic() - started < 10
    if fault == "frozen":
        stack.signal("redis", signal.SIGCONT)
    else:
        stack.start("redis")
    stack.start("worker", "sweeper")
    for comparison in comparisons:
        stack.wait_for(comparison, "DONE")


def test_redis_killed_under_a_running_worker(stack: Stack, large: bytes) -> None:
    stack.start("worker", "sweeper")
    first = stack.comparison_post(stack.image_post(large)[1]["id"])
    queued = stack.comparison_post(stack.image_post()[1]["id"])
    wait_until(lambda: running(stack, first))
    stack.kill("redis")
    stack.start("redis")
    for comparison in (first, queued):
        stack.wait_for(comparison, "DONE")


def test_a_database_that_is_locked(stack: Stack, large: bytes) -> None:
    """Requests are soon told to come back; what runs is done once it is free."""
    stack.start("worker", "sweeper")
    comparison = stack.comparison_post(stack.image_post(large)[1]["id"])
    wait_until(lambda: running(stack, comparison))
    locker = sqlite3.connect(stack.var / "db.sqlite3", isolation_level=None)
    locker.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    status, problem = stack.image_post()
    assert (status, problem["status"]) == (503, 503)
    assert time.monotonic() - started < 10  # three of them are SQLite's patience
    time.sleep(5)
    locker.execute("ROLLBACK")
    locker.close()
    assert stack.image_post()[0] == 201
    stack.wait_for(comparison, "DONE")


def test_the_sweeper_ends_at_once(stack: Stack) -> None:
    stack.start("sweeper")
    wait_until(lambda: heeds_sigterm(stack.running["sweeper"].pid))
    stack.signal("sweeper", signal.SIGTERM)
    assert stack.running.pop("sweeper").wait(3) == 0


def twenty_at_once(stack: Stack) -> set[str]:
    """The ids that twenty parallel requests under one Idempotency-Key are given."""
    image = stack.image_post()[1]["id"]
    with ThreadPoolExecutor(20) as pool:
        answers = pool.map(lambda _: stack.comparison_post(image, Idempotency_Key="one"), range(20))
        return {answer["id"] for answer in answers}


def test_one_idempotency_key_is_one_job(stack: Stack) -> None:
    assert len(twenty_at_once(stack)) == 1
    assert stack.redis().llen("inference") <= 1  # none soon after a broker was away


def test_the_log_of_the_web_process_shows_no_fault(stack: Stack) -> None:
    """After all of the above; a 503 is none."""
    log = (stack.var / "web.log").read_text()
    assert "Internal Server Error" not in log
    assert json.loads(stack.call("models/")[1])[0]["key"] == "camvid-unet-slim"
