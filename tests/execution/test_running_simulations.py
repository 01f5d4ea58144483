"""Simulations that are advanced, changed, copied and put aside step by step."""

from __future__ import annotations

import os
import pickle
import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
import small_networks
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import ENGINES, begun, done, register, served, state
from small_networks import experiment as listed_experiment

import icarus
from icarus.errors import ComponentError, EventError, SettingsError, StateError
from icarus.execution.compiled import compiled_engine
from icarus.execution.parameters import Simulation
from icarus.execution.simulation import simulate
from icarus.execution.timeline import changing_network
from icarus.models.strategy import LeaveCopyEverywhere
from icarus.models.strategy import Strategy as BaseStrategy
from icarus.registry import NETWORK_EVENT, STRATEGY, WORKLOAD
from icarus.scenarios.workload import event_batches
from icarus.util import Tree

engines = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture(autouse=True)
def own_components(monkeypatch):
    register(monkeypatch)


@pytest.fixture(scope="module", autouse=True)
def _code_is_there():
    """Have the code compiled, so that nothing else decides about the engine."""
    opened(engine="compiled").advance()


def experiment(workload=None, timeline=(), strategy="LCE", policy="LRU"):
    """Return an experiment on a tree: 0 is the source, 3 to 6 are receivers."""
    return {
        "topology": {"name": "TREE", "k": 2, "h": 2},
        "workload": workload
        or {
            "name": "STATIONARY",
            "n_contents": 40,
            "alpha": 0.8,
            "n_warmup": 50,
            "n_measured": 250,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.2},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": strategy},
        "cache_policy": {"name": policy},
        "timeline": list(timeline),
    }


def opened(workload=None, engine="python", **parts):
    return icarus.open_simulation(experiment(workload, **parts), engine=engine)


# --- opening


def test_problems_are_those_of_settings():
    params = experiment(timeline=[{"at": 1, "event": "flsh"}])
    params["strategy"]["name"] = "LEC"
    with pytest.raises(SettingsError) as raised:
        icarus.open_simulation(params, collectors=["LATENCI"])
    assert [problem.split("; ")[0] for problem in raised.value.problems] == [
        "DATA_COLLECTORS: unknown data collector 'LATENCI'",
        "EXPERIMENT_QUEUE[0].strategy.name: unknown strategy 'LEC'",
        "EXPERIMENT_QUEUE[0].timeline[0].event: unknown network event 'flsh'",
    ]
    with pytest.raises(SettingsError, match="no link 0-77"):
        opened(timeline=[{"at": 1, "event": "link_down", "link": [0, 77]}])


@engines
def test_it_is_the_simulation_of_a_campaign(engine):
    """Of the same seed and replication; by default all that is known of hits and ways is told."""
    run = icarus.open_simulation(experiment(), seed=3, replication=2, engine=engine)
    assert (run.time, run.requests, run.finished, run.engine) == (0, 0, False, engine)
    names = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]
    assert sorted(run.advance().results().keys()) == names
    alone = simulate(Simulation(Tree(experiment()), {name: {} for name in names}, 3, 2, engine))
    assert run.results() == alone.results
    assert (run.requests, run.engine_reason) == (alone.n_requests, alone.engine_reason)


# --- advancing


@engines
def test_how_far_it_goes(engine):
    """Requests come at 1, 2, 3, 4 and 5 s."""
    run = begun(listed_experiment("ax ay aw ax ax", size=2), engine)
    assert (run.time, run.requests, run.finished) == (0, 0, False)
    run.advance(requests=0)
    assert (run.time, run.requests) == (0, 0)
    run.advance(until=0.5)
    assert (run.time, run.requests) == (0.5, 0)
    run.advance(until=2)
    assert (run.time, run.requests) == (2, 1)
    run.advance(requests=3)
    assert (run.time, run.requests, run.finished) == (3, 3, False)
    run.advance(until=3.5, requests=99)
    assert (run.time, run.requests) == (3.5, 3)
    run.advance(until=99, requests=4)
    assert (run.time, run.requests, run.finished) == (4, 4, False)
    # What lies behind it is where it is.
    run.advance(until=1)
    run.advance(requests=2)
    assert (run.time, run.requests, run.finished) == (4, 4, False)
    assert run.advance() is run
    assert (run.time, run.requests, run.finished) == (5, 5, True)
    run.advance().advance(until=7)
    assert (run.requests, run.finished) == (5, True)
    assert [row[0] for row in served(run)] == ["s", "s", "s", "s", 1]


@engines
def test_both_limits_hold_wherever_batches_end(engine):
    """The number is reached at 2 s already, whatever there is to come."""
    for size in (1, 2, 3):
        run = begun(listed_experiment("ax ay aw", size=size), engine)
        run.advance(until=2.5, requests=2)
        assert (run.time, run.requests) == (2, 2)


@engines
def test_events_of_the_timeline_happen_on_the_way(engine):
    timeline = [{"at": 2.5, "event": "flush"}, {"at": {"requests": 4}, "event": "flush"}]
    run = begun(listed_experiment("ax ax ax ax ax", timeline), engine)
    assert run.advance(until=2.4).cache_dump(1) == ["x"]
    assert run.advance(until=2.5).cache_dump(1) == []
    assert run.advance(requests=3).cache_dump(1) == ["x"]
    assert run.advance(requests=4).cache_dump(1) == []
    assert [row[0] for row in served(run.advance())] == ["s", 1, "s", 1, "s"]


# --- applying


@engines
def test_what_is_applied_happens_now(engine):
    run = begun(listed_experiment("ax ax ax ax"), engine).advance(until=1.5)
    assert run.apply({"event": "link_down", "link": (1, 2), "at": 77}) is run
    run.apply({"event": "flush", "node": 1})
    assert served(run.advance(requests=2)) == [("s", 14), (2, 50)]
    run.apply({"event": "link_up", "link": (1, 2)}).apply({"event": "flush"}).advance()
    assert served(run)[2:] == [("s", 14), (1, 2)]


@engines
def test_steered_by_hand_is_as_by_a_timeline(engine):
    timeline = [
        {"at": 60, "event": "link_down", "link": [0, 1]},
        {"at": {"requests": 120}, "event": "node_down", "node": 2, "contents": "lost"},
        {"at": {"requests": 150}, "event": "rate", "factor": 3},
        {"at": {"requests": 180}, "event": "popularity", "shuffle": 0.5},
        {"at": {"requests": 200}, "event": "node_up", "node": 2},
    ]
    run = opened(engine=engine)
    for event in timeline:
        at, given_ = event["at"], {key: value for key, value in event.items() if key != "at"}
        if isinstance(at, dict):
            run.advance(**at).apply(given_)
        else:
            run.advance(until=at).apply(given_)
    assert state(run.advance()) == state(opened(engine=engine, timeline=timeline).advance())


WRONG = {
    "a missing parameter": ({"event": "rate"}, "factor: missing; rate needs it"),
    "an unknown parameter": ({"event": "flush", "nod": 1}, "nod: flush has no parameter 'nod'"),
    "a rate that cannot be": ({"event": "rate", "factor": -2}, "factor: should be greater than 0"),
    "no pair": ({"event": "link_down", "link": 5}, "link: should be a valid list"),
    "no name": ({"at": 5}, "event: missing; it says what happens"),
    "no link": ({"event": "link_down", "link": [0, 77]}, "link: no link 0-77"),
}


@engines
@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_applied_changes_nothing(case, engine):
    event, expected = WRONG[case]
    run = opened(engine=engine).advance(requests=100)
    with pytest.raises(EventError) as raised:
        run.apply(event)
    assert str(raised.value).startswith(expected)
    assert state(run.advance()) == state(opened(engine=engine).advance())


def test_an_unknown_event():
    with pytest.raises(ComponentError, match="unknown network event 'flsh'; did you mean 'flush'"):
        opened().apply({"event": "flsh"})


def traced(folder):
    """Return a workload of a trace of 300 requests."""
    lines = [f"{i},{(i * i * 7 + i // 3) % 23}" for i in range(300)]
    (folder / "trace.csv").write_text("\n".join(lines), encoding="utf-8")
    columns = {"time_column": 0, "content_column": 1}
    return {
        "name": "TRACE_DRIVEN",
        "reqs_file": str(folder / "trace.csv"),
        "n_warmup": 20,
        **columns,
    }


def workloads(folder):
    warmed = {"n_warmup": 20, "n_measured": 280}
    return {
        "drawn by Icarus": None,
        "a trace": traced(folder),
        "YCSB": {"name": "YCSB", "workload": "A", "n_contents": 40, **warmed},
        "events": {"name": "TEST_COUNTED"},
        "events that are drawn": {"name": "TEST_DRAWN"},
    }


KINDS = ["drawn by Icarus", "a trace", "YCSB", "events", "events that are drawn"]


RATE, POPULARITY = {"event": "rate", "factor": 2}, {"event": "popularity"}


@engines
@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (kind, one)
        for kind in KINDS[1:]
        for one in (RATE, POPULARITY)
        if (kind, one) != ("YCSB", RATE)
    ],
)
def test_requests_that_are_given_stay_as_they_are(kind, event, engine, tmp_path):
    run = opened(workloads(tmp_path)[kind], engine).advance(requests=10)
    with pytest.raises(EventError, match=f"{event['event']} is not for the workload"):
        run.apply(event)


# --- results in the middle


@engines
@pytest.mark.parametrize("kind", KINDS)
def test_who_asks_for_results_changes_nothing(kind, engine, tmp_path):
    timeline = [{"at": {"requests": 120}, "event": "link_down", "link": [0, 2]}]
    workload = workloads(tmp_path)[kind]
    run = opened(workload, engine, timeline=timeline)
    for number in (0, 40, 77, 120, 200, 299):
        run.advance(requests=number)
        assert state(run) == state(run)
    whole = opened(workload, engine, timeline=timeline).advance()
    assert state(run.advance()) == state(whole)


# --- copies


@engines
def test_copies_go_their_own_ways(engine):
    run = opened(engine=engine).advance(requests=100)
    before = state(run)
    branch = run.fork()
    assert state(branch) == before
    branch.apply({"event": "node_down", "node": 1}).apply({"event": "rate", "factor": 9})
    branch.apply({"event": "popularity", "shuffle": 1, "alpha": 0}).advance()
    assert state(run) == before
    whole = state(opened(engine=engine).advance())
    assert state(branch) != whole
    twin = run.fork()
    assert state(run.advance()) == state(twin.advance()) == whole
    assert run.view is not twin.view


@engines
def test_a_copy_of_a_copy_at_its_start_and_at_its_end(engine):
    whole = state(opened(engine=engine).advance())
    assert state(opened(engine=engine).fork().fork().advance()) == whole
    assert state(opened(engine=engine).advance().fork().advance()) == whole


OTHER_PROCESS = """
import pickle, sys
from small_networks import state
source, target = sys.argv[1:]
with open(source, "rb") as file:
    kept = pickle.load(file)
after = {}
for key, data in kept.items():
    after[key] = state(pickle.loads(data).advance())
with open(target, "wb") as file:
    pickle.dump(after, file)
"""


def test_another_process_goes_on_with_the_same_bits(tmp_path):
    timeline = [
        {"at": {"requests": 80}, "event": "node_down", "node": 2},
        {"at": {"requests": 160}, "event": "node_up", "node": 2},
        {"at": {"requests": 200}, "event": "resize", "factor": 0.5},
    ]
    kept, whole = {}, {}
    for engine in ENGINES:
        for kind, workload in workloads(tmp_path).items():
            for number in (0, 70, 130):
                run = opened(workload, engine, timeline=timeline, policy="LRU")
                kept[engine, kind, number] = pickle.dumps(run.advance(requests=number))
                whole[engine, kind, number] = state(run.advance())
    (tmp_path / "kept").write_bytes(pickle.dumps(kept))
    folders = [str(Path(small_networks.__file__).parent), str(Path(icarus.__file__).parents[1])]
    subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "kept"), str(tmp_path / "after")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders), "PYTHONHASHSEED": "5"},
        check=True,
        timeout=120,
    )
    after = pickle.loads((tmp_path / "after").read_bytes())
    for key, expected in whole.items():
        assert after[key] == expected, key


@engines
@settings(max_examples=15)
@given(st.lists(st.integers(0, 320), max_size=4))
def test_wherever_drawn_events_are_cut(engine, numbers):
    whole = state(opened({"name": "TEST_DRAWN"}, engine).advance())
    run = opened({"name": "TEST_DRAWN"}, engine)
    for number in sorted(numbers):
        run = run.advance(requests=number).fork()
    assert state(run.advance()) == whole


@engines
def test_events_that_are_others_each_time(engine):
    run = opened({"name": "TEST_OTHER"}, engine).advance(requests=100)
    with pytest.raises(StateError, match="yields other requests each time that it is read"):
        run.fork().advance()
    run.advance()
    assert run.requests == 300


@engines
def test_events_that_are_not_there_again(engine):
    run = opened({"name": "TEST_COUNTED"}, engine).advance(requests=100)
    workload = run._run.cursor.workload
    getattr(workload, "_workload", workload).n = 10
    with pytest.raises(StateError, match="yields other requests"):
        run.fork().advance()


class Holds(LeaveCopyEverywhere):
    """Has something that no other process can get."""

    def __init__(self, view, controller, **kwargs):
        super().__init__(view, controller)
        self.function = lambda: None


def test_what_cannot_be_put_aside_is_said(monkeypatch):
    monkeypatch.setitem(STRATEGY, "TEST_HOLDS", Holds)
    run = opened(strategy="TEST_HOLDS").advance(requests=10)
    with pytest.raises(StateError, match=r"cannot be put aside: .*Holds\.__init__"):
        run.fork()
    assert run.advance().finished


# --- strategies of users


class Old:
    """As with Icarus 0.8: no class of ours, and nothing is known of changes."""

    def __init__(self, view, controller):
        self.view, self.controller = view, controller

    def process_event(self, time, receiver, content, log):
        path = self.view.shortest_path(receiver, self.view.content_source(content))
        self.controller.start_session(time, receiver, content, log)
        for u, v in pairwise(path):
            self.controller.forward_request_hop(u, v)
        self.controller.get_content(path[-1])
        self.controller.forward_content_path(path[-1], receiver, path[::-1])
        self.controller.end_session()


class OldOfOurs(Old, BaseStrategy):
    """Extends the class that it had to extend then."""


class Told(OldOfOurs):
    """Wants to know of changes."""

    changes = 0

    def network_changed(self):
        self.changes += 1


class Choosy(Told):
    """Needs node 1, whatever is requested; and t, of which it does not know whether it is there."""

    def must_reach(self, receiver, content):
        return (1, "t")


@pytest.fixture
def own_strategies(monkeypatch):
    for kind in (Old, OldOfOurs, Told, Choosy):
        monkeypatch.setitem(STRATEGY, f"TEST_{kind.__name__.upper()}", kind)
    monkeypatch.setattr(changing_network, "_told_of", set())


DOWN = {"at": 1.5, "event": "link_down", "link": [1, 2]}
UP = {"at": 2.5, "event": "link_up", "link": [1, 2]}
CUT = {"at": 3.5, "event": "link_down", "link": [2, "s"]}


@pytest.mark.parametrize("name", ["TEST_OLD", "TEST_OLDOFOURS"])
def test_a_strategy_that_is_not_to_be_told(name, own_strategies, caplog):
    """It looks paths up itself; where there is none to the source, requests fail."""
    timeline = [DOWN, UP, CUT]
    run = done("ax ax ax ax az", timeline, "python", strategy=name)
    assert served(run) == [("s", 14), ("s", 58), ("s", 14), (None, None), ("t", 146)]
    (record,) = caplog.records
    kind = "Old" if name == "TEST_OLD" else "OldOfOurs"
    assert record.getMessage() == (
        f"the strategy {kind} has no method network_changed: what it worked out of the network at "
        "its start stays as it is"
    )
    # Once, however many simulations there are.
    done("ax ax", [DOWN], "python", strategy=name)
    assert len(caplog.records) == 1


def test_a_strategy_that_is_told(own_strategies, caplog):
    """Once for all that happens at one moment, of what changes the network or sizes of caches."""
    quiet = [{"at": 2.5, "event": name} for name in ("flush", "mark")]
    together = [{**UP, "at": 3.5}, {**DOWN, "at": 3.5}]
    resize = {"at": 4.5, "event": "resize", "size": 5}
    timeline = [DOWN, *quiet, {"at": 2.5, "event": "rate", "factor": 1}, *together, resize]
    run = begun(listed_experiment("ax ax ax ax ax", timeline, strategy="TEST_TOLD"), "python")
    changes = []
    for number in range(1, 6):
        run.advance(requests=number)
        changes.append(run._run.strategy.changes)
    assert changes == [0, 1, 1, 2, 3]
    assert caplog.records == []


def test_what_a_strategy_must_reach(own_strategies):
    """It is not asked as long as all nodes reach each other."""
    run = done("ax ax az", [DOWN], "python", strategy="TEST_CHOOSY")
    assert served(run) == [("s", 14), ("s", 58), ("t", 146)]
    # b reaches t, but not 1; the source s does not matter.
    timeline = [
        {"at": 1.5, "event": "link_down", "link": [1, 2]},
        {"at": 1.5, "event": "link_down", "link": [1, 3]},
    ]
    run = done("bz bz az", timeline, "python", strategy="TEST_CHOOSY")
    assert served(run) == [("t", 192), (None, None), (None, None)]


# --- events of users


def test_what_is_applied_may_draw(monkeypatch):
    """From global generators, in the same way in each run and in copies."""

    def somewhere(network):
        network.flush(random.choice([1, 2]))

    monkeypatch.setitem(NETWORK_EVENT, "test_somewhere", somewhere)

    def outcome(run):
        for number in range(0, 200, 10):
            run.advance(requests=number).apply({"event": "test_somewhere"})
        return state(run.advance())

    first = outcome(opened())
    random.seed(5)
    before = random.getstate()
    run = opened()
    copy = run.fork()
    assert outcome(run) == outcome(copy) == first
    assert random.getstate() == before


def draws(network):
    """Draw from a global generator, as the workload does."""
    network.flush(random.choice([1, 2]))


@engines
def test_events_and_workloads_may_draw_from_the_same_generators(engine, monkeypatch):
    monkeypatch.setitem(NETWORK_EVENT, "test_draws", draws)
    run = opened({"name": "TEST_DRAWN"}, engine).advance(requests=100)
    copy = run.apply({"event": "test_draws"}).fork()
    assert state(copy.advance()) == state(run.advance())


# --- engines that change


class Odd(small_networks.Counted):
    """Has an event that no batch can hold."""

    def __iter__(self):
        for i, (time, event) in enumerate(super().__iter__()):
            yield (10**17 if i == self.n - 20 else time), event


@pytest.fixture
def odd(monkeypatch):
    monkeypatch.setitem(WORKLOAD, "TEST_ODD", Odd)
    monkeypatch.setattr(event_batches, "BATCH_SIZE", 64)
    monkeypatch.setattr(event_batches, "_AT_ONCE", 16)
    return {"name": "TEST_ODD"}


STEPS = [
    {"at": 33.5, "event": "link_down", "link": [0, 1]},
    {"at": {"requests": 70}, "event": "flush"},
    {"at": {"requests": 100}, "event": "link_up", "link": [0, 1]},
    {"at": {"requests": 100}, "event": "node_down", "node": 2},
    {"at": 150.0, "event": "node_up", "node": 2},
]


def test_all_happens_again_when_the_engine_changes(odd):
    run = opened(odd, "auto", timeline=STEPS)
    run.advance(requests=90)
    assert run.engine == "compiled"
    run.apply({"event": "resize", "factor": 0.5})
    with pytest.raises(EventError):
        run.apply({"event": "link_up", "link": [0, 2]})
    run.advance(until=120.5).apply({"event": "mark"})
    run.advance()
    assert run.engine == "python"
    assert "281 has the time" in run.engine_reason
    python = opened(odd, "python", timeline=STEPS)
    python.advance(requests=90).apply({"event": "resize", "factor": 0.5})
    assert state(run) == state(python.advance(until=120.5).advance())


def test_a_change_that_no_kernel_makes(monkeypatch):
    monkeypatch.setattr(compiled_engine, "can_resize", lambda *given_: False)
    timeline = STEPS[:2]
    run = opened(engine="auto", timeline=timeline).advance(requests=120)
    assert run.engine == "compiled"
    run.apply({"event": "resize", "factor": 0.5})
    assert run.engine == "python"
    assert run.requests == 120
    python = opened(timeline=timeline).advance(requests=120)
    python.apply({"event": "resize", "factor": 0.5})
    assert state(run) == state(python)
    assert state(run.advance()) == state(python.advance())


def test_a_copy_begins_anew_as_well(odd):
    """It has nothing of what the other was begun with, and builds it once more."""
    run = opened(odd, "auto", timeline=STEPS).advance(requests=90)
    python = opened(odd, "python", timeline=STEPS)
    assert state(run.fork().advance()) == state(python.advance())
