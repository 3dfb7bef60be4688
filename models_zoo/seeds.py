"""Every random choice is a function of the run's seed and of where it is made.

Nothing depends on how often a generator was asked before, so a run that was killed and resumed
makes the same choices as one that was not. Torch-free.
"""

from __future__ import annotations

import hashlib


def seed_for(*parts: int | str) -> int:
    """A 63-bit seed that is a hash of `parts`."""
    # Separated: (1, 23) and (12, 3) are different places.
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
