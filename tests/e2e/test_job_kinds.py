"""A kind of job of a user's own: run, journaled, killed, resumed, replayed, shown, plotted."""

from __future__ import annotations

import json
import os
import pickle
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest

from icarus.errors import JournalError
from icarus.orchestration.journal.overview import campaign_status, job_rows
from icarus.registry import JOB_KIND
from icarus.results.readwrite import read_results_pickle

SUMS = (Path(__file__).parents[2] / "docs" / "examples" / "sums.py").read_text(encoding="utf-8")

WAITING = """
class Waits(Sum):
    def run(self, context):
        import time
        from pathlib import Path

        context.enter("write")
        context.report(3)
        while Path("wait").exists():
            time.sleep(0.02)
        return super().run(context)


register_job_kind("sum", Waits, check, override=True)
"""


@pytest.fixture
def sums(cli):
    """A queue of simulations and of sums."""
    return cli.write("sums.py", SUMS)


@pytest.fixture
def forgotten():
    """Forget the kind of jobs, as another process does not know it."""

    def forget():
        JOB_KIND.pop("sum", None)

    return forget


def jobs_of(path):
    results = read_results_pickle(path)
    return results, {
        facts["job"]: tree for (_, tree), facts in zip(results, results.metadata, strict=True)
    }


def test_it_gives_the_same_wherever_it_runs(inside, sums):
    cli = inside
    ways = {
        "serial": (),
        "fork": ("--executor", "pool", "-c", "N_PROCESSES=2"),
        "spawn": ("--executor", "pool", "-c", "N_PROCESSES=2", "-c", "START_METHOD=spawn"),
    }
    found = {}
    for name, options in ways.items():
        ran = cli("run", sums, "-r", f"{name}.pickle", *options)
        assert ran.returncode == 0, ran.stderr
        assert "8 jobs in" in ran.stdout
        assert "8 OK" in ran.stdout
        found[name] = jobs_of(cli.folder / f"{name}.pickle")
    results, of_jobs = found["serial"]
    assert all(jobs == of_jobs for _, jobs in found.values())
    params, tree = results[4]
    assert params["sum"]["n"] == 100
    assert tree["SUM"]["TOTAL"] == 4950
    facts = results.metadata[4]
    assert (facts["kind"], facts["amount"], facts["unit"]) == ("sum", 100, "terms")
    assert "requests_per_second" not in facts
    assert results.metadata[0]["n_requests"] == 60
    # Replications draw from streams of their own, experiments of one replication from the same.
    noise = [results[i][1]["SUM"]["NOISY"] - results[i][1]["SUM"]["TOTAL"] for i in range(2, 8)]
    assert noise[0] == pytest.approx(noise[2])
    assert noise[0] != pytest.approx(noise[1])
    left = cli.folder / "fork" / facts["job"] / "total.txt"
    assert left.read_text() == "4950\n"
    assert facts["files"]["total.txt"]["bytes"] == 5


def test_it_goes_on_after_the_campaign_was_killed(cli):
    settings = cli.write("sums.py", SUMS + WAITING)
    (cli.folder / "wait").touch()
    journal = cli.folder / "out.pickle.journal"
    command = ("run", settings, "-r", "out.pickle", "--executor", "pool", "-c", "N_PROCESSES=2")
    process = cli.start(*command)

    def under_way():
        with suppress(JournalError):
            return running_jobs()
        return []

    def running_jobs():
        running = [job for job in campaign_status(journal).running if job.amount]
        return running if len(running) == 2 else []

    deadline = time.monotonic() + 60
    while not (running := under_way()):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    assert (running[0].amount, running[0].unit, running[0].phase) == (3, "terms", "2/2 write")
    shown = cli("status", "out.pickle").stdout
    assert "step 2/2 write, 3 terms" in shown
    done = [row.id for row in job_rows(journal) if row.status == "OK"]
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert len(done) == 2
    (cli.folder / "wait").unlink()
    again = cli(*command, "-v")
    assert again.returncode == 0, again.stderr
    assert "2 of 8 jobs are done already; 6 to run" in again.stderr
    assert not [job for job in done if f"{job}: OK" in again.stderr]
    shown = cli("status", "out.pickle").stdout
    assert "8 of 8 ended" in shown


def test_it_is_replayed_shown_exported_and_plotted(inside, sums, forgotten):
    cli = inside
    assert cli("run", sums, "-r", "out.pickle").returncode == 0
    assert cli("replay", "out.pickle", 3).stdout.startswith("the same: OK")
    # Without a journal, from what the results say of themselves.
    (cli.folder / "out.pickle.journal").rename(cli.folder / "kept")
    job = read_results_pickle(cli.folder / "out.pickle").metadata[3]["job"]
    assert cli("replay", "out.pickle", job).stdout.startswith("the same: OK")
    (cli.folder / "kept").rename(cli.folder / "out.pickle.journal")
    # Nor need whoever reads know the kind.
    sums.unlink()
    forgotten()
    shown = cli("results", "show", "out.pickle").stdout
    assert all(word in shown for word in ("SUM", "TOTAL", "4950"))
    assert "n=100" in cli("log", "out.pickle").stdout
    printed = json.loads(cli("results", "print", "out.pickle", "--json").stdout)
    assert printed[2][1]["SUM"]["TOTAL"] == 45
    recovered = cli("results", "recover", "out.pickle.journal", "-o", "again.pickle")
    assert recovered.returncode == 0, recovered.stderr
    assert jobs_of(cli.folder / "again.pickle")[1] == jobs_of(cli.folder / "out.pickle")[1]
    assert cli("results", "verify", "out.pickle.journal").returncode == 0
    plotted = cli("plot", "out.pickle", "--metric", "SUM.TOTAL")
    assert plotted.returncode == 0, plotted.stderr
    assert list((cli.folder / "out").glob("*.png"))


def test_changed_code_of_a_kind_runs_again(inside, sums):
    cli = inside
    assert cli("run", sums, "-r", "out.pickle").returncode == 0
    cli.write("sums.py", SUMS.replace("total += number", "total += number + 0"))
    again = cli("run", sums, "-r", "out.pickle", "--overwrite")
    assert "2 of 8 jobs are done already; 6 to run" in again.stderr


def test_all_problems_are_listed_before_anything_runs(inside):
    cli = inside
    settings = cli.write(
        "wrong.py",
        SUMS
        + """
EXPERIMENT_QUEUE += [
    {"sum": {"n": "ten", "noise": 0.1}},
    {"sum": {"n": -1, "noise": 0.1}, "remark": {}},
    {"summ": {"n": 1}},
    {"sum": {}, "twice": {}},
]
register_job_kind("twice", type("Twice", (Sum,), {}))
""",
    )
    ran = cli("run", settings, "-r", "out.pickle")
    assert ran.returncode == 2
    assert "EXPERIMENT_QUEUE[4].sum.n: should be a number of terms, found 'ten'" in ran.stderr
    assert "EXPERIMENT_QUEUE[5].sum.n: should be a number of terms, found -1" in ran.stderr
    assert "EXPERIMENT_QUEUE[6].summ: no section that is read; did you mean 'sum'?" in ran.stderr
    assert "EXPERIMENT_QUEUE[7].twice: an experiment is of one kind" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (cli.folder / "out.pickle.journal").exists()


def test_what_is_returned_must_be_a_product(inside):
    cli = inside
    broken = SUMS.replace("return Product(", "return dict(").replace(", n)\n", ")\n")
    settings = cli.write("sums.py", broken)
    ran = cli("run", settings, "-r", "out.pickle")
    assert ran.returncode == 1
    assert "icarus.orchestration.Product" in ran.stderr
    results = pickle.loads((cli.folder / "out.pickle").read_bytes())
    assert len(results.failures) == 6
