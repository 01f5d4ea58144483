"""Nobody waits for the compiler where the interpreter is done before it."""

from __future__ import annotations

import numpy as np
import pytest
from test_engine_choice import COLLECTORS, experiment

from icarus.compiler import beside, zipf_draws
from icarus.compiler.jit import DISABLED, cache_folder, entry_point, is_compiled
from icarus.compiler.storage import note_failure
from icarus.execution.compiled import loop_code
from icarus.execution.compiled.engine_choice import (
    BREAK_EVEN,
    pair_requests,
    pairs_of,
    requests_of,
)
from icarus.execution.simulation import Simulation, simulate
from icarus.util import Tree

pytestmark = pytest.mark.skipif(DISABLED, reason="nothing is compiled")


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """As in a process that has compiled nothing, with an empty folder; what it asks others for."""
    monkeypatch.setenv("ICARUS_CACHE_DIR", str(tmp_path / "kernels"))
    monkeypatch.setattr(loop_code, "_ready", set())
    monkeypatch.setattr(loop_code, "_LOOK", 0)
    wishes = []
    beside.forward_to(wishes.append)
    yield wishes
    beside.forward_to(None)


def ran(engine="auto", pair_requests=None, params=None):
    done = simulate(Simulation(params or experiment(), COLLECTORS, 1, 0, engine, pair_requests))
    return done.engine, done.engine_reason, done.results


def test_the_first_simulation_of_all_is_counted(asked):
    """Nothing has made the folder of compiled code before."""
    ran()
    folder = cache_folder()
    assert [one.stat().st_size for one in folder.glob("*.interpreted")] == [1]
    assert asked == []


def test_short_simulations_ask_for_code_when_there_were_many(asked, monkeypatch):
    # 400 requests each, counted as a thousand.
    monkeypatch.setattr(loop_code, "BREAK_EVEN", 2500)
    for expected in (0, 0, 0, 1, 1):
        assert ran()[:2] == ("python", "compiling would take longer")
        assert len(asked) == expected
    assert not asked[0].urgent


@pytest.mark.parametrize(("requests", "expected"), [(BREAK_EVEN, 1), (BREAK_EVEN - 1, 0)])
def test_what_counts_is_the_whole_campaign(asked, requests, expected):
    assert ran(pair_requests=requests)[0] == "python"
    assert len(asked) == expected


@pytest.fixture
def long(monkeypatch):
    """An experiment that is long enough to be begun in the interpreter, and its results."""
    monkeypatch.setattr(loop_code, "OUTLASTS", 3000)
    monkeypatch.setattr(loop_code, "_AT_ONCE_INTERPRETED", 100)
    params = experiment()
    params["workload"]["n_measured"] = 2900
    return params, ran("python", params=params)[2]


def test_a_long_simulation_is_interpreted_until_its_code_is_there(asked, long, monkeypatch):
    params, expected = long
    looks = []

    def is_there(key):
        looks.append(key)
        return len(looks) > 5

    monkeypatch.setattr(loop_code, "is_compiled", is_there)
    engine, reason, results = ran(params=params)
    assert engine == "compiled"
    assert reason == "all parts have kernels; 500 of 3,000 requests were interpreted before"
    assert results == expected
    assert [wish.urgent for wish in asked] == [True]
    assert asked[0].what == "LeaveCopyEverywhere with LRU"


def test_if_no_code_comes_all_is_interpreted(asked, long):
    params, expected = long
    engine, reason, results = ran(params=params)
    assert engine == "compiled"
    assert reason.endswith("3,000 of 3,000 requests were interpreted before")
    assert results == expected


@pytest.mark.parametrize("at", [500, 2000])
def test_if_there_will_be_no_code_whichever_is_sooner_goes_on(asked, long, monkeypatch, at):
    params, expected = long
    code = []
    look = loop_code.LoopCode._look

    def fails(self):
        if self.interpreted == at:
            code.append(self)
            note_failure(self.key)
        look(self)

    monkeypatch.setattr(loop_code.LoopCode, "_look", fails)
    engine, reason, results = ran(params=params)
    assert len(code) == 1
    assert (engine, results) == ("python" if at == 500 else "compiled", expected)
    assert reason.startswith("its code could not be compiled") is (at == 500)


def test_without_a_folder_each_process_compiles_what_pays(asked, long, monkeypatch):
    params, expected = long
    monkeypatch.setattr(loop_code, "cache_folder", lambda: None)
    monkeypatch.setattr(loop_code.LoopCode, "_compile", lambda self, use: use())
    assert ran(params=params)[:2] == ("python", "compiling would take longer")
    engine, reason, results = ran(params=params, pair_requests=BREAK_EVEN)
    assert (engine, reason, results) == ("compiled", "all parts have kernels", expected)
    assert asked == []


def test_requests_of_a_campaign_by_strategy_and_policy():
    queue = [experiment(), experiment(strategy={"name": "LCD"}), experiment()]
    queue[2]["workload"]["n_measured"] = 1900
    assert pair_requests(queue, pairs_of(queue), 3) == [3 * 2400, 3 * 400, 3 * 2400]


def test_requests_of_traces(tmp_path):
    trace = tmp_path / "trace.txt"
    trace.write_text("12\n" * 1000)
    assert requests_of({"reqs_file": str(trace)}) == 1500
    assert requests_of({"reqs_file": str(trace), "n_warmup": 10, "n_measured": 20.0}) == 30
    assert requests_of({"reqs_file": str(tmp_path / "none")}) == float("inf")
    mine = Tree({"name": "MINE"})
    assert requests_of(mine) == float("inf")
    assert mine == {"name": "MINE"}


def _twice(x):
    return 2 * x


def _twice_and_one(x):
    return _twice(x) + 1


def test_the_interpreter_is_tried_for_as_long_as_compiling_takes(asked):
    call = entry_point(_twice_and_one, patience=0.2)
    assert call(4) == 9
    assert not is_compiled("_twice_and_one")
    impatient = entry_point(_twice_and_one)
    assert impatient(4) == 9
    assert is_compiled("_twice_and_one")


def test_code_is_asked_for_when_patience_ends(asked):
    call = entry_point(_twice_and_one, patience=1e-9)
    assert [call(one) for one in range(3)] == [1, 3, 5]
    assert [wish.key for wish in asked] == ["_twice_and_one"]
    note_failure("_twice_and_one")
    assert call(3) == 7
    assert is_compiled("_twice_and_one")


def test_what_takes_the_interpreter_too_long_is_compiled_at_once(asked):
    call = entry_point(_twice_and_one, patience=10, seconds=float)
    assert call(10) == 21
    assert not is_compiled("_twice_and_one")
    assert call(11) == 23
    assert is_compiled("_twice_and_one")


@pytest.mark.parametrize("alpha", [0, 0.5, 0.9995, 1, 1.0005, 2.5])
def test_draws_are_the_same_interpreted_and_compiled(alpha, monkeypatch):
    drawn = []
    for function in (
        zipf_draws._fill_ranks.__wrapped__,
        zipf_draws._fill_ranks_by_numpy,
        entry_point(zipf_draws._fill_ranks.__wrapped__),
    ):
        monkeypatch.setattr(zipf_draws, "_fill_ranks", function)
        for n_ranks in (1, 30, 10**6, 10**12):
            rng = np.random.default_rng(7)
            ranks = np.empty(3000, dtype=np.int64)
            zipf_draws.draw_ranks(rng, n_ranks, alpha, ranks)
            drawn.append([*ranks.tolist(), rng.random()])
    assert drawn[:4] == drawn[4:8] == drawn[8:]
