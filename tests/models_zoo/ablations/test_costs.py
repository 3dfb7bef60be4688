"""What a network costs against another: exact where it can be, with an interval where not."""

import numpy as np
import pytest
from scipy import stats

from models_zoo.ablations import costs
from models_zoo.ablations.costs import cost_compare, time_ratio


def test_a_ratio_of_times_has_scipys_interval():
    one, other = [3.1, 2.9, 3.3, 3.0, 2.8], [4.0, 4.1, 3.9, 4.2, 4.0]
    found = time_ratio(one, other)
    wanted = stats.ttest_rel(np.log(one), np.log(other)).confidence_interval(0.95)
    assert (found["low"], found["high"]) == pytest.approx(tuple(np.exp(wanted)), abs=1e-4)
    assert found["values"] == [3.0, 4.0]


@pytest.mark.slow
def test_multiply_adds_and_memory_are_the_networks_own(monkeypatch):
    monkeypatch.setattr(costs, "INPUT_SIZE", (32, 32))
    found = cost_compare("segnet_basic", "segnet_basic", rounds=2)
    # The first 7×7 convolution sees all pixels, the next three a quarter of those each time.
    assert found["gmacs"]["values"][0] > 32 * 32 * 49 * 3 * 64 / 1e9
    assert found["gmacs"]["ratio"] == found["memory"]["ratio"] == 1
    assert found["memory"]["values"][0] > 4 * 1_400_000
