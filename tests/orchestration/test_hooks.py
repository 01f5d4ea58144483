"""Vetoes and hooks: what they are called with, when, and what their failures cost."""

from __future__ import annotations

import logging

import pytest

from icarus import Cancel
from icarus.errors import SettingsError
from icarus.models.strategy import LeaveCopyEverywhere
from icarus.orchestration import CampaignEnded, JobEnded, JobStarted, Orchestrator, Status
from icarus.registry import STRATEGY
from icarus.util import Settings, Tree

EXECUTORS = pytest.mark.parametrize("executor", ["serial", "pool"])


class Raises(LeaveCopyEverywhere):
    def process_event(self, **event):
        raise RuntimeError("broken on purpose")


@pytest.fixture(autouse=True)
def broken_strategy(monkeypatch):
    monkeypatch.setitem(STRATEGY, "RAISES", Raises)


def experiment(strategy="LCE", **more):
    return Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY", "n_contents": 20, "alpha": 0.8, "n_warmup": 0, "n_measured": 50,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy},
        cache_policy={"name": "LRU"},
        **more,
    )  # fmt: skip


def several(number):
    """Return experiments that differ by a seed of the content placement, and in nothing else."""
    queue = [experiment() for _ in range(number)]
    for seed, one in enumerate(queue):
        one["content_placement"]["seed"] = seed
    return queue


def campaign(queue, *, executor="serial", **general):
    settings = Settings()
    defaults = {"DATA_COLLECTORS": ["LATENCY"], "N_PROCESSES": 2, "START_METHOD": "fork"}
    for name, value in {**defaults, **general}.items():
        settings[name] = value
    settings["EXPERIMENT_QUEUE"] = queue
    return Orchestrator(settings, executor=executor)


class Diary:
    """Hooks that note what they are called with."""

    def __init__(self):
        self.entries = []

    def hooks(self, **others):
        return {
            name: [lambda event, name=name: self.entries.append((name, event)), *more]
            for name, more in {
                "campaign_start": [], "before_job": [], "after_job": [], "campaign_end": [],
                **{name: [hook] for name, hook in others.items()},
            }.items()
        }  # fmt: skip

    def names(self):
        return [name for name, _ in self.entries]


def test_hooks_are_called_once_each_and_in_order():
    diary = Diary()
    running = campaign([experiment("LCE"), experiment("RAISES")], HOOKS=diary.hooks())
    running.run()
    names = ["before_job", "after_job"] * 2
    assert diary.names() == ["campaign_start", *names, "campaign_end"]
    events = [event for _, event in diary.entries]
    assert events[0].plan is running.plan
    assert events[1] == JobStarted(events[0].jobs[0], 1)
    assert [type(event) for event in events[2:5:2]] == [JobEnded, JobEnded]
    assert [events[i].outcome.status for i in (2, 4)] == [Status.OK, Status.FAILED]
    assert isinstance(events[5], CampaignEnded)
    assert events[5].snapshot.ended == 2


@EXECUTORS
def test_each_attempt_is_between_a_hook_before_and_one_after(executor):
    diary = Diary()
    running = campaign(
        [experiment("RAISES"), experiment()], executor=executor, HOOKS=diary.hooks(), MAX_RETRIES=2
    )
    running.run()
    of_first = [
        (name, event.attempt)
        for name, event in diary.entries
        if getattr(event, "job", None) and event.job.number == 0
    ]
    assert of_first == [
        ("before_job", 1), ("after_job", 1), ("before_job", 2), ("after_job", 2),
        ("before_job", 3), ("after_job", 3),
    ]  # fmt: skip


def test_the_hook_after_a_job_is_over_before_the_next_job_starts():
    order = []
    running = campaign(
        several(4),
        executor="pool",
        N_PROCESSES=1,
        PARALLEL_EXECUTION=True,
        HOOKS={"after_job": lambda event: order.append("after")},
    )
    running.subscribe(lambda e: order.append("start") if isinstance(e, JobStarted) else None)
    running.run()
    assert order == ["start", "after"] * 4


@EXECUTORS
def test_a_hook_that_fails_at_the_start_lets_nothing_run(executor, caplog):
    def fail(event):
        raise OSError("no licence server")

    diary = Diary()
    running = campaign(several(3), executor=executor, HOOKS=diary.hooks(campaign_start=fail))
    running.run()
    assert running.counts == {Status.SKIPPED: 3}
    assert diary.names() == ["campaign_start", "campaign_end"]
    for _, facts in running.results.failures:
        assert facts["error"].startswith("HOOKS['campaign_start']: ")
        assert "fail raised OSError: no licence server at " in facts["error"]
        assert f"{__file__}:" in facts["error"]
    assert "no licence server" in caplog.text


@EXECUTORS
def test_a_hook_that_fails_before_a_job_fails_that_job(executor):
    def fail(event):
        if event.job.number == 1:
            raise OSError("the disk is away")

    diary = Diary()
    running = campaign(several(3), executor=executor, HOOKS=diary.hooks(before_job=fail))
    running.run()
    assert running.counts == {Status.OK: 2, Status.FAILED: 1}
    ((_, facts),) = running.results.failures
    assert "fail raised OSError: the disk is away" in facts["error"]
    assert "in fail" in facts["traceback"]
    assert facts["attempts"] == 0
    assert diary.names().count("before_job") == 3
    assert diary.names().count("after_job") == 2


def test_hooks_that_fail_at_an_end_cost_nothing(caplog):
    caplog.set_level(logging.ERROR)

    def fail(event):
        raise ValueError("too late")

    others = []
    running = campaign(
        several(2),
        HOOKS={"after_job": [fail, others.append], "campaign_end": [fail, others.append]},
    )
    running.run()
    assert running.counts == {Status.OK: 2}
    assert [type(event) for event in others] == [JobEnded, JobEnded, CampaignEnded]
    lines = [r.getMessage().partition("\n")[0] for r in caplog.records if r.name == "hooks"]
    assert len(lines) == 3
    assert all("fail raised ValueError: too late at " in line for line in lines)


@EXECUTORS
@pytest.mark.parametrize("answer", ["text", "exception"])
def test_a_hook_may_exclude_a_job(executor, answer):
    def veto(event):
        if event.job.number != 1:
            return None
        if answer == "exception":
            raise Cancel("done by hand")
        return "done by hand"

    running = campaign(several(3), executor=executor, HOOKS={"before_job": veto})
    told = []
    running.subscribe(told.append)
    running.run()
    assert running.counts == {Status.OK: 2, Status.VETOED: 1}
    ((_, facts),) = running.results.failures
    assert (facts["status"], facts["error"]) == ("VETOED", "done by hand")
    assert running.snapshot().failed == 0
    assert [e.job.number for e in told if isinstance(e, JobStarted)] == [0, 2]


def test_a_job_that_is_broken_off_has_its_hook_after_it():
    diary = Diary()
    running = campaign(several(3), HOOKS=diary.hooks())

    def stop(event):
        if isinstance(event, JobStarted):
            running.stop()

    running.subscribe(stop)
    running.run()
    assert diary.names() == ["campaign_start", "before_job", "after_job", "campaign_end"]


@EXECUTORS
def test_vetoed_experiments_are_listed_and_do_not_run(executor):
    def veto(experiment):
        if experiment["strategy"]["name"] == "LCD":
            return "LCD is not compared here"
        return experiment.getval(["study"]) == "old"

    queue = [experiment("LCE"), experiment("LCD"), experiment("LCE", study="old")]
    running = campaign(queue, executor=executor, VETO=veto, N_REPLICATIONS=2)
    assert "vetoed:        2 experiments" in running.plan.describe()
    assert "  LCD is not compared here: 1" in running.plan.describe()
    running.run()
    assert running.counts == {Status.OK: 2, Status.VETOED: 4}
    errors = [facts["error"] for _, facts in running.results.failures]
    assert errors == ["LCD is not compared here"] * 2 + ["excluded by VETO"] * 2


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"VETO": lambda tree: tree["no"]["such"] / 0}, "VETO: raised TypeError"),
        ({"HOOKS": print}, "HOOKS: should be a mapping of campaign_start"),
        ({"HOOKS": {"after_jobs": print}}, "'after_jobs'.: unknown; did you mean 'after_job'"),
        ({"HOOKS": {"after_job": ["print"]}}, "should be a function or a list of them"),
    ],
)
def test_what_is_no_hook_is_refused(given, problem):
    with pytest.raises(SettingsError, match=problem):
        campaign([experiment()], **given)
