"""What jobs use, on the command line: the example of the manual, killed, resumed, and looked at."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from icarus.metering import RESOURCES, read_samples
from icarus.results.readwrite import read_results_pickle

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "programs.py"

WALKS = """
from icarus import stages


def burn(state, rounds, ctx):
    ctx.report("SUM", sum(range(rounds)))


def write(state, size, ctx):
    with open("written", "w") as file:
        file.write("x" * size)
    return size


RESOURCE_METRICS = True
EXPERIMENT_QUEUE = [
    *stages.walks(
        stages.stage(burn, [200_000, 300_000]), stages.stage(write, [1000, 2000]), share=False
    )
]
"""


def test_the_example_goes_on_where_it_was_killed(cli):
    settings = cli.write("programs.py", EXAMPLE.read_text(encoding="utf-8"))
    command = ("run", settings, "--executor", "pool", "-c", "N_PROCESSES=1")
    spawned = (*command, "-c", "START_METHOD=spawn", "-c", "N_REPLICATIONS=1")
    process = cli.start(*spawned)
    folder = cli.folder / "results" / "programs"
    deadline = time.monotonic() + 60
    while not list(folder.glob("*/compressed")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    ran = cli(*spawned)
    assert ran.returncode == 0, ran.stderr
    assert "4 OK" in ran.stdout
    results = read_results_pickle(cli.folder / "results" / "programs.pickle")
    assert len(results) == 4
    for (params, tree), facts in zip(results, results.metadata, strict=True):
        compress = tree[f"{RESOURCES}.compress"]
        assert compress["WRITTEN"] == tree["PROGRAM"]["BYTES"]
        assert compress["CPU"] > 0.005
        assert tree[f"{RESOURCES}.make"]["WRITTEN"] > 300_000
        assert facts["files"].keys() == {"compressed", "samples.csv"}
        samples = read_samples(folder / facts["job"] / "samples.csv")
        assert samples.asked == 0.02
        assert max(samples.columns["processes"]) <= 2
        assert samples.columns["written"][-1] == tree[RESOURCES]["WRITTEN"], params
    shown = cli("results", "show", "results/programs.pickle", "--metric", "RESOURCES.compress")
    assert shown.stdout.count("RESOURCES.compress") == 11


def test_stages_of_walks_are_phases(cli):
    settings = cli.write("walks.py", WALKS)
    assert cli("run", settings).returncode == 0
    results = read_results_pickle(cli.folder / "results" / "walks.pickle")
    assert len(results) == 4
    for params, tree in results:
        assert tree[f"{RESOURCES}.write"]["WRITTEN"] == params["walk"]["write"]
        assert tree[f"{RESOURCES}.burn"]["CPU"] > 0.001
        assert tree[f"{RESOURCES}.burn"]["WRITTEN"] == 0
    problem = cli("plan", settings, "-c", 'RESOURCE_METRICS={"intervall": 1}')
    assert problem.returncode == 2
    assert "unknown key 'intervall'; did you mean 'interval'?" in problem.stderr
