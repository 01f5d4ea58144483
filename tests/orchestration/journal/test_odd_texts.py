"""Texts that no file, terminal or database takes as they are: none costs more than itself."""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from unittest.mock import patch

import pytest
from calls import job_that_calls
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icarus.errors import Cancel
from icarus.orchestration import Orchestrator, Outcome, Status
from icarus.orchestration.events import CampaignStarted, JobEnded, JobRetried, JobStarted
from icarus.orchestration.jobs import LONGEST_MESSAGE, LONGEST_TRACEBACK, Job, jobs_of
from icarus.orchestration.journal.overview import campaign_status, job_row, job_rows
from icarus.orchestration.journal.reader import JournalReader
from icarus.orchestration.journal.recovery import recover
from icarus.orchestration.journal.writer import Journal
from icarus.orchestration.worker import run_job
from icarus.planning.loading import SettingsSource
from icarus.util import Settings, Tree

# A thousand examples take longer than a test may.
pytestmark = pytest.mark.timeout(1800)

TEXTS = st.one_of(
    st.text(st.characters(codec=None, categories=None)),
    st.text(st.sampled_from("\0\n\r\x1b[]$/\\'\"\ud800\udce9\udfff\u202e\U0001f600e")),
    st.text(max_size=3).map(lambda text: text * 30_000),
)


def experiment(number: int = 0) -> Tree:
    made = Tree()
    made["topology"] = {"name": "TREE", "k": 2, "h": 2}
    made["workload"] = {
        "name": "STATIONARY", "n_contents": 20, "alpha": 0.5, "n_warmup": 5,
        "n_measured": 20 + number,
    }  # fmt: skip
    made["content_placement"] = {"name": "UNIFORM"}
    made["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.5}
    made["strategy"] = {"name": "LCE"}
    made["cache_policy"] = {"name": "LRU"}
    return made


def campaign_settings(*experiments: Tree) -> Settings:
    made = Settings()
    made.EXPERIMENT_QUEUE = list(experiments or [experiment()])
    made.ENGINE = "python"
    return made


@pytest.fixture(scope="module")
def plan():
    return Orchestrator(campaign_settings()).plan


@pytest.mark.fuzz
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=TEXTS, status=st.sampled_from([s for s in Status if s is not Status.INTERRUPTED]))
def test_any_text_is_kept_wherever_it_stands(plan, text, status):
    # Two halves of a surrogate pair, side by side, are the whole character in JSON.
    text = json.loads(json.dumps(text))
    made = campaign_settings()
    made.__dict__["_source"] = SettingsSource(text, "", {"NAME": text})
    (job,) = jobs_of(plan)
    job = Job(job.id, job.experiment, 0, text, job.task)
    outcome = Outcome(
        status if status is not Status.OK else Status.FAILED,
        error=text, traceback=text, messages=[(20, text, text)], started=1.0, duration=2.0,
    )  # fmt: skip
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(platform, "node", lambda: text),
        patch.object(sys, "argv", ["icarus", text]),
    ):
        path = Path(folder) / "r.pickle.journal"
        with Journal(path) as journal:
            journal.attach(made)
            for event in (
                CampaignStarted(plan, (job,), 0), JobStarted(job), JobRetried(job, outcome, 1),
                JobStarted(job, 2), JobEnded(job, outcome, 2),
            ):  # fmt: skip
                journal(event)
        with Journal(path) as journal:
            again = journal.outcomes[job.id]
        with JournalReader(path) as reader:
            kept_job, kept, _ = reader.job(job.id)
            ((_, attempt),) = reader.attempts(job.id)
        for one in (again, kept, attempt):
            assert (one.status, one.error, one.traceback, one.messages) == (
                outcome.status, outcome.error, outcome.traceback, outcome.messages,
            )  # fmt: skip
        assert kept_job.label == text
        assert again.origin["settings_path"] == again.origin["overrides"]["NAME"] == text
        assert again.origin["command"] == ["icarus", text]
        shown = campaign_status(path)
        for row in (*job_rows(path), job_row(path, job.id), *shown.failures):
            f"{row.label}{row.error}".encode()
        f"{shown.settings}{shown.host}".encode()
        recovered, notes = recover(path)
        assert not notes
        assert len(recovered.failures) == 1


@pytest.mark.fuzz
@given(text=TEXTS)
def test_texts_are_kept_cut_with_their_length(text):
    outcome = Outcome(Status.FAILED, error=text, traceback=text, messages=[(20, "x", text)])
    again = Outcome(Status.FAILED, outcome.error, outcome.error, outcome.traceback)
    assert again.error == outcome.error
    for kept, most in (
        (outcome.error, LONGEST_MESSAGE),
        (outcome.traceback, LONGEST_TRACEBACK),
        (outcome.messages[0][2], LONGEST_MESSAGE),
    ):
        assert kept[:most] == text[:most]
        assert len(kept) <= most + 100
        if kept != text:
            assert kept.endswith(f"... ({len(text):,} characters)")


class _Text(str):
    """A user's own kind of text, which is no reason to keep it otherwise."""

    __slots__ = ("more",)


@pytest.mark.parametrize(
    "error", [ValueError("a" * 50_000_000), Cancel("\ud800" * 20_000), ValueError(_Text("x"))]
)
def test_what_jobs_raise_is_cut_before_it_leaves_the_worker(error):
    def task(argument, heartbeat):
        raise error

    outcome = run_job(job_that_calls(task), lambda amount, phase: None)
    assert len(outcome.error) < LONGEST_MESSAGE + 100
    assert len(outcome.traceback) < LONGEST_TRACEBACK + 100
    assert type(outcome.error) is str


def campaign(path: Path, made: Settings) -> Orchestrator:
    with Journal(path) as journal:
        orchestrator = Orchestrator(made, known=journal.known())
        orchestrator.subscribe(journal.attach(made), essential=True)
        orchestrator.run()
    return orchestrator


@pytest.mark.parametrize("error", [ValueError("odd"), MemoryError(), RecursionError("deep")])
def test_a_result_that_cannot_be_written_down_costs_its_job_alone(tmp_path, monkeypatch, error):
    from icarus.orchestration.journal import writer

    real = writer.outcome_entry

    def entry(job, outcome, *rest):
        if job.number == 1 and outcome.status is Status.OK:
            raise error
        return real(job, outcome, *rest)

    monkeypatch.setattr(writer, "outcome_entry", entry)
    made = campaign_settings(*(experiment(i) for i in range(3)))
    path = tmp_path / "r.pickle.journal"
    first = campaign(path, made)
    assert first.counts == {Status.OK: 2, Status.FAILED: 1}
    ((_, facts),) = first.results.failures
    assert facts["error"].startswith(f"its result cannot be kept: {type(error).__name__}")
    assert type(error).__name__ in facts["traceback"]
    monkeypatch.undo()
    assert campaign_status(path).counts == {"OK": 2, "FAILED": 1}
    again = campaign(path, made)
    assert again.results.failures == first.results.failures
    assert list(again.results) == list(first.results)


def test_parameters_that_cannot_be_written_down_cost_their_jobs_alone(tmp_path, monkeypatch):
    from icarus.orchestration.journal import writer

    real = writer.experiment_entry

    def entry(job):
        if job.number < 2:
            raise ValueError("they cannot")
        return real(job)

    monkeypatch.setattr(writer, "experiment_entry", entry)
    made = campaign_settings(experiment(1), experiment(2))
    made.N_REPLICATIONS = 2
    path = tmp_path / "r.pickle.journal"
    first = campaign(path, made)
    assert first.counts == {Status.OK: 2, Status.FAILED: 2}
    assert (
        "its parameters cannot be written down: ValueError: they cannot"
        in (first.results.failures[0][1]["error"])
    )
    monkeypatch.undo()
    again = campaign(path, made)
    assert again.counts == {Status.OK: 2, Status.FAILED: 2}
    recovered, notes = recover(path)
    assert (len(recovered), len(recovered.failures), notes) == (2, 2, [])


@pytest.mark.parametrize("name", [b"caf\xe9", b"\xff\xfe?#%&", "日本".encode()])
def test_a_journal_is_named_by_any_bytes(tmp_path, name):
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    path = folder / os.fsdecode(name + b".pickle.journal")
    first = campaign(path, campaign_settings())
    (left,) = folder.iterdir()
    assert os.fsencode(left.name) == name + b".pickle.journal"
    assert campaign_status(path).counts == {"OK": 1}
    assert list(recover(path)[0]) == list(first.results)
    assert list(campaign(path, campaign_settings()).results) == list(first.results)
