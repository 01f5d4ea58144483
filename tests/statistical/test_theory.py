"""Simulated hit ratios against theory, on as many requests as that takes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq

from icarus.execution.simulation import Simulation, simulate
from icarus.tools import TruncatedZipfDist
from icarus.util import Tree

pytestmark = pytest.mark.statistical

N_CONTENTS = 10_000
CACHE = 100
N_REQUESTS = 1_000_000


def simulated_hit_ratio(alpha: float, policy: str) -> float:
    params = Tree(
        topology={"name": "PATH", "n": 3},
        workload={
            "name": "STATIONARY",
            "n_contents": N_CONTENTS,
            "alpha": alpha,
            "n_warmup": N_REQUESTS // 10,
            "n_measured": N_REQUESTS,
        },
        content_placement={"name": "UNIFORM"},
        cache_placement={"name": "UNIFORM", "network_cache": CACHE / N_CONTENTS},
        strategy={"name": "LCE"},
        cache_policy={"name": policy},
    )
    done = simulate(Simulation(params, {"CACHE_HIT_RATIO": {}}, seed=1, replication=0))
    return float(done.results.getval(["CACHE_HIT_RATIO", "MEAN"]))


def expected_hit_ratio(alpha: float, policy: str) -> float:
    """Che's approximation, and its extension to FIFO and RANDOM.

    H. Che et al., IEEE JSAC 20(7), 2002; V. Martina et al., INFOCOM 2014.
    """
    p = TruncatedZipfDist(alpha, N_CONTENTS).pdf

    def hits(t: float) -> np.ndarray:
        return 1 - np.exp(-p * t) if policy == "LRU" else p * t / (1 + p * t)

    t = brentq(lambda t: hits(t).sum() - CACHE, 1, 1e7)
    return float((p * hits(t)).sum())


@pytest.mark.parametrize("policy", ["LRU", "FIFO", "RAND"])
@pytest.mark.parametrize("alpha", [0.8, 1.0, 1.2])
def test_hit_ratio_of_one_cache(alpha, policy):
    expected = expected_hit_ratio(alpha, policy)
    # Hits are nearly independent: three standard errors, and what the approximation is off by.
    tolerance = 3 * math.sqrt(expected * (1 - expected) / N_REQUESTS) + 0.003
    assert simulated_hit_ratio(alpha, policy) == pytest.approx(expected, abs=tolerance)


def test_published_hit_ratio():
    """Tortelli et al., Simulation Modelling Practice and Theory 63, 2016, scenario S1."""
    assert expected_hit_ratio(1.0, "LRU") == pytest.approx(0.39053, abs=5e-5)
    assert simulated_hit_ratio(1.0, "LRU") == pytest.approx(0.39053, abs=0.003)
