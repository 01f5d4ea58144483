"""Campaigns, in this process and on a pool: what ends how, in which order, and who is told."""

from __future__ import annotations

import logging
import math
import multiprocessing
import os
import signal
import threading
import time

import pytest

from icarus.errors import SettingsError
from icarus.execution import DataCollector
from icarus.models.strategy import LeaveCopyEverywhere
from icarus.orchestration import (
    CampaignEnded,
    CampaignStarted,
    Heartbeat,
    JobEnded,
    JobStarted,
    Orchestrator,
    Progress,
    Status,
)
from icarus.orchestration.board import Board
from icarus.registry import DATA_COLLECTOR, STRATEGY
from icarus.util import Settings, Tree

SERIAL = {"PARALLEL_EXECUTION": False}
POOL = {"PARALLEL_EXECUTION": True, "N_PROCESSES": 2, "START_METHOD": "fork"}
EXECUTORS = pytest.mark.parametrize("executor", [SERIAL, POOL], ids=["serial", "pool"])


class Raises(LeaveCopyEverywhere):
    def process_event(self, time, receiver, content, log):
        raise RuntimeError("broken on purpose")


class Exits(LeaveCopyEverywhere):
    def process_event(self, time, receiver, content, log):
        raise SystemExit(7)


class Dies(LeaveCopyEverywhere):
    def process_event(self, time, receiver, content, log):
        os._exit(3)


class Killed(LeaveCopyEverywhere):
    def process_event(self, time, receiver, content, log):
        os.kill(os.getpid(), signal.SIGKILL)


class Sleeps(LeaveCopyEverywhere):
    def __init__(self, view, controller, seconds=0.0):
        super().__init__(view, controller)
        time.sleep(seconds)


class Chatty(LeaveCopyEverywhere):
    def __init__(self, view, controller, seed=None):
        super().__init__(view, controller)
        logging.getLogger("mine").warning("seeded with %d", seed)


class Endless(LeaveCopyEverywhere):
    """Takes its time over each request, a minute in all."""

    def process_event(self, **event):
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def strategies(monkeypatch):
    for strategy in (Raises, Exits, Dies, Killed, Sleeps, Chatty):
        monkeypatch.setitem(STRATEGY, strategy.__name__, strategy)


@pytest.fixture(autouse=True)
def no_process_is_left_behind():
    before = set(multiprocessing.active_children())
    yield
    assert set(multiprocessing.active_children()) <= before


def experiment(strategy="LCE", n_measured=50, policy="LRU", **strategy_params):
    return Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": 0.8,
            "n_warmup": 10,
            "n_measured": n_measured,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy, **strategy_params},
        cache_policy={"name": policy},
        desc=f"the {strategy} one",
    )


def several(number):
    """Return experiments that differ by a seed of the content placement, and in nothing else."""
    queue = [experiment() for _ in range(number)]
    for seed, one in enumerate(queue):
        one["content_placement"]["seed"] = seed
    return queue


def settings(queue, **kwargs):
    made = Settings()
    for name, value in {"DATA_COLLECTORS": ["CACHE_HIT_RATIO"], **kwargs}.items():
        made[name] = value
    made["EXPERIMENT_QUEUE"] = queue
    return made


def run(queue, **kwargs):
    orchestrator = Orchestrator(settings(queue, **kwargs))
    orchestrator.run()
    assert sum(orchestrator.counts.values()) == orchestrator.n_exp
    assert orchestrator.n_success + orchestrator.n_fail == orchestrator.n_exp
    assert len(orchestrator.results) == orchestrator.n_success
    assert len(orchestrator.results.failures) == orchestrator.n_fail
    return orchestrator


def names(pairs):
    return [params["strategy"]["name"] for params, _ in pairs]


@EXECUTORS
def test_every_experiment_runs_as_often_as_it_should(executor):
    queue = [experiment("LCE"), experiment("NO_CACHE")]
    orchestrator = run(queue, N_REPLICATIONS=3, **executor)
    assert orchestrator.counts == {Status.OK: 6}
    assert orchestrator.n_exp == 6
    assert names(orchestrator.results) == ["LCE"] * 3 + ["NO_CACHE"] * 3
    metadata = orchestrator.results.metadata
    assert [facts["replication"] for facts in metadata] == [0, 1, 2] * 2
    assert len({facts["job"] for facts in metadata}) == 6
    ratios = [results["CACHE_HIT_RATIO"]["MEAN"] for _, results in orchestrator.results]
    assert len(set(ratios[:3])) > 1
    assert ratios[3:] == [0, 0, 0]
    assert len(queue) == 2
    assert len(orchestrator.exp_durations) == 6
    assert orchestrator.seq.current() == 6


@EXECUTORS
def test_results_keep_the_experiment_as_it_was_given(executor):
    queue = [experiment("LCE"), experiment("LCD").dict()]
    orchestrator = run(queue, **executor)
    for given, (params, _) in zip(queue, orchestrator.results, strict=True):
        assert params == given
        assert params.getval(["cache_placement", "network_cache"]) == 0.2
        assert params.getval(["topology", "name"]) == "PATH"


@EXECUTORS
def test_a_failure_is_recorded_and_the_others_go_on(executor):
    orchestrator = run(
        [experiment("LCE"), experiment("Raises"), experiment("Exits"), experiment("LCD")],
        **executor,
    )
    assert orchestrator.counts == {Status.OK: 2, Status.FAILED: 2}
    assert names(orchestrator.results) == ["LCE", "LCD"]
    assert names(orchestrator.results.failures) == ["Raises", "Exits"]
    raised, exited = (facts for _, facts in orchestrator.results.failures)
    assert raised["status"] == exited["status"] == "FAILED"
    assert raised["error"] == "RuntimeError: broken on purpose"
    assert "in process_event" in raised["traceback"]
    assert "SystemExit" in exited["error"]


def test_a_worker_that_dies_takes_nothing_else_along():
    queue = [
        *(experiment(name) for name in ("Dies", "LCE", "Killed", "LCD", "Raises")),
        experiment("Dies", n_measured=51),
        *(experiment(policy=policy) for policy in ("FIFO", "RAND", "NULL")),
    ]
    orchestrator = run(queue, **POOL)
    assert orchestrator.counts == {Status.OK: 5, Status.LOST: 3, Status.FAILED: 1}
    assert names(orchestrator.results.failures) == ["Dies", "Killed", "Raises", "Dies"]
    lost = [facts for _, facts in orchestrator.results.failures if facts["status"] == "LOST"]
    assert ["exit code 3" in facts["error"] for facts in lost] == [True, False, True]
    assert "signal 9" in lost[1]["error"]
    assert all(0 <= facts["duration"] < 60 for facts in lost)
    assert names(orchestrator.results) == ["LCE", "LCD", "LCE", "LCE", "LCE"]


def test_a_campaign_in_which_every_worker_dies_ends():
    orchestrator = run([experiment("Killed")], N_REPLICATIONS=5, **POOL)
    assert orchestrator.counts == {Status.LOST: 5}


def test_results_are_in_the_order_of_the_queue():
    pauses = [0.5, 0.0, 0.25, 0.001]
    orchestrator = Orchestrator(
        settings([experiment("Sleeps", seconds=pause) for pause in pauses], **POOL)
    )
    ended = []

    def note(event):
        if isinstance(event, JobEnded):
            ended.append(event.job.number)

    orchestrator.subscribe(note)
    orchestrator.run()
    assert sorted(ended) == [0, 1, 2, 3] != ended
    pairs = orchestrator.results.dump()
    assert [params["strategy"]["seconds"] for params, _ in pairs] == pauses


@EXECUTORS
def test_events_tell_the_story_of_a_campaign(executor):
    queue = [experiment("LCE"), experiment("Raises"), experiment("LCD")]
    orchestrator = Orchestrator(settings(queue, **executor))
    events = []
    orchestrator.subscribe(events.append)
    orchestrator.run()
    kinds = [type(event) for event in events]
    assert kinds[0] is CampaignStarted
    assert kinds[-1] is CampaignEnded
    assert {JobStarted, JobEnded, Progress} <= set(kinds[1:-1])
    assert set(kinds[1:-1]) <= {JobStarted, Heartbeat, JobEnded, Progress}
    assert events[0].plan is orchestrator.plan
    assert [job.number for job in events[0].jobs] == [0, 1, 2]
    assert events[0].known == 0
    for i in range(3):
        of_job = [type(e) for e in events if hasattr(e, "job") and e.job.number == i]
        assert of_job[0] is JobStarted
        assert of_job[-1] is JobEnded
        assert of_job.count(JobStarted) == of_job.count(JobEnded) == 1
    outcomes = {e.job.number: e.outcome for e in events if isinstance(e, JobEnded)}
    statuses = [outcomes[i].status for i in range(3)]
    assert statuses == [Status.OK, Status.FAILED, Status.OK]
    assert outcomes[0].value.amount == 60
    assert outcomes[0].duration > 0
    assert outcomes[0].peak_memory > 10**6
    assert abs(outcomes[0].started - time.time()) < 100
    last = events[-1]
    assert last.stopped_by is None
    assert (last.snapshot.planned, last.snapshot.ended, last.snapshot.ok) == (3, 3, 2)
    assert last.snapshot.left == 0
    assert last.snapshot.requests == 120
    assert last.snapshot.running == []
    for event in events:
        if isinstance(event, Progress):
            assert event.snapshot.ended + event.snapshot.left == 3


@EXECUTORS
def test_progress_is_seen_while_a_job_runs(executor, monkeypatch):
    monkeypatch.setattr("icarus.execution.interpreted._REPORT_EVERY", 50)
    monkeypatch.setitem(STRATEGY, "Slow", Endless)
    orchestrator = Orchestrator(settings([experiment("Slow", n_measured=90)], **executor))
    seen = []

    def note(event):
        if isinstance(event, Progress):
            seen.extend((one.job.number, one.amount) for one in event.snapshot.running)
            assert all(0 <= one.age < 60 for one in event.snapshot.running)

    orchestrator.subscribe(note)
    orchestrator.run()
    assert (0, 50) in seen


@EXECUTORS
def test_stopping_before_the_start_runs_nothing(executor):
    orchestrator = Orchestrator(settings(several(3), **executor))
    orchestrator.stop(signal.SIGTERM)
    orchestrator.run()
    assert orchestrator.counts == {Status.INTERRUPTED: 3}
    assert orchestrator.stopped_by == signal.SIGTERM


@EXECUTORS
def test_stopping_between_jobs_keeps_what_has_ended(executor):
    orchestrator = Orchestrator(settings(several(20), **executor))

    def stop_after_two(event):
        if isinstance(event, JobEnded) and orchestrator.n_success == 2:
            orchestrator.stop()

    orchestrator.subscribe(stop_after_two)
    orchestrator.run()
    assert sum(orchestrator.counts.values()) == 20
    assert 2 <= orchestrator.counts[Status.OK] < 20
    assert set(orchestrator.counts) == {Status.OK, Status.INTERRUPTED}
    assert len(orchestrator.results) == orchestrator.n_success
    assert {facts["status"] for _, facts in orchestrator.results.failures} == {"INTERRUPTED"}


def test_another_thread_may_stop_a_pool(monkeypatch):
    monkeypatch.setitem(STRATEGY, "Endless", Endless)
    queue = [experiment("LCE"), *[experiment("Endless", n_measured=6000 + i) for i in range(4)]]
    orchestrator = Orchestrator(settings(queue, **POOL))
    first_ended = threading.Event()

    def note(event):
        if isinstance(event, JobEnded):
            first_ended.set()

    orchestrator.subscribe(note)

    stopped = []

    def stop():
        first_ended.wait(30)
        stopped.append(time.monotonic())
        orchestrator.stop(signal.SIGINT)

    thread = threading.Thread(target=stop)
    thread.start()
    orchestrator.run()
    thread.join()
    assert time.monotonic() - stopped[0] < 4.5, "workers are not asked politely"
    assert orchestrator.counts == {Status.OK: 1, Status.INTERRUPTED: 4}
    assert orchestrator.stopped_by == signal.SIGINT
    assert names(orchestrator.results) == ["LCE"]


@EXECUTORS
def test_a_subscriber_that_fails_is_told_nothing_more(executor, caplog):
    orchestrator = Orchestrator(settings(several(3), **executor))
    told = []

    def fail(event):
        told.append(type(event))
        if isinstance(event, JobEnded):
            raise OSError("the terminal is gone")

    others = []
    orchestrator.subscribe(fail)
    orchestrator.subscribe(others.append)
    orchestrator.run()
    assert orchestrator.counts == {Status.OK: 3}
    assert told.count(JobEnded) == 1
    assert told[-1] is JobEnded
    assert type(others[-1]) is CampaignEnded
    assert "the terminal is gone" in caplog.text


def test_a_campaign_that_is_broken_off_keeps_what_has_ended():
    orchestrator = Orchestrator(settings(several(3), **SERIAL))

    def fail(event):
        if isinstance(event, JobEnded) and event.job.number == 1:
            raise KeyboardInterrupt

    orchestrator.subscribe(fail)
    with pytest.raises(KeyboardInterrupt):
        orchestrator.run()
    assert orchestrator.counts == {Status.OK: 2, Status.INTERRUPTED: 1}
    assert len(orchestrator.results) == 2


@EXECUTORS
def test_what_a_job_logs_comes_with_its_outcome_and_is_repeated(executor, caplog):
    orchestrator = run([experiment("Chatty")], **executor)
    (facts,) = orchestrator.results.metadata
    (level, name, message) = facts["messages"][-1]
    assert (level, name) == (logging.WARNING, "mine")
    assert message.startswith("seeded with ")
    (record,) = [record for record in caplog.records if record.name == "mine"]
    assert record.levelno == logging.WARNING
    assert record.getMessage() == f"Chatty PATH: {message}"


@EXECUTORS
def test_metadata_tells_where_a_result_comes_from(executor):
    orchestrator = run([experiment(), experiment("Raises")], SEED=5, ENGINE="python", **executor)
    (facts,) = orchestrator.results.metadata
    assert facts["status"] == "OK"
    assert facts["engine"] == "python"
    assert facts["engine_reason"] == "asked for"
    assert facts["n_requests"] == 60
    assert facts["requests_per_second"] == pytest.approx(60 / facts["duration"])
    assert facts["seed"]["entropy"] == 5
    assert facts["seed"]["streams"]["workload"][0] == 0
    keys = [tuple(key) for key in facts["seed"]["streams"].values()]
    assert len(set(keys)) == len(keys)
    campaign = facts["campaign"]
    assert campaign["seed"] == 5
    assert campaign["collectors"] == {"CACHE_HIT_RATIO": {}}
    assert {"icarus", "python", "numpy"} <= set(campaign["versions"])
    assert campaign["settings_path"] is None
    ((_, failure),) = orchestrator.results.failures
    assert failure["experiment"] != facts["experiment"]
    assert "n_requests" not in failure


def test_the_identity_of_an_experiment_does_not_depend_on_its_description():
    renamed = experiment()
    renamed["desc"] = "another text"
    found = [run([one]).results.metadata[0]["experiment"]
             for one in (experiment(), renamed, experiment(policy="FIFO"))]  # fmt: skip
    assert found[0] == found[1] != found[2]


def test_labels_tell_experiments_apart():
    queue = [
        experiment("RAND_BERNOULLI", policy=policy, p=p)
        for policy in ("LRU", "FIFO")
        for p in (0.1, 0.5)
    ]
    orchestrator = Orchestrator(settings(queue, N_REPLICATIONS=2))
    labels = []
    orchestrator.subscribe(lambda e: labels.append(e.job.label) if isinstance(e, JobEnded) else 0)
    orchestrator.run()
    assert len(set(labels)) == 8
    assert all("p=0.1" in label or "p=0.5" in label for label in labels)


def test_the_time_left_goes_by_the_last_jobs():
    orchestrator = Orchestrator(settings(several(6), **POOL))
    assert orchestrator.snapshot().eta is None
    for duration in (2.0, 4.0):
        orchestrator.experiment_callback((experiment(), Tree(), duration))
    # Four jobs of three seconds on two processes.
    assert orchestrator.snapshot().eta == 6.0
    for _ in range(4):
        orchestrator.experiment_callback((experiment(), Tree(), 3.0))
    assert orchestrator.snapshot().eta == 0.0


def test_all_problems_are_found_before_anything_runs():
    bad = experiment("LCEE")
    with pytest.raises(SettingsError) as caught:
        Orchestrator(settings([experiment(), bad], N_REPLICATIONS=0))
    assert len(caught.value.problems) == 2
    with pytest.raises(SettingsError, match="EXPERIMENT_QUEUE"):
        Orchestrator(Settings())


def test_callbacks_of_icarus_0_8(caplog):
    orchestrator = Orchestrator(settings([experiment()]), summary_freq=2)
    assert orchestrator.summary_freq == 2
    orchestrator.experiment_callback((experiment(), Tree(LATENCY={"MEAN": 2}), 1.5))
    orchestrator.experiment_callback(None)
    orchestrator.experiment_callback(False)
    orchestrator.error_callback("it broke")
    assert (orchestrator.n_success, orchestrator.n_fail) == (1, 3)
    assert list(orchestrator.exp_durations) == [1.5]
    assert orchestrator.results[0][1]["LATENCY"]["MEAN"] == 2
    assert "it broke" in caplog.text


def test_a_collector_may_measure_nothing(monkeypatch):
    class Empty(DataCollector):
        def results(self):
            return {}

    monkeypatch.setitem(DATA_COLLECTOR, "TEST_EMPTY", Empty)
    queue = [experiment("NO_CACHE", n_measured=0)]
    orchestrator = run(queue, DATA_COLLECTORS=["TEST_EMPTY", "LATENCY", "CACHE_HIT_RATIO"])
    (_, results) = orchestrator.results[0]
    assert results["TEST_EMPTY"] == {}
    assert math.isnan(results["LATENCY"]["MEAN"])
    assert math.isnan(results["CACHE_HIT_RATIO"]["MEAN"])


def test_options_of_collectors():
    options = {"LATENCY": {"cdf": True}, "CACHE_HIT_RATIO": {"per_node": False}}
    (_, results) = run([experiment()], DATA_COLLECTORS=options).results[0]
    assert "CDF" in results["LATENCY"]
    assert list(results["CACHE_HIT_RATIO"].keys()) == ["MEAN"]


def report(board, slot):
    board.start(slot)
    board.report(slot, 12345, 2)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_board_is_shared_between_processes(method):
    context = multiprocessing.get_context(method)
    board = Board(3)
    assert board.n_slots == 3
    assert board.read(1) == (0, 0.0, 0, 0.0, 0)
    begin = time.monotonic()
    process = context.Process(target=report, args=(board, 1))
    process.start()
    process.join()
    noted = board.read(1)
    assert noted.pid == process.pid
    assert (noted.amount, noted.phase) == (12345, 2)
    assert begin <= noted.started <= noted.heartbeat <= time.monotonic()
    assert board.read(0) == board.read(2) == (0, 0.0, 0, 0.0, 0)
    board.clear(1)
    assert board.read(1) == (0, 0.0, 0, 0.0, 0)
