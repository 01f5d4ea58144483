"""Signals: what is finished is saved, the exit code is 128 + n, nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from icarus.results import read_results_pickle

ENDLESS = """
LENGTH = 10**9
EXPERIMENT_QUEUE[1]["workload"]["n_measured"] = LENGTH
EXPERIMENT_QUEUE[2]["workload"]["n_measured"] = LENGTH
N_REPLICATIONS = 1
N_PROCESSES = 2
"""

REQUESTS_OF_SECONDS = 10_000_000
"""Requests that keep the compiled engine busy for a few seconds."""


def members(session: int) -> list[str]:
    """Return the command lines of the processes of a session, zombies left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if int(stat[3]) == session and stat[0] != "Z":
                found.append(line)
    return found


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def endless(cli, small):
    cli.write("endless.py", small.read_text() + ENDLESS)
    started: list[subprocess.Popen[str]] = []

    def start(*options: str, length: int = 10**9) -> subprocess.Popen[str]:
        log = cli.folder / "run.log"
        process = cli.start("run", "endless.py", "-r", "out.pickle", "-v",
                            "--log-file", "run.log", "-c", f"LENGTH={length}",
                            *options)  # fmt: skip
        started.append(process)
        wait_until(lambda: log.exists() and ": OK in " in log.read_text())
        time.sleep(0.5)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


WAYS = {
    "in-process": ("-c", "PARALLEL_EXECUTION=False"),
    "pool": ("-c", "PARALLEL_EXECUTION=True"),
    "pool-spawn": ("-c", "PARALLEL_EXECUTION=True", "-c", "START_METHOD=spawn"),
}


def check_what_is_saved(cli, process, number, output, errors):
    assert process.returncode == 128 + number, errors
    assert "INTERRUPTED" in output
    assert "Traceback" not in errors
    wait_until(lambda: not members(process.pid), 5)
    results = read_results_pickle(cli.folder / "out.pickle")
    assert len(results) >= 1
    assert len(results) + len(results.failures) == 4
    assert {facts["status"] for _, facts in results.failures} == {"INTERRUPTED"}
    return results


def each_way_once(signals):
    """Pair signals and ways so that each is seen; the other pairs are exhaustive."""
    return pytest.mark.parametrize(
        ("options", "sent"),
        [
            pytest.param(
                *(options, sent),
                id=f"{way}-{name}",
                marks=[] if i == j % len(signals) else pytest.mark.exhaustive,
            )
            for j, (way, options) in enumerate(WAYS.items())
            for i, (name, sent) in enumerate(signals.items())
        ],
    )


@each_way_once(
    {
        "twice SIGTERM": [signal.SIGTERM] * 2,
        "twice Ctrl-C": [signal.SIGINT] * 2,
        "SIGHUP": [signal.SIGHUP],
    }
)
def test_signals_that_stop_at_once_save_what_is_finished(cli, endless, options, sent):
    process = endless(*options)
    begin = time.monotonic()
    for number in sent:
        # To the whole group, as a terminal does with Ctrl-C.
        os.killpg(process.pid, number)
        time.sleep(0.3)
    output, errors = process.communicate(timeout=20)
    # A second on an idle machine; the machines of continuous integration are not idle.
    assert time.monotonic() - begin < 4
    check_what_is_saved(cli, process, sent[-1], output, errors)


@each_way_once({"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM})
def test_one_signal_has_what_runs_finished(cli, endless, options, sent):
    process = endless(*options, length=REQUESTS_OF_SECONDS)
    os.killpg(process.pid, sent)
    output, errors = process.communicate(timeout=60)
    results = check_what_is_saved(cli, process, sent, output, errors)
    assert "starting nothing more" in errors
    # One that was over, and one or two that ran: the in-process run has not begun the last.
    assert len(results) >= 2


def test_a_signal_that_is_ignored_stays_ignored(cli, small):
    """As under nohup, which has a process ignore SIGHUP."""
    cli.write("longer.py", small.read_text().replace("N_REQUESTS = 300", "N_REQUESTS = 60000"))
    process = subprocess.Popen(
        ["nohup", *cli.command("run", "longer.py", "-r", "out.pickle", "--log-file", "run.log")],
        cwd=cli.folder,
        env=cli.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    log = cli.folder / "run.log"
    wait_until(lambda: log.exists() and "jobs on" in log.read_text())
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=100)
    assert process.returncode == 0
    assert len(read_results_pickle(cli.folder / "out.pickle")) == 8
