"""The settings modules to start from: config/ of the source, and the same where it is installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from icarus.errors import SettingsError

__all__ = ["copy_examples", "examples_folder"]

FOLDER = "config"
"""The name of their folder in the source, in every page of the manual and in each copy."""

_PACKAGE = Path(__file__).resolve().parents[1]


def examples_folder() -> Path:
    """Return the folder that holds the examples.

    A wheel has them inside of the package; beside the source code they are read from the one
    place in which they are written.

    Raises
    ------
    SettingsError
        If this installation has none.
    """
    for folder in (_PACKAGE / "examples", _PACKAGE.parent / FOLDER):
        if (folder / "quickstart.py").is_file():
            return folder
    raise SettingsError([f"this installation has no examples beside {_PACKAGE}; install it again"])


def copy_examples(destination: Path, *, overwrite: bool = False) -> list[Path]:
    """Copy the examples into a folder config/ within `destination`.

    Parameters
    ----------
    destination : Path
        Folder, made if it is not there.
    overwrite : bool, optional
        Whether files that are there already may be replaced.

    Returns
    -------
    list of Path
        The files that were written, sorted.

    Raises
    ------
    SettingsError
        If one of them is there already and may not be replaced; nothing is written then.
    """
    source = examples_folder()
    folder = destination / FOLDER
    names = sorted(_names(source))
    there = [name for name in names if (folder / name).exists()]
    if there and not overwrite:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise SettingsError(
            [
                f"{folder / there[0]}{more}: there already; name another folder, or replace "
                "what is there with --overwrite"
            ]
        )
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / name, folder / name)
    return [folder / name for name in names]


def _names(source: Path) -> Iterator[Path]:
    for path in source.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(source)
