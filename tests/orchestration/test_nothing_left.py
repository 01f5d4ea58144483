"""Law: no process that a job has started outlives its job, its worker or its campaign.

Whatever it is, child, grandchild or daemon, and however job, worker and campaign end, SIGKILL
included. Real processes, and the system's own list of them.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from calls import job_that_calls

from icarus.core import system
from icarus.core.marks import Mark, bearers
from icarus.orchestration import Status
from icarus.orchestration.executors import PoolExecutor, SerialExecutor
from icarus.planning.limits import Limits

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="what Linux offers")

SLEEP = ["/bin/sleep", "300"]


def note(folder, pid):
    with (Path(folder) / "pids").open("a") as file:
        print(pid, file=file, flush=True)


def daemon(folder, *, execute):
    """Become what no parent, session, group or environment tells of."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    os.setsid()
    note(folder, os.getpid())
    if execute:
        os.execve(SLEEP[0], SLEEP, {})
    time.sleep(300)
    os._exit(0)


STARTED = 6


def start_everything(folder):
    for options in ({}, {"start_new_session": True, "env": {}}):
        started = subprocess.Popen(SLEEP, **options)
        note(folder, started.pid)
        # Nobody waits for it, which Python would complain of.
        started.returncode = 0
    # A child that has one of its own, and ends.
    out = subprocess.run(
        ["sh", "-c", "sleep 300 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True
    ).stdout
    note(folder, int(out))
    daemon(folder, execute=True)
    daemon(folder, execute=False)
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(300,))
    process.start()
    note(folder, process.pid)


def task(argument, heartbeat):
    what, folder = argument
    start_everything(folder)
    processes(folder)
    heartbeat(1)
    match what:
        case "ends":
            return 1
        case "raises":
            raise RuntimeError("on purpose")
        case "exits":
            os._exit(3)
        case "stops":
            (Path(folder) / "stops").touch()
            os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(300)
    return None


def processes(folder, seconds=20):
    """Return what a job has started, once it is all there."""
    return until(lambda: _processes(folder), seconds)


def _processes(folder):
    path = Path(folder) / "pids"
    pids = path.read_text().split() if path.exists() else []
    if len(pids) < STARTED:
        return None
    with contextlib.suppress(psutil.NoSuchProcess):
        return [psutil.Process(int(pid)) for pid in pids]
    return None


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return found


def is_alive(one):
    with contextlib.suppress(psutil.NoSuchProcess):
        return one.is_running() and one.status() != psutil.STATUS_ZOMBIE
    # It ended between the two questions.
    return False


def alive(family):
    return [one for one in family if is_alive(one)]


def gone_by_itself(family, seconds=30):
    """Wait until nothing of a family is left; nobody is known who would tell of it."""
    deadline = time.monotonic() + seconds
    while left := alive(family):
        assert time.monotonic() < deadline, f"left over: {left}"
        time.sleep(0.01)


def ended(executor, seconds=120):
    return until(lambda: executor.wait(0.05), seconds)[0][1]


def executor_of(kind):
    return SerialExecutor(lambda: None) if kind == "serial" else PoolExecutor(1, kind, None)


@pytest.mark.parametrize(
    ("kind", "what"),
    [("serial", "ends"), ("serial", "raises"), ("fork", "ends"), ("forkserver", "raises")],
)
def test_a_job_that_ends_leaves_nothing(kind, what, tmp_path):
    adopting = system.adopt_orphans(False)
    system.adopt_orphans(adopting)
    executor = executor_of(kind)
    for number in range(2):
        # The second job finds its process as the first has.
        folder = tmp_path / str(number)
        folder.mkdir()
        executor.submit(job_that_calls(task, (what, str(folder))))
        outcome = ended(executor)
        assert outcome.status is (Status.OK if what == "ends" else Status.FAILED)
        pids = [int(pid) for pid in (folder / "pids").read_text().split()]
        assert len(pids) == STARTED
        # At once, and not some time later.
        assert not [pid for pid in pids if psutil.pid_exists(pid)]
    executor.close()
    assert system.adopt_orphans(adopting) == adopting


@pytest.mark.parametrize(
    ("method", "how"),
    [("fork", "timeout"), ("fork", "exit"), ("fork", "kill"), ("forkserver", "kill")],
)
def test_a_worker_that_dies_leaves_nothing(method, how, tmp_path):
    limits = Limits(job_timeout=3.0 if how == "timeout" else None)
    pool = PoolExecutor(1, method, None, limits)
    try:
        what = "exits" if how == "exit" else "sleeps"
        pool.submit(job_that_calls(task, (what, str(tmp_path))))
        if how == "kill":
            until(lambda: (pool.wait(0.01), pool.running())[1])
            family = processes(tmp_path)
            # Before anybody has had a look at what it has started.
            os.kill(pool._workers[0].process.pid, signal.SIGKILL)
        outcome = ended(pool)
        assert outcome.status is (Status.TIMEOUT if how == "timeout" else Status.LOST)
        pids = (tmp_path / "pids").read_text().split()
        assert len(pids) == STARTED
        assert not [pid for pid in pids if psutil.pid_exists(int(pid))]
        if how == "kill":
            assert not alive(family)
    finally:
        pool.close()


def campaign(kind, what, folder):
    """Run a campaign until it is killed."""
    executor = executor_of(kind)
    executor.submit(job_that_calls(task, (what, folder)))
    while True:
        executor.wait(0.05)


def started_campaign(kind, what, folder):
    """Start a campaign; return it, its own processes and those that its job has started."""
    known = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    own = subprocess.Popen([sys.executable, __file__, kind, what, str(folder)], env=known)
    family = processes(folder, seconds=60)
    if what == "stops":
        until((folder / "stops").exists)
    return own, psutil.Process(own.pid).children(recursive=True), family


def guardian_of(own):
    (guardian,) = [one for one in own if any("marks.py" in part for part in one.cmdline())]
    return guardian


@pytest.mark.parametrize(
    ("kind", "what"),
    [("serial", "sleeps"), ("fork", "sleeps"), ("fork", "stops"), ("forkserver", "stops")],
)
def test_a_campaign_that_is_killed_leaves_nothing(kind, what, tmp_path):
    """Also where its worker stands still, and could do nothing about it."""
    killed, own, family = started_campaign(kind, what, tmp_path)
    killed.kill()
    killed.wait()
    gone_by_itself(own + family)


def test_workers_see_to_it_where_the_guardian_was_killed_before(tmp_path):
    killed, own, family = started_campaign("fork", "sleeps", tmp_path)
    guardian_of(own).kill()
    killed.kill()
    killed.wait()
    gone_by_itself(own + family)


def test_both_campaign_and_worker_are_killed(tmp_path):
    killed, own, family = started_campaign("fork", "sleeps", tmp_path)
    (worker,) = {*psutil.Process(killed.pid).children()} - {guardian_of(own)}
    # So that it does not see the end of its worker.
    os.kill(killed.pid, signal.SIGSTOP)
    worker.kill()
    killed.kill()
    killed.wait()
    gone_by_itself(own + family)


@pytest.mark.parametrize("kind", ["serial", "pool"])
def test_what_is_not_of_a_job_is_left_alone(kind, tmp_path):
    """Processes of the program itself, of hooks, and of whoever listens to progress."""
    started = []

    def tick():
        if not started:
            started.append(subprocess.Popen(SLEEP))

    own = subprocess.Popen(SLEEP, start_new_session=True)
    executor = SerialExecutor(tick) if kind == "serial" else PoolExecutor(1, "fork", None)
    if kind == "pool":
        tick()
    try:
        executor.submit(job_that_calls(task, ("ends", str(tmp_path))))
        assert ended(executor).status is Status.OK
        executor.close()
        assert own.poll() is None
        assert started[0].poll() is None
    finally:
        for one in (own, *started):
            one.kill()
            one.wait()


def with_multiprocessing(method, heartbeat):
    context = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    context.Process(target=queue.put, args=(7,)).start()
    got = queue.get()
    context.Process(target=time.sleep, args=(300,)).start()
    return got


# Not where another test has left a fork server, whose processes are none of the job's.
@pytest.mark.parametrize(("kind", "method"), [("serial", "spawn"), ("spawn", "forkserver")])
def test_multiprocessing_works_in_one_job_after_another(kind, method):
    executor = executor_of(kind)
    for _ in range(2):
        executor.submit(job_that_calls(with_multiprocessing, method))
        outcome = ended(executor)
        assert outcome.status is Status.OK, outcome.traceback
        assert outcome.value.results["CALL"]["VALUE"] == 7
        assert not outcome.output
    assert kind == "spawn" or not multiprocessing.active_children()
    executor.close()


def test_a_mark_goes_wherever_processes_go():
    mark = Mark.new()
    with mark.borne():
        process = subprocess.Popen(["setsid", "env", "-i", *SLEEP])
    try:
        until(lambda: psutil.Process(process.pid).name() == "sleep")
        assert bearers(mark) == [process.pid]
        assert bearers(Mark.new()) == []
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    campaign(*sys.argv[1:])
