"""Names of files and texts of errors with bytes that are no UTF-8, from end to end."""

from __future__ import annotations

import os

import pytest

from icarus.results import read_results_pickle

ODD = """
from icarus.errors import Cancel
from icarus.models import LeaveCopyEverywhere
from icarus.registry import register_strategy
import logging

TEXT = "a\\ud800\\0\\x1b[31m\\udce9" * 3

@register_strategy("ODD")
class Odd(LeaveCopyEverywhere):
    def __init__(self, view, controller, what, text=""):
        super().__init__(view, controller)
        logging.getLogger(TEXT).warning(TEXT)
        if what == "raises":
            raise ValueError(TEXT)
        if what == "much":
            raise ValueError("x" * 50_000_000)
        if what == "cancels":
            raise Cancel(TEXT)

def odd(what, **more):
    return {**EXPERIMENT_QUEUE[0], "strategy": {"name": "ODD", "what": what, **more}}

EXPERIMENT_QUEUE = [odd("raises"), odd("cancels"), odd("much"), odd("vetoed"),
                    odd("fine", text=TEXT), EXPERIMENT_QUEUE[0]]
VETO = lambda experiment: TEXT if experiment["strategy"].get("what") == "vetoed" else None
N_REPLICATIONS = 1
ENGINE = "python"
PARALLEL_EXECUTION = %s
N_PROCESSES = 2
"""


@pytest.fixture
def cli(inside):
    """The command line, in an empty folder."""
    return inside


@pytest.mark.parametrize("pool", [False, True])
def test_odd_texts_cost_their_jobs_alone(cli, small, pool):
    cli.write("odd.py", small.read_text() + ODD % pool)
    done = cli("run", "odd.py")
    assert done.returncode == 1, done.stderr
    assert "1 CANCELLED, 2 FAILED, 2 OK, 1 VETOED" in done.stdout
    assert len(done.stderr) < 1_000_000
    again = cli("run", "odd.py")
    assert "2 of 6 jobs are done already; 1 to run; 3 failed before" in again.stderr
    retried = cli("run", "odd.py", "--retry-failed")
    assert "1 CANCELLED, 2 FAILED, 2 OK, 1 VETOED" in retried.stdout
    for command in (("status",), ("log", "odd.py"), *(("log", "odd.py", i) for i in range(6))):
        shown = cli(*command)
        assert shown.returncode == 0, shown.stderr
        assert "\x1b" not in shown.stdout
    assert r"a\ud800\x00\x1b[31m\udce9" in cli("log", "odd.py").stdout
    assert "(50,000,0" in cli("log", "odd.py", 2).stdout
    assert cli("results", "recover", "odd.py", "-o", "r.pickle").returncode == 0
    results = read_results_pickle(cli.folder / "r.pickle")
    assert results.failures[0][1]["error"] == "ValueError: " + r"a\ud800\x00\x1b[31m\udce9" * 3


def test_everything_is_named_in_latin_1(cli, small):
    folder = cli.folder / os.fsdecode(b"r\xe9sum\xe9")
    folder.mkdir()
    name, trace = os.fsdecode(b"caf\xe9.py"), os.fsdecode(b"tr\xe9ce.txt")
    (folder / trace).write_text("".join(f"{i % 7}\n" for i in range(200)))
    settings = small.read_text() + (
        "\nimport os\n"
        "EXPERIMENT_QUEUE = EXPERIMENT_QUEUE[:1]\n"
        "N_REPLICATIONS = 1\nENGINE = 'python'\n"
        "EXPERIMENT_QUEUE[0]['workload'] = {'name': 'TRACE_DRIVEN', 'n_warmup': 10,\n"
        "    'rate': 10.0, 'n_measured': 100, 'reqs_file': os.fsdecode(b'tr\\xe9ce.txt')}\n"
    )
    (folder / name).write_text(settings)
    cli._outside.folder = folder
    results = os.fsdecode(b"r\xe9sultats.pickle")
    first = cli("run", name, "-r", results)
    assert first.returncode == 0, first.stderr
    assert r"results: r\udce9sultats.pickle" in first.stdout
    assert "1 of 1 jobs are done already" in cli("run", name, "-r", results).stderr
    for command in ("status", "watch", "log"):
        shown = cli(command, results)
        assert shown.returncode == 0, shown.stderr
    replayed = cli("replay", results, 0)
    assert (replayed.returncode, replayed.stdout[:8]) == (0, "the same"), replayed.stderr
    assert cli("results", "recover", results, "-o", os.fsdecode(b"\xe9")).returncode == 0
    assert cli("run", name).returncode == 0
    assert cli("status", name).returncode == 0
    # The trace counts by its content, as any other.
    with (folder / trace).open("a") as file:
        file.write("3\n")
    changed = cli("run", name, "-r", results, "--overwrite")
    assert "jobs are done already" not in changed.stderr
