"""Scenarios as jobs: checked, run, replicated until precise, killed, gone on with, replayed."""

from __future__ import annotations

import json
import os
import signal
import statistics
import sys
import time
from pathlib import Path

import psutil
import pytest
from scipy import stats
from waiting import is_gone, wait_for

from icarus.results.readwrite import read_results_pickle

EXAMPLE = (Path(__file__).parents[2] / "docs" / "examples" / "failover.py").read_text("utf-8")

SETTINGS = """
import os, time
from pathlib import Path

N_REPLICATIONS = 2
PARALLEL_EXECUTION = True
N_PROCESSES = 2


def scenario(ec, params):
    first = ec.register_resource(
        "Process", name="first", command="echo $$; echo up; exec sleep 0.05", ready="up"
    )
    ec.register_resource("Process", name="second", command="echo second > written; exit $CODE",
                         env={"CODE": str(params["code"])}, critical=params.get("critical", True))
    ec.register_condition("second", "START", first, "FINISHED")
    ec.deploy()
    reports = ec.wait_finished(timeout=30)
    with open("log", "a") as file:
        print("ran", file=file)
    return {"GROUP": {"VALUE": params["code"] + ec.rng.random(),
                      "OUTCOME": str(reports["second"].outcome)}}


EXPERIMENT_QUEUE = [{"scenario": {"build": scenario, "code": 0}}]
"""


def files_of(results, number=0):
    return results.metadata[number]["files"]


def test_the_example_of_the_manual(cli):
    settings = cli.write("failover.py", EXAMPLE)
    ran = cli("run", settings, "-c", "N_PROCESSES=2")
    assert ran.returncode == 0, ran.stderr
    results = read_results_pickle(cli.folder / "results" / "failover.pickle")
    assert len(results) == 6
    hits = {tree["CACHE_HIT_RATIO"]["MEAN"] for _, tree in results}
    assert len(hits) == 3, "the rate changes times, and no contents"
    assert {"origin/stdout", "network/results.json", "events.jsonl"} <= set(files_of(results))
    timeline = cli.folder / "results/failover" / results.metadata[3]["job"]
    (event,) = json.loads((timeline / "network" / "timeline.json").read_text())
    assert (event["event"], event["factor"]) == ("rate", 2.0)
    assert "was killed" not in ran.stderr, "processes in workers can be asked to end"


def test_it_is_run_gone_on_with_and_replayed(inside):
    cli = inside
    settings = cli.write("s.py", SETTINGS.replace("True", "False", 1))
    ran = cli("run", settings, "-r", "out.pickle")
    assert ran.returncode == 0, ran.stderr
    results = read_results_pickle(cli.folder / "out.pickle")
    assert [tree["GROUP"]["OUTCOME"] for _, tree in results] == ["OK", "OK"]
    values = [tree["GROUP"]["VALUE"] for _, tree in results]
    assert len(set(values)) == 2
    for facts in results.metadata:
        assert (facts["kind"], facts["unit"]) == ("scenario", "events")
        assert facts["amount"] > 10
        assert facts["outcomes"] == {"first": "OK", "second": "OK"}
        assert {"first/stdout", "second/stderr", "second/written", "events.jsonl"} <= set(
            facts["files"]
        )
        left = cli.folder / "out" / facts["job"] / "second" / "written"
        assert left.read_text() == "second\n"
    again = cli("run", settings, "-r", "out.pickle", "--overwrite")
    assert "2 of 2 jobs are done already" in again.stderr
    assert (cli.folder / "log").read_text() == "ran\n" * 2
    replayed = cli("replay", "out.pickle", 1)
    assert replayed.stdout.startswith("the same: OK"), replayed.stdout + replayed.stderr
    # The code of the function belongs to what the result is known by.
    cli.write("s.py", SETTINGS.replace("True", "False", 1).replace('params["code"] +', "1 +"))
    changed = cli("run", settings, "-r", "out.pickle", "--overwrite")
    assert changed.returncode == 0
    assert (cli.folder / "log").read_text() == "ran\n" * 5


def test_a_critical_failure_is_that_of_the_job(inside):
    cli = inside
    queue = "\nEXPERIMENT_QUEUE.append({'scenario': {'build': scenario, 'code': 3}})"
    queue += (
        "\nEXPERIMENT_QUEUE.append({'scenario': {'build': scenario, 'code': 3, 'critical': 0 > 1}})"
    )
    settings = cli.write("s.py", SETTINGS + queue)
    ran = cli("run", settings, "-r", "out.pickle")
    assert ran.returncode == 1
    assert "critical 'second' failed: exit code 3" in ran.stderr
    assert "Traceback" not in ran.stderr
    results = read_results_pickle(cli.folder / "out.pickle")
    assert [tree["GROUP"]["OUTCOME"] for _, tree in results] == ["OK", "OK", "FAILED", "FAILED"]
    assert len(results.failures) == 2


def test_problems_are_listed_before_anything_runs(inside):
    cli = inside
    wrong = """
def inner():
    def build(ec, params): pass
    return build

async def asynchronous(ec, params): pass

def narrow(ec): pass

class Scenario:
    def build(self, ec, params): pass

EXPERIMENT_QUEUE = [
    {"scenario": {"biuld": narrow}},
    {"scenario": 3},
    {"scenario": {"build": "narrow"}},
    {"scenario": {"build": lambda ec, params: None}},
    {"scenario": {"build": inner()}},
    {"scenario": {"build": asynchronous}},
    {"scenario": {"build": narrow}},
    {"scenaro": {"build": narrow}},
    {"scenario": {"build": Scenario.build}},
]
"""
    ran = cli("run", cli.write("wrong.py", wrong), "-r", "out.pickle")
    assert ran.returncode == 2
    for number, text in enumerate(
        [
            "scenario.build: missing; it is the function that makes the scenario; is it 'biuld'?",
            "scenario: should be a tree with 'build' in it, found 3",
            "scenario.build: should be a function of a controller and parameters, found 'narrow'",
            "scenario.build: should be a function that a module defines by def",
            "scenario.build: should be a function that a module defines by def",
            "scenario.build: asynchronous is async; it should be written as an ordinary function",
            "scenario.build: narrow should take a controller and parameters: def narrow(ec, ",
            "scenaro: no section that is read; did you mean 'scenario'?",
            "scenario.build: should be a function that a module defines by def",
        ]
    ):
        assert f"EXPERIMENT_QUEUE[{number}].{text}" in ran.stderr
    assert not (cli.folder / "out.pickle.journal").exists()


NOISY = """
REPLICATIONS = {"min": 5, "max": 50, "until": {"SCENARIO.VALUE": 0.05}}


def noisy(ec, params):
    ec.register_resource("Process", name="p", command="echo harvested > file")
    ec.deploy()
    assert ec.wait_finished(timeout=30).ok
    return 10 + ec.rng.standard_normal()


EXPERIMENT_QUEUE = [{"scenario": {"build": noisy}}]
"""


def test_it_is_replicated_until_it_is_precise(inside):
    cli = inside
    ran = cli("run", cli.write("noisy.py", NOISY), "-r", "out.pickle")
    assert ran.returncode == 0, ran.stderr
    results = read_results_pickle(cli.folder / "out.pickle")
    values = [tree["SCENARIO"]["VALUE"] for _, tree in results]

    def half_width(n):
        deviation = statistics.stdev(values[:n]) / n**0.5
        return stats.t.ppf(0.975, n - 1) * deviation / statistics.fmean(values[:n])

    wanted = next(n for n in range(5, 51) if half_width(n) <= 0.05)
    assert 5 < len(values) == wanted
    for facts in results.metadata:
        path = cli.folder / "out" / facts["job"] / "p" / "file"
        assert path.read_text() == "harvested\n"


HANGS = """
PARALLEL_EXECUTION = True
N_PROCESSES = 2
N_REPLICATIONS = 2


def hangs(ec, params):
    for number in range(2):
        ec.register_resource(
            "Process",
            name=f"p{number}",
            command="sleep 300 & setsid sleep 300 & sleep 0.1; echo $! $$; echo up; wait",
            ready="up",
        )
    ec.deploy()
    reports = ec.wait_started(timeout=30)
    assert not reports.timed_out
    with open(f"up{ec.folder.name}", "w") as file:
        print("up", file=file)
    if not params.get("quick"):
        ec.wait_finished()


EXPERIMENT_QUEUE = [{"scenario": {"build": hangs}}]
"""


@pytest.mark.skipif(sys.platform != "linux", reason="marks are Linux's")
@pytest.mark.parametrize("executor", ["pool", "serial"])
def test_a_campaign_that_is_killed_leaves_no_process(cli, executor):
    settings = cli.write("hangs.py", HANGS)
    process = cli.start("run", settings, "-r", "out.pickle", "--executor", executor)
    n_jobs = 2 if executor == "pool" else 1
    wait_for(lambda: len(list(cli.folder.glob("up*"))) == n_jobs)
    family = psutil.Process(process.pid).children(recursive=True)
    pids = [
        int(word)
        for path in cli.folder.glob("out/*/p*/stdout")
        for word in path.read_text().split()
        if word.isdigit()
    ]
    assert len(pids) == 4 * n_jobs
    assert len(family) >= len(pids)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    wait_for(lambda: all(map(is_gone, [*pids, *(one.pid for one in family)])), 20)
    # The campaign goes on, and the scenarios that were broken off begin anew.
    cli.write("hangs.py", HANGS.replace("if not params", "if 0 and params"))
    again = cli("run", settings, "-r", "out.pickle", "--executor", executor)
    assert again.returncode == 0, again.stderr
    assert len(read_results_pickle(cli.folder / "out.pickle")) == 2


def test_ctrl_c_releases_what_runs(cli):
    process = cli.start("run", cli.write("h.py", HANGS), "-r", "out.pickle", "--executor", "serial")
    wait_for(lambda: len(list(cli.folder.glob("up*"))) == 1)
    pids = [one.pid for one in psutil.Process(process.pid).children(recursive=True)]
    assert len(pids) >= 4
    # The first lets what runs come to its end, the second does not.
    for _ in range(2):
        os.kill(process.pid, signal.SIGINT)
        time.sleep(0.3)
    process.communicate(timeout=30)
    assert process.returncode == 130
    wait_for(lambda: all(map(is_gone, pids)), 10)
    (job,) = cli.folder.glob("out/*")
    events = [json.loads(line) for line in (job / "events.jsonl").read_text().splitlines()]
    assert [one["resource"] for one in events if one.get("to") == "RELEASED"]


def test_a_scenario_that_hangs_is_stopped_by_the_limits_of_jobs(inside):
    cli = inside
    ran = cli(
        *("run", cli.write("h.py", HANGS), "-r", "out.pickle", "-c", "N_REPLICATIONS=1"),
        *("-c", "STALL_TIMEOUT=0.5"),
    )
    assert ran.returncode == 1
    assert "STALLED" in ran.stderr + ran.stdout
