"""Signals at random moments: the campaign ends, every job has a status, no process is left.

A hundred rounds run with ``-m exhaustive``, ten in every run of the suite.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from contextlib import suppress

import psutil
import pytest

from icarus.results import read_results_pickle

SETTINGS = """
import time

from icarus.models import LeaveCopyEverywhere
from icarus.registry import register_strategy
from icarus.util import Tree


@register_strategy("UNHURRIED")
class Unhurried(LeaveCopyEverywhere):
    def process_event(self, **event):
        time.sleep(0.002)
        super().process_event(**event)


EXPERIMENT_QUEUE = [
    Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY", "n_contents": 20, "alpha": 0.8, "n_warmup": 0, "n_measured": 30,
        },
        content_placement={"name": "UNIFORM"},
        strategy={"name": "UNHURRIED"},
        cache_policy={"name": "LRU"},
    )
]
N_REPLICATIONS = 40
DATA_COLLECTORS = ["LATENCY"]
PARALLEL_EXECUTION = True
N_PROCESSES = 3
MAX_RETRIES = 1
"""

WALKS = """
import time

from icarus import stages as s


def work(state, option, ctx):
    time.sleep(0.02)
    state.append((option, *ctx.messages.values()))


def switch(option, ctx):
    time.sleep(0.02)
    return option


def begin(ctx):
    return []


EXPERIMENT_QUEUE = s.walks(
    *(s.stage(work, [1, 2]), s.barrier(switch, [3, 4]), s.stage(work, [5, 6], name="more")),
    *(s.barrier(switch, [7], name="again"), s.stage(work, [8], name="last")),
    start=begin,
)
N_REPLICATIONS = 5
PARALLEL_EXECUTION = True
N_PROCESSES = 3
MAX_RETRIES = 1
"""
"""Walks with states and barriers."""

STOPS = {
    "SIGTERM": [signal.SIGTERM],
    "SIGINT": [signal.SIGINT],
    "SIGHUP": [signal.SIGHUP],
    "SIGTERM twice": [signal.SIGTERM, signal.SIGTERM],
    "SIGINT twice": [signal.SIGINT, signal.SIGINT],
}


def members(session):
    """Return the processes of a session, zombies left out."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == session and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def workers_of(pid):
    try:
        return psutil.Process(pid).children()
    except psutil.Error:
        return []


def wait_for_the_start_of(cli):
    log = cli.folder / "run.log"
    deadline = time.monotonic() + 30
    while not (log.exists() and "jobs on" in log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return log


def wait_for_the_end_of(session):
    deadline = time.monotonic() + 5
    while members(session):
        assert time.monotonic() < deadline, f"{members(session)} are left"
        time.sleep(0.02)


def disturb(draw, process):
    """Kill some workers and perhaps stop the campaign; return the signals that were to stop it."""
    for _ in range(draw.randrange(4)):
        time.sleep(draw.uniform(0, 0.3))
        workers = workers_of(process.pid)
        if workers:
            with suppress(psutil.Error):
                draw.choice(workers).send_signal(signal.SIGKILL)
    what = draw.choice([*STOPS, "nothing"])
    sent = []
    for number in STOPS.get(what, []):
        time.sleep(draw.uniform(0.06, 0.4))
        # A program that is about to leave has its handlers taken down already.
        if process.poll() is None and workers_of(process.pid):
            with suppress(ProcessLookupError):
                draw.choice([os.kill, os.killpg])(process.pid, number)
                sent.append(number)
    return sent


@pytest.mark.parametrize(
    "number",
    [
        *range(10),
        *(pytest.param(number, marks=pytest.mark.exhaustive) for number in range(10, 110)),
    ],
)
def test_signals_at_random_moments(cli, number):
    draw = random.Random(number)
    cli.write("short.py", WALKS if number % 2 else SETTINGS)
    process = cli.start("run", "short.py", "-r", "out.pickle", "--log-file", "run.log",
                        "-c", "START_METHOD=fork")  # fmt: skip
    log = wait_for_the_start_of(cli)
    try:
        sent = disturb(draw, process)
        output, errors = process.communicate(timeout=60)
        wait_for_the_end_of(process.pid)
    except subprocess.TimeoutExpired:
        pytest.fail(f"it did not end; {members(process.pid)} are left; {log.read_text()}")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    assert "Traceback" not in errors
    results = read_results_pickle(cli.folder / "out.pickle")
    statuses = [facts["status"] for _, facts in results.failures]
    assert len(results) + len(statuses) == 40, output
    assert set(statuses) <= {"LOST", "INTERRUPTED"}
    if sent:
        assert process.returncode in {128 + one for one in sent}
    else:
        assert "INTERRUPTED" not in statuses
        assert process.returncode == (1 if statuses else 0)


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_workers_end_when_the_campaign_is_killed(cli, method):
    cli.write("short.py", SETTINGS)
    process = cli.start("run", "short.py", "-r", "out.pickle", "--log-file", "run.log",
                        "-c", f"START_METHOD={method}")  # fmt: skip
    wait_for_the_start_of(cli)
    deadline = time.monotonic() + 30
    # Each worker leads a session of its own.
    while len(started := psutil.Process(process.pid).children(recursive=True)) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    try:
        process.kill()
        process.communicate(timeout=60)
        _, alive = psutil.wait_procs(started, timeout=60)
        assert not alive
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
