"""Campaigns on a dask cluster: a real scheduler and real workers, of which some are killed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from clusters import Cluster

import icarus
from icarus.errors import ClusterError
from icarus.orchestration.executors import dask as on_dask
from icarus.results import read_results_pickle

pytest.importorskip("distributed", reason="needs the package distributed, of the extra [dask]")

SETTINGS = """
import os
from time import sleep

from icarus.models.strategy import LeaveCopyEverywhere
from icarus.registry import register_strategy
from icarus.util import Tree

PACE = 0.0
N_EXPERIMENTS = 3
N_REPLICATIONS = 4
N_MEASURED = 90
FATE = ""
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY"]


@register_strategy("PACED")
class Paced(LeaveCopyEverywhere):
    \"\"\"LCE that takes some time, or comes to the end that settings choose.\"\"\"

    def __init__(self, view, controller, pace=0.0, fate=""):
        super().__init__(view, controller)
        self.pace = pace
        with open("begun.txt", "a") as begun:
            print(os.getpid(), file=begun, flush=True)
        if fate == "raise":
            raise RuntimeError("broken on purpose")
        if fate == "die":
            os._exit(9)

    def process_event(self, time, receiver, content, log):
        sleep(self.pace)
        super().process_event(time, receiver, content, log)


EXPERIMENT_QUEUE = [
    Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 50,
            "alpha": 0.5 + i / 10,
            "n_warmup": 10,
            "n_measured": N_MEASURED,
        },
        content_placement={"name": "UNIFORM"},
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        strategy={"name": "PACED", "pace": PACE, "fate": FATE},
        cache_policy={"name": "LRU"},
    )
    for i in range(N_EXPERIMENTS)
]
"""


@pytest.fixture
def cluster(cli, request, monkeypatch):
    """A cluster without workers, in the folder of the command line."""
    for name, value in getattr(request, "param", {}).items():
        monkeypatch.setenv(name, value)
    running = Cluster(cli.folder)
    yield running
    running.close()


@pytest.fixture
def module(cli):
    return cli.write("paced.py", SETTINGS)


def content_of(path):
    """All that must be the same wherever a campaign runs."""
    results = read_results_pickle(path)
    keys = ("job", "experiment", "replication", "seed", "status", "attempts")
    return [
        (params, tree, {key: facts[key] for key in keys})
        for (params, tree), facts in zip(results, results.metadata, strict=True)
    ]


def locally(cli, module, *options):
    done = cli("run", module, "-r", "local.pickle", "--executor", "serial", *options)
    assert done.returncode == 0, done.stderr
    return content_of(cli.folder / "local.pickle")


def begun(cli):
    path = cli.folder / "begun.txt"
    return path.read_text().split() if path.exists() else []


def until(condition, seconds=60):
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to pass")


WAITING = """
import signal, time
from icarus.core.bounded_calls import within

signal.signal(signal.SIGALRM, lambda number, frame: time.sleep(0.003))
signal.setitimer(signal.ITIMER_REAL, 0.0071, 0.0071)
for _ in range(100):
    try:
        within(0.005, lambda: time.sleep(60), "call")
    except TimeoutError:
        pass
print("in time")
"""


def test_calls_end_in_time_whenever_signals_come():
    """``queue.SimpleQueue.get`` waits for ever if its time is over when a handler returns."""
    done = subprocess.run(
        [sys.executable, "-c", WAITING], capture_output=True, text=True, timeout=40, check=False
    )
    assert done.stdout == "in time\n", done.stderr


def test_the_same_results_as_on_this_machine(cli, cluster, module):
    for _ in range(2):
        cluster.add_worker()
    done = cli("run", module, "-r", "far.pickle", "--executor", cluster.address)
    assert done.returncode == 0, done.stderr
    workers = set(begun(cli))
    assert len(begun(cli)) == 12
    assert len(workers) == 2
    assert content_of(cli.folder / "far.pickle") == locally(cli, module)
    # The same workers, another module: what it defines takes the place of what they knew.
    text = SETTINGS.replace('"PACED"', '"OTHER"').replace("= 90", "= 70")
    other = cli.write("other.py", text.replace("class Paced", "class Other"))
    until_precise = ("-c", "REPLICATIONS={'min': 2, 'max': 9, 'until': {'LATENCY': 0.05}}")
    other.write_text(other.read_text().replace("N_REPLICATIONS = 4", "REPLICATIONS = 3"))
    done = cli("run", other, "-r", "far2.pickle", "--executor", cluster.address, *until_precise)
    assert done.returncode == 0, done.stderr
    assert content_of(cli.folder / "far2.pickle") == locally(
        cli, other, *until_precise, "--overwrite"
    )


def test_a_worker_is_killed_in_the_middle(cli, cluster, module):
    workers = [cluster.add_worker() for _ in range(2)]
    options = ("-c", "PACE=0.01", "-c", "N_EXPERIMENTS=2")
    command = ("run", module, "-r", "far.pickle", "--executor", cluster.address, *options)
    campaign = cli.start(*command)
    until(lambda: begun(cli).count(str(workers[0].pid)) >= 2)
    # A job takes a second, of which a busy worker needs some to say that it has begun it.
    time.sleep(0.4)
    workers[0].send_signal(signal.SIGKILL)
    _, errors = campaign.communicate(timeout=120)
    assert campaign.returncode == 0, errors
    assert re.search(r"worker tcp://127.0.0.1:\d+ was lost; started again on tcp://", errors)
    # What was running is begun again, what had ended is not.
    assert len(begun(cli)) in (9, 10), "an outcome on its way may be lost, too"
    assert content_of(cli.folder / "far.pickle") == locally(cli, module, *options)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("cluster", "max_retries", "deaths"),
    [({}, 0, 4), ({"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}, 1, 2)],
    ids=["repeated by the cluster", "repeated by the campaign"],
    indirect=["cluster"],
)
def test_jobs_that_kill_their_workers_are_lost(cli, cluster, module, max_retries, deaths):
    cluster.add_worker("--nthreads", "1", "--nanny")
    one = ("-c", "N_EXPERIMENTS=1", "-c", "N_REPLICATIONS=1", "-c", "FATE=die")
    retries = ("-c", f"MAX_RETRIES={max_retries}")
    done = cli("run", module, "-r", "far.pickle", "--executor", cluster.address, *one, *retries)
    assert done.returncode == 1, done.stderr
    assert "its worker died, tcp://127.0.0.1" in done.stderr
    ((_, facts),) = read_results_pickle(cli.folder / "far.pickle").failures
    assert (facts["status"], facts["attempts"]) == ("LOST", 1 + max_retries)
    assert len(begun(cli)) == deaths


@pytest.mark.exhaustive
def test_failures_time_limits_and_threads(cli, cluster, module):
    cluster.add_worker("--nthreads", "3", "--no-nanny")
    options = ("--executor", cluster.address, "-c", "N_REPLICATIONS=2", "-c", "N_EXPERIMENTS=2")
    limit = ("-c", "JOB_TIMEOUT=0.3", "-c", "PACE=0.02")
    done = cli("run", module, "-r", "slow.pickle", *options, *limit)
    assert done.returncode == 1
    assert "has 3 threads, of which one is used" in done.stderr
    failures = read_results_pickle(cli.folder / "slow.pickle").failures
    assert [facts["status"] for _, facts in failures] == ["TIMEOUT"] * 4
    done = cli(
        "run", module, "-r", "bad.pickle", *options, "-c", "FATE=raise", "-c", "MAX_RETRIES=1"
    )
    assert done.returncode == 1
    failures = read_results_pickle(cli.folder / "bad.pickle").failures
    assert [(f["status"], f["attempts"]) for _, f in failures] == [("FAILED", 2)] * 4
    assert "broken on purpose" in failures[0][1]["traceback"]


def test_the_scheduler_is_killed(cli, cluster, module):
    cluster.add_worker()
    options = ("--executor", cluster.address, "-c", "PACE=0.003")
    campaign = cli.start("run", module, "-r", "far.pickle", *options)
    until(lambda: len(begun(cli)) >= 4)
    cluster.scheduler.send_signal(signal.SIGKILL)
    _, errors = campaign.communicate(timeout=60)
    assert campaign.returncode == 2
    assert f"icarus: executor {cluster.address}: the scheduler was lost; what ended is" in errors
    assert "Traceback" not in errors
    kept = content_of(cli.folder / "far.pickle")
    assert 2 <= len(kept) < 12
    expected = locally(cli, module, "-c", "PACE=0.003")
    assert kept == expected[: len(kept)]
    # The journal has what ended, and any executor goes on from there.
    again = cli("run", module, "-r", "far.pickle", "-c", "PACE=0.003", "--executor", "serial")
    assert again.returncode == 0, again.stderr
    assert re.search(rf"{len(kept)} of 12 jobs are done already", again.stderr)
    assert content_of(cli.folder / "far.pickle") == expected


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("signals", "code"), [((signal.SIGINT, signal.SIGINT), 130), ((signal.SIGKILL,), -9)]
)
def test_what_runs_stops_when_its_campaign_is_stopped(cli, cluster, module, signals, code):
    cluster.add_worker()
    # A job takes more than a minute, and reports every second or two.
    options = ("--executor", cluster.address, "-c", "PACE=0.0003", "-c", "N_MEASURED=200000")
    campaign = cli.start("run", module, "-r", "far.pickle", *options)
    until(lambda: begun(cli))
    for number in signals:
        campaign.send_signal(number)
        time.sleep(0.5)
    campaign.communicate(timeout=30)
    assert campaign.returncode == code
    began = time.monotonic()
    quick = ("--executor", cluster.address, "-c", "N_REPLICATIONS=1")
    assert cli("run", module, "-r", "next.pickle", *quick).returncode == 0
    assert time.monotonic() - began < 30


def test_a_cluster_that_does_not_answer(cli, module):
    began = time.monotonic()
    done = cli("run", module, "-r", "far.pickle", "--executor", "dask://127.0.0.1:9")
    assert done.returncode == 2
    assert time.monotonic() - began < 20
    (line,) = done.stderr.splitlines()
    assert line.startswith("icarus: executor dask://127.0.0.1:9: no dask scheduler answers: ")
    assert not (cli.folder / "far.pickle").exists()


@pytest.mark.exhaustive
def test_workers_that_come_later(cli, cluster, module):
    command = ("run", module, "-r", "far.pickle", "--executor", cluster.address)
    campaign = cli.start(*command)
    # The first connection looks at the cluster, the second one has jobs.
    until(lambda: cluster.log().count("Receive client connection") == 2)
    cluster.add_worker()
    _, errors = campaign.communicate(timeout=60)
    assert campaign.returncode == 0, errors
    assert "has no workers yet; jobs wait for them" in errors


def test_workers_with_other_versions_are_refused(cli, cluster, module):
    fake = cli.folder / "other" / "sitecustomize.py"
    fake.parent.mkdir()
    fake.write_text("import icarus.release\nicarus.release.version = '0.9'\n")
    path = os.pathsep.join([str(fake.parent), str(Path(icarus.__file__).parents[1])])
    command = ("run", module, "-r", "far.pickle", "--executor", cluster.address)
    campaign = cli.start(*command)
    until(lambda: cluster.log().count("Receive client connection") == 2)
    cluster.add_worker(environment={"PYTHONPATH": path})
    _, errors = campaign.communicate(timeout=60)
    assert campaign.returncode == 2
    assert re.search(r"icarus: worker that joined later: icarus is 0\.9, not \d", errors)
    assert begun(cli) == []
    done = cli(*command, "--overwrite")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert re.match(r"icarus: worker tcp://\S+: icarus is 0\.9, not \d", line)


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("dask://host:8786", "tcp://host:8786"),
        ("tls://host:1", "tls://host:1"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        ("pool", None),
        ("http://host:1", None),
    ],
)
def test_addresses(name, address):
    assert on_dask.cluster_address(name) == address


@pytest.mark.parametrize("name", ["dask://host", "dask://:8786", "dask://host:port", "dask://"])
def test_addresses_that_lack_something(name):
    with pytest.raises(ClusterError, match=r"should be dask://HOST:PORT"):
        on_dask.cluster_address(name)


def test_without_the_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match="pip install distributed"):
        on_dask.survey("dask://host:8786")


def test_an_executor_of_no_kind(cli, module):
    done = cli("run", module, "--executor", "dsk://h:1")
    assert done.returncode == 2
    assert "executor 'dsk://h:1': unknown; " in done.stderr


def test_a_scheduler_that_stands_still(cli, cluster, module):
    """Signals are heeded all the same, and what ended is saved."""
    cluster.add_worker()
    options = ("--executor", cluster.address, "-c", "PACE=0.003")
    campaign = cli.start("run", module, "-r", "far.pickle", *options)
    until(lambda: len(begun(cli)) >= 4)
    cluster.scheduler.send_signal(signal.SIGSTOP)
    try:
        time.sleep(1)
        campaign.send_signal(signal.SIGTERM)
        time.sleep(2)
        assert campaign.poll() is None, "what runs is waited for"
        began = time.monotonic()
        campaign.send_signal(signal.SIGTERM)
        _, errors = campaign.communicate(timeout=60)
        assert time.monotonic() - began < 20
    finally:
        cluster.scheduler.send_signal(signal.SIGCONT)
    assert campaign.returncode == 128 + signal.SIGTERM
    assert "SIGTERM: starting nothing more" in errors
    assert "Traceback" not in errors
    assert 2 <= len(content_of(cli.folder / "far.pickle")) < 12


def test_a_worker_that_stands_still(cli, cluster, module):
    """A job over its time is given up, though its worker does not end it."""
    worker = cluster.add_worker()
    one = ("-c", "N_EXPERIMENTS=1", "-c", "N_REPLICATIONS=1", "-c", "PACE=0.5")
    options = ("--executor", cluster.address, "-c", "JOB_TIMEOUT=5", *one)
    campaign = cli.start("run", module, "-r", "far.pickle", *options)
    until(lambda: begun(cli))
    time.sleep(1.5)
    worker.send_signal(signal.SIGSTOP)
    try:
        _, errors = campaign.communicate(timeout=100)
    finally:
        worker.send_signal(signal.SIGCONT)
    assert campaign.returncode == 1, errors
    assert "did not end it" in errors
    assert "TIMEOUT" in errors


STOPS_AT_FIRST_RESULT = """
import os
import signal

from distributed.worker import Worker

get_data = Worker.get_data


def stopped(self, *arguments, **named):
    os.kill(os.getpid(), signal.SIGSTOP)
    return get_data(self, *arguments, **named)


Worker.get_data = stopped
"""
DIES_AT_THIRD_RESULT = """
import os
import signal

from distributed.scheduler import Scheduler

gather = Scheduler.gather
asked = []


async def killed(self, *arguments, **named):
    asked.append(1)
    if len(asked) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return await gather(self, *arguments, **named)


Scheduler.gather = killed
"""


def patched(cli, text):
    """Return the environment of a process that executes this when it starts."""
    patch = cli.folder / "other" / "sitecustomize.py"
    patch.parent.mkdir()
    patch.write_text(text)
    path = os.pathsep.join([str(patch.parent), str(Path(icarus.__file__).parents[1])])
    return {"PYTHONPATH": path}


def test_a_scheduler_that_is_killed_while_it_brings_a_result(cli, module):
    """The job has not failed: it runs when the campaign goes on."""
    cluster = Cluster(cli.folder, patched(cli, DIES_AT_THIRD_RESULT))
    try:
        cluster.add_worker()
        options = ("-c", "PACE=0.001", "--executor", cluster.address)
        done = cli("run", module, "-r", "far.pickle", *options)
    finally:
        cluster.close()
    assert done.returncode == 2, done.stderr
    assert "the scheduler was lost" in done.stderr
    results = read_results_pickle(cli.folder / "far.pickle")
    assert {facts["status"] for _, facts in results.failures} == {"INTERRUPTED"}
    assert 0 < len(results) < 12


def test_a_worker_that_stands_still_with_a_result(cli, cluster, module):
    """Results of others come all the same, and signals are heeded."""
    still = cluster.add_worker(environment=patched(cli, STOPS_AT_FIRST_RESULT))
    other = cluster.add_worker()
    command = ("run", module, "-r", "far.pickle", "--executor", cluster.address)
    campaign = cli.start(*command, "-c", "PACE=0.001")
    until(lambda: psutil.Process(still.pid).status() == psutil.STATUS_STOPPED)
    until(lambda: begun(cli).count(str(other.pid)) >= 6)
    time.sleep(1)
    began = time.monotonic()
    for _ in range(2):
        campaign.send_signal(signal.SIGTERM)
        time.sleep(0.5)
    try:
        _, errors = campaign.communicate(timeout=60)
        assert time.monotonic() - began < 15
    finally:
        still.send_signal(signal.SIGCONT)
    assert campaign.returncode == 128 + signal.SIGTERM, errors
    assert 6 <= len(content_of(cli.folder / "far.pickle")) < 12
