"""Whether a results file is as it was written."""

from __future__ import annotations

import os

from icarus.errors import ResultsError
from icarus.results.readwrite import ResultSet, read_contents

__all__ = ["check_results_file", "checked_results"]


def check_results_file(path: str | os.PathLike[str]) -> list[str]:
    """Check every entry of a results file: its checksum, and that it can be read.

    Files of Icarus 0.8 have no checksums, and are read as a whole.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    list of str
        What is wrong with it, a line for each; none if nothing is. The lines do not name the file.

    Raises
    ------
    ResultsError
        If there is no such file, or it cannot be opened.
    """
    return checked_results(path)[1]


def checked_results(path: str | os.PathLike[str]) -> tuple[ResultSet, list[str]]:
    """Return the results in a file that can be read, and what ``check_results_file`` does."""
    try:
        contents = read_contents(path)
    except ResultsError as error:
        if isinstance(error.__cause__, ResultsError):
            return ResultSet(), [str(error.__cause__)]
        raise
    problems = list(contents.problems)
    if contents.lost:
        problems.append(f"{contents.lost} of {contents.expected} results cannot be read")
    return contents.results, problems
