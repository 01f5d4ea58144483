"""Signals stop a campaign, and leave everything else as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from textwrap import dedent

import pytest

from icarus.orchestration import stopped_by_signals

STOPPING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


class Campaign:
    """Keeps what it was told."""

    def __init__(self):
        self.signals = []

    def stop(self, signum=None):
        self.signals.append(signum)


@pytest.mark.parametrize("signum", STOPPING)
def test_a_signal_stops_the_campaign_once(signum):
    campaign = Campaign()
    before = [signal.getsignal(number) for number in STOPPING]
    with stopped_by_signals(campaign):
        os.kill(os.getpid(), signum)
        for other in STOPPING:
            os.kill(os.getpid(), other)
    assert campaign.signals == [signum]
    assert [signal.getsignal(number) for number in STOPPING] == before


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
            assert campaign.signals == []
            os.kill(os.getpid(), signal.SIGTERM)
        assert campaign.signals == [signal.SIGTERM]
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
    from icarus.models.strategy import LeaveCopyEverywhere
    from icarus.orchestration import JobEnded, Orchestrator, Progress, stopped_by_signals
    from icarus.registry import register_strategy
    from icarus.util import Settings, Tree


    @register_strategy("ENDLESS")
    class Endless(LeaveCopyEverywhere):
        def process_event(self, **event):
            time.sleep(0.01)


    def experiment(strategy):
        return Tree(
            topology={"name": "PATH", "n": 4},
            workload={
                "name": "STATIONARY", "n_contents": 20, "alpha": 0.8, "n_warmup": 0,
                "n_measured": 6000,
            },
            content_placement={"name": "UNIFORM"},
            strategy={"name": strategy},
            cache_policy={"name": "LRU"},
        )


    settings = Settings()
    settings.EXPERIMENT_QUEUE = [experiment(name) for name in ["LCE", "ENDLESS", "ENDLESS", "LCE"]]
    settings.DATA_COLLECTORS = ["LATENCY"]
    settings.PARALLEL_EXECUTION = sys.argv[1] == "pool"
    settings.N_PROCESSES = 2
    settings.START_METHOD = "fork"
    orchestrator = Orchestrator(settings)
    started = False


    def note(event):
        if isinstance(event, JobEnded) and event.job.number == 0:
            print("first job ended", flush=True)


    orchestrator.subscribe(note)
    with stopped_by_signals(orchestrator):
        orchestrator.run()
    print(orchestrator.stopped_by, sorted(orchestrator.counts.items()), len(orchestrator.results))
"""


@pytest.mark.parametrize(("executor", "signum"), [("serial", 2), ("pool", 15)])
def test_a_running_campaign_stops_at_once_with_what_it_has(executor, signum, project):
    process = subprocess.Popen(
        [sys.executable, "-c", dedent(SCRIPT), executor],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout.readline() == "first job ended\n"
        process.send_signal(signum)
        output, errors = process.communicate(timeout=20)
    finally:
        process.kill()
    assert errors == ""
    assert process.returncode == 0
    words = f"{signum} [(<Status.INTERRUPTED: 'INTERRUPTED'>, 3), (<Status.OK: 'OK'>, 1)] 1"
    assert output.strip() == words
