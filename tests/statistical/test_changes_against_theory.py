"""A cache that is emptied, and one whose requests change, against Che's approximation.

One LRU cache between a receiver and a source, and independent requests for contents of Zipf
popularity p. While an empty cache is being filled nothing leaves it, so that request t after it was
emptied is a hit with probability sum p_i (1 - exp(-p_i t)). By Che's approximation it is full after
its characteristic time T, and the probability is that for t = T from then on.

Of n requests with a probability h of a hit, the share of hits has a standard deviation of at most
sqrt(h (1 - h) / n) here: a content that was requested more often than expected is a hit more often,
but what is cached instead of others makes up for it. Four of them are granted, and 0.002 for what
the approximation lacks at these sizes: its characteristic time is that of an average content, and
where the cache gets full depends on chance.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from icarus import open_simulation
from icarus.theory.che_of_policies import (
    che_cache_hit_ratio_simplified,
    che_characteristic_time_simplified,
)
from icarus.theory.distributions import TruncatedZipfDist

pytestmark = [pytest.mark.statistical, pytest.mark.timeout(600)]

N_CONTENTS, SIZE = 10_000, 500
MODEL = 0.002


def hit_ratios(timeline, n_requests, window, alpha=0.8):
    """Return the hit ratio in each window of so many requests."""
    experiment = {
        "topology": {"name": "PATH", "n": 3},
        "workload": {
            "name": "STATIONARY",
            "n_contents": N_CONTENTS,
            "alpha": alpha,
            "n_warmup": 0,
            "n_measured": n_requests,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": SIZE / N_CONTENTS},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
        "timeline": timeline,
    }
    collectors = {"TIMELINE": {"window": {"requests": window}}}
    run = open_simulation(experiment, seed=11, collectors=collectors, engine="compiled")
    told = run.advance().results()["TIMELINE"]
    assert (told["REQUESTS"] == window).all()
    assert len(told["EVENTS"]) == len(timeline)
    return told["HIT_RATIO"]


def assert_near(measured, expected, n_requests):
    """Compare shares of hits among so many requests each."""
    expected = np.asarray(expected)
    tolerance = 4 * np.sqrt(expected * (1 - expected) / n_requests) + MODEL
    apart = np.flatnonzero(np.abs(measured - expected) > tolerance)
    assert not len(apart), (apart, measured[apart], expected[apart], tolerance[apart])


def test_a_cache_that_is_emptied_fills_as_theory_has_it():
    """A thousand times; each time it is looked at 200 requests at once."""
    times, window, n_windows = 1000, 200, 20
    length = window * n_windows
    flushes = [
        {"at": {"requests": number * length}, "event": "flush"} for number in range(1, times + 1)
    ]
    ratios = hit_ratios(flushes, (times + 1) * length, window)
    recovery = ratios.reshape(times + 1, n_windows).mean(axis=0)
    p = TruncatedZipfDist(0.8, N_CONTENTS).pdf
    full = che_characteristic_time_simplified(p, SIZE)
    assert window < full < length / 2
    since = np.minimum(np.arange(length), full)
    hits = np.array([-p @ np.expm1(-p * t) for t in since])
    expected = hits.reshape(n_windows, window).mean(axis=1)
    assert expected[-1] == pytest.approx(che_cache_hit_ratio_simplified(p, SIZE), rel=1e-9)
    assert_near(recovery, expected, (times + 1) * window)
    # What would be expected of a cache that is not emptied, or that never gets full, is far away.
    assert recovery[0] < expected[-1] / 2
    unlimited = -p @ np.expm1(-p * length)
    assert recovery[-1] < unlimited - 20 * MODEL


@pytest.mark.parametrize(("before", "after"), [(0.8, 1.1), (1.1, 0.6), (0.6, 0.0)])
def test_a_cache_settles_where_theory_has_it_when_popularity_changes(before, after):
    """Its characteristic time is less than a window; the first one after a change is left out."""
    part = 1_000_000
    change = {"at": {"requests": part}, "event": "popularity", "alpha": after}
    ratios = hit_ratios([change], 2 * part, 100_000, alpha=before)
    for alpha, share in ((before, ratios[1:10]), (after, ratios[11:])):
        p = TruncatedZipfDist(alpha, N_CONTENTS).pdf
        expected = che_cache_hit_ratio_simplified(p, SIZE)
        assert che_characteristic_time_simplified(p, SIZE) < 100_000
        assert_near(np.array([share.mean()]), [expected], len(share) * 100_000)
        assert_near(share, np.full(len(share), expected), 100_000)


def test_popularity_that_is_shuffled_is_learnt_anew():
    """Ranks are others' from then on: the cache is of hardly more use than an empty one.

    In the end it is what it was.
    """
    part, window = 500_000, 100
    change = {"at": {"requests": part}, "event": "popularity", "shuffle": 1.0}
    ratios = hit_ratios([change], 2 * part, window, alpha=1.0)
    p = TruncatedZipfDist(1.0, N_CONTENTS).pdf
    expected = che_cache_hit_ratio_simplified(p, SIZE)
    before, at_once, after = ratios[100:5000], ratios[5000], ratios[5100:]
    assert_near(np.array([before.mean(), after.mean()]), [expected] * 2, 490_000)
    # The first hundred requests: 1 in 20 contents is cached, and those requested since then.
    learnt = np.mean([-p @ np.expm1(-p * t) for t in range(window)])
    assert abs(at_once - (learnt + (1 - learnt) / 20)) < 4 * math.sqrt(0.25 / window)
    assert at_once < expected - 0.1
