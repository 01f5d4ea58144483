"""Simulations that are steered, and traces of requests; memcached driven by one of them."""

from __future__ import annotations

import json
import shutil
import socket
import time

import pytest

import icarus
from icarus.control import Attribute, Connector, Resource
from icarus.errors import EventError, ResourceError, TransitionError
from icarus.results.encoding import dumps
from icarus.tools import TraceReader

EXPERIMENT = {
    "topology": {"name": "TREE", "k": 2, "h": 3},
    "workload": {
        "name": "STATIONARY",
        "n_contents": 500,
        "alpha": 0.9,
        "rate": 100.0,
        "n_warmup": 1000,
        "n_measured": 20_000,
    },
    "cache_placement": {"name": "UNIFORM", "network_cache": 0.2},
    "content_placement": {"name": "UNIFORM"},
    "cache_policy": {"name": "RAND"},
    "strategy": {"name": "PROB_CACHE"},
    "timeline": [{"at": 30.0, "event": "flush", "node": 1}],
}
COLLECTORS = {"TIMELINE": {"window": 10.0}, "CACHE_HIT_RATIO": {}, "LATENCY": {}}


def register(ec, **attributes):
    given = {"experiment": EXPERIMENT, "collectors": COLLECTORS, "engine": "python", **attributes}
    return ec.register_resource("Simulation", name="sim", **given)


def replayed(timeline, replication=0):
    """Run the experiment with a timeline, at one go."""
    run = icarus.open_simulation(
        {**EXPERIMENT, "timeline": timeline},
        replication=replication,
        collectors=COLLECTORS,
        engine="python",
    )
    return run.advance().results()


def test_a_simulation_that_was_steered_is_replayed_to_the_bit(ec):
    sim = register(ec, rate=1.5, replication=2)
    ec.deploy()
    ec.wait_started(sim)
    ec.set(sim, "rate", 3.0)
    ec.call(sim, "apply", event={"event": "link_down", "link": (0, 1)})
    at = ec.call(sim, "pause")
    time.sleep(0.05)
    assert ec.call(sim, "progress")["requests"] == at
    # Up to the end of a window between two requests, so that what comes next is due by the clock.
    until = 10.0 * (ec.call(sim, "progress")["time"] // 10 + 1)
    ec.call(sim, "advance", until=until)
    ec.call(sim, "apply", event={"event": "rate", "factor": 1000.0})
    ec.call(sim, "advance", requests=ec.call(sim, "progress")["requests"] + 5)
    ec.call(sim, "apply", event={"event": "rate", "factor": 0.5})
    ec.call(sim, "advance", requests=ec.call(sim, "progress")["requests"] + 10)
    ec.call(sim, "apply", event={"event": "link_up", "link": (0, 1)})
    ec.call(sim, "go_on")
    assert ec.wait_finished(sim, timeout=60).ok
    results, timeline = ec.call(sim, "results"), ec.call(sim, "timeline")
    assert [one["event"] for one in timeline] == [
        *("flush", "rate", "rate", "link_down", "rate", "rate", "link_up"),
    ]
    assert dumps(replayed(timeline, 2)) == dumps(results)
    assert dumps(replayed(timeline[:2], 2)) != dumps(results)
    told = json.loads(ec.trace(sim, "results.json").read())
    assert told["CACHE_HIT_RATIO"]["MEAN"] == results["CACHE_HIT_RATIO"]["MEAN"]
    # Plain JSON, which an experiment takes as it is.
    written = json.loads(ec.trace(sim, "timeline.json").read())
    assert dumps(replayed(written, 2)) == dumps(results)
    with pytest.raises(TransitionError, match="sim has no requests any more that could be changed"):
        ec.call(sim, "apply", event={"event": "flush"})


def test_what_is_wrong_with_it_is_told(ec):
    with pytest.raises(ResourceError, match="experiment is missing"):
        ec.register_resource("Simulation")
    register(ec, experiment={**EXPERIMENT, "strategy": {"name": "LCDE"}})
    ec.deploy()
    report = ec.wait_deployed("sim", timeout=20)["sim"]
    assert report.state == "FAILED"
    assert report.reason == (
        "experiment: strategy.name: unknown strategy 'LCDE'; did you mean 'LCE'?"
    )
    sim = ec.register_resource("Simulation", name="other", experiment=3)
    with pytest.raises(TransitionError, match="the scenario has failed"):
        ec.deploy(sim)
    with pytest.raises(ResourceError, match="experiment should be a tree"):
        ec.discover(sim)


def test_events_are_refused_as_in_timelines(ec):
    sim = register(ec, by_steps=True)
    with pytest.raises(TransitionError, match="no simulation before it is READY"):
        ec.call(sim, "progress")
    ec.deploy()
    ec.wait_started(sim)
    with pytest.raises(EventError, match="link"):
        ec.call(sim, "apply", event={"event": "link_down", "link": (3, 99)})
    with pytest.raises(ResourceError, match="event should be"):
        ec.call(sim, "apply", event="flush")
    assert ec.call(sim, "timeline") == EXPERIMENT["timeline"]


def test_it_goes_step_by_step(ec):
    sim = register(ec, by_steps=True)
    ec.deploy()
    ec.wait_started(sim)
    assert ec.call(sim, "advance", requests=1200) == 1200
    assert ec.call(sim, "advance", until=20.0) == ec.call(sim, "progress")["requests"]
    assert ec.call(sim, "progress")["time"] == 20.0
    ec.stop(sim)
    assert ec.state(sim) == "STOPPED"
    # It can be asked, and go on, once it stands still.
    assert ec.call(sim, "results")["TIMELINE"]["REQUESTS"].sum() > 0
    ec.start(sim)
    ec.call(sim, "advance")
    assert ec.wait_finished(sim, timeout=20)["sim"].state in ("STOPPED", "FINISHED")
    assert dumps(ec.call(sim, "results")) == dumps(replayed(EXPERIMENT["timeline"]))


def test_its_time_passes_at_a_pace(ec):
    sim = register(ec, pace=40.0)
    ec.deploy()
    ec.wait_started(sim)
    time.sleep(0.5)
    assert 10 < ec.call(sim, "progress")["time"] < 24
    with pytest.raises(TransitionError, match="sim runs by itself; pause it before"):
        ec.call(sim, "advance", requests=10)
    ec.set(sim, "pace", None)
    assert ec.wait_finished(sim, timeout=60).ok


def test_its_seed_and_replication_are_those_of_the_controller(tmp_path):
    from icarus.control import ExperimentController

    found = []
    for replication in (0, 1):
        with ExperimentController("x", root_dir=tmp_path, replication=replication) as ec:
            sim = register(ec)
            ec.deploy()
            assert ec.wait_finished(sim, timeout=60).ok
            found.append(dumps(ec.call(sim, "results")))
    assert found == [dumps(replayed(EXPERIMENT["timeline"], number)) for number in (0, 1)]


@pytest.fixture
def requests(tmp_path):
    """A trace of 300 requests for 40 contents."""
    path = tmp_path / "requests.csv"
    rows = [f"{number * 0.01:.2f},c{number * number % 79}" for number in range(300)]
    path.write_text("\n".join(["time,content", *rows]) + "\n")
    return path


OPTIONS = {"content_column": "content", "time_column": "time"}


def test_a_trace_is_described_and_converted(ec, requests):
    trace = ec.register_resource(
        "Trace", name="trace", source=requests, options=OPTIONS, converted=True
    )
    ec.enable_trace(trace, "info.json")
    ec.deploy()
    assert ec.wait_finished(trace, timeout=20).ok
    info = ec.call(trace, "info")
    assert (info.n_reqs, info.n_contents) == (300, 40)
    file = ec.get(trace, "file")
    assert file == ec.folder / "trace" / "requests.itrace"
    assert len(list(TraceReader(file))) == 300
    assert '"n_reqs": 300' in ec.trace(trace, "info.json").read()
    with pytest.raises(ResourceError, match=r"there is a file .* already"):
        ec.call(trace, "convert")
    with pytest.raises(ResourceError, match="file cannot be changed"):
        ec.set(trace, "file", requests)


def test_a_trace_that_is_not_there_or_read_wrongly_is_told(ec, requests):
    ec.register_resource("Trace", name="none", source="no.csv", critical=False)
    broken = ec.register_resource(
        "Trace", name="broken", source=requests, options={"content_colum": "content"}
    )
    with pytest.raises(ResourceError, match="unknown 'content_colum'; did you mean 'content_colu"):
        ec.deploy(broken)
    ec.deploy("none")
    assert ec.wait_finished("none", timeout=10)["none"].reason == "no.csv: there is no such file"


class MemcachedClient(Resource):
    """Asks a memcached for what a trace requests, and puts there what it lacks."""

    attributes = (
        Attribute(name="port", type=int, required=True, help="where it is"),
        Attribute(name="hits", type=int, default=0, mutable="never", help="how many there were"),
    )
    connectors = (Connector("Trace", "what is requested", least=1, most=1),)

    def do_run(self):
        (trace,) = self.connected("Trace")
        hits = 0
        with socket.create_connection(("127.0.0.1", self.get("port"))) as connection:
            stream = connection.makefile("rwb")
            for content in TraceReader(trace.get("file")):
                stream.write(b"get %s\r\n" % str(content).encode())
                stream.flush()
                if stream.readline().startswith(b"VALUE"):
                    hits += 1
                    stream.readline()
                    assert stream.readline() == b"END\r\n"
                else:
                    stream.write(b"set %s 0 0 1\r\nx\r\n" % str(content).encode())
                    stream.flush()
                    assert stream.readline() == b"STORED\r\n"
            stream.close()
        self.put("hits", hits)


@pytest.mark.skipif(shutil.which("memcached") is None, reason="memcached is not installed")
def test_memcached_is_driven_by_a_trace(ec, requests):
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    command = ["memcached", "-u", "nobody", "-l", "127.0.0.1", "-p", str(port), "-U", "0"]
    server = ec.register_resource("Process", name="memcached", command=command, ready=port)
    trace = ec.register_resource(
        "Trace", name="trace", source=requests, options=OPTIONS, converted=True
    )
    client = ec.register_resource(MemcachedClient, name="client", port=port)
    ec.register_connection(client, trace)
    ec.register_condition(client, "START", server, "STARTED")
    ec.register_condition(server, "STOP", client, "FINISHED")
    ec.deploy()
    reports = ec.wait_finished(timeout=20)
    assert reports.ok, reports
    # All of it fits, so that each content is missed once.
    assert ec.get(client, "hits") == 300 - 40
    assert reports["memcached"].state == "STOPPED"
