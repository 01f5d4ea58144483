"""Scenarios of four other experiment systems: what becomes of jobs, wherever they run.

Designs and reports are in ``test_scenarios_of_siblings``. Each scenario has its letters, and the
law of campaigns that it is an instance of.
"""

from __future__ import annotations

import json
import re
from collections import Counter

import psutil
import pytest
from clusters import Cluster
from waiting import records, wait_for

from icarus.results import read_results_pickle

POOL = ("-c", "PARALLEL_EXECUTION=True", "-c", "START_METHOD='fork'")


@pytest.fixture
def cli(inside):
    """The command line, in an empty folder."""
    return inside


def statuses(path):
    """The status of each job by the text that its experiment has, and its facts."""
    results = read_results_pickle(path)
    told = [(params, facts) for (params, _), facts in zip(results, results.metadata, strict=True)]
    return {params["job"]["fate"]: facts for params, facts in [*told, *results.failures]}


# D-B. Law 6: a silent job ends and leaves no process, each of them and not only the first.

SILENT = """
import subprocess, time

from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind

STALL_TIMEOUT = 0.5
N_PROCESSES = 2


class Silent(Task):
    def run(self, context):
        with open("pids", "a") as file:
            print(subprocess.Popen(["sleep", "300"]).pid, file=file)
        if self.params["job"]["fate"] != "healthy":
            time.sleep(300)
        return Product({"JOB": {"DONE": 1}})


register_job_kind("job", Silent)
EXPERIMENT_QUEUE = d.product({}, {"job.fate": ["silent 1", "silent 2", "silent 3", "healthy"]})
"""


def test_three_silent_jobs_are_stalled_and_a_healthy_one_is_ok(cli):
    cli.write("silent.py", SILENT)
    elapsed = []
    # Other programs may have the machine for a while.
    while min(elapsed, default=9) > 3 and len(elapsed) < 3:
        file = f"{len(elapsed)}.pickle"
        done = cli("run", "silent.py", *POOL, "-r", file)
        assert done.returncode == 1
        told = statuses(cli.folder / file)
        assert {fate: str(facts["status"]) for fate, facts in told.items()} == {
            "silent 1": "STALLED", "silent 2": "STALLED", "silent 3": "STALLED", "healthy": "OK",
        }  # fmt: skip
        assert all("STALL_TIMEOUT is 0.5 s" in told[f"silent {i}"]["error"] for i in (1, 2, 3))
        begin = min(facts["started"] for facts in told.values())
        elapsed.append(max(f["started"] + f["duration"] for f in told.values()) - begin)
        pids = (cli.folder / "pids").read_text().split()
        assert len(pids) == 4 * len(elapsed)
        assert not any(psutil.pid_exists(int(pid)) for pid in pids), "no process is left"
    assert min(elapsed) < 3


# D-C. Laws 5 and 8: each job ends once, whatever it tells; hooks are awaited.

HOOKED = """
import os, time

from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind

PARALLEL_EXECUTION = True
START_METHOD = "fork"
N_PROCESSES = 1
BROKEN = False


def note(text):
    with open("notes", "a") as file:
        file.write(f"{text}\\n")


class Talkative(Task):
    \"\"\"Tells more often than once that all is done, and ends twice.\"\"\"

    def run(self, context):
        number = self.params["job"]["fate"]
        note(f"{number} starts")
        for _ in range(5):
            context.report(10)
            context.report(20)
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            note(f"{number} ends")
        return Product({"JOB": {"NUMBER": number}}, 10)


def after(event):
    number = event.job.task.params["job"]["fate"]
    note(f"after {number} begins")
    # A next job that does not wait has time to start.
    time.sleep(0.1)
    note(f"after {number} is over")


def check(event):
    if BROKEN:
        raise OSError("no licence server")


HOOKS = {"campaign_start": check, "after_job": after}
register_job_kind("job", Talkative)
EXPERIMENT_QUEUE = d.product({}, {"job.fate": [0, 1, 2, 3]})
"""


def test_jobs_end_once_and_the_hook_between_them_is_awaited(cli):
    cli.write("hooked.py", HOOKED)
    done = cli("run", "hooked.py")
    assert done.returncode == 0, done.stderr
    assert (cli.folder / "notes").read_text().splitlines() == [
        line
        for number in range(4)
        for line in (
            f"{number} starts",
            f"{number} ends",
            f"after {number} begins",
            f"after {number} is over",
        )
    ]
    assert len(records(cli.folder / "results" / "hooked.pickle")) == 4
    facts = json.loads(cli("status", "--json").stdout)
    assert (facts["counts"], facts["planned"], facts["ended"]) == ({"OK": 4}, 4, 4)


def test_a_hook_that_fails_at_the_start_runs_nothing(cli):
    cli.write("hooked.py", HOOKED)
    done = cli("run", "hooked.py", "-c", "BROKEN=True")
    assert done.returncode == 1
    assert "check raised OSError: no licence server" in done.stderr
    assert not (cli.folder / "notes").exists()
    told = statuses(cli.folder / "results" / "hooked.pickle")
    assert [str(facts["status"]) for facts in told.values()] == ["SKIPPED"] * 4


# D-D. Law 8: whatever jobs print and log at the same time is kept, with the job that it is of.

TALKING = """
import logging, os, subprocess, sys, time
from pathlib import Path

from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind

PARALLEL_EXECUTION = True
N_PROCESSES = 4
START_METHOD = "fork"


class Talking(Task):
    \"\"\"Says a line when all four have said theirs before.\"\"\"

    def run(self, context):
        number = self.params["job"]["fate"]
        for line in range(9):
            text = f"line {line} of job {number}"
            match line % 3:
                case 0:
                    print(text)
                case 1:
                    print(text, file=sys.stderr, flush=True)
                case 2:
                    sys.stdout.flush()
                    subprocess.run(["echo", text])
            logging.getLogger("talk").warning(text)
            Path(f"said-{number}-{line}").touch()
            while not all(Path(f"said-{other}-{line}").exists() for other in range(4)):
                time.sleep(0.001)
            context.report(line)
        return Product({"JOB": {"NUMBER": number}}, 9)


register_job_kind("job", Talking)
EXPERIMENT_QUEUE = d.product({}, {"job.fate": [0, 1, 2, 3]})
"""


def test_lines_of_four_jobs_at_once_are_kept_with_the_right_job(cli):
    cli.write("talking.py", TALKING)
    log = cli.folder / "log"
    done = cli("run", "talking.py", "--log-file", log)
    assert done.returncode == 0, done.stderr
    told = statuses(cli.folder / "results" / "talking.pickle")
    began = [facts["started"] for facts in told.values()]
    ended = [facts["started"] + facts["duration"] for facts in told.values()]
    assert max(began) < min(ended), "they overlap"
    for number, facts in told.items():
        expected = [f"line {line} of job {number}" for line in range(9)]
        assert [text for _, name, text in facts["messages"] if name == "talk"] == expected
        text = cli("log", "talking.py", number).stdout
        assert f"job {number}: {facts['job']}" in text
        printed = re.findall(r"^ *(line \d of job \d)$", text, re.MULTILINE)
        assert Counter(printed) == Counter(expected)
        # The log of the campaign names the job before each line.
        repeated = re.findall(r"fate=(\d): line \d of job (\d)", log.read_text())
        assert {(str(number), str(number))} == {pair for pair in repeated if str(number) in pair}


# C-C. Law 5: each job has the outcome that is its own, and planned is the sum over statuses.

FATES = """
import os, signal, threading

import icarus
from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind

FATES = ["ok", "cancel", "raise", "two arguments", "unpicklable", "no text", "exit", "kill", "last"]


class TwoArguments(Exception):
    def __init__(self, code, reason):
        super().__init__(f"{reason} ({code})")


class Unpicklable(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class NoText(Exception):
    def __str__(self):
        raise ValueError("there is none")


class Fated(Task):
    def run(self, context):
        fate = self.params["job"]["fate"]
        # A copy of its own: no other job and no result sees this.
        self.params["job"]["state"].append(fate)
        assert self.params["job"]["state"] == ["clean", fate]
        match fate:
            case "cancel":
                raise icarus.Cancel("there is no path")
            case "raise":
                raise RuntimeError("broken on purpose")
            case "two arguments":
                raise TwoArguments(7, "the disk is away")
            case "unpicklable":
                raise Unpicklable("holds a lock")
            case "no text":
                raise NoText
            case "exit":
                os._exit(3)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        return Product({"JOB": {"LETTERS": len(fate)}})


register_job_kind("job", Fated)
EXPERIMENT_QUEUE = d.product({"job": {"state": ["clean"]}}, {"job.fate": FATES})
"""
EXPECTED = {
    "ok": ("OK", ""),
    "cancel": ("CANCELLED", "there is no path"),
    "raise": ("FAILED", "RuntimeError: broken on purpose"),
    "two arguments": ("FAILED", "TwoArguments: the disk is away (7)"),
    "unpicklable": ("FAILED", "Unpicklable: holds a lock"),
    "no text": ("FAILED", "NoText"),
    "exit": ("LOST", "exit code 3"),
    "kill": ("LOST", "killed by SIGKILL"),
    "last": ("OK", ""),
}


@pytest.mark.parametrize(
    ("options", "left_out"),
    [(("-c", "N_PROCESSES=2", *POOL), ()), (("--executor", "serial"), ("exit", "kill"))],
    ids=["pool", "serial"],
)
def test_each_job_has_the_outcome_that_is_its_own(cli, options, left_out):
    cli.write("fates.py", FATES)
    fates = [fate for fate in EXPECTED if fate not in left_out]
    done = cli("run", "fates.py", *options, "-c", f"FATES={fates}")
    assert done.returncode == 1
    told = statuses(cli.folder / "results" / "fates.pickle")
    assert set(told) == set(fates)
    for fate, facts in told.items():
        status, text = EXPECTED[fate]
        assert str(facts["status"]) == status
        assert text in facts.get("error", ""), fate
        assert ("Traceback" in facts.get("traceback", "")) is (status == "FAILED")
    counts = json.loads(cli("status", "--json").stdout)["counts"]
    assert counts == Counter(EXPECTED[fate][0] for fate in fates)
    assert sum(counts.values()) == len(fates)
    results = read_results_pickle(cli.folder / "results" / "fates.pickle")
    given = [params for params, _ in [*results, *results.failures]]
    assert all(params["job"]["state"] == ["clean"] for params in given), "nothing has changed them"


# C-E. Law 4: any executor gives equal results, and the death of a worker costs its job at most.

ANYWHERE = """
import os, time
from pathlib import Path

from icarus import design as d
from icarus.orchestration import Product, Task, register_job_kind

N_REPLICATIONS = 2
START_METHOD = "fork"


class Anywhere(Task):
    def run(self, context):
        name = f"{self.params['job']['fate']}-{self.replication}"
        with open("ran", "a") as file:
            file.write(f"{os.getpid()} {name}\\n")
        while Path(f"hold-{name}").exists():
            context.report(0)
            time.sleep(0.01)
        return Product({"JOB": {"DRAW": self.rng().random() * self.params["job"]["fate"]}})


register_job_kind("job", Anywhere)
EXPERIMENT_QUEUE = d.product({}, {"job.fate": d.range(1, 10)})
"""


def run_anywhere(cli, name, *options):
    done = cli("run", "anywhere.py", "-r", f"{name}.pickle", *options)
    assert done.returncode == 0, done.stderr
    return records(cli.folder / f"{name}.pickle")


@pytest.fixture
def serial(cli):
    """What the campaign gives in one process."""
    cli.write("anywhere.py", ANYWHERE)
    found = run_anywhere(cli, "serial", "--executor", "serial")
    assert len(found) == 20
    (cli.folder / "ran").unlink()
    return found


def ran(cli):
    """The process and the name of each job that was begun."""
    file = cli.folder / "ran"
    return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []


def holder_killed(cli, campaign):
    """Kill the process that has job 5-0, which is held, and wait for the end of the campaign."""
    wait_for(lambda: any(name == "5-0" for _, name in ran(cli)))
    (pid,) = (int(pid) for pid, name in ran(cli) if name == "5-0")
    psutil.Process(pid).kill()
    wait_for(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
    (cli.folder / "hold-5-0").unlink()
    _, errors = campaign.communicate(timeout=120)
    return errors


def test_a_pool_of_four_gives_what_one_process_gives(cli, serial):
    assert run_anywhere(cli, "pool", *POOL, "-c", "N_PROCESSES=4") == serial
    assert len(ran(cli)) == 20


@pytest.mark.parametrize("retries", [0, 1])
def test_a_worker_of_a_pool_that_is_killed_costs_its_job_at_most(cli, serial, retries):
    (cli.folder / "hold-5-0").touch()
    options = (*POOL, "-c", "N_PROCESSES=4", "-c", f"MAX_RETRIES={retries}")
    campaign = cli.start("run", "anywhere.py", "-r", "pool.pickle", *options)
    errors = holder_killed(cli, campaign)
    found = records(cli.folder / "pool.pickle")
    failures = read_results_pickle(cli.folder / "pool.pickle").failures
    lost = [(params["job"]["fate"], facts["replication"]) for params, facts in failures]
    assert campaign.returncode == (0 if retries else 1), errors
    assert lost == ([] if retries else [(5, 0)])
    assert found == [one for one in serial if retries or one[2]["job"] != failures[0][1]["job"]]
    assert Counter(name for _, name in ran(cli))["5-0"] == 1 + retries
    assert len(ran(cli)) == 20 + retries


def test_a_cluster_of_two_workers_gives_the_same_also_if_one_is_killed(cli, serial):
    pytest.importorskip("distributed", reason="needs the package distributed, of the extra [dask]")
    cluster = Cluster(cli.folder)
    try:
        workers = [cluster.add_worker(), cluster.add_worker()]
        assert run_anywhere(cli, "far", "--executor", cluster.address) == serial
        assert {int(pid) for pid, _ in ran(cli)} == {worker.pid for worker in workers}
        (cli.folder / "ran").unlink()
        (cli.folder / "hold-5-0").touch()
        campaign = cli.start(
            "run", "anywhere.py", "-r", "killed.pickle", "--executor", cluster.address
        )
        errors = holder_killed(cli, campaign)
        assert campaign.returncode == 0, errors
        assert records(cli.folder / "killed.pickle") == serial
        # An outcome on its way is lost with its worker, too.
        assert len(ran(cli)) in (21, 22)
    finally:
        cluster.close()
