"""The folder of the user's in which is kept what would be made again: compiled code above all."""

from __future__ import annotations

import functools
import logging
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "users_cache"]

logger = logging.getLogger("compiler")

CACHE_VARIABLE = "ICARUS_CACHE_DIR"
"""Environment variable that names the folder for compiled code, instead of the user's cache."""


def users_cache() -> Path | None:
    """Return the folder, which is made where it is missing; None if there is none.

    It lies in the user's cache folder, so that Icarus may be installed read-only, or is one of the
    user's own among the temporary folders where that cannot be written.
    """
    return _usable_root(os.environ.get(CACHE_VARIABLE), os.environ.get("XDG_CACHE_HOME"))


@functools.cache
def _usable_root(configured: str | None, users_caches: str | None) -> Path | None:
    """Return the first folder that can be written, having warned if it is not the first of all."""
    try:
        if configured:
            wanted = Path(configured).absolute()
        else:
            wanted = Path(users_caches or Path.home() / ".cache") / "icarus"
        _try_to_write(wanted)
    except (OSError, RuntimeError) as error:
        # A RuntimeError says that there is no home.
        reason = str(error)
    else:
        return wanted
    advice = f"set {CACHE_VARIABLE} to a folder that can be written"
    try:
        root = _temporary_root()
    except OSError as error:
        logger.warning(
            "compiled code is not kept, each process compiles anew: %s; %s; %s",
            *(reason, error, advice),
        )
        return None
    logger.warning("compiled code is kept in %s for now: %s; %s", root, reason, advice)
    return root


def _try_to_write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.TemporaryFile(dir=folder).close()


def _temporary_root() -> Path:
    """Return a folder that is this user's alone: what is loaded from it is executed."""
    folder = Path(tempfile.gettempdir()) / f"icarus-{os.getuid()}"
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    others_may_write = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or others_may_write:
        raise PermissionError(f"{folder} is not a folder that only this user can write")
    _try_to_write(folder)
    return folder
