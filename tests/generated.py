"""Generated input that is the same on every machine, in every order of tests.

What is looked for at random is found at random: by whoever runs the suite for another change.
"""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal.conjecture import providers

# Hypothesis mixes in texts and numbers of whatever modules happen to be loaded.
providers._get_local_constants = lambda: providers._local_constants


def generated(examples: int) -> settings:
    """So many examples; to find the smallest that fails would take longer than to find one."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
