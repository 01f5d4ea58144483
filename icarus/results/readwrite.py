"""Results files: written whole or not at all, read without executing anything."""

from __future__ import annotations

import logging
import os
import stat
from pathlib import Path
from typing import IO, Any

from icarus.core.partial import replaced
from icarus.errors import ResultsError, nearest_file
from icarus.registry import register_results_reader, register_results_writer
from icarus.results import safepickle
from icarus.results._entries import HEAD, Contents, contents_of, entries_in, write_entries
from icarus.results.resultset import ResultSet

__all__ = ["ResultSet", "read_contents", "read_results_pickle", "write_results_pickle"]

logger = logging.getLogger("results")


@register_results_writer("PICKLE")
def write_results_pickle(results: ResultSet, path: str | os.PathLike[str]) -> None:
    """Write results as a pickle, replacing the file in one step.

    Parameters
    ----------
    results : ResultSet
    path : str or path-like
        Missing folders are made.

    Raises
    ------
    ResultsError
        If the file cannot be written; what stood there before is untouched.
    """
    # The file that a link leads to, not the link, is replaced.
    target = Path(path).resolve()
    if target.exists() and not target.is_file():
        raise ResultsError(f"{target}: cannot write: it is not a regular file")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replaced(target) as file:
            problems = write_entries(results, file)
    except OSError as error:
        reason = getattr(error, "strerror", None) or error
        raise ResultsError(f"{target}: cannot write: {reason}") from error
    for problem in problems:
        logger.warning("%s: %s; its text was written", target, problem)


@register_results_reader("PICKLE")
def read_results_pickle(path: str | os.PathLike[str]) -> Any:
    """Read results written by ``write_results_pickle`` or by Icarus 0.8.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    ResultSet
        All results that can be read; that others cannot is logged as a warning.

    Raises
    ------
    ResultsError
        If there is no such file, or it holds anything but results. Nothing in it is executed.
    """
    contents = read_contents(path)
    contents.tell(f"{os.fspath(path)}: ")
    return contents.results


def read_contents(path: str | os.PathLike[str]) -> Contents:
    """Return the results in a file, and what cannot be read of them.

    Raises
    ------
    ResultsError
        As ``read_results_pickle``.
    """
    target = Path(path)
    try:
        if target.is_char_device():
            raise ResultsError("it is a device")
        with target.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ResultsError("it is not a regular file")
            contents = _read(file)
    except ResultsError as error:
        raise ResultsError(f"{target}: cannot read as results: {error}") from error
    except FileNotFoundError:
        raise ResultsError(f"{target}: no such file{nearest_file(target)}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResultsError(f"{target}: cannot read: {reason}") from error
    if not isinstance(contents.results, ResultSet):
        raise ResultsError(f"{target}: holds a {type(contents.results).__name__}, not results")
    return contents


def _read(file: IO[bytes]) -> Contents:
    if file.read(len(HEAD)) == HEAD:
        return contents_of(entries_in(file))
    file.seek(0)
    results = safepickle.load(file)
    return Contents(results, expected=len(results) if isinstance(results, ResultSet) else 0)
