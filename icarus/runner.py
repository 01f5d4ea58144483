"""From a settings module to a results file."""

from __future__ import annotations

import errno
import gc
import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from icarus.core.terminal import echo
from icarus.errors import JournalError, ResultsError
from icarus.general_settings import fill_defaults
from icarus.orchestration import Orchestrator, stopped_by_signals
from icarus.orchestration.executors import JobInterrupted
from icarus.orchestration.jobs import job_id, jobs_of
from icarus.orchestration.journal.ownership import (
    copied_aside,
    keep_what_is_missing,
    of_same_campaign,
)
from icarus.orchestration.journal.schema import SUFFIX, journal_of
from icarus.orchestration.journal.writer import Journal
from icarus.orchestration.progress import LogProgress
from icarus.registry import RESULTS_WRITER
from icarus.results.readwrite import ResultSet, read_contents
from icarus.settings import load_settings, parse_overrides
from icarus.util import Settings, config_logging

__all__ = [
    "Campaign",
    "Keeping",
    "absolute",
    "check_destination",
    "default_destination",
    "handler",
    "prepared",
    "run",
    "run_campaign",
    "write_results",
]


logger = logging.getLogger("results")


def default_destination(settings_path: str | os.PathLike[str]) -> Path:
    """Return where the results of a settings module go unless another place is named."""
    return Path("results") / f"{Path(settings_path).stem}.pickle"


def absolute(path: Path) -> Path:
    """Return where a path leads from the current folder.

    Raises
    ------
    ResultsError
        If the current folder is gone.
    """
    try:
        return path.absolute()
    except OSError as error:
        raise ResultsError(f"{path}: the current folder is gone; change to another") from error


_OTHER_FORMATS = {
    *(".csv", ".feather", ".h5", ".hdf5", ".html", ".json", ".jsonl", ".md", ".npy", ".npz"),
    *(".parquet", ".pdf", ".png", ".py", ".svg", ".tex", ".tsv", ".txt", ".xls", ".xlsx", ".yaml"),
    SUFFIX,
}
"""Ends of the names of files that are no pickles."""


def check_destination(path: Path, overwrite: bool, results_format: str = "PICKLE") -> None:
    """See to it that results can be written to `path`, before anything is computed for it.

    Raises
    ------
    ResultsError
        If a file is there that may not be overwritten, the folder cannot be written to, or the
        name is that of a file of another format.
    """
    if results_format == "PICKLE" and path.suffix.lower() in _OTHER_FORMATS:
        raise ResultsError(
            f"{path}: results are written as a pickle, not as {path.suffix}; name it "
            f"{path.with_suffix('.pickle')}, and have icarus results print --json or icarus "
            f"results show make a text of it"
        )
    check_file_name(path)
    if path.exists() and not overwrite:
        raise ResultsError(
            f"{path}: exists already; keep it and name another file with -r FILE, or replace it "
            f"with --overwrite"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(f"{path.parent}: cannot make this folder: {error.strerror}") from error
    if not os.access(path.parent, os.W_OK):
        raise ResultsError(f"{path.parent}: results cannot be written to this folder")


def check_file_name(path: Path) -> None:
    """See to it that `path` can be a file, and that the files beside it can have names, too.

    Raises
    ------
    ResultsError
        If it cannot.
    """
    try:
        if not path.name or path.is_dir():
            raise ResultsError(f"{path}: is a folder; name a file for the results with -r FILE")
        if path.exists() and not path.is_file():
            raise ResultsError(f"{path}: is no regular file; name another for the results")
        path.with_name(f"{path.name}{'x' * _LONGEST_SUFFIX}").stat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise ResultsError(f"{path}: {_explained(error)}") from error


_LONGEST_SUFFIX = 32
"""Bytes by which names are longer of the files that stand beside results: journal and parts."""


def _explained(error: OSError) -> str:
    if error.errno == errno.ENAMETOOLONG:
        return "the name is too long for the files beside the results; name another with -r FILE"
    return error.strerror or str(error)


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
        _require_no_fewer(orchestrator, self.file)
        try:
            with self.journal.writing(self.file):
                _writer(orchestrator)(orchestrator.results, self.file)
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
    most = plan.n_replications if plan.replications is None else plan.replications.most
    asked_for = {job_id(key, i) for key in plan.keys for i in range(most)}
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


def run(
    config_file: str | os.PathLike[str],
    output: str | os.PathLike[str],
    config_override: Mapping[str, str] | None,
) -> None:
    """Run the campaign of a settings module and write its results.

    Parameters
    ----------
    config_file : str or path-like
        The settings module.
    output : str or path-like
        The results file; one that is there is replaced.
    config_override : mapping of str to str, or None
        Overrides, as ``-c`` takes them.

    Raises
    ------
    SettingsError
        If anything is wrong with the settings.
    SystemExit
        If there is no ``EXPERIMENT_QUEUE``, or a signal stopped the campaign: 128 plus its number.
    """
    destination = absolute(Path(output))
    overrides = parse_overrides(f"{name}={text}" for name, text in (config_override or {}).items())
    settings = load_settings(config_file, overrides)
    _validate_settings(settings)
    config_logging(settings["LOG_LEVEL"])
    check_destination(destination, True, settings["RESULTS_FORMAT"])
    orchestrator = Orchestrator(settings)
    orchestrator.subscribe(LogProgress())
    run_campaign(orchestrator, lambda done: write_results(done, destination))
    if orchestrator.stopped_by is not None:
        raise SystemExit(128 + orchestrator.stopped_by)


def handler(
    settings: Settings,
    orch: Orchestrator,
    output: str | os.PathLike[str],
    signum: int | None = None,
    frame: FrameType | None = None,
) -> None:
    """Write what results there are, stop the orchestrator and exit with 128 plus the signal.

    A signal handler for scripts that install their own; ``run`` needs none.
    """
    with suppress(JobInterrupted):
        orch.stop(signum)
    orch.collect()
    write_results(orch, Path(output))
    sys.exit(128 + (signum or 0))


def write_results(orchestrator: Orchestrator, destination: Path) -> None:
    """Write the results of a campaign with the writer that its settings name.

    Raises
    ------
    ResultsError
        If `destination` cannot be written to; the results are then in a temporary folder, which
        the message names.
    """
    writer = _writer(orchestrator)
    try:
        _require_no_fewer(orchestrator, destination)
        writer(orchestrator.results, destination)
    except (ResultsError, OSError) as error:
        refuge = _written_elsewhere(writer, orchestrator.results, destination.name)
        if refuge is None:
            tried = ", ".join(map(str, _refuges()))
            raise ResultsError(f"{error}; nor could they be written to {tried}") from error
        raise ResultsError(f"{error}; the results are in {refuge} instead") from error


def _require_no_fewer(orchestrator: Orchestrator, file: Path) -> None:
    """See to it that a campaign that an error has ended costs no results of earlier runs.

    Raises
    ------
    ResultsError
        If fewer results are at hand than the file has.
    """
    if not orchestrator.broken or not file.is_file():
        return
    number = len(orchestrator.results)
    try:
        there = read_contents(file).expected
    except ResultsError:
        # Somebody may know how to mend it.
        there = None
    if there is None or there > number:
        held = "what it has" if there is None else f"{there} results"
        raise ResultsError(f"{file}: left as it was, with {held}; {number} are at hand now")


def _written_elsewhere(writer: Callable[..., None], results: ResultSet, name: str) -> Path | None:
    """Write results to the first place that takes them; return it, or None if there is none."""
    for folder in _refuges():
        try:
            made = Path(tempfile.mkdtemp(prefix="icarus-", dir=folder))
        except OSError:
            continue
        try:
            writer(results, made / name)
        except (ResultsError, OSError):
            shutil.rmtree(made, ignore_errors=True)
        else:
            return made / name
    return None


def _refuges() -> list[Path]:
    """Return folders to write to where there is no room elsewhere; the last is memory."""
    places: list[Callable[[], str | Path]] = [tempfile.gettempdir, Path.home, Path.cwd]
    places += [lambda: "/var/tmp", lambda: "/dev/shm"]
    folders = []
    for place in places:
        # There is no temporary folder where none of the usual ones has room, and no home for some.
        with suppress(OSError, RuntimeError):
            folders.append(Path(place()))
    return [folder for folder in dict.fromkeys(folders) if folder.is_dir()]


def _writer(orchestrator: Orchestrator) -> Callable[..., None]:
    writer: Callable[..., None] = RESULTS_WRITER.resolve(orchestrator.settings["RESULTS_FORMAT"])
    return writer


def _validate_settings(settings: Settings, freeze: bool = True) -> None:
    """Fill in defaults, then freeze the settings unless told not to."""
    if "EXPERIMENT_QUEUE" not in settings:
        echo("EXPERIMENT_QUEUE: missing; there is nothing to run", err=True)
        raise SystemExit(-1)
    fill_defaults(settings)
    if freeze:
        settings.freeze()
