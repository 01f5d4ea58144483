"""Kernels of a user's own: the same results as the classes, wherever and however they run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from test_policy_kernels import NAMES, apply_all, cases, check

import icarus.kernels as public
from icarus.compiler.jit import DISABLED, kernel
from icarus.kernels import index, register_policy_kernel, register_strategy_kernel
from icarus.kernels.dispatch import define
from icarus.strategies.definition import is_foreign
from icarus.models.cache import LruCache
from icarus.models.strategy import LeaveCopyEverywhere
from icarus.planning.loading import load_settings
from icarus.registry import CACHE_POLICY, STRATEGY
from icarus.results import read_results_pickle

EXAMPLE = "extension_compiled.py"

SMALL = (
    *("-c", "STRATEGIES=[{'name': 'LCE_NEAR', 'hops': 2}]", "-c", "POLICIES=['CLOCK']"),
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
    yield sys.modules["icarus_settings_extension_compiled"]
    del CACHE_POLICY["CLOCK"]
    del STRATEGY["LCE_NEAR"]


@pytest.mark.parametrize("names", sorted(NAMES))
def test_the_policy_of_the_example_does_what_its_class_does(example, names, monkeypatch):
    if names == "text":
        monkeypatch.setattr(index, "DENSE_LIMIT", 0)
    compiled = kernel(apply_all)

    @settings(max_examples=30, deadline=None)
    @given(case=cases(NAMES[names]))
    def compare(case):
        check(compiled, "CLOCK", {}, case)

    compare()


def test_states_of_users_are_told_from_those_of_icarus(example):
    own = CACHE_POLICY["LRU"](3)
    built = public.Contents(range(5))
    from icarus.strategies.definition import policy_kernel

    assert not is_foreign(policy_kernel(LruCache).build([own], built))
    assert is_foreign(example.build_clock([example.ClockCache(3)], built))
    assert is_foreign((1, (example.LeaveCopyNearState(1),)))


SCRIPT = """
import json
from icarus.execution.simulation import Simulation, simulate

experiment = Tree(
    topology={"name": "TREE", "k": 2, "h": 3},
    workload={"name": "STATIONARY", "n_contents": 60, "alpha": 0.8, "n_warmup": 50,
              "n_measured": 500},
    cache_placement={"name": "UNIFORM", "network_cache": 0.3},
    content_placement={"name": "UNIFORM"},
    strategy={"name": "LCE_NEAR", "hops": 1},
    cache_policy={"name": "CLOCK"},
)
ran = {}
for engine in ("python", "compiled"):
    done = simulate(Simulation(experiment, {"CACHE_HIT_RATIO": {}}, 1, 0, engine))
    ran[done.engine] = done.results["CACHE_HIT_RATIO"]["MEAN"]
print(ClockCaches.__module__, json.dumps(ran))
"""


def components_of(project):
    """Return the text of the example without its campaign."""
    text = (project / "config" / EXAMPLE).read_text(encoding="utf-8")
    return text.split("# The campaign.")[0]


@pytest.mark.exhaustive
@pytest.mark.parametrize("flags", [("own.py",), ("-m", "own")], ids=["script", "module"])
def test_kernels_of_a_script_that_is_run(project, tmp_path, flags):
    (tmp_path / "own.py").write_text(components_of(project) + SCRIPT, encoding="utf-8")
    check_script(python(tmp_path, *flags).stdout)


@pytest.mark.exhaustive
def test_kernels_of_a_notebook_whose_cells_are_run_twice(project, tmp_path):
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
        ("    slots = caches.slotz", "attribute 'slotz'"),
        pytest.param(
            "    slots = caches.slots; dump_clock(caches, cache)",
            "Untyped global name 'dump_clock'",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            "    slots = caches.slots; sorted([1], key=str)",
            "Key must be None",
            marks=pytest.mark.exhaustive,
        ),
    ],
)
def test_kernels_that_cannot_be_compiled_are_reported_in_one_line(
    project, tmp_path, mistake, found
):
    if DISABLED:
        pytest.skip("nothing is compiled")
    text = components_of(project).replace("    slots = caches.slots\n", f"{mistake}\n")
    (tmp_path / "own.py").write_text(text + SCRIPT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "own.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert (
        "TypeError: kernels cannot be compiled for LeaveCopyNearState, Network, ClockCaches" in last
    )
    line = text[: text.index(mistake)].count("\n") + 1
    assert found in last
    assert f": own.py, line {line}: " in last
    assert len(last) < 800


def test_what_kernels_need_is_found_in_one_place_without_loading_the_compiler_before():
    code = """
import sys
import icarus, icarus.cli, icarus.kernels
from icarus.registry import STRATEGY
sorted(STRATEGY)
assert "numba" not in sys.modules
from icarus.kernels import register_policy_kernel
assert "numba" in sys.modules
"""
    python(Path.cwd(), "-c", code)
    for name in public.__all__:
        assert getattr(public, name) is not None
    assert set(public.__all__) <= set(dir(public))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        public.nothing  # noqa: B018


# What cannot be registered.


class State(NamedTuple):
    """A state without anything behind it."""

    nothing: int


def look_up(caches, cache, content):
    return False


def serve(strategy, net, caches, sessions, walk, receiver, source, content):
    return walk


def register_policy(policy: Any = LruCache, state: Any = State, **functions: Any) -> None:
    operations = dict.fromkeys(("get", "put", "has", "remove"), look_up)
    register_policy_kernel(policy, state, **{**operations, **functions}, build=State, dump=look_up)


def test_functions_of_other_arguments_are_refused():
    with pytest.raises(TypeError, match=r"put of State should take caches, cache, content; found"):
        register_policy(put=lambda caches, content: -1)
    with pytest.raises(TypeError, match=r"process of State should take strategy, net, caches"):
        register_strategy_kernel(LeaveCopyEverywhere, State, process=look_up, build=State)


def test_names_instead_of_classes_are_refused():
    with pytest.raises(TypeError, match="policy should be the class that was registered"):
        register_policy("LRU")
    with pytest.raises(TypeError, match="strategy should be the class that was registered"):
        register_strategy_kernel("LCE", State, process=serve, build=State)


@pytest.mark.parametrize("state", [dict, "State", tuple, State(1)], ids=repr)
def test_states_that_are_no_named_tuples_are_refused(state):
    with pytest.raises(TypeError, match="state should be a NamedTuple class"):
        register_policy(state=state)


def test_a_state_keeps_its_functions():
    """Code that was compiled for its type would go on calling the old ones."""

    class Known(NamedTuple):
        nothing: int

    define(Known, get=look_up)
    define(Known, get=look_up)
    with pytest.raises(ValueError, match="Known has another function 'get' already"):
        define(Known, get=lambda caches, cache, content: True)


def test_a_kernel_may_be_declared_as_one_before(monkeypatch):
    class Declared(NamedTuple):
        nothing: int

    register = kernel(look_up)
    define(Declared, get=register)
    assert not kernel(register)(Declared(1), 0, 0)
