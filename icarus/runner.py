"""From a settings module to a results file."""

from __future__ import annotations

import errno
import gc
import os
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
from icarus.orchestration import Orchestrator, stopped_by_signals
from icarus.orchestration.executors import JobInterrupted
from icarus.orchestration.journal.schema import journal_of
from icarus.orchestration.journal.writer import Journal
from icarus.registry import RESULTS_WRITER
from icarus.results.readwrite import ResultSet, read_results_pickle
from icarus.settings import fill_defaults, load_settings, parse_overrides
from icarus.util import Settings, config_logging

__all__ = [
    "Campaign",
    "Keeping",
    "check_destination",
    "default_destination",
    "handler",
    "prepared",
    "run",
    "run_campaign",
    "write_results",
]


def default_destination(settings_path: str | os.PathLike[str]) -> Path:
    """Return where the results of a settings module go unless another place is named."""
    return Path("results") / f"{Path(settings_path).stem}.pickle"


def check_destination(path: Path, overwrite: bool) -> None:
    """See to it that results can be written to `path`, before anything is computed for it.

    Raises
    ------
    ResultsError
        If a file is there that may not be overwritten, or the folder cannot be written to.
    """
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
    path = journal_of(file)
    if not keeping.journal:
        orchestrator = Orchestrator(settings, executor=executor)
        check_destination(file, keeping.overwrite)
        yield Campaign(orchestrator, file)
        return
    if keeping.fresh or not path.exists():
        orchestrator = Orchestrator(settings, executor=executor)
        check_destination(file, keeping.overwrite or _made_by(path, file))
        journal = Journal(path, fresh=keeping.fresh)
        known = None
    else:
        journal = Journal(path)
        known = journal.known(retry_failed=keeping.retry_failed)
    with journal:
        notes = list(journal.notes)
        if known is not None:
            orchestrator = Orchestrator(settings, known=known, executor=executor)
            check_destination(file, keeping.overwrite or _replaceable(journal, file, notes))
        orchestrator.subscribe(journal.attach(settings), essential=True)
        # What was read stays to the end; the garbage collector need not look at it each time.
        gc.freeze()
        yield Campaign(orchestrator, file, journal, notes)


def _made_by(journal: Path, file: Path) -> bool:
    """Whether a results file was written from a journal that nobody has opened yet."""
    if not journal.exists():
        return False
    with suppress(JournalError), Journal(journal) as opened:
        return opened.made(file)
    return False


def _replaceable(journal: Journal, file: Path, notes: list[str]) -> bool:
    """Whether a results file is the journal's, or was and is damaged now."""
    if not file.exists() or journal.made(file):
        return True
    try:
        read_results_pickle(file)
    except ResultsError as error:
        notes.append(f"{error}; it is written again from the journal")
        return True
    return False


def run_campaign(orchestrator: Orchestrator, write: Callable[[Orchestrator], None]) -> None:
    """Run a campaign to its end or until a signal stops it, and write its results either way.

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
            write(orchestrator)
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
    overrides = parse_overrides(f"{name}={text}" for name, text in (config_override or {}).items())
    settings = load_settings(config_file, overrides)
    _validate_settings(settings)
    config_logging(settings["LOG_LEVEL"])
    destination = Path(output)
    check_destination(destination, overwrite=True)
    orchestrator = Orchestrator(settings)
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
        writer(orchestrator.results, destination)
    except (ResultsError, OSError) as error:
        refuge = _written_elsewhere(writer, orchestrator.results, destination.name)
        if refuge is None:
            tried = ", ".join(map(str, _refuges()))
            raise ResultsError(f"{error}; nor could they be written to {tried}") from error
        raise ResultsError(f"{error}; the results are in {refuge} instead") from error


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
