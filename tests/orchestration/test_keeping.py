"""Results that cannot be kept cost one job; results are never replaced by fewer."""

from __future__ import annotations

import base64
import logging
import os
import pickle
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from icarus.orchestration import Orchestrator
from icarus.orchestration.campaign import run_campaign
from icarus.orchestration.delivery import write_results
from icarus.orchestration.jobs import Outcome
from icarus.orchestration.journal.reader import JournalReader
from icarus.orchestration.journal.schema import checksum, connect, journal_of
from icarus.orchestration.keeping import keepable
from icarus.orchestration.kinds import Product
from icarus.orchestration.status import Status
from icarus.planning.loading import load_settings
from icarus.results import ResultSet, encoding, read_results_pickle, write_results_pickle
from icarus.util import Tree

STUDY = """
import functools
import numpy as np
from icarus.execution.collectors import DataCollector
from icarus.registry import register_data_collector

def odd():
    loop = []
    loop.append(loop)
    deep = functools.reduce(lambda inner, _: [inner], range(500), [])
    laughs = functools.reduce(lambda inner, _: [inner, inner], range(60), [])
    yield from (np.bytes_(b""), np.zeros(2, [("a", "i4", (2,))]), np.zeros(300_000))
    yield from (loop, deep, laughs, 1.5)

VALUES = list(odd())

@register_data_collector("MINE")
class Mine(DataCollector):
    def start_session(self, timestamp, receiver, content):
        self.content = content

    def results(self):
        return {"ODD": VALUES[self.view.topology().graph["which"]]}

from icarus.registry import register_topology_factory
from icarus.scenarios.topology import topology_tree

@register_topology_factory("ODD")
def topology_odd(which):
    topology = topology_tree(2, 2)
    topology.graph["which"] = which
    return topology

DATA_COLLECTORS = ["MINE"]
N_REPLICATIONS = 1
PARALLEL_EXECUTION = True
N_PROCESSES = 2
EXPERIMENT_QUEUE = [
    {
        "topology": {"name": "ODD", "which": which},
        "workload": {"name": "STATIONARY", "n_contents": 20, "alpha": 0.8, "n_warmup": 5,
                     "n_measured": 5},
        "content_placement": {"name": "UNIFORM"},
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.2},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
    }
    for which in range(len(VALUES))
]
"""


def icarus(folder, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "icarus", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(encoding.__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("--no-journal",), ("--executor", "serial")])
def test_results_that_cannot_be_kept_cost_one_job_each(tmp_path, options):
    (tmp_path / "study.py").write_text(STUDY)
    run = icarus(tmp_path, "run", "study.py", "-r", "x.pickle", *options)
    assert run.returncode == 1, run.stderr
    results = read_results_pickle(tmp_path / "x.pickle")
    kept = [tree["MINE"]["ODD"] for _, tree in results]
    assert kept[0] == np.bytes_(b"")
    assert type(kept[0]) is np.bytes_
    assert [getattr(value, "shape", None) for value in kept] == [(), (2,), (300_000,), None]
    errors = [facts["error"] for _, facts in results.failures]
    assert len(errors) == 3
    assert errors[0].startswith("its result cannot be kept: MINE.ODD: it is nested more than")
    if options != ("--no-journal",):
        again = icarus(tmp_path, "run", "study.py", "-r", "x.pickle", "-v")
        assert again.returncode == 1
        assert "4 of 7 jobs are done already; 0 to run" in again.stderr
        with JournalReader(journal_of(tmp_path / "x.pickle")) as reader:
            found, lost = reader.result_set()
        assert (len(found), lost) == (4, 0)


def outcome_of(value):
    return Outcome(Status.OK, Product(Tree(MINE=Tree(X=value)), 1))


def test_a_result_that_is_too_large_fails_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr(encoding, "LARGEST", 1_000_000)
    assert keepable(fits := outcome_of(np.zeros(100_000))) is fits
    failed = keepable(outcome_of(np.zeros(200_000)))
    assert failed.status is Status.FAILED
    assert failed.value is None
    assert failed.error == (
        "its result cannot be kept: MINE.X: it takes 1.6 MB, and what is kept of a job may take "
        "1.0 MB; have it written to a file of its own, and return its name"
    )


def test_the_largest_result_fits_into_a_place_of_sqlite(tmp_path):
    with closing(connect(tmp_path / "x", "rwc")) as connection:
        assert connection.getlimit(0) - 500_000 > encoding.LARGEST


@pytest.fixture
def three(tmp_path):
    """A campaign of three jobs that has ended: its results file."""
    (tmp_path / "study.py").write_text(STUDY.replace("(loop, deep, laughs, 1.5)", "()"))
    run = icarus(tmp_path, "run", "study.py", "-r", "x.pickle")
    assert run.returncode == 0, run.stderr
    return tmp_path / "x.pickle"


def test_one_entry_of_a_journal_that_cannot_be_read_is_run_again(three):
    unreadable = base64.b85encode(pickle.dumps(os.system))
    with closing(connect(journal_of(three), "rw")) as connection:
        number, key, payload = connection.execute(
            "SELECT number, key, payload FROM records WHERE key LIKE 'outcome:%' LIMIT 1"
        ).fetchone()
        before, _, rest = payload.partition(b'"result":[')
        tree = rest.partition(b',"python"')[0]
        payload = payload.replace(tree, b'{"MINE":["p","' + unreadable + b'"]}')
        connection.execute(
            "UPDATE records SET payload = ?, checksum = ? WHERE number = ?",
            (payload, checksum(key, payload), number),
        )
    assert before
    assert len(read_results_pickle(three)) == 3
    again = icarus(three.parent, "run", "study.py", "-r", "x.pickle")
    assert again.returncode == 0, again.stderr
    assert "what was kept of 1 job cannot be read; run again" in " ".join(again.stderr.split())
    assert len(read_results_pickle(three)) == 3


class BrokenError(Exception):
    pass


@pytest.mark.parametrize("number", [0, 2])
def test_an_error_never_replaces_results_by_fewer(tmp_path, monkeypatch, caplog, number):
    (tmp_path / "study.py").write_text(STUDY)
    file = tmp_path / "x.pickle"
    there = ResultSet()
    for i in range(3):
        there.add({"a": i}, {"b": i})
    write_results_pickle(there, file)
    orchestrator = Orchestrator(load_settings(tmp_path / "study.py", {}))

    def fail(event):
        for i in range(number):
            orchestrator.results.add({"new": i}, {})
        raise BrokenError

    monkeypatch.setattr(orchestrator, "_finish", lambda hooked: None)
    monkeypatch.setattr(orchestrator, "_publish", fail)
    with caplog.at_level(logging.ERROR), pytest.raises(BrokenError):
        run_campaign(orchestrator, lambda done: write_results(done, file))
    assert len(read_results_pickle(file)) == 3
    assert f"left as it was, with 3 results; {number} are at hand now" in caplog.text
    refuge = Path(caplog.text.partition("the results are in ")[2].partition(" instead")[0])
    assert len(read_results_pickle(refuge)) == number


def test_without_an_error_the_file_is_replaced(tmp_path):
    (tmp_path / "study.py").write_text(STUDY)
    file = tmp_path / "x.pickle"
    there = ResultSet()
    there.add({"a": 1}, {"b": 1})
    write_results_pickle(there, file)
    write_results(Orchestrator(load_settings(tmp_path / "study.py", {})), file)
    assert len(read_results_pickle(file)) == 0
