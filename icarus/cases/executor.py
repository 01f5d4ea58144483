"""Cases from programs: a face with few methods on what the command line does."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from icarus.cases.tables import write_tables
from icarus.core.suffixes import folder_of_cases
from icarus.design.case_reading import Case, find_cases
from icarus.errors import ResultsError, SettingsError, suggestion
from icarus.orchestration import JobEnded
from icarus.orchestration.campaign import Keeping, prepared, run_campaign
from icarus.orchestration.destination import default_destination, folder_of
from icarus.orchestration.events import Event
from icarus.orchestration.journal.schema import journal_of
from icarus.orchestration.states import states_of
from icarus.planning.job_kinds import CASE
from icarus.planning.loading import load_settings
from icarus.results import ResultSet
from icarus.util import Tree

__all__ = ["Executor", "clean", "discover"]

ProgressCallback = Callable[[str, str, bool], None]
"""Told of each run that ended: the id of the case, the label of the run, whether it is OK."""


def discover(root: str | Path) -> list[Tree]:
    """Return the cases in a folder as experiments, for an ``EXPERIMENT_QUEUE``.

    Raises
    ------
    SettingsError
        With all problems of all cases.
    """
    return list(load_settings(root)["EXPERIMENT_QUEUE"])


def leavings(file: Path) -> list[Path]:
    """Return what campaigns leave whose results go into a file, as far as it is there."""
    journal = journal_of(file)
    beside = [journal.with_name(f"{journal.name}{end}") for end in ("-wal", "-shm")]
    return [
        path for path in (file, journal, *beside, folder_of(file), states_of(file)) if path.exists()
    ]


def clean(file: Path, *, dry_run: bool = False) -> list[Path]:
    """Remove the results of cases: file, journal, states and what runs left; never inputs.

    Parameters
    ----------
    file : Path
        The results file.
    dry_run : bool, optional
        Only say what would be removed.

    Returns
    -------
    list of Path
        What was removed.
    """
    found = leavings(file)
    if not dry_run:
        for path in found:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return found


class Executor:
    """Runs the cases in a folder.

    Parameters
    ----------
    main_directory : path
        Where the cases are.
    verbose : bool, optional
        Kept for programs that give it; what is logged goes where logging is configured to.
    progress_cb : callable, optional
        Called with the id of the case, the label of the run, and whether it succeeded.
    results : path, optional
        The results file, by default ``results/<name of the folder>.pickle``.
    """

    def __init__(
        self,
        main_directory: str | Path,
        verbose: bool = False,
        progress_cb: ProgressCallback | None = None,
        *,
        results: str | Path | None = None,
    ) -> None:
        self._root = folder_of_cases(main_directory) or Path(main_directory)
        self.verbose = verbose
        self._progress = progress_cb
        self.file = default_destination(self._root) if results is None else Path(results)

    @property
    def main_directory(self) -> Path:
        """Where the cases are."""
        return self._root

    def list(self) -> list[Case]:
        """Return all cases, in the order of their paths.

        Raises
        ------
        SettingsError
            With all that is wrong with them.
        """
        cases, problems = find_cases(self._root)
        if problems:
            raise SettingsError(problems)
        return cases

    def run(self, case: str | None = None, runs: int | None = None) -> ResultSet:
        """Run all cases, or one, as ``icarus run`` does; what has been run is not run again.

        Parameters
        ----------
        case : str, optional
            The id of one.
        runs : int, optional
            How many runs of each; by default what its file says.

        Returns
        -------
        ResultSet
            Of all runs, those of earlier times included.

        Raises
        ------
        SettingsError
            With all problems of all cases, before anything runs.
        """
        settings = load_settings(self._root, {} if runs is None else {"N_REPLICATIONS": runs})
        if case is not None:
            queue = [one for one in settings["EXPERIMENT_QUEUE"] if one[CASE]["name"] == case]
            if not queue:
                known = [one.model.id for one in self.list()]
                raise SettingsError([f"unknown case {case!r}; {suggestion(case, known)}"])
            settings["EXPERIMENT_QUEUE"] = queue
        with prepared(settings, self.file, Keeping()) as campaign:
            campaign.orchestrator.subscribe(self._tell)
            run_campaign(campaign.orchestrator, campaign.write)
            results: ResultSet = campaign.orchestrator.results
        return results

    def _tell(self, event: Event) -> None:
        if self._progress is not None and isinstance(event, JobEnded):
            case = event.job.task.params.get(CASE)
            if isinstance(case, Mapping):
                ok = event.outcome.value is not None
                self._progress(str(case["name"]), event.job.label, ok)

    def stats(self) -> Sequence[Path]:
        """Write the tables of all cases and return their paths; see ``write_tables``.

        Raises
        ------
        ResultsError
            If none has been run.
        """
        if not self.file.exists():
            raise ResultsError(f"{self.file}: no such file; the cases have not been run")
        return write_tables(self.file)

    def clean(self, dry_run: bool = False) -> Sequence[Path]:
        """Remove results and all that runs have left, but no inputs; return what that is."""
        return clean(self.file, dry_run=dry_run)
