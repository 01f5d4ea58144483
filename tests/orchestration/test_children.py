"""Jobs that start processes, fork, or are killed in the middle of a message."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from calls import job_that_calls, value_of

from icarus.orchestration import Status
from icarus.orchestration.executors import PoolExecutor, SerialExecutor
from icarus.orchestration.link import Link, packed, unpacked


def note(folder, pid):
    with (Path(folder) / "pids").open("a") as file:
        print(pid, file=file, flush=True)


def sleep_on(folder):
    note(folder, os.getpid())
    time.sleep(300)
    os._exit(0)


def with_descendants(folder):
    """Fork a child that forks another, and start two programs, one in a session of its own."""
    if not os.fork():
        if not os.fork():
            sleep_on(folder)
        sleep_on(folder)
    for alone in (False, True):
        note(folder, subprocess.Popen(["sleep", "300"], start_new_session=alone).pid)
    multiprocessing.get_context("fork").Process(target=sleep_on, args=(folder,)).start()
    note(folder, os.getpid())
    time.sleep(300)


def killed_in_a_message(folder):
    """Have a child hold the pipe, and be killed before a large result is sent in full."""
    if not os.fork():
        sleep_on(folder)
    parent = os.getpid()
    threading.Thread(
        target=lambda: (time.sleep(0.3), os.kill(parent, signal.SIGSTOP)), daemon=True
    ).start()
    note(folder, parent)
    return np.zeros(400_000_000, np.uint8)


def task(argument, heartbeat):
    match argument.what:
        case "descendants":
            with_descendants(argument.folder)
        case "large":
            return killed_in_a_message(argument.folder)
        case "forks":
            os.fork()
            return os.getpid()
        case "forks and raises":
            if not os.fork():
                raise RuntimeError("in the child")
            os.wait()
        case "closes everything":
            os.closerange(3, 256)
            time.sleep(60)
        case "array":
            return {"array": np.arange(1_000_000), "small": np.arange(3)}
    return argument.what


def job(what, folder="", number=0, **more):
    argument = SimpleNamespace(what=what, folder=str(folder), **more)
    return job_that_calls(task, argument, number, what)


@pytest.fixture
def pool():
    made = PoolExecutor(2, "fork", None)
    yield made
    made.close()


def ended(pool, n=1, seconds=60):
    found = []
    deadline = time.monotonic() + seconds
    while len(found) < n and time.monotonic() < deadline:
        found += pool.wait(0.2)
    return [outcome for _, outcome in found]


def pids(folder, n, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        path = Path(folder) / "pids"
        if path.exists() and len(found := path.read_text().split()) == n:
            # On an idle machine one that ends at once may be gone by now.
            return [psutil.Process(int(pid)) for pid in found if psutil.pid_exists(int(pid))]
        time.sleep(0.05)
    raise AssertionError("not all have started")


def until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def require_gone(processes):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        alive = [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        if not alive:
            return
        time.sleep(0.05)
    raise AssertionError(f"left over: {alive}")


def test_the_death_of_a_worker_is_seen_while_its_children_live(pool, tmp_path):
    pool.submit(job("descendants", tmp_path))
    family = pids(tmp_path, 6)
    assert ended(pool, seconds=1) == []
    began = time.monotonic()
    (worker,) = multiprocessing.active_children()
    worker.kill()
    (outcome,) = ended(pool)
    assert time.monotonic() - began < 10
    assert outcome.status is Status.LOST
    assert "killed by SIGKILL" in outcome.error
    require_gone(family)


def test_a_worker_that_is_killed_in_the_middle_of_a_message_while_a_child_has_its_pipe(
    pool, tmp_path
):
    pool.submit(job("large", tmp_path))
    pool.submit(job("array"))
    family = pids(tmp_path, 2)
    worker = next(p for p in multiprocessing.active_children() if p.pid in {f.pid for f in family})
    # Nobody reads until then, so that no more of the message is sent than the pipe holds.
    until(lambda: psutil.Process(worker.pid).status() == psutil.STATUS_STOPPED)
    # The other one is served while this one stands still.
    (outcome,) = ended(pool)
    assert outcome.status is Status.OK
    worker.kill()
    (outcome,) = ended(pool)
    assert outcome.status is Status.LOST
    require_gone(family)


@pytest.mark.parametrize("what", ["forks", "forks and raises"])
@pytest.mark.parametrize("executor", ["serial", "pool"])
def test_a_job_that_forks_has_one_outcome(what, executor, pool):
    where = pool if executor == "pool" else SerialExecutor(lambda: None)
    own = os.getpid()
    where.submit(job(what))
    (outcome,) = ended(where)
    assert os.getpid() == own
    assert outcome.status is Status.OK
    where.submit(job("next"))
    (outcome,) = ended(where)
    assert value_of(outcome) == "next"


def test_a_job_that_closes_what_it_did_not_open(pool):
    pool.submit(job("closes everything"))
    (outcome,) = ended(pool)
    assert outcome.status is Status.LOST
    assert outcome.error == "its worker closed the connection to the campaign"
    pool.submit(job("next"))
    assert value_of(ended(pool)[0]) == "next"


def test_what_a_job_has_started_ends_with_the_campaign(tmp_path):
    pool = PoolExecutor(1, "fork", None)
    pool.submit(job("descendants", tmp_path))
    family = pids(tmp_path, 6)
    pool.close()
    require_gone(family)


def test_what_a_job_has_started_ends_when_the_campaign_is_killed(tmp_path):
    def campaign():
        pool = PoolExecutor(2, "fork", None)
        # Later workers and their children hold pipes of earlier ones.
        pool.submit(job("descendants", tmp_path))
        pool.submit(job("descendants", tmp_path))
        time.sleep(300)

    parent = multiprocessing.get_context("fork").Process(target=campaign)
    parent.start()
    family = pids(tmp_path, 12)
    parent.kill()
    parent.join()
    require_gone(family)


def test_arrays_arrive_as_they_were_and_can_be_written(pool):
    pool.submit(job("array"))
    (outcome,) = ended(pool)
    value = value_of(outcome)
    assert (value["array"] == np.arange(1_000_000)).all()
    value["array"][0] = 7
    assert value["small"].tolist() == [0, 1, 2]


def test_messages_come_in_pieces_and_in_order():
    ours, theirs = multiprocessing.Pipe()
    sender, receiver = Link(ours, waits=False), Link(theirs, waits=False)
    values = [
        b"",
        "text",
        np.arange(300_000),
        {"a": np.zeros((0, 3))},
        np.asfortranarray(np.eye(300)),
    ]
    for value in values:
        sender.send(packed(value))
    assert sender.unsent
    got = []
    while len(got) < len(values):
        got += map(unpacked, receiver.received())
        sender.send_on()
    assert got[:2] == values[:2]
    assert np.array_equal(got[2], values[2])
    assert np.array_equal(got[4], values[4])
    assert got[4].flags.f_contiguous
    sender.close()
    with pytest.raises(EOFError):
        receiver.received()
    receiver.close()


def test_a_job_is_handed_to_a_worker_that_stands_still_without_waiting(pool):
    pool.submit(job("next"))
    assert len(ended(pool)) == 1
    (worker,) = multiprocessing.active_children()
    os.kill(worker.pid, signal.SIGSTOP)
    large = job("next", more=b"x" * 5_000_000)
    began = time.monotonic()
    pool.submit(large)
    assert time.monotonic() - began < 10
    os.kill(worker.pid, signal.SIGCONT)
    assert value_of(ended(pool)[0]) == "next"
