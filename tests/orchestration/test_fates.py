"""What can become of a job, injected for real: each fate, and mixtures of them."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
from calls import Call
from hypothesis import given, settings
from hypothesis import strategies as st

import icarus
from icarus.errors import SettingsError
from icarus.orchestration import (
    JobEnded,
    JobRetried,
    JobStarted,
    Orchestrator,
    Product,
    Status,
)
from icarus.orchestration.executors import PoolExecutor, memory
from icarus.orchestration.jobs import jobs_of
from icarus.planning.limits import shown_bytes
from icarus.util import Settings, Tree

FORK = {"executor": "pool", "START_METHOD": "fork"}
SPAWN = {"executor": "pool", "START_METHOD": "spawn"}
SERIAL = {"executor": "serial"}
POOLS = pytest.mark.parametrize("how", [FORK, SPAWN], ids=["fork", "spawn"])
EVERYWHERE = pytest.mark.parametrize("how", [SERIAL, FORK, SPAWN], ids=["serial", "fork", "spawn"])

DONE = Product(Tree(), 10)


@pytest.fixture(autouse=True)
def alarm_unused():
    """Take the alarm of the system from pytest-timeout, as no program has it that users run."""
    left, _ = signal.setitimer(signal.ITIMER_REAL, 0)
    handler = signal.signal(signal.SIGALRM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, left)


def beating(heartbeat, seconds):
    for beat in range(round(seconds / 0.02)):
        heartbeat(beat)
        time.sleep(0.02)


def allocate(megabytes):
    """Hold memory, touched, for longer than anybody is to wait."""
    held = []
    for _ in range(megabytes // 10):
        held.append(b"x" * 10_000_000)
        time.sleep(0.01)
    time.sleep(60)
    return held


def second_time(path):
    """Return whether this was called before with the same file as memory."""
    known = Path(path).exists()
    Path(path).touch()
    return known


def fate(argument, heartbeat):
    """A job that ends as it is told."""
    match argument.fate.split(":", 1):
        case ["ok"]:
            pass
        case ["raise"]:
            raise RuntimeError("broken on purpose")
        case ["cancel"]:
            raise icarus.Cancel("it makes no sense")
        case ["exit", code]:
            os._exit(int(code))
        case ["kill"]:
            os.kill(os.getpid(), signal.SIGKILL)
        case ["sleep", seconds]:
            time.sleep(float(seconds))
        case ["freeze"]:
            os.kill(os.getpid(), signal.SIGSTOP)
        case ["spin"]:
            heartbeat(1)
            while True:
                pass
        case ["stubborn"]:
            for _ in range(2):
                with suppress(BaseException):
                    time.sleep(10)
            time.sleep(10)
        case ["beat", seconds]:
            beating(heartbeat, float(seconds))
        case ["allocate", megabytes]:
            allocate(int(megabytes))
        case ["with child", path]:
            child = subprocess.Popen(["sleep", "60"])
            Path(path).write_text(str(child.pid))
            time.sleep(60)
        case ["fail first", path] if not second_time(path):
            raise RuntimeError("only once")
        case ["die first", path] if not second_time(path):
            os._exit(9)
    return DONE


class Fated:
    """A source of jobs that end as they are told."""

    def __init__(self, plan, fates):
        (self.prototype,) = jobs_of(replace(plan, n_replications=1))
        self.fates = fates

    def first(self):
        return [
            replace(
                self.prototype,
                id=f"job{i}",
                number=i,
                label=f"job {i}",
                task=Call(
                    *(self.prototype.task.params, 1, i),
                    function=fate,
                    argument=SimpleNamespace(fate=one),
                ),
            )
            for i, one in enumerate(self.fates)
        ]

    def after(self, job, outcome):
        return ()


def campaign(fates, *, executor, known=None, **general):
    made = Settings()
    made["EXPERIMENT_QUEUE"] = [
        Tree(
            topology={"name": "PATH", "n": 4},
            workload={"name": "STATIONARY", "n_contents": 20, "alpha": 0.8},
            content_placement={"name": "UNIFORM"},
            strategy={"name": "LCE"},
            cache_policy={"name": "LRU"},
        )
    ]
    for name, value in {"N_PROCESSES": 2, "ENGINE": "python", **general}.items():
        made[name] = value
    return Orchestrator(
        made, known=known, executor=executor, source=lambda plan: Fated(plan, fates)
    )


def run(fates, **options):
    """Run a campaign; return it and its outcomes in order."""
    before = set(multiprocessing.active_children())
    orchestrator = campaign(fates, **options)
    ended = {}
    orchestrator.subscribe(
        lambda e: (
            ended.setdefault(e.job.number, []).append(e.outcome)
            if isinstance(e, JobEnded)
            else None
        )
    )
    orchestrator.run()
    assert orchestrator.counts.total() == orchestrator.n_exp == len(fates)
    assert sorted(ended) == list(range(len(fates)))
    assert all(len(outcomes) == 1 for outcomes in ended.values())
    assert set(multiprocessing.active_children()) <= before
    return orchestrator, [ended[i][0] for i in range(len(fates))]


def statuses(outcomes):
    return [str(outcome.status) for outcome in outcomes]


def own_megabytes():
    return psutil.Process().memory_info().rss // 1_000_000


def slowly(how):
    """Return by how much limits are longer where each worker imports this module first."""
    return 4 if how.get("START_METHOD") == "spawn" else 1


@EVERYWHERE
def test_a_job_over_its_time_is_ended(how):
    limit = slowly(how)
    begin = time.monotonic()
    _, outcomes = run(["sleep:90", "ok", "beat:90", "sleep:0.3", "ok"], JOB_TIMEOUT=limit, **how)
    assert time.monotonic() - begin < 60
    assert statuses(outcomes) == ["TIMEOUT", "OK", "TIMEOUT", "OK", "OK"]
    assert f"JOB_TIMEOUT is {limit} s" in outcomes[0].error
    assert limit <= outcomes[0].duration < limit + 3


def test_the_time_of_a_job_begins_when_it_starts():
    _, outcomes = run(["sleep:0.6"] * 4, JOB_TIMEOUT=1, N_PROCESSES=1, **FORK)
    assert statuses(outcomes) == ["OK"] * 4


@EVERYWHERE
def test_a_silent_job_is_ended_and_the_others_are_not(how):
    limit = slowly(how)
    begin = time.monotonic()
    _, outcomes = run(["spin", f"beat:{1.5 * limit}", "sleep:90", "ok"], STALL_TIMEOUT=limit, **how)
    assert time.monotonic() - begin < 60
    assert statuses(outcomes) == ["STALLED", "OK", "STALLED", "OK"]
    assert f"STALL_TIMEOUT is {limit} s" in outcomes[0].error


def test_three_silent_jobs_and_a_healthy_one():
    begin = time.monotonic()
    _, outcomes = run(["sleep:30"] * 3 + ["ok"], STALL_TIMEOUT=0.5, **FORK)
    assert time.monotonic() - begin < 20
    assert statuses(outcomes) == ["STALLED"] * 3 + ["OK"]


def test_a_frozen_worker_is_ended():
    _, outcomes = run(["freeze", "ok"], STALL_TIMEOUT=0.5, **FORK)
    assert statuses(outcomes) == ["STALLED", "OK"]


def test_a_job_in_process_that_catches_everything_meets_its_limit_again():
    begin = time.monotonic()
    _, outcomes = run(["stubborn", "ok"], JOB_TIMEOUT=0.3, **SERIAL)
    assert statuses(outcomes) == ["TIMEOUT", "OK"]
    assert time.monotonic() - begin < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL


def test_limits_of_time_in_a_thread_that_gets_no_signals():
    """Only where the job reports progress can it be stopped."""
    kept = []
    thread = threading.Thread(
        target=lambda: kept.extend(run(["beat:30", "ok"], JOB_TIMEOUT=0.3, **SERIAL)[1])
    )
    thread.start()
    thread.join(20)
    assert statuses(kept) == ["TIMEOUT", "OK"]


def test_an_alarm_of_the_user_is_left_alone():
    rung = []
    signal.signal(signal.SIGALRM, lambda *_: rung.append(True))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        _, outcomes = run(["sleep:0.8", "beat:1"], JOB_TIMEOUT=0.6, **SERIAL)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
    assert rung == [True]
    # The second one reports progress, and is stopped when it does.
    assert statuses(outcomes) == ["OK", "TIMEOUT"]


@POOLS
def test_a_worker_that_dies_costs_its_job_alone(how):
    _, outcomes = run(["kill", "ok", "exit:3", "ok", "exit:0", "beat:0.5"], **how)
    assert statuses(outcomes) == ["LOST", "OK", "LOST", "OK", "LOST", "OK"]
    assert "killed by SIGKILL, signal 9; out of memory?" in outcomes[0].error
    assert "exit code 3" in outcomes[2].error
    assert "exit code 0" in outcomes[4].error


@POOLS
def test_a_job_over_the_memory_limit_is_lost_and_no_other(how):
    # A forked worker has what this process has, which may have run thousands of tests.
    own = own_megabytes()
    fates = [f"allocate:{own + 600}", "beat:1", "ok"]
    _, outcomes = run(fates, MEMORY_LIMIT=f"{own + 300} MB", **how)
    assert statuses(outcomes) == ["LOST", "OK", "OK"]
    assert re.match(r"used \S+ .B, MEMORY_LIMIT is ", outcomes[0].error)
    assert outcomes[0].error.endswith(shown_bytes((own + 300) * 1e6))
    assert outcomes[0].duration < 30


def test_where_the_machine_runs_out_of_memory_the_largest_worker_goes(monkeypatch):
    """The machine is a made-up one, on which little is left as soon as a worker has grown.

    How large a worker is before says nothing: of what this process has mapped, a forked worker
    has only those pages that it touched.
    """
    total = 1_000_000_000
    smallest = {}

    def machine():
        sizes = {p.pid: p.memory_info().rss for p in psutil.Process().children()}
        for pid, size in sizes.items():
            smallest[pid] = min(size, smallest.get(pid, size))
        grown = max((size - smallest[pid] for pid, size in sizes.items()), default=0)
        return SimpleNamespace(total=total, available=10_000_000 if grown > 300e6 else total)

    monkeypatch.setattr(memory.psutil, "virtual_memory", machine)
    _, outcomes = run(["beat:2", "allocate:500", "ok"], **FORK)
    assert statuses(outcomes) == ["OK", "LOST", "OK"]
    assert "10 MB of 1 GB were available" in outcomes[1].error


def test_small_workers_are_spared_where_others_fill_the_machine(monkeypatch):
    machine = SimpleNamespace(total=10**14, available=0)
    monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: machine)
    _, outcomes = run(["beat:0.5"] * 3, **FORK)
    assert statuses(outcomes) == ["OK"] * 3


def test_what_a_job_started_ends_with_it(tmp_path):
    _, outcomes = run([f"with child:{tmp_path}/pid", "ok"], JOB_TIMEOUT=1, **FORK)
    assert statuses(outcomes) == ["TIMEOUT", "OK"]
    child = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 5
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@EVERYWHERE
def test_a_job_that_fails_once_succeeds_at_its_second_attempt(how, tmp_path):
    fates = [f"fail first:{tmp_path}/a", "ok", f"die first:{tmp_path}/b", "raise"]
    if how is SERIAL:
        fates[2] = f"fail first:{tmp_path}/b"
    orchestrator = campaign(fates, MAX_RETRIES=2, **how)
    events = []
    orchestrator.subscribe(events.append)
    orchestrator.run()
    assert orchestrator.counts == {Status.OK: 3, Status.FAILED: 1}
    story = {
        i: [
            (type(e), e.attempt)
            for e in events
            if isinstance(e, (JobStarted, JobRetried, JobEnded)) and e.job.number == i
        ]
        for i in range(4)
    }
    twice = [(JobStarted, 1), (JobRetried, 1), (JobStarted, 2), (JobEnded, 2)]
    assert story[0] == story[2] == twice
    assert story[1] == [(JobStarted, 1), (JobEnded, 1)]
    assert story[3][-2:] == [(JobStarted, 3), (JobEnded, 3)]
    assert orchestrator.snapshot().retries == 4
    assert [facts["attempts"] for facts in orchestrator.results.metadata] == [2, 1, 2]
    assert [facts["attempts"] for _, facts in orchestrator.results.failures] == [3]


def test_limits_and_cancellations_are_not_retried():
    _, outcomes = run(["sleep:9", "cancel", "ok"], MAX_RETRIES=3, JOB_TIMEOUT=0.3, **FORK)
    assert statuses(outcomes) == ["TIMEOUT", "CANCELLED", "OK"]
    assert [outcome.attempts for outcome in outcomes] == [1, 1, 1]


@EVERYWHERE
def test_after_too_many_failures_nothing_more_starts(how):
    orchestrator, outcomes = run(
        ["raise", "ok", "raise", *["sleep:0.3"] * 9], MAX_FAILURES=2, **how
    )
    counts = orchestrator.counts
    assert counts[Status.FAILED] == 2
    # What ran when the second failed came to its end.
    assert counts[Status.OK] == 1 if how is SERIAL else 1 <= counts[Status.OK] <= 6
    assert counts[Status.SKIPPED] == 12 - 2 - counts[Status.OK]
    assert outcomes[-1].error == "MAX_FAILURES: 2 jobs failed before it"
    assert outcomes[-1].attempts == 0


def test_failures_of_an_earlier_run_do_not_count_against_this_one():
    _, (failed, _) = run(["raise", "ok"], **SERIAL)
    again = campaign(["raise", "ok", "ok"], MAX_FAILURES=1, known={"job0": failed}, **SERIAL)
    again.run()
    assert again.counts == {Status.FAILED: 1, Status.OK: 2}


@EVERYWHERE
def test_a_job_may_cancel_itself(how):
    orchestrator, outcomes = run(["cancel", "ok"], **how)
    assert statuses(outcomes) == ["CANCELLED", "OK"]
    assert outcomes[0].error == "it makes no sense"
    assert orchestrator.snapshot().failed == 0


@settings(max_examples=12, deadline=None)
@given(
    fates=st.lists(
        st.sampled_from(["ok", "raise", "cancel", "kill", "exit:1", "sleep:20", "beat:0.1"]),
        max_size=7,
    ),
    retries=st.integers(0, 1),
    most=st.none() | st.integers(1, 3),
)
def test_planned_is_the_sum_over_statuses(fates, retries, most):
    orchestrator, outcomes = run(
        fates, MAX_RETRIES=retries, MAX_FAILURES=most, JOB_TIMEOUT=0.5, N_PROCESSES=3, **FORK
    )
    expected = {
        "ok": "OK", "raise": "FAILED", "cancel": "CANCELLED", "kill": "LOST", "exit:1": "LOST",
        "sleep:20": "TIMEOUT", "beat:0.1": "OK",
    }  # fmt: skip
    for one, outcome in zip(fates, outcomes, strict=True):
        if outcome.status is Status.SKIPPED:
            assert most is not None
        else:
            assert str(outcome.status) == expected[one]
    assert len(orchestrator.results) == orchestrator.n_success
    assert len(orchestrator.results.failures) == orchestrator.n_fail


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("JOB_TIMEOUT", 0),
        ("JOB_TIMEOUT", float("inf")),
        ("STALL_TIMEOUT", "2m"),
        ("MEMORY_LIMIT", "much"),
        ("MEMORY_LIMIT", -1),
        ("MEMORY_LIMIT", True),
        ("MAX_RETRIES", -1),
        ("MAX_FAILURES", 0),
    ],
)
def test_limits_that_are_none_are_refused(name, value):
    with pytest.raises(SettingsError, match=name):
        campaign(["ok"], **{name: value}, **SERIAL)


@pytest.mark.parametrize(
    ("given", "number"),
    [(4096, 4096), ("4 GB", 4 * 10**9), ("1.5GiB", 3 * 2**29), ("512 MiB", 2**29), (None, None)],
)
def test_memory_in_bytes_or_in_words(given, number):
    assert campaign(["ok"], MEMORY_LIMIT=given, **FORK).plan.limits.memory == number


def test_a_memory_limit_without_a_pool_is_warned_of():
    settings = {"PARALLEL_EXECUTION": False, "MEMORY_LIMIT": 1, **SERIAL}
    assert "MEMORY_LIMIT: ignored" in campaign(["ok"], **settings).plan.warnings[0]


def test_a_worker_that_was_killed_while_it_had_nothing_to_do_is_replaced():
    first, second = Fated(campaign([], **FORK).plan, ["ok", "ok"]).first()
    pool = PoolExecutor(1, "fork", None)
    try:
        for job in (first, second):
            pool.submit(job)
            ended = []
            while not ended:
                ended = pool.wait(5)
            assert [(job.id, outcome.status) for job, outcome in ended] == [(job.id, Status.OK)]
            (worker,) = multiprocessing.active_children()
            worker.kill()
            worker.join(5)
    finally:
        pool.close()
