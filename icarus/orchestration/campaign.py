"""From a settings module to a results file."""

from __future__ import annotations

import gc
import logging
import os
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from icarus.errors import JournalError, ResultsError
from icarus.orchestration import Orchestrator, stopped_by_signals
from icarus.orchestration.delivery import require_no_fewer, write_results, writer_of
from icarus.orchestration.destination import (
    absolute,
    check_destination,
    check_file_name,
    folder_of,
)
from icarus.orchestration.jobs import job_id, jobs_of
from icarus.orchestration.journal.ownership import (
    copied_aside,
    keep_what_is_missing,
    of_same_campaign,
)
from icarus.orchestration.journal.schema import journal_of
from icarus.orchestration.journal.writer import Journal
from icarus.orchestration.states import remove_states, states_of
from icarus.results.readwrite import read_contents
from icarus.util import Settings

__all__ = ["Campaign", "Keeping", "prepared", "run_campaign"]


logger = logging.getLogger("results")


@dataclass(frozen=True)
class Keeping:
    """What becomes of what earlier runs left, and whether this one leaves a journal."""

    journal: bool = True
    """Keep a journal beside the results, and go on from the one that is there."""
    fresh: bool = False
    """Move the journal of earlier runs aside."""
    retry_failed: bool = False
    """Run jobs again that gave no result."""
    overwrite: bool = False
    """Replace a results file that is not this campaign's."""


@dataclass
class Campaign:
    """A campaign that is ready to run, and where its results go."""

    orchestrator: Orchestrator
    file: Path
    journal: Journal | None = None
    notes: list[str] = field(default_factory=list)
    """What was found to be damaged, and what became of it."""

    def write(self, orchestrator: Orchestrator) -> None:
        """Write the results file.

        Raises
        ------
        ResultsError
            If it cannot be written; the message says where the results are.
        """
        if self.journal is None:
            write_results(orchestrator, self.file)
            return
        require_no_fewer(orchestrator, self.file)
        try:
            with self.journal.writing(self.file):
                writer_of(orchestrator)(orchestrator.results, self.file)
        except JournalError:
            raise
        except (ResultsError, OSError) as error:
            raise ResultsError(
                f"{error}; nothing is lost: mend this and run the same command again, or have "
                f"icarus results recover {self.journal.path} -o FILE write another file"
            ) from error


@contextmanager
def prepared(
    settings: Settings, file: Path, keeping: Keeping, executor: str | None = None
) -> Iterator[Campaign]:
    """Check everything and open the journal, before anything is run.

    Parameters
    ----------
    settings : Settings
    file : Path
        Where the results go.
    keeping : Keeping
    executor : str, optional
        As for ``Orchestrator``.

    Yields
    ------
    Campaign

    Raises
    ------
    SettingsError
        If anything is wrong with the settings. Nothing was written then.
    ResultsError
        If results cannot be written there; as a JournalError, if the journal cannot.
    """
    check_file_name(file)
    # What settings, hooks and jobs make of the current folder changes nothing about it.
    file = absolute(file)
    path = journal_of(file)
    if not keeping.journal:
        orchestrator = Orchestrator(settings, executor=executor)
        orchestrator.folder = folder_of(file)
        _check(orchestrator, file, keeping.overwrite)
        yield Campaign(orchestrator, file)
        return
    if keeping.fresh or not path.exists():
        orchestrator = Orchestrator(settings, executor=executor)
        _check(orchestrator, file, keeping.overwrite or _made_by(path, file))
        journal = Journal(path, fresh=keeping.fresh)
        known = None
    else:
        journal = Journal(path)
        known = journal.known(retry_failed=keeping.retry_failed)
    with journal:
        notes = list(journal.notes)
        if known is not None:
            orchestrator = Orchestrator(settings, known=known, executor=executor)
            mine = _replaceable(journal, file, orchestrator, notes)
            try:
                _check(orchestrator, file, keeping.overwrite or mine)
                if mine and file.exists():
                    notes += _leaving(journal, file, orchestrator, keeping.overwrite)
            except ResultsError as error:
                # What was found is to be known, also where nothing comes of it.
                raise ResultsError("\n".join([str(error), *notes])) from error
        orchestrator.folder = folder_of(file)
        if known is None:
            remove_states(states_of(file))
        orchestrator.states = states_of(file)
        orchestrator.subscribe(journal.attach(settings), essential=True)
        # What was read stays to the end; the garbage collector need not look at it each time.
        gc.freeze()
        yield Campaign(orchestrator, file, journal, notes)


def _check(orchestrator: Orchestrator, file: Path, overwrite: bool) -> None:
    check_destination(file, overwrite, orchestrator.settings["RESULTS_FORMAT"])


def _made_by(journal: Path, file: Path) -> bool:
    """Whether a results file was written from a journal that nobody has opened yet."""
    if not journal.exists():
        return False
    with suppress(JournalError), Journal(journal) as opened:
        return opened.made(file)
    return False


def _leaving(
    journal: Journal, file: Path, orchestrator: Orchestrator, overwrite: bool
) -> list[str]:
    """Say which results will not be in the results file any more, and how to get them back.

    Raises
    ------
    ResultsError
        If they are of another settings module, and it may not be overwritten.
    """
    plan, source = orchestrator.plan, orchestrator.settings.source
    number, settings, jobs = journal.last_results()
    each = zip(plan.ids, plan.keys, strict=True)
    asked_for = {job_id(key, i) for identity, key in each for i in range(plan.most_of(identity))}
    leaving = sum(job not in asked_for for job in jobs)
    if not leaving:
        return []
    what = "1 result" if leaving == 1 else f"{leaving} results"
    another = None not in (settings, source) and not _same_file(str(settings), source.path)
    if another and not overwrite:
        raise ResultsError(
            f"{file}: holds {what} of {settings} that this campaign does not ask for; name "
            f"another file with -r FILE, or replace them with --overwrite"
        )
    recover = shlex.join(["icarus", "results", "recover", str(journal.path), "--run", str(number)])
    return [
        f"{file}: {what} of {settings if another else 'other settings'} "
        f"{'leaves' if leaving == 1 else 'leave'} the file; the journal keeps them: "
        f"{recover} -o FILE gets them back"
    ]


def _same_file(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _replaceable(
    journal: Journal, file: Path, orchestrator: Orchestrator, notes: list[str]
) -> bool:
    """Whether a results file is the journal's, or was and is damaged now, as the journal may be."""
    if not file.exists() or journal.made(file):
        return True
    try:
        contents = read_contents(file)
        if contents.lost == contents.expected > 0:
            raise ResultsError(f"{file}: none of its {contents.lost} results can be read")
    except ResultsError as error:
        # Whatever it was, somebody may know how to mend it.
        kept = copied_aside(file)
        notes.append(f"{error}; it is kept as {kept}, and written again from the journal")
        return True
    contents.tell(f"{file}: ")
    jobs = [job.id for job in jobs_of(orchestrator.plan)]
    if not of_same_campaign(contents.results, jobs, journal.outcomes):
        return False
    missing = keep_what_is_missing(file, contents.results, journal.outcomes)
    notes += [missing] if missing else []
    return True


def run_campaign(orchestrator: Orchestrator, write: Callable[[Orchestrator], None]) -> None:
    """Run a campaign to its end or until a signal stops it, and write its results either way.

    What looks odd about its plan is logged first.

    Parameters
    ----------
    orchestrator : Orchestrator
        A campaign that has not run yet.
    write : callable
        Called with the orchestrator when the campaign is over, however it ended. Signals do
        not disturb it.

    Raises
    ------
    JournalError
        If the journal could not be written, which ended the campaign. The message has a line
        for this, and another if the results could not be written either.
    """
    for warning in orchestrator.plan.warnings:
        logging.getLogger("settings").warning("%s", warning)
    with stopped_by_signals(orchestrator):
        try:
            orchestrator.run()
        except JournalError as error:
            try:
                write(orchestrator)
            except ResultsError as second:
                raise JournalError(*error.problems, *second.problems) from error
            raise
        except BaseException:
            try:
                write(orchestrator)
            except ResultsError as second:
                # The first error says what is to be mended.
                logger.error("%s", second)
            raise
        write(orchestrator)
