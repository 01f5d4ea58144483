"""A simulation that begins in the interpreter and goes on compiled gives the same results."""

from __future__ import annotations

import pytest
from comparison import COLLECTORS, JIT, QUICK, assert_equal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_engines import CHOSEN, experiments, random_topology  # noqa: F401 - a fixture

from icarus.errors import NoKernelError
from icarus.execution.compiled import compiled_engine, counting, loop_code, network_tables
from icarus.execution.simulation import Simulation, simulate
from icarus.util import Tree

pytestmark = pytest.mark.skipif(not JIT, reason="nothing is compiled")


@pytest.fixture(scope="module")
def switch():
    """Have simulations interpret so many requests, and so many at once; return how many did."""
    plan = {"after": 0, "at_once": 1}
    with pytest.MonkeyPatch.context() as patch:
        compiled = loop_code.LoopCode.prepare

        def prepare(self, use, demand):
            compiled(self, use, demand)
            if plan["after"] > 0:
                self._begin_interpreted()

        def look(self):
            patch.setattr(loop_code, "_AT_ONCE_INTERPRETED", plan["at_once"])
            if self.interpreted >= plan["after"]:
                self._go_on_compiled()

        patch.setattr(loop_code.LoopCode, "prepare", prepare)
        patch.setattr(loop_code.LoopCode, "_look", look)
        yield plan


def assert_same(experiment, seed, switch, after, at_once):
    switch.update(after=after, at_once=at_once)
    done = {}
    for engine in ("python", "compiled"):
        try:
            done[engine] = simulate(Simulation(Tree(experiment), COLLECTORS, seed, 0, engine))
        except (ValueError, KeyError, RuntimeError, NoKernelError) as error:
            done[engine] = repr(error)
    reference, switched = done["python"], done["compiled"]
    if isinstance(reference, str) or isinstance(switched, str):
        assert switched == reference
        return
    assert switched.n_requests == reference.n_requests
    assert_equal(switched.results, reference.results)
    told = "requests were interpreted before" in switched.engine_reason
    assert told is (after > 0 and reference.n_requests > 0)


# Which strategy it is makes no difference to where the loop stops; each is a pair to be compiled.
ALWAYS = {"HR_CLUSTER", "NRR", "RAND_CHOICE"}


@pytest.mark.parametrize(
    ("strategy", "policy"),
    [
        pytest.param(*pair, marks=() if pair[0] in ALWAYS else pytest.mark.exhaustive)
        for pair in CHOSEN
    ],
)
def test_whenever_the_code_comes(strategy, policy, switch, random_topology):  # noqa: F811
    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        experiments(strategy, policy),
        st.integers(0, 2**32),
        st.integers(0, 200),
        st.integers(1, 60),
    )
    def law(experiment, seed, after, at_once):
        assert_same(experiment, seed, switch, after, at_once)

    law()


def long_experiment(strategy, policy, **parameters):
    return {
        "topology": {"name": "TREE", "k": 2, "h": 3},
        "workload": {
            "name": "STATIONARY",
            "n_contents": 300,
            "alpha": 0.8,
            "n_warmup": 100,
            "n_measured": 900,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.4},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": strategy},
        "cache_policy": {"name": policy, **parameters},
    }


@pytest.mark.parametrize("strategy", ["LCE", "HR_SYMM"])
@pytest.mark.parametrize("after", [1, 150, 777])
def test_while_sessions_are_handed_over(strategy, after, switch, monkeypatch):
    monkeypatch.setattr(network_tables, "_FIRST_STEPS", 32)
    monkeypatch.setattr(counting, "_MOST_STEPS", 64)
    monkeypatch.setattr(network_tables, "_FEW_NODES", 0)
    monkeypatch.setattr(network_tables, "_FIRST_PATHS", 2)
    assert_same(long_experiment(strategy, "LRU"), 1, switch, after, 50)


@pytest.mark.parametrize("policy", ["PERFECT_LFU"] if QUICK else ["PERFECT_LFU", "MIN"])
@pytest.mark.parametrize("after", [1, 150, 777])
def test_while_tables_grow(policy, after, switch, monkeypatch):
    monkeypatch.setattr(compiled_engine, "_MOST_ENTERED", 16)
    given = {"trace": list(range(1, 300)) * 4} if policy == "MIN" else {}
    assert_same(long_experiment("LCE", policy, **given), 1, switch, after, 50)
