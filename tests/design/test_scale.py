"""Designs of a thousand million points, and how much of the machine they take."""

from __future__ import annotations

import subprocess
import sys
import time
import tracemalloc
from typing import Any

import pytest

from icarus import design as d

BASE = {
    "topology": {"name": "GEANT"},
    "content_placement": {"name": "UNIFORM"},
    "cache_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "LRU"},
    "workload": {"name": "STATIONARY", "n_contents": 10_000, "n_measured": 50_000, "rate": 100.0},
}


def billion() -> d.Design:
    return d.product(
        BASE,
        {
            "strategy.name": ["LCE", "LCD", "PROB_CACHE", "EDGE", "CL4M"],
            "cache_policy.name": ["LRU", "FIFO"],
            "workload.alpha": d.linspace(0.1, 1.9, 100),
            "cache_placement.network_cache": d.logspace(0.001, 0.1, 100),
            "workload.rate": d.range(1, 100),
            "topology.x": d.uniform(0, 1, 100),
        },
        derive={"workload.n_warmup": "10 * n_contents"},
        where={
            "small caches, little skew": "not (network_cache < 0.002 and alpha < 0.7)",
            "edge": "cache_policy_name == 'LRU' or strategy_name != 'EDGE'",
        },
    )


def test_10_9_points_are_counted_described_and_begun_in_a_second_and_100_mb() -> None:
    tracemalloc.start()
    # Of the processor, as other tests run at the same time; half of it is tracemalloc's.
    began = time.process_time()
    try:
        design = billion()
        counts, text, point = design.counts(), design.describe(), design[0]
        took, peak = time.process_time() - began, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert took < 1
    assert peak < 100e6
    assert (counts.points, counts.admitted, counts.exact) == (10**9, 855_450_000, True)
    assert "points:        1,000,000,000" in text
    assert point.excluded == "small caches, little skew"


@pytest.mark.parametrize("part", ["design", "admitted"])
def test_any_of_10_9_points_takes_less_than_a_millisecond(part: str) -> None:
    design = billion()
    counted = design if part == "design" else design.admitted()
    indices = [counted.size * k // 1009 for k in range(1009)]
    began = time.process_time()
    points = [counted[index] for index in indices]
    assert (time.process_time() - began) / len(points) < 1e-3
    assert [counted.index(point) for point in points[::50]] == indices[::50]


def test_parts_of_10_9_points_are_as_lazy() -> None:
    design = billion()
    began = time.process_time()
    sample = design.sample(1000)
    assert len({point.number for point in sample}) == 1000
    assert not any(point.excluded for point in sample)
    shard = design.shard(3, 7)
    assert shard[10**8].number == 7 * 10**8 + 3
    assert sum(design.shard(k, 7).size for k in range(1, 8)) == 10**9
    assert {name: len(values or ()) for name, values in design.sections().items()} == {
        "topology": 100, "content_placement": 1, "cache_placement": 100, "cache_policy": 2,
        "workload": 10_000, "strategy": 5,
    }  # fmt: skip
    assert time.process_time() - began < 3


def test_sizes_beyond_what_len_can_tell() -> None:
    axes: dict[str, Any] = {f"a.x{i}": d.range(1, 10**6) for i in range(5)}
    design = d.product({}, axes, where={"one": "x0 > 500000", "two": "x4 == 1"})
    assert design.size == 10**30
    with pytest.raises(OverflowError, match=r"use \.size"):
        len(design)
    assert design[10**30 - 1].number == 10**30
    assert design[-1]["a"]["x4"] == 10**6
    assert design.index(design[123 * 10**25]) == 123 * 10**25
    assert design.shard(2, 3).size == 10**30 // 3
    # A million values are more than are tabulated, and two constraints on one are estimated.
    counts = design.counts()
    assert counts.admitted == pytest.approx(0, abs=1e28)
    assert counts.excluded["one"].first == pytest.approx(10**30 / 2, rel=0.05)
    assert next(iter(design)).number == 1
    assert next(iter(design[10**29 :])).number == 10**29 + 1


def test_importing_designs_brings_nothing_that_takes_long() -> None:
    code = "import sys, icarus.design; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"scipy", "covertable", "networkx", "numba"} & set(done.stdout.split())
