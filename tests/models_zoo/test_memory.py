"""What training does to its process's memory; `PeakBytes` is met in test_tiles.py."""

import platform
import subprocess
import sys

import pytest

CODE = """
import resource, torch
from models_zoo.memory import memory_keep

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(4 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

handed_back = faults()
memory_keep()
faults()
print(handed_back, faults())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has these settings")
@pytest.mark.slow
def test_memory_that_is_kept_is_not_cleared_again():
    found = subprocess.check_output([sys.executable, "-c", CODE], text=True)
    handed_back, kept = map(int, found.split())
    assert kept < handed_back / 10
