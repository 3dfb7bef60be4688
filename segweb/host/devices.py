"""The NVIDIA GPUs of this host, asked without torch."""

from __future__ import annotations

import os
import shutil
import subprocess

VISIBLE = "CUDA_VISIBLE_DEVICES"
_SECONDS = 10


def gpus() -> list[str]:
    """The devices that this process may use, as CUDA_VISIBLE_DEVICES names them; [] on a CPU."""
    # nvidia-smi takes no notice of the variable and lists every device.
    if VISIBLE in os.environ:
        return [name for name in os.environ[VISIBLE].split(",") if name.strip() not in ("", "-1")]
    return [line.strip() for line in ask("index")]


def ask(what: str, devices: list[str] | None = None) -> list[str]:
    """One line of nvidia-smi's answer a device; [] where there is no such program or no answer.

    `what` names fields of its `--query-gpu`, separated by commas; memory comes in MiB, use in
    percent, both without their units. `devices`: only these, as CUDA_VISIBLE_DEVICES names them.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, f"--query-gpu={what}", "--format=csv,noheader,nounits"]
    if devices:
        command += ["-i", ",".join(devices)]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return answer.stdout.splitlines() if answer.returncode == 0 else []
