"""Whether the results file beside a journal is the journal's, so that it may be replaced."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from icarus.orchestration.jobs import Outcome, siblings
from icarus.orchestration.journal.beside import aside
from icarus.orchestration.status import Status
from icarus.results.resultset import ResultSet

__all__ = ["copied_aside", "digest_of", "keep_what_is_missing", "of_same_campaign"]


def digest_of(path: Path) -> str | None:
    """Return what tells the content of a results file from another; None if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except OSError:
        return None


def of_same_campaign(results: ResultSet, jobs: Iterable[str], outcomes: Iterable[str]) -> bool:
    """Return whether all that is in a results file is of jobs of a campaign.

    The journal says so as long as it is whole. Where that part of it is damaged, the file's own
    record of its jobs does: their ids are those of the campaign's, but for replications that were
    added.

    Parameters
    ----------
    results : ResultSet
        What is in the file.
    jobs, outcomes : iterable of str
        Ids of the jobs of the campaign, and of those in the journal.
    """
    known = {siblings(job) for ids in (jobs, outcomes) for job in ids}
    facts = [*results.metadata, *(facts for _, facts in results.failures)]
    found = [str(one.get("job", "")) for one in facts]
    # A file that was merged of several has a job more than once.
    return bool(found) and len(set(found)) == len(found) and set(map(siblings, found)) <= known


def keep_what_is_missing(
    path: Path, results: ResultSet, outcomes: Mapping[str, Outcome]
) -> str | None:
    """Copy a results file aside that has results which the journal has lost; say so.

    The campaign repeats these jobs, but until they have ended, the file has more than it.
    """
    missing = sum(not _is_in(facts.get("job"), outcomes) for facts in results.metadata)
    if not missing:
        return None
    kept = copied_aside(path)
    jobs = "a job" if missing == 1 else f"{missing} jobs"
    return (
        f"{path}: has results of {jobs} that the journal has lost, which run again; it is kept "
        f"as {kept}"
    )


def copied_aside(path: Path) -> Path:
    """Copy a file beside itself, under a name that is not taken, and return where."""
    kept = aside(path)
    shutil.copy2(path, kept)
    return kept


def _is_in(job: object, outcomes: Mapping[str, Outcome]) -> bool:
    outcome = outcomes.get(str(job))
    return outcome is not None and outcome.status is Status.OK
