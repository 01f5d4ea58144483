"""Nobody waits for the compiler where the interpreter is done before it."""

from __future__ import annotations

import numpy as np
import pytest
from test_engine_choice import COLLECTORS, experiment

from icarus.compiler import zipf_draws
from icarus.compiler.jit import DISABLED, cache_folder, entry_point, is_compiled, kernel
from icarus.execution.compiled import compilation, engine_choice
from icarus.execution.compiled.engine_choice import pair_requests, requests_of
from icarus.execution.simulation import Simulation, simulate
from icarus.util import Tree

pytestmark = pytest.mark.skipif(DISABLED, reason="nothing is compiled")


@pytest.fixture
def nothing_kept(monkeypatch, tmp_path):
    """As in a process that has compiled nothing, with an empty folder of compiled code."""
    monkeypatch.setenv("ICARUS_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setattr(compilation, "_ready", set())


def ran(engine="auto", pair_requests=None):
    done = simulate(Simulation(experiment(), COLLECTORS, 1, 0, engine, pair_requests))
    return done.engine, done.engine_reason, done.results


def test_the_first_simulation_of_all_is_counted(nothing_kept):
    """Nothing has made the folder of compiled code before."""
    ran()
    folder = cache_folder()
    assert [one.stat().st_size for one in folder.glob("*.interpreted")] == [1]


def test_few_requests_are_interpreted_until_there_were_many(nothing_kept, monkeypatch):
    # 400 requests each, counted as a thousand.
    monkeypatch.setattr(compilation, "BREAK_EVEN", 2500)
    found = [ran() for _ in range(5)]
    assert [engine for engine, _, _ in found] == ["python"] * 3 + ["compiled"] * 2
    assert found[0][1] == "compiling would take longer than it saves"
    assert found[3][1] == "all parts have kernels"
    assert all(results == found[0][2] for _, _, results in found)


@pytest.mark.parametrize(
    ("engine", "requests", "expected"),
    [
        ("auto", engine_choice.BREAK_EVEN, "compiled"),
        ("auto", engine_choice.BREAK_EVEN - 1, "python"),
        ("compiled", 1, "compiled"),
    ],
)
def test_what_counts_is_the_whole_campaign(nothing_kept, engine, requests, expected):
    assert ran(engine, requests)[0] == expected


def test_requests_of_a_campaign_by_strategy_and_policy():
    queue = [experiment(), experiment(strategy={"name": "LCD"}), experiment()]
    queue[2]["workload"]["n_measured"] = 1900
    assert pair_requests(queue, 3) == [3 * 2400, 3 * 400, 3 * 2400]


def test_requests_of_traces(tmp_path):
    trace = tmp_path / "trace.txt"
    trace.write_text("12\n" * 1000)
    assert requests_of({"reqs_file": str(trace)}) == 1500
    assert requests_of({"reqs_file": str(trace), "n_warmup": 10, "n_measured": 20.0}) == 30
    assert requests_of({"reqs_file": str(tmp_path / "none")}) == float("inf")
    mine = Tree({"name": "MINE"})
    assert requests_of(mine) == float("inf")
    assert mine == {"name": "MINE"}


@kernel
def _twice(x):
    return 2 * x


def _twice_and_one(x):
    return _twice(x) + 1


def test_the_interpreter_is_tried_for_as_long_as_compiling_takes(nothing_kept):
    call = entry_point(_twice_and_one, patience=0.2)
    assert call(4) == 9
    assert not is_compiled("_twice_and_one")
    impatient = entry_point(_twice_and_one)
    assert impatient(4) == 9
    assert is_compiled("_twice_and_one")


@pytest.mark.parametrize("alpha", [0, 0.5, 0.9995, 1, 1.0005, 2.5])
def test_draws_are_the_same_interpreted_and_compiled(alpha, monkeypatch):
    drawn = []
    for patience in (60.0, 0.0):
        function = entry_point(zipf_draws._fill_ranks.__wrapped__, patience)
        monkeypatch.setattr(zipf_draws, "_fill_ranks", function)
        # Where the code is kept, the interpreter is not tried.
        monkeypatch.setattr("icarus.compiler.jit.is_compiled", lambda key: False)
        ranks = np.empty(3000, dtype=np.int64)
        zipf_draws.draw_ranks(np.random.default_rng(7), 10**6, alpha, ranks)
        drawn.append(ranks)
    assert drawn[0].tolist() == drawn[1].tolist()
