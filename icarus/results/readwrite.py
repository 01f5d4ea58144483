"""Results files: written whole or not at all, read without executing anything."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from icarus.errors import ResultsError, nearest_file
from icarus.registry import register_results_reader, register_results_writer
from icarus.results import safepickle
from icarus.results.resultset import ResultSet

__all__ = ["ResultSet", "read_results_pickle", "write_results_pickle"]


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
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            safepickle.dump(results, file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except (OSError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResultsError(f"{target}: cannot write: {reason}") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Have the file system remember the rename itself, where it can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@register_results_reader("PICKLE")
def read_results_pickle(path: str | os.PathLike[str]) -> Any:
    """Read results written by ``write_results_pickle`` or by Icarus 0.8.

    Parameters
    ----------
    path : str or path-like

    Returns
    -------
    ResultSet

    Raises
    ------
    ResultsError
        If there is no such file, or it holds anything but results. Nothing in it is executed.
    """
    target = Path(path)
    try:
        if target.is_char_device():
            raise ResultsError("it is a device")
        with target.open("rb") as file:
            results = safepickle.load(file)
    except ResultsError as error:
        raise ResultsError(f"{target}: cannot read as results: {error}") from error
    except FileNotFoundError:
        raise ResultsError(f"{target}: no such file{nearest_file(target)}") from None
    except OSError as error:
        raise ResultsError(f"{target}: cannot read: {error.strerror}") from error
    if not isinstance(results, ResultSet):
        raise ResultsError(f"{target}: holds a {type(results).__name__}, not results")
    return results
