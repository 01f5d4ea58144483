"""Components of ours that users' components build without a seed are reproducible as well."""

from __future__ import annotations

import random

import numpy as np
import pytest

from icarus.core.randomness import generator, seed_sequence, unseeded_from
from icarus.execution.simulation import Simulation, simulate
from icarus.models.cache import (
    ArrayCache,
    LruCache,
    RandEvictionCache,
    TreeCache,
    rand_insert_cache,
)
from icarus.models.strategy import ProbCache, RandomBernoulli, RandomChoice
from icarus.registry import (
    CACHE_PLACEMENT,
    CACHE_POLICY,
    CONTENT_PLACEMENT,
    STRATEGY,
    WORKLOAD,
)
from icarus.scenarios import (
    StationaryWorkload,
    random_cache_placement,
    uniform_content_placement,
    weighted_content_placement,
)
from icarus.tools import TruncatedZipfDist
from icarus.util import Tree


class OldWorkload:
    """As workloads were written for Icarus 0.8: the distribution of contents gets no seed."""

    def __init__(self, topology, n_contents, alpha, n_warmup, n_measured, **kwargs):
        self.receivers = sorted(topology.receivers())
        self.zipf = TruncatedZipfDist(alpha, n_contents)
        self.n_contents = n_contents
        self.contents = range(1, n_contents + 1)
        self.n_requests = n_warmup + n_measured
        self.n_warmup = n_warmup

    def __iter__(self):
        for i in range(self.n_requests):
            event = {"receiver": self.receivers[i % len(self.receivers)], "content": self.zipf.rv()}
            yield float(i), {**event, "log": i >= self.n_warmup}


class OldStationary(StationaryWorkload):
    def __init__(self, topology, n_contents, alpha, n_warmup, n_measured, **kwargs):
        super().__init__(topology, n_contents, alpha, n_warmup=n_warmup, n_measured=n_measured)


class OldBernoulli(RandomBernoulli):
    def __init__(self, view, controller, **kwargs):
        super().__init__(view, controller, 0.3)


class OldChoice(RandomChoice):
    def __init__(self, view, controller, **kwargs):
        super().__init__(view, controller)


class OldProbCache(ProbCache):
    def __init__(self, view, controller, **kwargs):
        super().__init__(view, controller, t_tw=5)


def old_content_placement(topology, contents, **kwargs):
    uniform_content_placement(topology, contents)


def old_weighted(topology, contents, **kwargs):
    weighted_content_placement(topology, contents, dict.fromkeys(topology.sources(), 1))


def old_cache_placement(topology, cache_budget, **kwargs):
    random_cache_placement(topology, cache_budget, 4)


REPLACED = {
    "a distribution": (WORKLOAD, "workload", OldWorkload),
    "a workload": (WORKLOAD, "workload", OldStationary),
    "RandomBernoulli": (STRATEGY, "strategy", OldBernoulli),
    "RandomChoice": (STRATEGY, "strategy", OldChoice),
    "ProbCache": (STRATEGY, "strategy", OldProbCache),
    "RandEvictionCache": (CACHE_POLICY, "cache_policy", lambda n, **_: RandEvictionCache(n)),
    "rand_insert_cache": (
        CACHE_POLICY,
        "cache_policy",
        lambda n, **_: rand_insert_cache(LruCache(n), 0.3),
    ),
    "TreeCache": (
        CACHE_POLICY,
        "cache_policy",
        lambda n, **_: TreeCache([LruCache(n), LruCache(n)], LruCache(n)),
    ),
    "ArrayCache": (
        CACHE_POLICY,
        "cache_policy",
        lambda n, **_: ArrayCache([LruCache(n), LruCache(n)]),
    ),
    "a cache placement": (CACHE_PLACEMENT, "cache_placement", old_cache_placement),
    "a content placement": (CONTENT_PLACEMENT, "content_placement", old_content_placement),
    "a weighted placement": (CONTENT_PLACEMENT, "content_placement", old_weighted),
}


def simulated(section: str) -> Tree:
    sections = {
        "topology": {"name": "MESH", "n": 8, "m": 4},
        "workload": {
            "name": "STATIONARY",
            "n_contents": 60,
            "alpha": 0.6,
            "n_warmup": 100,
            "n_measured": 400,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.5},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
    }
    sections[section]["name"] = "OLD"
    collectors = {"CACHE_HIT_RATIO": {"content_hits": True}, "LINK_LOAD": {}}
    return simulate(Simulation(Tree(sections), collectors, seed=7, replication=0)).results


@pytest.mark.parametrize("case", REPLACED)
def test_without_a_seed(monkeypatch, case):
    registry, section, component = REPLACED[case]
    monkeypatch.setitem(registry, "OLD", component)
    with unseeded_from(np.random.SeedSequence(4)):
        first = simulated(section)
    with unseeded_from(np.random.SeedSequence(4)):
        assert simulated(section) == first


@pytest.mark.parametrize("case", REPLACED)
def test_without_a_seed_in_a_campaign(monkeypatch, case):
    registry, section, component = REPLACED[case]
    monkeypatch.setitem(registry, "OLD", component)
    assert simulated(section) == simulated(section)


def test_missing_seeds_differ_from_each_other_and_are_unpredictable_by_default():
    root = np.random.SeedSequence(3)
    with unseeded_from(root):
        inside = [generator(None).random() for _ in range(3)]
    with unseeded_from(root):
        assert [generator(None).random() for _ in range(3)] == inside
        with unseeded_from(np.random.SeedSequence(4)):
            assert generator(None).random() not in inside
        assert seed_sequence(None).spawn_key == (3,)
    outside = [generator(None).random() for _ in range(3)]
    assert len({*inside, *outside}) == 6


def test_seeds_that_are_given_stay():
    own = np.random.default_rng(3)
    before = random.getstate()
    with unseeded_from(np.random.SeedSequence(4)):
        assert generator(3).random() == np.random.default_rng(3).random()
        assert generator(own) is own
        assert seed_sequence(3).entropy == 3
        generator(None)
    assert random.getstate() == before


@pytest.mark.unpredictable
def test_elsewhere_what_has_no_seed_is_unpredictable():
    assert seed_sequence(None).entropy != seed_sequence(None).entropy
    assert generator(None).random() != generator(None).random()
