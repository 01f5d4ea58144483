"""Definitions of a user's own: the same results wherever and however they run."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.compiler.jit import DISABLED
from icarus.execution.compiled.compiled_engine import state_of
from icarus.planning.loading import load_settings
from icarus.policies import define_policy
from icarus.registry import CACHE_POLICY, STRATEGY
from icarus.results import read_results_pickle
from icarus.strategies import define_strategy
from icarus.strategies.definition import is_foreign

EXAMPLE = "extension.py"

SMALL = (
    *("-c", "STRATEGIES=[{'name': 'LCE_NEAR', 'hops': 2}]", "-c", "POLICIES=['MY_SIEVE']"),
    *("-c", "NETWORK_CACHE=[0.05, 0.3]", "-c", "N_CONTENTS=300", "-c", "N_REPLICATIONS=1"),
    *("-c", "N_WARMUP_REQUESTS=500", "-c", "N_MEASURED_REQUESTS=2000"),
)


def python(folder: Path, *args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *map(str, args)],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done


@pytest.fixture(scope="module")
def campaign(project, tmp_path_factory):
    """A function that runs the example and returns its results and engines."""
    folder = tmp_path_factory.mktemp("campaign")

    def run(engine, *options, **environment):
        results = f"{len(list(folder.iterdir()))}.pickle"
        given = ("-r", results, *SMALL, "-c", f"ENGINE={engine}", *options)
        python(folder, "-m", "icarus", "run", project / "config" / EXAMPLE, *given, **environment)
        done = read_results_pickle(folder / results)
        assert {one["engine"] for one in done.metadata} == {engine}
        assert all(one["n_requests"] == 2500 for one in done.metadata)
        return [tree.dict() for _, tree in done]

    return run


@pytest.fixture(scope="module")
def reference(campaign):
    results = campaign("python", "-c", "PARALLEL_EXECUTION=False")
    ratios = [one["CACHE_HIT_RATIO"]["MEAN"] for one in results]
    assert 0.01 < ratios[0] < ratios[1] < 0.9
    return results


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("-c", "PARALLEL_EXECUTION=False"), marks=pytest.mark.exhaustive),
        pytest.param(
            ("-c", "N_PROCESSES=2", "-c", "START_METHOD=fork"), marks=pytest.mark.exhaustive
        ),
        # Each process compiles kernels of users for itself.
        ("-c", "N_PROCESSES=1", "-c", "START_METHOD=spawn"),
    ],
    ids=["in process", "fork", "spawn"],
)
def test_the_example_gives_equal_results_compiled(campaign, reference, options):
    assert campaign("compiled", *options) == reference


def test_the_example_runs_without_the_compiler(campaign, reference):
    done = campaign("compiled", "-c", "PARALLEL_EXECUTION=False", NUMBA_DISABLE_JIT="1")
    assert done == reference


@pytest.fixture(scope="module")
def example(project):
    """The example's components, registered in this process."""
    load_settings(project / "config" / EXAMPLE)
    yield sys.modules["icarus_settings_extension"]
    del CACHE_POLICY["MY_SIEVE"]
    del STRATEGY["LCE_NEAR"]


class Twin:
    """SIEVE as its paper has it, over a plain list, the oldest content first."""

    def __init__(self, maxlen):
        self.maxlen, self.held, self.visited, self.hand = maxlen, [], set(), None

    def get(self, k):
        if k in self.held:
            self.visited.add(k)
        return k in self.held

    def put(self, k):
        if self.get(k):
            return None
        evicted = None
        if len(self.held) == self.maxlen:
            i = self.held.index(self.hand) if self.hand in self.held else 0
            while self.held[i] in self.visited:
                self.visited.remove(self.held[i])
                i = (i + 1) % self.maxlen
            evicted = self.held[i]
            self.hand = self.held[i + 1] if i + 1 < self.maxlen else None
            self.held.remove(evicted)
        self.held.append(k)
        return evicted


@given(
    maxlen=st.integers(1, 5),
    calls=st.lists(st.tuples(st.booleans(), st.integers(-1, 8)), max_size=80),
)
def test_the_policy_of_the_example_is_sieve(example, maxlen, calls):
    cache, twin = CACHE_POLICY["MY_SIEVE"](maxlen), Twin(maxlen)
    state = state_of([CACHE_POLICY["MY_SIEVE"](maxlen)], example.Sieve, range(-1, 9))
    for is_put, k in calls:
        if is_put:
            evicted = twin.put(k)
            # A hand that is at the end of the line stays there until the next eviction, although
            # later contents come between.
            assert cache.put(k) == evicted
            assert state.put(0, k + 1) == (-1 if evicted is None else evicted + 1)
        else:
            assert cache.get(k) == state.get(0, k + 1) == twin.get(k)
    assert cache.dump() == [k - 1 for k in state.dump(0)] == twin.held[::-1]


def test_states_of_users_are_told_from_those_of_icarus(example):
    def state(name):
        cache = CACHE_POLICY[name](3)
        return state_of([cache], cache.definition, range(5))

    assert not is_foreign(state("LRU"))
    assert is_foreign(state("MY_SIEVE"))
    assert is_foreign((1, (example.LeaveCopyNear(1),)))


def test_caches_and_strategies_of_users_are_found_by_pickles(example):
    cache = CACHE_POLICY["MY_SIEVE"](2)
    for k in "abab":
        cache.put(k)
    again = pickle.loads(pickle.dumps(cache))
    assert (again.dump(), again.put("c")) == (cache.dump(), cache.put("c")) == (["b", "a"], "a")
    assert example.Sieve.Cache is CACHE_POLICY["MY_SIEVE"]
    assert example.LeaveCopyNear.Strategy is STRATEGY["LCE_NEAR"]


SCRIPT = """
import json
from icarus.util import Tree
from icarus.execution.simulation import Simulation, simulate

experiment = Tree(
    topology={"name": "TREE", "k": 2, "h": 3},
    workload={"name": "STATIONARY", "n_contents": 60, "alpha": 0.8, "n_warmup": 50,
              "n_measured": 500},
    cache_placement={"name": "UNIFORM", "network_cache": 0.3},
    content_placement={"name": "UNIFORM"},
    strategy={"name": "LCE_NEAR", "hops": 1},
    cache_policy={"name": "MY_SIEVE"},
)
ran = {}
for engine in ("compiled", "python"):
    done = simulate(Simulation(experiment, {"CACHE_HIT_RATIO": {}}, 1, 0, engine))
    ran[done.engine] = done.results["CACHE_HIT_RATIO"]["MEAN"]
print(Sieve.__module__, json.dumps(ran))
"""


def components_of(project):
    """Return the text of the example without its campaign."""
    text = (project / "config" / EXAMPLE).read_text(encoding="utf-8")
    return text.split("# The campaign.")[0]


@pytest.mark.exhaustive
@pytest.mark.parametrize("flags", [("own.py",), ("-m", "own")], ids=["script", "module"])
def test_definitions_of_a_script_that_is_run(project, tmp_path, flags):
    (tmp_path / "own.py").write_text(components_of(project) + SCRIPT, encoding="utf-8")
    check_script(python(tmp_path, *flags).stdout)


@pytest.mark.exhaustive
def test_definitions_in_a_notebook_whose_cells_are_run_twice(project, tmp_path):
    """Cells are run in the main module and have no file."""
    (tmp_path / "cells.txt").write_text(components_of(project), encoding="utf-8")
    (tmp_path / "last.txt").write_text(SCRIPT, encoding="utf-8")
    code = """
for number, name in enumerate(["cells.txt", "last.txt", "cells.txt", "last.txt"]):
    exec(compile(open(name).read(), f"<ipython-input-{number}>", "exec"), globals())
"""
    first, second = python(tmp_path, "-c", code).stdout.splitlines()
    assert first == second
    check_script(first)


def check_script(output):
    module, _, ran = output.strip().partition(" ")
    assert module == "__main__"
    ratios = eval(ran)
    assert set(ratios) == {"python", "compiled"}
    assert 0 < ratios["compiled"] == ratios["python"]


@pytest.mark.parametrize(
    ("mistake", "found"),
    [
        ("self.lines.finds(cache, content)", "attribute 'finds'"),
        pytest.param(
            "self.lines.find(cache, nothing)",
            "'nothing' is not defined",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param("sorted([1], key=str)[0]", "Key must be None", marks=pytest.mark.exhaustive),
    ],
)
def test_what_cannot_be_compiled_is_reported_in_one_line(project, tmp_path, mistake, found):
    if DISABLED:
        pytest.skip("nothing is compiled")
    right = "self.lines.find(cache, content)"
    text = components_of(project).replace(right, mistake, 1)
    (tmp_path / "own.py").write_text(text + SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "own.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert "TypeError: kernels cannot be compiled for LeaveCopyNear, Network, Sieve" in last
    line = text[: text.index(mistake)].count("\n") + 1
    assert found in last
    assert f": own.py, line {line}: " in last
    assert len(last) < 800


def test_registering_loads_no_compiler():
    code = """
import sys
import icarus, icarus.cli, icarus.policies, icarus.strategies
from icarus.registry import STRATEGY
sorted(STRATEGY)
assert "numba" not in sys.modules
"""
    python(Path.cwd(), "-c", code)


# What cannot be registered.


class State(NamedTuple):
    """A policy that is none."""

    nothing: int

    @classmethod
    def new(cls, room):
        return cls(0)

    def get(self, cache, content):
        return False

    put = has = remove = get

    def dump(self, cache):
        return []


def without(name: str, **others: Any) -> type:
    """Return a NamedTuple class that lacks a method of `State`, or has others."""
    known = {key: value for key, value in vars(State).items() if key in METHODS and key != name}

    class Lacking(NamedTuple):
        nothing: int

    for key, value in {**known, **others}.items():
        setattr(Lacking, key, value)
    return Lacking


METHODS = ("new", "get", "put", "has", "remove", "dump")


@pytest.mark.parametrize("name", METHODS)
def test_what_a_policy_lacks_is_said(name):
    with pytest.raises(TypeError, match=rf"Lacking has no (class )?method {name}"):
        define_policy("OWN")(without(name))
    assert "OWN" not in CACHE_POLICY


def test_methods_of_other_arguments_are_refused():
    with pytest.raises(
        TypeError, match=r"should have put\(self, cache, content\), found put\(self, content\)"
    ):
        define_policy("OWN")(without("put", put=lambda self, content: -1))
    with pytest.raises(TypeError, match=r"State has no method serve\(self, request, path\)"):
        define_strategy("OWN")(State)


@pytest.mark.parametrize("state", [dict, "State", State(1), int], ids=repr)
def test_what_is_no_named_tuple_is_refused(state):
    with pytest.raises(TypeError, match="a definition is a NamedTuple class"):
        define_policy("OWN")(state)
