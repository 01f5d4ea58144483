"""Scenarios of four other experiment systems: the same campaign on any executor.

What else there is of them is in ``test_scenarios_of_siblings``.
"""

from __future__ import annotations

from collections import Counter

import psutil
import pytest
from clusters import Cluster
from waiting import is_gone, records, wait_for

from icarus.orchestration.journal.overview import job_rows
from icarus.results import read_results_pickle

POOL = ("--executor", "pool", "-c", "N_PROCESSES=4")


@pytest.fixture
def cli(inside):
    """The command line, in an empty folder."""
    return inside


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


def run_with_a_death(cli, serial, name, *options):
    """Run the campaign, and kill the process that has job 5-0; return how it ended and its log."""
    ids = {f"{params['job']['fate']}-{f['replication']}": f["job"] for params, _, f in serial}
    journal = cli.folder / f"{name}.pickle.journal"
    hold = cli.folder / "hold-5-0"
    hold.touch()
    campaign = cli.start("run", "anywhere.py", "-r", f"{name}.pickle", *options)

    def holder():
        """Return the process once all else that it has begun is kept."""
        for pid in {pid for pid, job in ran(cli) if job == "5-0"}:
            others = {ids[job] for other, job in ran(cli) if other == pid} - {ids["5-0"]}
            if others <= {row.id for row in job_rows(journal) if row.status == "OK"}:
                return int(pid)
        return None

    pid = wait_for(holder)
    psutil.Process(pid).kill()
    wait_for(lambda: is_gone(pid))
    hold.unlink()
    _, errors = campaign.communicate(timeout=120)
    return campaign.returncode, errors


def test_a_pool_of_four_gives_what_one_process_gives(cli, serial):
    assert run_anywhere(cli, "pool", *POOL) == serial
    assert len(ran(cli)) == 20


def test_a_worker_of_a_pool_that_is_killed_costs_its_job_at_most(cli, serial):
    code, errors = run_with_a_death(cli, serial, "pool", *POOL)
    assert code == 1, errors
    ((params, facts),) = read_results_pickle(cli.folder / "pool.pickle").failures
    assert (params["job"]["fate"], facts["replication"], str(facts["status"])) == (5, 0, "LOST")
    rest = [one for one in serial if one[2]["job"] != facts["job"]]
    assert records(cli.folder / "pool.pickle") == rest
    assert len(ran(cli)) == 20
    assert run_anywhere(cli, "pool", "--retry-failed") == serial
    assert len(ran(cli)) == 21


def test_a_cluster_of_two_workers_gives_the_same_though_one_is_killed(cli, serial):
    pytest.importorskip("distributed", reason="needs the package distributed, of the extra [dask]")
    cluster = Cluster(cli.folder)
    try:
        workers = [cluster.add_worker(), cluster.add_worker()]
        code, errors = run_with_a_death(cli, serial, "far", "--executor", cluster.address)
        assert code == 0, errors
        assert records(cli.folder / "far.pickle") == serial
        assert {int(pid) for pid, _ in ran(cli)} == {worker.pid for worker in workers}
        # A cluster repeats what its dead had begun, and nothing else.
        assert Counter(job for _, job in ran(cli)).most_common(1) == [("5-0", 2)]
        assert len(ran(cli)) == 21
    finally:
        cluster.close()
