"""Which engine runs a simulation, and how a user sees and decides it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from icarus.compiler.jit import DISABLED
from icarus.errors import NoKernelError, SettingsError
from icarus.execution import DataCollector
from icarus.execution.collectors import CacheHitRatioCollector
from icarus.execution.compiled.engine_choice import choose_engine
from icarus.execution.simulation import Simulation, simulate
from icarus.models.cache import LruCache
from icarus.models.strategy import LeaveCopyEverywhere
from icarus.planning.plan import make_plan
from icarus.registry import (
    CACHE_POLICY,
    CONTENT_PLACEMENT,
    DATA_COLLECTOR,
    STRATEGY,
    WORKLOAD,
)
from icarus.results import read_results_pickle
from icarus.scenarios.workload import StationaryWorkload
from icarus.util import Settings, Tree

COLLECTORS = {"CACHE_HIT_RATIO": {}, "LATENCY": {}}


def experiment(**sections):
    tree = Tree(
        topology={"name": "TREE", "k": 2, "h": 3},
        workload={
            "name": "STATIONARY",
            "n_contents": 50,
            "alpha": 0.8,
            "n_warmup": 100,
            "n_measured": 300,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": "LRU"},
    )
    for section, value in sections.items():
        tree[section] = value
    return tree


def run(params, engine="auto", collectors=COLLECTORS):
    return simulate(Simulation(params, collectors, 1, 0, engine))


@pytest.fixture(scope="module", autouse=True)
def _code_is_there():
    """Have the code of the experiment compiled, so that nothing else decides about the engine."""
    run(experiment(), "compiled")


class OwnStrategy(LeaveCopyEverywhere):
    """The same, but it might do anything."""


class OwnCache(LruCache):
    """The same, but it might do anything."""


class OwnCollector(CacheHitRatioCollector):
    """Hears of events as well."""

    def cache_hit(self, node):
        super().cache_hit(node)


class OwnWorkload(StationaryWorkload):
    """Every second request."""

    def __iter__(self):
        return (one for i, one in enumerate(super().__iter__()) if i % 2 == 0)


class ShiftedWorkload(StationaryWorkload):
    """Other batches."""

    def batches(self):
        for batch in super().batches():
            yield batch._replace(content=batch.content // 2)


class OldCollector(DataCollector):
    """Written for Icarus 0.8."""

    def __init__(self, view):
        super().__init__(view)
        self.hops = 0

    def request_hop(self, u, v, main_path=True):
        self.hops += 1

    def results(self):
        return {"HOPS": self.hops}


@pytest.fixture(autouse=True)
def components(monkeypatch):
    monkeypatch.setitem(STRATEGY, "TEST_LCE", OwnStrategy)
    monkeypatch.setitem(CACHE_POLICY, "TEST_LRU", OwnCache)
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_HITS", OwnCollector)
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_OLD", OldCollector)
    monkeypatch.setitem(WORKLOAD, "TEST_HALF", OwnWorkload)
    monkeypatch.setitem(WORKLOAD, "TEST_SHIFTED", ShiftedWorkload)


def workload(name):
    return {**experiment()["workload"].dict(), "name": name}


HITS = {"TEST_HITS": {}}
OWN = {
    "strategy": (experiment(strategy={"name": "TEST_LCE"}), COLLECTORS),
    "cache_policy": (experiment(cache_policy={"name": "TEST_LRU"}), COLLECTORS),
    "collector": (experiment(), {**COLLECTORS, **HITS}),
    "netconf": (
        experiment(
            topology={"name": "PATH", "n": 3},
            netconf={"shortest_path": {0: {2: [0, 1, 2]}}},
            strategy={"name": "NO_CACHE"},
        ),
        COLLECTORS,
    ),
}
"""From the part that has no kernel to an experiment and its collectors."""

REASONS = {
    "strategy": "strategy: TEST_LCE has no kernel",
    "cache_policy": "cache_policy: TEST_LRU has no kernel",
    "collector": "collector: TEST_HITS wants to hear of each event",
    "netconf": "netconf: paths are given instead of computed",
}


def test_what_has_kernels_is_compiled():
    done = run(experiment())
    assert (done.engine, done.engine_reason) == ("compiled", "all parts have kernels")
    done = run(experiment(), "compiled")
    assert (done.engine, done.engine_reason) == ("compiled", "asked for")
    reference = run(experiment(), "python")
    assert (reference.engine, reference.engine_reason) == ("python", "asked for")
    assert reference.results == done.results
    assert reference.n_requests == done.n_requests == 400


@pytest.mark.parametrize("part", OWN)
def test_subclasses_and_parts_without_kernels_are_left_to_the_reference(part):
    params, collectors = OWN[part]
    done = run(params, collectors=collectors)
    assert (done.engine, done.engine_reason) == ("python", REASONS[part])
    with pytest.raises(NoKernelError, match="it was to run on the compiled engine, but") as error:
        run(params, "compiled", collectors)
    assert REASONS[part] in str(error.value)


def test_the_subclass_is_what_runs():
    whole, half = run(experiment()), run(experiment(workload=workload("TEST_HALF")))
    assert (whole.n_requests, half.n_requests) == (400, 200)
    assert (half.engine, half.engine_reason) == ("compiled", "all parts have kernels")
    assert half.results == run(experiment(workload=workload("TEST_HALF")), "python").results


def test_a_workload_of_other_batches_is_compiled_with_these():
    params = experiment(workload=workload("TEST_SHIFTED"))
    done = run(params)
    assert done.engine == "compiled"
    assert done.results == run(params, "python").results
    assert done.results != run(experiment()).results


def test_one_old_collector_among_others_decides():
    done = run(experiment(), collectors={**COLLECTORS, "TEST_OLD": {}})
    assert done.engine_reason == "collector: TEST_OLD wants to hear of each event"
    assert done.results["TEST_OLD"]["HOPS"] >= 300


def test_parameters_may_have_no_kernel():
    params = experiment(cache_policy={"name": "SHARD", "nodes": 2, "f_map": len})
    choice = choose_engine(params, COLLECTORS)
    assert choice.engine == "python"
    assert choice.reason.startswith("cache_policy: f_map")


def test_contents_without_a_source_are_found_out_in_time(monkeypatch):
    """Only the run itself shows what a placement of a user's own leaves out."""

    def only_first(topology, contents, seed=None):
        topology.nodes[next(iter(topology.sources()))]["stack"][1]["contents"] = {contents[0]}

    monkeypatch.setitem(CONTENT_PLACEMENT, "TEST_FIRST", only_first)
    params = experiment(content_placement={"name": "TEST_FIRST"})
    params["workload"] = {**workload("STATIONARY"), "n_contents": 2, "alpha": 20.0}
    params["cache_placement"]["network_cache"] = 100
    done = run(params)
    assert done.engine == "python"
    assert done.engine_reason == "content placement: not every content has a source"
    assert done.n_requests == 400
    with pytest.raises(NoKernelError, match="not every content has a source"):
        run(params, "compiled")


def test_an_experiment_decides_for_itself():
    assert run(experiment(engine="python")).engine == "python"
    assert run(experiment(engine="python"), "compiled").engine == "python"
    assert run(experiment(engine="compiled"), "python").engine == "compiled"
    # "auto" is no lack of a wish.
    assert run(experiment(engine="auto"), "python").engine == "compiled"
    assert run(experiment(engine="auto", strategy={"name": "TEST_LCE"}), "compiled").engine == (
        "python"
    )


# What settings may say.


def plan(experiments, **given):
    settings = Settings()
    settings["EXPERIMENT_QUEUE"] = experiments
    for name, value in given.items():
        settings[name] = value
    return make_plan(settings)


def problems(*args, **kwargs):
    with pytest.raises(SettingsError) as error:
        plan(*args, **kwargs)
    return error.value.problems


@pytest.mark.parametrize("engine", ["auto", "python", "compiled"])
def test_engines_that_settings_may_name(engine):
    assert plan([experiment()], ENGINE=engine).engine == engine
    assert plan([experiment(engine=engine)])


def test_the_default_engine():
    assert plan([experiment()]).engine == "auto"


def test_unknown_engines_are_refused():
    (problem,) = problems([experiment()], ENGINE="pyton")
    assert problem.startswith("ENGINE: ")
    assert "'auto', 'python' or 'compiled'" in problem
    assert "pyton" in problem
    (problem,) = problems([experiment(), experiment(engine="fast")])
    assert problem.startswith("EXPERIMENT_QUEUE[1].engine: ")
    assert "fast" in problem


@pytest.mark.parametrize("part", OWN)
def test_what_cannot_be_compiled_is_refused_before_anything_runs(part):
    params, collectors = OWN[part]
    queue = [experiment(engine="python"), params, params]
    (problem,) = problems(queue, ENGINE="compiled", DATA_COLLECTORS=collectors)
    reason = f"it is to run on the compiled engine, but {REASONS[part]}"
    assert problem == f"EXPERIMENT_QUEUE[1]: {reason} (and 1 more experiment)"


def test_experiments_that_ask_for_nothing_special_are_not_refused():
    own = OWN["strategy"][0]
    assert plan([own])
    own = experiment(strategy={"name": "TEST_LCE"}, engine="auto")
    assert plan([own], ENGINE="compiled")
    own["engine"] = "compiled"
    assert "TEST_LCE has no kernel" in problems([own])[0]


# The command line.

CAMPAIGN = """
from icarus.models.strategy import LeaveCopyEverywhere
from icarus.registry import register_strategy
from icarus.util import Tree

STRATEGIES = ["LCE", "OWN_LCE"]
ENGINES = ["auto", "auto"]


@register_strategy("OWN_LCE")
class OwnStrategy(LeaveCopyEverywhere):
    pass


EXPERIMENT_QUEUE = [
    Tree(
        topology={"name": "TREE", "k": 2, "h": 3},
        workload={"name": "STATIONARY", "n_contents": 50, "alpha": 0.8, "n_measured": 300},
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy},
        cache_policy={"name": "LRU"},
        engine=engine,
    )
    for strategy, engine in zip(STRATEGIES, ENGINES)
]
"""


@pytest.fixture
def icarus(tmp_path):
    """The command line, in a folder with a campaign."""
    (tmp_path / "campaign.py").write_text(CAMPAIGN, encoding="utf-8")

    def call(*args):
        return subprocess.run(
            [sys.executable, "-m", "icarus", *args],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return call


@pytest.mark.parametrize("command", ["validate", "run"])
def test_the_command_line_refuses_what_cannot_be_compiled(icarus, tmp_path, command):
    done = icarus(command, "campaign.py", "-c", "ENGINES=['auto', 'compiled']")
    assert done.returncode == 2
    assert "EXPERIMENT_QUEUE[1]: it is to run on the compiled engine, but" in done.stderr
    assert "strategy: OWN_LCE has no kernel" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_results_say_which_engine_ran_and_why(icarus, tmp_path):
    done = icarus("run", "campaign.py", "-c", "ENGINES=['compiled', 'auto']")
    assert done.returncode == 0, done.stderr
    results = read_results_pickle(tmp_path / "results" / "campaign.pickle")
    assert [(one["engine"], one["engine_reason"]) for one in results.metadata] == [
        ("compiled", "asked for"),
        ("python", "strategy: OWN_LCE has no kernel"),
    ]
    (_, compiled), (_, reference) = results
    assert compiled.dict() == reference.dict()
    again = icarus("run", "campaign.py", "-c", "ENGINES=['python', 'auto']", "--fresh")
    assert again.returncode == 0, again.stderr
    again = read_results_pickle(tmp_path / "results" / "campaign.pickle")
    assert again.metadata[0]["engine_reason"] == "asked for"
    assert [tree.dict() for _, tree in again] == [tree.dict() for _, tree in results]


@pytest.mark.skipif(DISABLED, reason="this is that run")
def test_kernels_can_be_run_without_the_compiler(tmp_path):
    code = """
from icarus.execution.simulation import Simulation, simulate
from test_engine_choice import COLLECTORS, experiment
from icarus.compiler.jit import DISABLED
done = simulate(Simulation(experiment(), COLLECTORS, 1, 0))
print(DISABLED, done.engine, done.results["CACHE_HIT_RATIO"]["MEAN"])
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    ratio = run(experiment()).results["CACHE_HIT_RATIO"]["MEAN"]
    assert done.stdout.split() == ["True", "compiled", repr(ratio)], done.stderr
