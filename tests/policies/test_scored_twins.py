"""Laws of the twins whose contents have sizes, and small cases by hand."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from twins.scored_twin import ScoredTwin
from twins.sized_admission import (
    AdmittingTwin,
    ProbabilityRule,
    RotatingBloomFilters,
    SecondHitRule,
    SizeProbabilityRule,
    SizeRule,
    TinyLfuRule,
)
from twins.sized_builders import SCORE_TWINS, build_score_twin
from twins.sized_expiry import ExpiringTwin
from twins.sized_lirs import SizedLirs
from twins.sized_scores import SizedGdsf
from twins.sized_sketches import CountMinSketch, ExactCounts, mix64

VARIANTS = [(name, {}) for name in sorted(SCORE_TWINS)] + [
    ("BELADY_SIZE", {"exact": True}),
    ("W_TINYLFU", {"sketch": "exact"}),
    ("W_TINYLFU", {"adaptive": True, "window": 0.2}),
    ("W_TINYLFU", {"adaptive": True, "sketch": "exact", "contents": 4}),
    ("LHD", {"period": 300}),
    ("LRU", {"admission": {"name": "SIZE", "max": 4}}),
    ("LRU", {"admission": {"name": "TINYLFU", "contents": 8}}),
    ("LRU", {"admission": {"name": "SECOND_HIT", "memory": 5}}),
]
CAPACITIES = (1, 2, 7, 40)


def twin(policy, parameters, capacity, trace):
    return build_score_twin(policy, parameters, capacity, trace, np.random.default_rng(3))


def check(cache: ScoredTwin, stored: set[int]) -> None:
    assert set(cache.sizes) == stored
    assert cache.used == sum(cache.sizes.values()) <= cache.capacity
    dumped = cache.dump()
    assert len(dumped) == len(stored)
    assert set(dumped) == stored


@pytest.mark.parametrize("capacity", CAPACITIES)
@pytest.mark.parametrize(("policy", "parameters"), VARIANTS)
@pytest.mark.parametrize("unit", ["contents", "bytes"])
def test_what_is_stored_is_what_was_put_and_neither_evicted_nor_removed(
    policy, parameters, capacity, unit
):
    source = random.Random(5)
    trace = [int(source.paretovariate(0.6)) % 30 for _ in range(700)]
    cache = twin(policy, parameters, capacity, trace)
    for k in trace:
        size = 1 if unit == "contents" else 1 + (k * 7 + 3) % 5
        before = set(cache.sizes)
        assert cache.get(k) == (k in before)
        # BELADY_SIZE drops what was asked for the last time.
        before &= {*cache.sizes} | {x for x in before if x != k}
        if not cache.has(k):
            evicted = cache.put(k, size)
            assert len(evicted) == len(set(evicted))
            assert set(evicted) <= before | {k}
            after = (before | ({k} if cache.has(k) or k in evicted else set())) - set(evicted)
            check(cache, after)
        else:
            assert cache.put(k, size) == []
            check(cache, before)
        if source.random() < 0.05 and cache.sizes:
            gone = source.choice(sorted(cache.sizes))
            left = set(cache.sizes) - {gone}
            assert cache.remove(gone)
            assert not cache.remove(gone)
            check(cache, left)
        if unit == "bytes" and source.random() < 0.1 and cache.sizes:
            changed = source.choice(sorted(cache.sizes))
            left = set(cache.sizes)
            left -= set(cache.resize_item(changed, source.randint(1, 6)))
            check(cache, left)


@pytest.mark.parametrize(("policy", "parameters"), VARIANTS)
def test_what_is_larger_than_the_capacity_changes_nothing(policy, parameters):
    trace = [1, 2, 1, 9, 1, 2, 9]
    cache = twin(policy, parameters, 5, trace)
    for k in (1, 2, 1, 9):
        cache.get(k)
        cache.put(k, 6 if k == 9 else 2)
    assert not cache.has(9)
    if "admission" not in parameters:
        assert sorted(cache.sizes) == [1, 2]


def test_gdsf_evicts_the_newcomer_if_its_priority_is_lowest():
    cache = SizedGdsf(10)
    for k in (1, 2):
        cache.get(k)
        assert cache.put(k, 4) == []
    cache.get(3)
    assert cache.put(3, 8) == [3]
    # The priority of the last victim is what others start from: 4 is above 1 and 2, now.
    cache.get(4)
    assert cache.put(4, 4) == [1]
    assert cache.dump() == [4, 2]


def test_lirs_keeps_hot_items_and_makes_hot_what_is_asked_again_soon():
    cache = SizedLirs(3, hot=0.7)
    for k in (1, 2, 3):
        cache.get(k)
        cache.put(k)
    assert cache.dump() == [2, 1, 3]
    cache.get(4)
    assert cache.put(4) == [3]
    cache.get(3)
    # 3 is remembered in S: hot now, at the cost of 1, which goes to Q after 4 has left it.
    assert cache.put(3) == [4]
    assert cache.dump() == [3, 2, 1]


def test_counts_are_halved_after_ten_times_the_contents():
    counts = ExactCounts(1)
    for k in [7] * 8 + [8]:
        counts.increment(k)
    assert (counts.frequency(7), counts.frequency(8)) == (8, 1)
    counts.increment(7)
    assert (counts.frequency(7), counts.frequency(8)) == (4, 0)


def test_mixed_numbers_are_those_of_splitmix64():
    # The first outputs of the published generator for the seed 0.
    assert mix64(0) == 0xE220A8397B1DCDAF
    assert mix64(0x9E3779B97F4A7C15) == 0x6E789E6AA1B965F4


def test_sketch_counts_to_15_and_never_too_low():
    sketch = CountMinSketch(64)
    for k in range(20):
        for _ in range(k):
            sketch.increment(k)
    assert all(min(k, 15) <= sketch.frequency(k) <= 15 for k in range(20))
    assert [sketch.frequency(k) for k in range(20)] == [min(k, 15) for k in range(20)]


def test_sketch_halves_after_increments_that_raised_a_counter():
    sketch = CountMinSketch(1)
    for _ in range(9):
        sketch.increment(3)
    assert sketch.frequency(3) == 9
    sketch.increment(3)
    assert sketch.frequency(3) == 5
    for _ in range(4):
        sketch.increment(3)
    assert sketch.frequency(3) == 9
    sketch.increment(3)
    assert sketch.frequency(3) == 5


def lru(capacity):
    return twin("LRU", {}, capacity, [])


def admitted(rule, sizes):
    cache = lru(1000)
    return [bool(rule.admits(k, size, cache)) for k, size in enumerate(sizes)]


def test_size_rule_admits_below_its_limit():
    assert admitted(SizeRule(4), [3, 4, 5]) == [True, False, False]


@pytest.mark.parametrize(
    ("rule", "share"),
    [(ProbabilityRule, 0.3), (SizeProbabilityRule, math.exp(-0.5))],
)
def test_rules_that_draw_admit_their_share(rule, share):
    built = rule(0.3 if rule is ProbabilityRule else 0.1, np.random.default_rng(1))
    assert np.mean(admitted(built, [5] * 4000)) == pytest.approx(share, abs=0.03)


def test_second_hit_refuses_the_first_miss_only():
    cache = AdmittingTwin(lru(2), SecondHitRule())
    found = []
    for k in (1, 2, 1, 1, 2, 3, 2):
        found.append(cache.get(k))
        cache.put(k)
    assert found == [False, False, False, True, False, False, True]


def test_rotating_filters_know_the_last_ids_and_few_others():
    filters = RotatingBloomFilters(100)
    assert sum(filters.knows(k) for k in range(100)) <= 2
    assert all(filters.knows(k) for k in range(100))
    false = sum(filters.knows(k) for k in range(1000, 1200))
    assert false <= 10
    # Two filters of 100 later ids have taken the place of that of the first.
    sum(filters.knows(k) for k in range(2000, 2100))
    assert sum(filters.knows(k) for k in range(50)) <= 3


def test_tinylfu_rule_compares_with_the_next_victim():
    cache = AdmittingTwin(lru(2), TinyLfuRule(100, "exact"))
    for k in (1, 1, 2, 3):
        cache.get(k)
        cache.put(k)
    assert cache.dump() == [2, 1]
    for k in (3, 3):
        cache.get(k)
        cache.put(k)
    assert cache.dump() == [3, 2]


@pytest.mark.parametrize(("renew", "last"), [(False, False), (True, True)])
def test_items_expire(renew, last):
    now = [0.0]
    cache = ExpiringTwin(lru(2), lambda: now[0], ttl=10.0, renew=renew)
    assert not cache.get(1)
    cache.put(1)
    now[0] = 9.0
    assert cache.get(1)
    now[0] = 10.0
    assert cache.has(1) == last
    assert cache.get(1) == last
    assert cache.used == int(last)
    now[0] = 100.0
    assert not cache.get(1)
    assert cache.used == 0
    assert cache.put(1) == []
    assert cache.get(1)
