"""The folder of a job, and what is in it once the job has ended."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

__all__ = ["JobFolder"]


class JobFolder:
    """A folder that is made when it is first asked for.

    Parameters
    ----------
    path : str or None
        Where; None where there can be none.
    goes_on : bool, optional
        Whether what is in it is of an earlier part of the same job, and stays.
    """

    def __init__(self, path: str | None, *, goes_on: bool = False) -> None:
        self._path = None if path is None else Path(path)
        self._goes_on = goes_on
        self._made = False

    def path(self) -> Path:
        """Return the folder; the first time a job asks, it is empty, whatever was left there.

        Raises
        ------
        OSError
            If there can be none.
        """
        if self._path is None:
            raise FileNotFoundError("there is no folder for files of jobs: no results are written")
        if not self._made:
            if self._path.exists() and not self._goes_on:
                shutil.rmtree(self._path)
            self._path.mkdir(parents=True, exist_ok=True)
            self._made = True
        return self._path

    def listed(self) -> dict[str, Any]:
        """Return size in bytes and digest of each file in it, by its path in the folder."""
        if self._path is None or not self._made:
            return {}
        return {
            found.relative_to(self._path).as_posix(): _described(found)
            for found in sorted(self._path.rglob("*"))
            if found.is_file()
        }


def _described(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "blake2b").hexdigest()
    return {"bytes": path.stat().st_size, "blake2b": digest}
