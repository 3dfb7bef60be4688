"""What a trainer uses, sampled every few seconds, the more seldom the longer it runs."""

from __future__ import annotations

import time
from contextlib import suppress

import psutil

from experiments.models import Run
from experiments.records.attempts import usage_record
from experiments.worker.progress import processes_of, processor_seconds
from segweb.host import devices

SHORTEST_PAUSE = 5.0
SAMPLES = 200  # in the time that has passed, after which the pauses grow


class UsageSampler:
    """Watches a process with everything that it started."""

    def __init__(self, run: Run, pid: int) -> None:
        self._run, self._pid = run, pid
        self._started = self._last = time.monotonic()
        self._seconds = 0.0
        self._devices = devices.gpus()

    def sample(self) -> None:
        """Keep a sample, if it is time for one."""
        now = time.monotonic()
        passed = now - self._last
        if passed < max(SHORTEST_PAUSE, (now - self._started) / SAMPLES):
            return
        try:
            seconds, memory = self._processor_and_memory()
        except psutil.Error:
            return  # it is just ending
        gpu, gpu_memory = self._gpu()
        usage_record(
            run=self._run,
            # A process that ended takes its seconds out of the sum.
            cpu=round(max(0.0, seconds - self._seconds) / passed, 2),
            memory_bytes=memory,
            gpu=gpu,
            gpu_memory_bytes=gpu_memory,
        )
        self._last, self._seconds = now, seconds

    def _processor_and_memory(self) -> tuple[float, int]:
        processes, memory = processes_of(self._pid), 0
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                memory += process.memory_info().rss
        return processor_seconds(processes), memory

    def _gpu(self) -> tuple[float | None, int | None]:
        if not self._devices:
            return None, None
        rows = devices.ask("utilization.gpu,memory.used", self._devices)
        try:
            pairs = [tuple(map(float, row.split(","))) for row in rows]
            share = sum(pair[0] for pair in pairs) / len(pairs) / 100
            return round(share, 3), int(sum(pair[1] for pair in pairs) * 2**20)
        except (ValueError, ZeroDivisionError, IndexError):
            return None, None
