"""The processes SegWeb consists of: the one list that `up` and docker-compose.yml run.

Each command runs in the repository's root. Redis and PostgreSQL are not among them: on several
hosts others provide these.
"""

from __future__ import annotations

import sys

from segweb.env import env
from segweb.host import devices
from segweb.host.supervisor import Process

PYTHON = (sys.executable,)

# A worker that waits actively for its threads takes a small machine's cores from the web process
# and from its neighbours: a 44 ms forward took 1.6 s, and 0.14 s when waiting passively.
QUIET = {"OMP_WAIT_POLICY": "PASSIVE"}


def web(*, bind: str, threads: int) -> Process:
    """The pages and the API; a thread for each request that is there whole. `bind`: host:port."""
    words = f"manage.py serve --threads {threads} --bind {bind}".split()
    return Process("web", (*PYTHON, *words))


def inference_worker() -> Process:
    """Predictions. Threads, not forks: CUDA does not survive a fork."""
    return Process("inference-worker", _worker("inference"), QUIET)


def training_worker(device: str = "") -> Process:
    """Training runs, at a lower priority than everything people wait for; bound to its GPU.

    It trains one run at a time; its second thread looks at those that are about to be launched.
    """
    number = device.replace(",", "-")
    command = ("nice", "-n", "10", *_worker(f"training{number}", "training,preflight", threads=2))
    pinned = {devices.VISIBLE: device} if device else {}
    return Process(f"training-worker{number and '-'}{number}", command, QUIET | pinned)


def sweeper() -> Process:
    """Takes back what got lost; harmless in several copies."""
    return Process("sweeper", (*PYTHON, "manage.py", "sweep"))


def workers() -> list[Process]:
    """What a further host runs beside the first one: `make worker`."""
    gpus, share = devices.gpus(), max(1, env("TRAINING_GPUS"))
    if len(gpus) <= share:
        # Where one training worker takes all GPUs, or the processor, they need no name.
        return [inference_worker(), training_worker()]
    shares = [",".join(gpus[start : start + share]) for start in range(0, len(gpus), share)]
    return [inference_worker(), *map(training_worker, shares)]


def queues() -> set[str]:
    """The queues that these workers listen to."""
    commands = (inference_worker().command, training_worker().command)
    return {name for words in commands for name in words[words.index("-Q") + 1].split(",")}


def _worker(name: str, queues: str = "", threads: int = 1) -> tuple[str, ...]:
    # Not solo: such a worker answers no ping while it works, and /readyz would call it dead.
    options = f"-Q {queues or name} -n {name}@%h --pool threads --concurrency {threads}"
    options += " --loglevel INFO"
    # Mingling would also cost a second at each start.
    alone = "--without-mingle --without-gossip"  # workers meet in the database, not in the broker
    celery = (*PYTHON, "-m", "celery", "--quiet", "-A", "segweb")
    return (*celery, "worker", *options.split(), *alone.split())
