"""CACHE_USE: a case worked by hand, on both engines."""

from __future__ import annotations

import pytest

from icarus.execution.simulation import Simulation, simulate
from icarus.util import Tree

# Into a cache of 10 bytes: c pushes out b, d is too large, and a comes back with another size.
TRACE = "time,id,size\n0,a,4\n1,b,4\n2,a,4\n3,c,5\n4,d,11\n5,a,6\n6,b,1\n"

EITHER_WAY = {"LOOKUPS": 7, "HITS": 2, "INSERTIONS": 4, "TOO_LARGE": 1, "SIZE_CHANGES": 1}
EXPECTED = {
    "keep": {
        "EVICTIONS": 1,
        "WRITTEN_BYTES": 14,
        "CONTENTS": 3,
        "BYTES": 10,
        "MEAN_CONTENTS": (1 + 2 * 2 + 3 * 2) / 6,
        "MEAN_BYTES": (4 + 2 * 8 + 3 * 9) / 6,
    },
    "update": {
        "EVICTIONS": 2,
        "WRITTEN_BYTES": 14,
        "CONTENTS": 2,
        "BYTES": 7,
        "MEAN_CONTENTS": (1 + 4 * 2 + 1) / 6,
        "MEAN_BYTES": (4 + 2 * 8 + 2 * 9 + 6) / 6,
    },
}


@pytest.mark.parametrize("size_change", ["keep", "update"])
@pytest.mark.parametrize("engine", ["python", "compiled"])
def test_what_is_done_to_a_cache_is_counted(tmp_path, engine, size_change):
    trace = tmp_path / "trace.csv"
    trace.write_text(TRACE, encoding="utf-8")
    experiment = Tree(
        topology={"name": "PATH", "n": 3},
        workload={"name": "TRACE_DRIVEN", "reqs_file": str(trace), "n_warmup": 0},
        cache_placement={"name": "UNIFORM", "cache_budget": 10, "capacity_unit": "bytes"},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": "LRU", "size_change": size_change},
    )
    collectors = {"CACHE_USE": {}, "CACHE_HIT_RATIO": {}}
    done = simulate(Simulation(experiment, collectors, 1, 0, engine))
    assert done.engine == engine
    found = dict(done.results["CACHE_USE"].items())
    by_node = dict(found.pop("PER_NODE").items())
    assert found == pytest.approx({**EITHER_WAY, **EXPECTED[size_change]})
    assert {name: sum(of.values()) for name, of in by_node.items()} == pytest.approx(found)
    assert done.results["CACHE_HIT_RATIO"]["BYTE_HIT_RATIO"] == pytest.approx((4 + 6) / 35)
