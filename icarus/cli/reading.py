"""Reading the results that a command was given, or saying which command reads them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from icarus.cli.common import warn
from icarus.core.suffixes import is_settings, is_sweep
from icarus.errors import ResultsError

if TYPE_CHECKING:
    from icarus.results import ResultSet

__all__ = ["distinct", "read_results"]


def read_results(path: Path) -> ResultSet:
    """Return the results in a file.

    Raises
    ------
    ResultsError
        If they cannot be read; of a file of another kind the message says what reads it.
    """
    from icarus.results import read_results_pickle

    other = _of_another_kind(path)
    if other is not None:
        raise ResultsError(f"{path}: {other}")
    results: ResultSet = read_results_pickle(path)
    return results


def distinct(*paths: Path) -> ResultSet:
    """Return the results in files, each simulation once, and print what was left out."""
    from icarus.results.merging import merge

    merged = merge([(str(path), read_results(path)) for path in paths])
    for note in merged.notes:
        warn(note)
    return merged.results


def _of_another_kind(path: Path) -> str | None:
    """Say what a file is that holds no results, and which command reads it."""
    from icarus.orchestration.destination import default_destination
    from icarus.orchestration.journal.schema import is_database, journal_of

    if is_database(path):
        return (
            f"the journal of a campaign, not its results; icarus results recover {path} -o FILE "
            f"makes results of it, icarus status {path} says how far it is"
        )
    if is_settings(path) and path.is_file():
        made = default_destination(path)
        what = "a sweep file" if is_sweep(path) else "a settings module"
        return (
            f"{what}, not results; icarus run {path} runs it"
            + (f", and icarus plot {made} draws its results" if made.is_file() else "")
        )  # fmt: skip
    journal = journal_of(path)
    with suppress(OSError):
        if not path.exists() and journal.is_file():
            return (
                f"no such file, but its journal is there: the campaign has not saved results yet, "
                f"or they were deleted; run it again to have them, or icarus results recover "
                f"{journal}"
            )
    return None
