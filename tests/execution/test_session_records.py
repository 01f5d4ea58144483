"""Records of sessions say what happened; that both engines give the same is tested elsewhere."""

from __future__ import annotations

import math

import numpy as np
import pytest
from test_engine_choice import experiment

from icarus.execution import DataCollector
from icarus.execution.collectors import session_records
from icarus.execution.collectors.session_records import RecordTakers, SessionRecorder
from icarus.execution.compiled import ahead, compiled_engine, counting, recording
from icarus.execution.simulation import Simulation, simulate
from icarus.models.strategy import NoCache
from icarus.registry import DATA_COLLECTOR, STRATEGY

ENGINES = ["python", "compiled"]


class Records(DataCollector):
    """Keeps all records."""

    def __init__(self, view, evictions=True):
        super().__init__(view)
        self.needs_evictions = evictions
        Records.kept = []

    def take_sessions(self, records):
        self.kept.append(records)


class Hops(DataCollector):
    """Hears of events."""

    hops = 0

    def request_hop(self, u, v, main_path=True):
        self.hops += 1

    def results(self):
        return {"HOPS": self.hops}


@pytest.fixture(autouse=True)
def own_components(monkeypatch):
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_RECORDS", Records)
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_HOPS", Hops)


def run(params, engine, collectors=None):
    given = {"TEST_RECORDS": {}} if collectors is None else collectors
    done = simulate(Simulation(params, given, 1, 0, engine))
    return done, Records.kept


def replayed(folder, text, **columns):
    """Return an experiment on ``receiver 0 - cache of one content 1 - source 2``."""
    trace = folder / "trace.csv"
    trace.write_text(text, encoding="utf-8")
    columns = {f"{name}_column": name for name in columns}
    return experiment(
        topology={"name": "PATH", "n": 3, "delay": 2.5},
        workload={"name": "TRACE_DRIVEN", "reqs_file": str(trace), "n_warmup": 1, **columns},
        cache_placement={"name": "UNIFORM", "network_cache": 1 / 3},
    )


@pytest.mark.parametrize("engine", ENGINES)
def test_what_records_say(engine, tmp_path):
    text = "time,size,id\n1,5,a\n2,10,a\n4,20,b\n4,30,c\n9,30,c\n"
    params = replayed(tmp_path, text, time=1, size=1, content=1)
    params["workload"]["content_column"] = "id"
    _, (records,) = run(params, engine)
    assert len(records) == 4
    assert list(records.nodes) == [0, 1, 2]
    assert [records.contents[i] for i in records.content] == ["a", "b", "c", "c"]
    assert records.time.tolist() == [2, 4, 4, 9]
    assert records.size.tolist() == [10, 20, 30, 30]
    assert records.receiver.tolist() == [0] * 4
    assert records.server.tolist() == [1, 2, 2, 1]
    assert records.from_cache.tolist() == [True, False, False, True]
    assert records.success.all()
    assert records.latency.tolist() == [5, 10, 10, 5]
    assert records.request_hops.tolist() == records.content_hops.tolist() == [1, 2, 2, 1]
    evicted = records.evictions
    assert evicted.session.tolist() == [1, 2]
    assert evicted.node.tolist() == [1, 1]
    assert [records.contents[i] for i in evicted.content] == ["a", "b"]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_nobody_knows_or_asks_for(engine):
    _, records = run(experiment(), engine, {"TEST_RECORDS": {"evictions": False}})
    assert {(one.size, one.evictions) for one in records} == {(None, None)}


@pytest.mark.parametrize("engine", ENGINES)
def test_records_agree_with_counts(engine):
    collectors = {"TEST_RECORDS": {}, "CACHE_HIT_RATIO": {}, "LATENCY": {}}
    done, (records,) = run(experiment(), engine, collectors)
    assert done.results["CACHE_HIT_RATIO"]["MEAN"] == records.from_cache.mean()
    assert done.results["LATENCY"]["MEAN"] == math.fsum(records.latency) / len(records)
    with pytest.raises(ValueError, match="read-only"):
        records.latency[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        records.evictions.node[0] = 0


def arrays(batches):
    return [
        [getattr(one, name).tolist() for name in ("time", "content", "server", "latency")]
        + [one.evictions.session.tolist(), one.evictions.content.tolist()]
        for one in batches
    ]


@pytest.mark.parametrize("change", ["steps", "evictions", "batches"])
def test_records_do_not_depend_on_when_room_ends(change, monkeypatch):
    for module in (session_records, recording):
        monkeypatch.setattr(module, "RECORDS_AT_ONCE", 70)
    _, before = run(experiment(), "compiled")
    assert [len(one) for one in before] == [70, 70, 70, 70, 20]
    if change == "steps":
        # Below what there is room for at first.
        monkeypatch.setattr(counting, "_MOST_STEPS", 1)
        monkeypatch.setattr("icarus.execution.compiled.network_tables._FIRST_STEPS", 32)
    elif change == "evictions":
        monkeypatch.setattr(recording, "_ROOM", 1)
    else:
        monkeypatch.setattr(compiled_engine, "_MOST_AT_ONCE", 33)
    _, after = run(experiment(), "compiled")
    assert arrays(after) == arrays(before)
    assert arrays(run(experiment(), "python")[1]) == arrays(before)


def test_collectors_of_both_kinds_at_once():
    collectors = {"TEST_RECORDS": {}, "TEST_HOPS": {}}
    done, (records,) = run(experiment(), "auto", collectors)
    assert done.engine_reason == "collector: TEST_HOPS wants to hear of each event"
    assert done.results["TEST_HOPS"]["HOPS"] == records.request_hops.sum()


def test_sessions_that_fail(monkeypatch):
    class Fails(NoCache):
        def process_event(self, time, receiver, content, log):
            self.controller.start_session(time, receiver, content, log)
            if content % 2:
                self.controller.end_session(success=False)

    monkeypatch.setitem(STRATEGY, "TEST_FAILS", Fails)
    _, (records,) = run(experiment(strategy={"name": "TEST_FAILS"}), "auto")
    assert len(records) == 300
    assert not records.success.any()
    assert set(records.server.tolist()) == {-1}


def test_names_that_were_not_known():
    names = session_records._Names(range(10, 20))
    assert [names.number(one) for one in (np.int64(12), "x", 12.0, 99, "x")] == [2, 10, 2, 11, 10]
    assert (len(names), names[2], names[11], names[-2:]) == (12, 12, 99, ["x", 99])
    with pytest.raises(IndexError):
        names[12]


def test_nothing_that_a_policy_evicts_goes_unnoticed():
    """A strategy that put more contents than there are caches would be found out."""
    takers = RecordTakers([Records(None)])
    own = recording.Recording(takers, [0], range(5), np.zeros(1, np.int32), 4)
    own.notes.used[0] = len(own.notes.evicted) + 1
    with pytest.raises(RuntimeError, match="more was evicted"):
        own._evictions_of(0, 1, np.ones(1, bool))


def test_the_variant_for_evictions_is_compiled_ahead(monkeypatch, tmp_path):
    monkeypatch.setenv("ICARUS_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(Records, "needs_evictions", True)
    wanted = [
        b"WatchedCaches" in ahead.wishes_of([experiment()], collectors, "auto")[0].arguments
        for collectors in ({"TEST_RECORDS": {}}, {"LATENCY": {}})
    ]
    assert wanted == [True, False]


def test_a_recorder_without_anything_to_record():
    class View:
        model = type("Model", (), {"link_delay": {}})
        topology = staticmethod(lambda: [1, 2])

    recorder = SessionRecorder(View(), (), RecordTakers([Records(None)]))
    recorder.flush()
    assert Records.kept == []
    recorder.start_session(1.0, 1, "a")
    recorder.start_session(2.0, 2, "b")
    recorder.request_hop(1, 2)
    recorder.end_session()
    recorder.start_session(3.0, 2, "b")
    recorder.request_hop(1, 2, main_path=False)
    recorder.content_hop(2, 1, main_path=False)
    recorder.flush()
    (records,) = Records.kept
    assert records.success.tolist() == [False, True, False]
    assert np.isnan(records.latency).tolist() == [False, True, False]
    assert records.content_hops.tolist() == [0, 0, 1]
