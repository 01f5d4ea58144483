"""Jobs that misbehave in ways of their own: none may cost the others."""

from __future__ import annotations

import logging
import threading
import time
from types import SimpleNamespace

import pytest

from icarus.execution import DataCollector
from icarus.models import LeaveCopyEverywhere
from icarus.orchestration import Orchestrator, Status, progress, run_scenario
from icarus.orchestration.progress import LogProgress
from icarus.registry import DATA_COLLECTOR, STRATEGY
from icarus.util import Settings, Tree

POOL = {"PARALLEL_EXECUTION": True, "N_PROCESSES": 2, "START_METHOD": "fork"}


def experiment(strategy="LCE", requests=50):
    return Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": 0.8,
            "n_warmup": 0,
            "n_measured": requests,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy},
        cache_policy={"name": "LRU"},
    )


def campaign(queue, **general):
    settings = Settings()
    for name, value in {"DATA_COLLECTORS": ["LATENCY"], **general}.items():
        settings[name] = value
    settings["EXPERIMENT_QUEUE"] = queue
    return Orchestrator(settings)


@pytest.fixture
def own_strategy(monkeypatch):
    """Register a strategy OWN whose events call the function given first."""

    def register(before):
        class Own(LeaveCopyEverywhere):
            def process_event(self, **event):
                before()
                super().process_event(**event)

        monkeypatch.setitem(STRATEGY, "OWN", Own)

    return register


def test_stopped_from_another_thread_while_a_job_runs_in_process(own_strategy, monkeypatch):
    own_strategy(lambda: time.sleep(0.001))
    monkeypatch.setattr("icarus.execution.interpreted._REPORT_EVERY", 50)
    running = campaign([experiment("OWN", 60_000 + i) for i in range(2)])
    raised = []

    def stop():
        time.sleep(0.5)
        try:
            running.stop()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=stop)
    thread.start()
    running.run()
    thread.join()
    assert raised == []
    assert running.counts == {Status.INTERRUPTED: 2}


def test_progress_in_process_is_not_mistaken_for_what_the_job_logs(
    own_strategy, monkeypatch, caplog
):
    own_strategy(lambda: time.sleep(0.004))
    monkeypatch.setattr("icarus.execution.interpreted._REPORT_EVERY", 50)
    monkeypatch.setattr(progress, "_SUMMARY_EVERY", 0.1)
    caplog.set_level(logging.INFO)
    running = campaign([experiment("OWN", 250)])
    running.subscribe(LogProgress())
    running.run()
    assert running.results.metadata[0]["messages"] == []
    lines = [record.getMessage() for record in caplog.records if record.name == "progress"]
    assert len(lines) > 3
    assert all(line[0].isdigit() for line in lines)


def test_a_malformed_log_call_does_not_fail_its_job(own_strategy, capsys):
    own_strategy(lambda: logging.getLogger("own").warning("%d", "no number"))
    running = campaign([experiment("OWN", 2)])
    running.run()
    assert running.counts == {Status.OK: 1}


def test_an_exception_without_a_text(own_strategy):
    class OddError(Exception):
        def __str__(self):
            raise ValueError("no text")

    def fail():
        raise OddError

    own_strategy(fail)
    running = campaign([experiment("OWN"), experiment()])
    running.run()
    assert running.counts == {Status.OK: 1, Status.FAILED: 1}


class Abort(BaseException):
    """Not an Exception."""


def test_an_exception_that_is_no_exception_in_a_worker(own_strategy):
    def fail():
        raise Abort("at once")

    own_strategy(fail)
    running = campaign([experiment("OWN"), experiment()], **POOL)
    running.run()
    assert running.counts == {Status.OK: 1, Status.FAILED: 1}


def test_a_result_that_cannot_be_sent(monkeypatch):
    class Unsendable(DataCollector):
        def results(self):
            return {"f": lambda: 1}

    monkeypatch.setitem(DATA_COLLECTOR, "UNSENDABLE", Unsendable)
    running = campaign([experiment()], **{**POOL, "DATA_COLLECTORS": ["UNSENDABLE"]})
    running.run()
    assert running.counts == {Status.FAILED: 1}
    assert "cannot be sent between processes" in running.results.failures[0][1]["error"]


def test_a_scenario_needs_only_the_collectors():
    done = run_scenario(SimpleNamespace(DATA_COLLECTORS=["LATENCY"]), experiment(requests=3), 1, 1)
    assert done is not None
    assert done[1].getval(["LATENCY", "MEAN"]) > 0


def test_running_again_counts_again_from_nothing():
    running = campaign([experiment()])
    running.run()
    running.run()
    assert running.counts == {Status.OK: 1}
    assert len(running.results) == 1
