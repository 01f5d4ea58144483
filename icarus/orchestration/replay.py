"""Running one job of a campaign once more, here, and comparing what comes out."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from icarus.core.suffixes import is_settings
from icarus.errors import ComponentError, JournalError, ResultsError
from icarus.metering import without_resources
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.journal.kept import KeptTask
from icarus.orchestration.journal.outcomes import job_of
from icarus.orchestration.journal.overview import find_journal, job_row
from icarus.orchestration.journal.reader import JournalReader
from icarus.orchestration.kinds.task import Report
from icarus.orchestration.status import Status
from icarus.orchestration.worker import run_job
from icarus.planning.identity import experiment_id
from icarus.planning.job_kinds import SIMULATION
from icarus.planning.loading import SettingsSource, execute_settings
from icarus.results.readwrite import read_results_pickle
from icarus.util import Tree

__all__ = ["Recorded", "difference", "prepare", "recorded_job", "replay"]


@dataclass(frozen=True)
class Recorded:
    """A job as it was run, and what came of it."""

    task: KeptTask
    experiment: str
    """Identity of its experiment."""
    status: Status
    results: Tree | None
    error: str
    source: SettingsSource | None
    """The settings module as it was then."""


def recorded_job(path: Path, wanted: str) -> Recorded:
    """Return a job that was run, from a journal or, where there is none, a results file.

    Parameters
    ----------
    path : Path
        The results file, or the journal.
    wanted : str
        The job's number or id, or the beginning of its id.

    Raises
    ------
    ResultsError
        If there is no such job, or it has not ended.
    """
    try:
        journal = find_journal(path)
    except JournalError:
        if not path.is_file() or is_settings(path):
            raise
        return _from_results(path, wanted)
    row = job_row(journal, wanted)
    with JournalReader(journal) as reader:
        if row.status in ("RUNNING", "INTERRUPTED"):
            job, campaign = reader.started_job(row.id)
            return _recorded(job, Status.INTERRUPTED, None, "", campaign)
        job, outcome, campaign = reader.job(row.id)
    results = None if outcome.value is None else outcome.value.results
    return _recorded(job, outcome.status, results, outcome.error, campaign)


def _from_results(path: Path, wanted: str) -> Recorded:
    results = read_results_pickle(path)
    given = [
        (params, facts, tree)
        for (params, tree), facts in zip(results, results.metadata, strict=True)
    ]
    given += [(params, facts, None) for params, facts in results.failures]
    found = [one for one in given if str(one[1].get("job", "")).startswith(wanted)]
    if len(found) != 1:
        what = "no job" if not found else f"{len(found)} jobs that begin with"
        raise ResultsError(f"{path}: has {what} {wanted!r}; name one by its id, as in its metadata")
    params, facts, tree = found[0]
    campaign = facts["campaign"]
    entry = {
        "id": facts["job"],
        "identity": facts["experiment"],
        "number": 0,
        "label": "",
        "kind": facts.get("kind", SIMULATION),
        "unit": "",
        "seed": campaign["seed"],
        "replication": facts["replication"],
        "task": facts.get("task", {}),
    }
    status = Status(facts["status"])
    job = job_of(entry, params, campaign)
    return _recorded(job, status, tree, facts.get("error", ""), campaign)


def _recorded(
    job: Job,
    status: Status,
    results: Tree | None,
    error: str,
    campaign: Mapping[str, Any],
) -> Recorded:
    source = None
    if campaign.get("settings_text") is not None:
        source = SettingsSource(
            campaign["settings_path"], campaign["settings_text"], dict(campaign["overrides"])
        )
    assert isinstance(job.task, KeptTask)
    return Recorded(job.task, job.experiment, status, results, error, source)


def prepare(recorded: Recorded) -> Job:
    """Execute the recorded settings, for the components they define, and return the job.

    Raises
    ------
    SettingsError
        If the settings cannot be executed.
    ResultsError
        If the experiment cannot be had from what was recorded.
    """
    settings: dict[str, Any] = {}
    if recorded.source is not None:
        settings = execute_settings(recorded.source)
    params = recorded.task.params
    if experiment_id(params) != recorded.experiment:
        # It has something in it that is kept as text only, such as a function.
        matching = [
            Tree(one)
            for one in settings.get("EXPERIMENT_QUEUE", ())
            if experiment_id(Tree(one)) == recorded.experiment
        ]
        if not matching:
            raise ResultsError(
                "the parameters of this job are recorded as text only, and the recorded settings "
                "do not give them either"
            )
        params = matching[0]
    try:
        task = recorded.task.revived(params)
    except ComponentError as error:
        raise ResultsError(f"the recorded settings do not make its kind known: {error}") from error
    return Job("replay", recorded.experiment, 0, "replay", task)


def replay(job: Job, report: Report | None = None) -> Outcome:
    """Run a job in this process and return its outcome. Files that it leaves are thrown away.

    Parameters
    ----------
    job : Job
    report : callable, optional
        Told of its progress.
    """
    with tempfile.TemporaryDirectory(prefix="icarus-replay-") as folder:
        here = replace(job, folder=str(Path(folder) / "job"))
        return run_job(here, report or (lambda amount, phase: None))


def difference(recorded: Recorded, job: Job, outcome: Outcome) -> str | None:
    """Return how an outcome differs from the recorded one in a line; None if it is the same.

    What counts as the same is for the job's kind to say.
    """
    if recorded.results is not None and outcome.value is not None:
        # What a job uses is never the same twice.
        before, now = map(without_resources, (recorded.results, outcome.value.results))
        return job.task.difference(before, now)
    if recorded.status is not outcome.status:
        text = f": {outcome.error}" if outcome.error else ""
        return f"it was {recorded.status} and is {outcome.status} now{text}"
    if recorded.error != outcome.error:
        return f"it failed with {recorded.error!r} and fails with {outcome.error!r} now"
    return None
