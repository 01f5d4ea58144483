"""Where the results of a campaign go: whether they can, and where else if they cannot."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from icarus.core.suffixes import SETTINGS_SUFFIXES, folder_of_cases
from icarus.errors import ResultsError
from icarus.orchestration.journal.schema import SUFFIX

if TYPE_CHECKING:
    from icarus.planning.selection import Selection

__all__ = [
    "absolute",
    "check_destination",
    "check_file_name",
    "default_destination",
    "folder_of",
]


def default_destination(
    settings_path: str | os.PathLike[str], selection: Selection | None = None
) -> Path:
    """Return where the results of settings, or of a shard, go unless another place is named."""
    suffix = "" if selection is None else selection.suffix
    cases = folder_of_cases(settings_path)
    name = Path(settings_path).stem if cases is None else cases.resolve().name
    return Path("results") / f"{name}{suffix}.pickle"


def folder_of(file: Path) -> Path:
    """Return where the jobs of a campaign leave files, going by its results file."""
    return file.with_suffix("") if file.suffix else file.with_name(f"{file.name}.files")


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
    *(".csv", ".feather", ".h5", ".hdf5", ".html", ".jsonl", ".md", ".npy", ".npz"),
    *(".parquet", ".pdf", ".png", ".svg", ".tex", ".tsv", ".txt", ".xls", ".xlsx", ".yaml"),
    *SETTINGS_SUFFIXES,
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
