"""Signals stop a campaign, and leave everything else as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from textwrap import dedent

import pytest

from icarus.orchestration import stopped_by_signals

STOPPING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


class Campaign:
    """Keeps what it was told."""

    def __init__(self):
        self.told = []

    def drain(self, signum=None):
        self.told.append(("drain", signum))

    def stop(self, signum=None):
        self.told.append(("stop", signum))


def send(*numbers, pause=0.1):
    for number in numbers:
        os.kill(os.getpid(), number)
        time.sleep(pause)


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("second", STOPPING)
def test_the_first_signal_drains_the_second_stops_and_no_other_counts(first, second):
    campaign = Campaign()
    before = [signal.getsignal(number) for number in STOPPING]
    with stopped_by_signals(campaign):
        send(first)
        assert campaign.told == [("drain", first)]
        send(second, *STOPPING)
    assert campaign.told == [("drain", first), ("stop", second)]
    assert [signal.getsignal(number) for number in STOPPING] == before


def test_a_hangup_stops_at_once():
    campaign = Campaign()
    with stopped_by_signals(campaign):
        send(signal.SIGHUP, *STOPPING)
    assert campaign.told == [("stop", signal.SIGHUP)]


def test_a_signal_that_is_sent_twice_in_one_go_counts_once():
    """As ``timeout`` does, to the process and to its group."""
    campaign = Campaign()
    with stopped_by_signals(campaign):
        send(signal.SIGTERM, signal.SIGTERM, pause=0)
    assert campaign.told == [("drain", signal.SIGTERM)]


def test_handlers_come_back_after_an_exception():
    before = [signal.getsignal(number) for number in STOPPING]
    with pytest.raises(ZeroDivisionError), stopped_by_signals(Campaign()):
        raise ZeroDivisionError
    assert [signal.getsignal(number) for number in STOPPING] == before


def test_what_is_ignored_stays_ignored():
    campaign = Campaign()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stopped_by_signals(campaign):
            os.kill(os.getpid(), signal.SIGHUP)
            assert campaign.told == []
            os.kill(os.getpid(), signal.SIGTERM)
        assert campaign.told == [("drain", signal.SIGTERM)]
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_leave_signals_alone():
    seen = []

    def enter():
        with stopped_by_signals(Campaign()):
            seen.append([signal.getsignal(number) for number in STOPPING])

    before = [signal.getsignal(number) for number in STOPPING]
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert seen == [before]


SCRIPT = """
    import sys, time
    from pathlib import Path

    from icarus.models.strategy import LeaveCopyEverywhere
    from icarus.orchestration import JobEnded, JobStarted, Orchestrator, stopped_by_signals
    from icarus.registry import register_strategy
    from icarus.util import Settings, Tree

    release = Path(sys.argv[2])


    @register_strategy("ENDLESS")
    class Endless(LeaveCopyEverywhere):
        def process_event(self, **event):
            while not release.exists():
                time.sleep(0.002)


    def experiment(strategy, n_contents):
        return Tree(
            topology={"name": "PATH", "n": 4},
            workload={
                "name": "STATIONARY", "n_contents": n_contents, "alpha": 0.8, "n_warmup": 0,
                "n_measured": 600,
            },
            content_placement={"name": "UNIFORM"},
            strategy={"name": strategy},
            cache_policy={"name": "LRU"},
        )


    settings = Settings()
    settings.EXPERIMENT_QUEUE = [
        experiment(name, 20 + i) for i, name in enumerate(["LCE", "ENDLESS", "ENDLESS", "LCE"])
    ]
    settings.DATA_COLLECTORS = ["LATENCY"]
    settings.PARALLEL_EXECUTION = sys.argv[1] == "pool"
    settings.N_PROCESSES = 2
    settings.START_METHOD = "fork"
    orchestrator = Orchestrator(settings)
    # Two processes take one endless job each, and one process the first of them.
    awaited = {"0 ended", "1 started"} | ({"2 started"} if sys.argv[1] == "pool" else set())


    def note(event):
        if isinstance(event, (JobStarted, JobEnded)) and awaited:
            happened = "ended" if isinstance(event, JobEnded) else "started"
            awaited.discard(f"{event.job.number} {happened}")
            if not awaited:
                print("only endless jobs run", flush=True)


    orchestrator.subscribe(note)
    with stopped_by_signals(orchestrator):
        orchestrator.run()
    print(orchestrator.stopped_by, sorted(orchestrator.counts.items()), len(orchestrator.results))
"""


def run_script(project, executor, release, *signals, then_release=False):
    """Send signals, each with the seconds to wait before; return what the campaign printed."""
    process = subprocess.Popen(
        [sys.executable, "-c", dedent(SCRIPT), executor, str(release)],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout.readline() == "only endless jobs run\n"
        for wait, signum in signals:
            time.sleep(wait)
            process.send_signal(signum)
        # A pool's parent says at once what it waits for, a process that is alone afterwards.
        said = process.stderr.readline() if then_release and executor == "pool" else ""
        if then_release:
            release.touch()
        output, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0
    return output.strip(), said + errors


def counts(signum, interrupted, ok):
    return (
        f"{signum} [(<Status.INTERRUPTED: 'INTERRUPTED'>, {interrupted}), "
        f"(<Status.OK: 'OK'>, {ok})] {ok}"
    )


@pytest.mark.parametrize(("executor", "ok"), [("serial", 2), ("pool", 3)])
@pytest.mark.parametrize("signum", [2, 15])
def test_a_signal_has_what_runs_finished(executor, ok, signum, project, tmp_path):
    release = tmp_path / "release"
    output, errors = run_script(project, executor, release, (0.2, signum), then_release=True)
    assert output == counts(signum, 4 - ok, ok)
    name = signal.Signals(signum).name
    assert f"{name}: starting nothing more; {ok - 1} running, to be finished" in errors


@pytest.mark.parametrize("executor", ["serial", "pool"])
@pytest.mark.parametrize("signals", [[(0.2, 2), (0.3, 2)], [(0.2, 15), (0.3, 2)], [(0.2, 1)]])
def test_a_second_signal_or_a_hangup_stops_at_once_with_what_there_is(
    executor, signals, project, tmp_path
):
    output, _ = run_script(project, executor, tmp_path / "never", *signals)
    assert output == counts(signals[-1][1], 3, 1)
