"""Both engines hand over equal records of sessions, in equal batches, to the last bit."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from comparison import QUICK
from hypothesis import event
from test_engines import EXAMPLES, PAIRS, experiments, property_of, random_topology

from icarus.execution import DataCollector
from icarus.execution.collectors import session_records
from icarus.execution.compiled import compiled_engine, recording
from icarus.execution.simulation import Simulation, simulate
from icarus.registry import DATA_COLLECTOR
from icarus.util import Tree

__all__ = ["random_topology"]  # a fixture


class Records(DataCollector):
    """Keeps all records."""

    kept: list

    def __init__(self, view, evictions=False):
        super().__init__(view)
        self.needs_evictions = evictions
        Records.kept = []

    def take_sessions(self, records):
        self.kept.append(records)


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """Batches that end in the middle of small simulations."""
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_RECORDS", Records)
    for module in (session_records, recording):
        monkeypatch.setattr(module, "RECORDS_AT_ONCE", 32)
    monkeypatch.setattr(compiled_engine, "_MOST_AT_ONCE", 45)


def records_of(experiment, seed, engine, evictions):
    collectors = {"TEST_RECORDS": {"evictions": evictions}}
    done = simulate(Simulation(Tree(experiment), collectors, seed, 0, engine))
    assert done.engine == engine
    return Records.kept


def assert_equal(compiled, reference, evictions):
    assert [len(one) for one in compiled] == [len(one) for one in reference]
    for ours, theirs in zip(compiled, reference, strict=True):
        assert list(ours.nodes) == list(theirs.nodes)
        assert list(ours.contents) == list(theirs.contents)
        assert (ours.evictions is not None) is (theirs.evictions is not None) is evictions
        for one, other in ((ours, theirs), (ours.evictions, theirs.evictions)):
            for column in () if one is None else fields(one):
                assert_same_array(getattr(one, column.name), getattr(other, column.name))


def assert_same_array(one, other):
    if isinstance(one, np.ndarray):
        assert one.dtype == other.dtype
        assert not any(array.flags.writeable for array in (one, other))
        np.testing.assert_array_equal(one, other)


def check_records(evictions):
    def check(experiment, seed):
        done = {}
        for engine in ("python", "compiled"):
            try:
                done[engine] = records_of(experiment, seed, engine, evictions)
            except (ValueError, KeyError, RuntimeError) as error:
                done[engine] = error
        if isinstance(done["python"], Exception):
            assert repr(done["compiled"]) == repr(done["python"])
            event("both fail")
            return
        assert_equal(done["compiled"], done["python"], evictions)
        if evictions:
            number = sum(len(one.evictions.session) for one in done["python"])
            event(f"evictions: {number > 0}")

    return check


COMPILED = [("LCE", "LRU", True), ("NRR", "LRU", False), ("HR_HYBRID_AM", "LRU", False)]
"""Records are other code, of ten seconds each: on a path, elsewhere, and on several paths."""
CHOSEN = (
    COMPILED
    if QUICK
    else [
        (strategy, policy, evictions)
        for strategy, policy in PAIRS
        for evictions in (False, True)
        if policy == "LRU" or evictions
    ]
)


@pytest.mark.parametrize(("strategy", "policy", "evictions"), CHOSEN)
def test_same_records(strategy, policy, evictions):
    few = max(EXAMPLES // 2, 1)
    property_of(experiments(strategy, policy), few, check_records(evictions))
