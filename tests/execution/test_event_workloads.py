"""Workloads of events, as written for Icarus 0.8, run compiled and give what events gave before."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_engine_choice import COLLECTORS, experiment, run

from icarus.compiler.jit import DISABLED
from icarus.errors import Cancel, NoKernelError
from icarus.execution.compiled import ahead, loop_code
from icarus.execution.simulation import Simulation, simulate
from icarus.registry import WORKLOAD
from icarus.scenarios import topology_tree
from icarus.scenarios.workload import event_batches

RECEIVERS, CONTENTS = 4, 30


class Drawn:
    """Draws from the global generator of Python, and yields something odd where it is told to."""

    stream = None
    """Events that are there once; None to draw some."""

    def __init__(self, topology, n, odd=None, at=0, spread=CONTENTS):
        self.receivers = sorted(topology.receivers())
        self.n_contents = CONTENTS
        self.contents = [f"c{i}" for i in range(CONTENTS)]
        self.n, self.odd, self.at, self.spread = n, odd, at, spread

    def __iter__(self):
        if self.stream is not None:
            yield from self.stream
            return
        for i in range(self.n):
            if self.odd is not None and i == self.at:
                yield self.odd(self.event(i))
            yield self.event(i)

    def event(self, time):
        receiver = self.receivers[random.randrange(RECEIVERS)]
        content = self.contents[random.randrange(self.spread)]
        return time, {"receiver": receiver, "content": content, "log": time % 7}


class FailsError(Exception):
    """Raised by a workload."""


def fail(event):
    raise FailsError("in the middle")


def changed(**more):
    return lambda event: (event[0], {**event[1], **more})


ODD = {
    "nothing": None,
    "an exception": fail,
    "a further key": changed(size=3),
    "an unknown content": changed(content="other"),
    "an unknown receiver": changed(receiver="other"),
    "a source": changed(receiver=0),
    "a router": changed(receiver=1),
    "a time that is none": lambda event: ("now", event[1]),
    "no pair": lambda event: event[:1],
    "no log": lambda event: (event[0], {"receiver": event[1]["receiver"], "content": "c1"}),
}


@pytest.fixture(autouse=True)
def own_workload(monkeypatch):
    monkeypatch.setitem(WORKLOAD, "TEST_DRAWN", Drawn)
    monkeypatch.setattr(event_batches, "BATCH_SIZE", 64)
    monkeypatch.setattr(event_batches, "_AT_ONCE", 16)


def drawn(**parameters):
    return experiment(workload={"name": "TEST_DRAWN", **parameters})


def outcome(params, engine):
    try:
        done = run(params, engine)
    except Exception as error:
        # Not the traceback alone: nothing of the first attempt belongs to it.
        return repr(error), error.__context__
    return done.results, done.n_requests


@pytest.mark.parametrize("odd", ODD)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(n=st.integers(1, 300), at=st.integers(0, 299), strategy=st.sampled_from(["LCE", "HR_SYMM"]))
def test_results_and_errors_are_those_of_events(odd, n, at, strategy):
    params = drawn(n=n, odd=ODD[odd], at=at)
    params["strategy"]["name"] = strategy
    assert outcome(params, "auto") == outcome(params, "python")


def test_what_runs_and_why():
    done = run(drawn(n=300))
    assert (done.engine, done.engine_reason) == ("compiled", "all parts have kernels")
    done = run(drawn(n=300, odd=changed(content="c1", log=object()), at=200))
    assert done.engine == "compiled"
    # Reads that nothing but the python engine can serve, long after the first batch.
    twice = drawn(n=300, odd=lambda event: (10**17, event[1]), at=200)
    done = run(twice)
    reason = "workload: event 201 has the time 100000000000000000"
    assert (done.engine, done.engine_reason) == ("python", reason)
    assert (done.results, done.n_requests) == (run(twice, "python").results, 301)
    with pytest.raises(NoKernelError, match=reason):
        run(twice, "compiled")


def once(monkeypatch, number):
    """Have the next workload yield events that cannot be read again."""
    monkeypatch.setattr(Drawn, "stream", iter([*Drawn(topology_tree(2, 3), number)]))


def test_events_that_cannot_be_read_again_are_all_served(monkeypatch):
    """Those that were read for batches are still there for the python engine."""
    once(monkeypatch, 50)
    Drawn.stream = iter([*Drawn.stream, (10**17, {"receiver": 7, "content": "c1", "log": True})])
    done = run(drawn(n=0))
    assert (done.engine, done.n_requests) == ("python", 51)


def test_events_are_never_lost_in_silence(monkeypatch):
    once(monkeypatch, 200)
    Drawn.stream = iter([*Drawn.stream, (10**17, {"receiver": 7, "content": "c1", "log": True})])
    with pytest.raises(RuntimeError, match="yields other events each time"):
        run(drawn(n=0))


def test_an_endless_workload_is_stopped_by_what_it_raises():
    """Requests are served as they come, and progress is told between batches."""
    told = []

    def stop(event):
        assert told
        assert told[-1] >= 1000 - 2 * event_batches.BATCH_SIZE
        raise Cancel("enough")

    params = drawn(n=10**12, odd=stop, at=1000)
    with pytest.raises(Cancel, match="enough"):
        simulate(Simulation(params, COLLECTORS, 1, 0, "compiled"), told.append)
    assert told[-1] == 1000
    assert told == sorted(told)


@pytest.mark.skipif(DISABLED, reason="nothing is compiled")
class TestCompiling:
    @pytest.fixture(autouse=True)
    def nothing_kept(self, monkeypatch, tmp_path):
        monkeypatch.setenv("ICARUS_CACHE_DIR", str(tmp_path / "kernels"))
        monkeypatch.setattr(loop_code, "_ready", set())

    def test_nobody_waits_for_the_compiler_where_there_are_few_events(self, monkeypatch):
        """How many there are, nobody knows before they are read."""
        once(monkeypatch, 50)
        done = simulate(Simulation(drawn(n=0), COLLECTORS, 1, 0, pair_requests=float("inf")))
        assert (done.engine, done.n_requests) == ("python", 50)
        assert done.engine_reason == "compiling would take longer"

    def test_it_is_left_to_the_jobs_to_find_out(self, monkeypatch):
        queue = [drawn(n=10), experiment(strategy={"name": "LCD"})]
        wishes = ahead.wishes_of(queue, COLLECTORS, "auto")
        assert [wish.what for wish in wishes] == ["LeaveCopyDown with LRU"]
