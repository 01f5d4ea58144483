"""Where compiled code is kept from one process to the next, and how processes share it.

Nothing that is wrong with the folder stops a simulation: a folder that cannot be written is
replaced by another one or by none, and files that are damaged are compiled anew.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import logging
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile

from icarus.core.unbroken import unbroken
from icarus.core.users_cache import users_cache
from icarus.release import version

__all__ = [
    "KeptCode",
    "cache_folder",
    "compiled_once",
    "failed_since",
    "forget_interpreted",
    "interpreted_so_far",
    "is_compiled",
    "keep_in",
    "note_failure",
    "note_interpreted",
]

logger = logging.getLogger("compiler")

_compiling = False
"""Whether this process has the lock."""


_COMPILED = (
    "compiler",
    "routing",
    "verbs",
    "policies",
    "strategies",
    "curves/compiled",
    "execution/compiled",
)
"""Folders of the package in which functions are that are compiled."""


@functools.cache
def _fingerprint() -> str:
    """Return what the code depends on; Numba itself watches only the functions it is called with.

    The place of the kernels is part of it because Numba files code by it.
    """
    digest = hashlib.blake2b(digest_size=8)
    python = ".".join(map(str, sys.version_info[:3]))
    processor = f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    package = Path(__file__).resolve().parents[1]
    for text in (version, numba.__version__, np.__version__, python, processor, str(package)):
        digest.update(text.encode() + b"\n")
    for folder in _COMPILED:
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def cache_folder() -> Path | None:
    """Return the folder in which compiled code is kept; None if there is none.

    It lies in the user's cache folder and is named after all that the code depends on: the
    versions of Icarus, Numba, NumPy and Python, the processor, and the place and the text of the
    kernels.
    """
    root = users_cache()
    return None if root is None else root / f"kernels-{_fingerprint()}"


def is_compiled(key: str) -> bool:
    """Return whether the code that ``key`` stands for is kept on disk."""
    folder = cache_folder()
    return folder is not None and _note_of(folder, key).exists()


def _note_of(folder: Path, key: str) -> Path:
    return folder / f"{key}.ready"


def interpreted_so_far(key: str) -> float:
    """Return how many requests were served without the code that ``key`` stands for."""
    folder = cache_folder()
    try:
        return 0 if folder is None else (folder / f"{key}.interpreted").stat().st_size * _TALLY
    except OSError:
        return 0


def note_interpreted(key: str, requests: float) -> None:
    """Add to what ``interpreted_so_far`` returns, in this process and all others."""
    folder = cache_folder()
    if folder is None:
        return
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        # Appended to by many at once without a lock: its size is all that counts.
        with (folder / f"{key}.interpreted").open("ab") as tally:
            tally.write(bytes(min(int(requests / _TALLY) + 1, _TALLY)))


def forget_interpreted(key: str) -> None:
    """Have ``interpreted_so_far`` begin again from nothing."""
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):
            (folder / f"{key}.interpreted").unlink(missing_ok=True)


def note_failure(key: str) -> None:
    """Note that the code that ``key`` stands for could not be compiled."""
    folder = cache_folder()
    if folder is not None:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{key}.failed").touch()


def failed_since(key: str, when: float) -> bool:
    """Return whether that was noted since some time, in seconds since the epoch."""
    folder = cache_folder()
    try:
        # Times of files may be some milliseconds behind the clock.
        return folder is not None and (folder / f"{key}.failed").stat().st_mtime >= when - 0.1
    except OSError:
        return False


_TALLY = 1000
"""Requests for which the tally grows by a byte, and the most bytes by which it grows at once."""


@contextmanager
def compiled_once(key: str) -> Iterator[bool]:
    """Let one process compile what ``key`` stands for, and all others load it.

    A note in the folder says that the code is there; whoever misses it takes a lock, compiles and
    leaves the note, while others that need the same wait.

    Yields
    ------
    bool
        Whether this process is the one to compile.
    """
    global _compiling
    folder = cache_folder()
    if folder is None:
        yield True
        return
    note = _note_of(folder, key)
    if note.exists() or _compiling:
        yield False
        return
    with _locked(folder / f"{key}.lock"):
        missing = not note.exists()
        _compiling = True
        try:
            yield missing
        finally:
            _compiling = False
        if missing:
            with suppress(OSError):
                note.touch()


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """Be the only process with the lock on a file, where the file system has locks."""
    with ExitStack() as open_files:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            lock = open_files.enter_context(file.open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError as error:
            logger.debug("no lock on %s: %s", file, error)
        yield


class _CheckedFiles(IndexDataCacheFile):  # type: ignore[misc]
    """Numba's files of compiled code, safe to be written by several processes.

    An index says which file has the code for which types. Processes that write it at once have
    been seen to execute each other's code and crash (Numba issue 4807), so that only one at a
    time may, and files say whose code they have. A checksum tells damaged ones.
    """

    def save(self, key: Any, data: Any) -> None:
        with _locked(Path(f"{self._index_path}.lock")):
            super().save(key, (key, data))

    def load(self, key: Any) -> Any:
        found = super().load(key)
        if found is None:
            return None
        saved_for, data = found
        if saved_for != key:
            raise ValueError("it is for other types")
        return data

    def _load_index(self) -> Any:
        try:
            return super()._load_index()
        except Exception as error:
            logger.warning(
                "the index of compiled code in %s is damaged: %s", self._cache_path, error
            )
            return {}

    def _save_data(self, name: str, data: Any) -> None:
        code = self._dump(data)
        super()._save_data(name, (hashlib.sha256(code).digest(), code))

    def _load_data(self, name: str) -> Any:
        checksum, code = super()._load_data(name)
        if hashlib.sha256(code).digest() != checksum:
            raise ValueError("its checksum is wrong")
        return pickle.loads(code)


class KeptCode(FunctionCache):  # type: ignore[misc]
    """The compiled forms of a function on disk."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _CheckedFiles(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=self._impl.locator.get_source_stamp(),
        )

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the code for a signature, None where there is none or it is damaged.

        What signals raise waits until it is there: broken off in the middle, the compiler knows
        half of its own functions for the rest of the process, and can compile nothing any more.
        """
        with unbroken():
            return self._loaded(sig, target_context)

    def _loaded(self, sig: Any, target_context: Any) -> Any:
        try:
            return super().load_overload(sig, target_context)
        except Exception as error:
            logger.warning(
                "compiled code in %s is damaged and is compiled anew: %s", self._cache_path, error
            )
            return None

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep the code for a signature, if the disk has room for it."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            logger.warning("compiled code cannot be kept in %s: %s", self._cache_path, error)


def keep_in(folder: Path, function: Callable[..., Any]) -> KeptCode | None:
    """Return where the compiled forms of a function are kept; None if they cannot be.

    Parameters
    ----------
    folder : Path
        The folder for compiled code.
    function : callable
        The Python function.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(folder)
    try:
        return KeptCode(function)
    except (RuntimeError, OSError) as error:
        # A function without a file, or a folder that has gone since it was tried.
        logger.debug("%s is not kept: %s", function.__name__, error)
        return None
    finally:
        numba.config.CACHE_DIR = before
