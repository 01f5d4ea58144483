"""Simulations put aside in files, to go on from there later, perhaps in another process.

A file is written beside, synced and renamed, so that it is there as a whole or not at all. It is
read only if its digest is right and it is of the same job, Icarus and Python.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import pickle
import platform
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from icarus.errors import StateError
from icarus.planning.identity import RESULTS_VERSION
from icarus.release import version

__all__ = [
    "Checkpoint",
    "PassedBarrier",
    "SharedState",
    "read_state",
    "remove_state",
    "remove_states",
    "states_of",
    "write_state",
]

logger = logging.getLogger("states")

_MAGIC = b"icarus-state 1\n"
_PART = ".part"
_LEVEL = 1
"""Of compression: a state of 10^6 cached contents, 45 MB, takes 0.1 s; level 3 saves a tenth."""
_MOST_SHARE = 100
"""Times by which a job goes on for longer than it took to put its state aside."""


def states_of(file: Path) -> Path:
    """Return the folder of the states of a campaign, going by its results file."""
    return file.with_name(f"{file.stem}.states")


def _facts(identity: str) -> dict[str, Any]:
    return {
        "identity": identity,
        "icarus": version,
        "results": RESULTS_VERSION,
        "python": platform.python_version(),
    }


def write_state(path: Path, state: Any, identity: str, *, lasting: bool = True) -> int:
    """Put an object aside in a file.

    Parameters
    ----------
    path : Path
        Its folder is made if it is missing.
    state : object
    identity : str
        What it is of, such as the id of a job.
    lasting : bool, optional
        Whether it is to be there after a crash of the machine. It takes a millisecond or more to
        see to that.

    Returns
    -------
    int
        Bytes of the file.

    Raises
    ------
    StateError
        If it cannot be pickled; the message says what cannot.
    OSError
        If the file cannot be written.
    """
    try:
        pickled = pickle.dumps(state, pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        raise StateError(f"its state cannot be put aside: {error}") from error
    data = zstandard.ZstdCompressor(level=_LEVEL).compress(pickled)
    facts = _facts(identity) | {"digest": hashlib.blake2b(data, digest_size=16).hexdigest()}
    head = _MAGIC + json.dumps(facts).encode() + b"\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}{_PART}")
    try:
        with part.open("wb") as file:
            file.write(head)
            file.write(data)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        part.replace(path)
    finally:
        with suppress(OSError):
            part.unlink()
    return len(head) + len(data)


def read_state(path: Path, identity: str) -> Any:
    """Return the object that was put aside in a file.

    Raises
    ------
    StateError
        If the file is damaged, or of something else; the message says which.
    OSError
        If it cannot be read.
    """
    magic, _, rest = path.read_bytes().partition(b"\n")
    head, _, data = rest.partition(b"\n")
    try:
        facts: Any = json.loads(head) if magic + b"\n" == _MAGIC else None
        digest = facts.pop("digest")
    except (ValueError, AttributeError, KeyError, TypeError):
        raise StateError(f"{path}: damaged, or no state of a simulation") from None
    if facts != _facts(identity):
        raise StateError(f"{path}: of another job, or another version of Icarus or Python")
    if hashlib.blake2b(data, digest_size=16).hexdigest() != digest:
        raise StateError(f"{path}: damaged")
    try:
        return pickle.loads(zstandard.ZstdDecompressor().decompress(data))
    except Exception as error:
        raise StateError(f"{path}: cannot be taken up again: {error}") from error


def remove_state(path: Path) -> None:
    """Remove a state, if there is one. The folder stays: to remove it takes 0.3 ms each time."""
    with suppress(OSError):
        path.unlink()


def remove_states(folder: Path) -> None:
    """Remove the states in a folder, and the folder if nothing else is in there."""
    with suppress(OSError):
        for path in folder.iterdir():
            with suppress(OSError):
                if path.suffix == _PART or _is_state(path):
                    path.unlink()
        folder.rmdir()


def _is_state(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


@dataclass(frozen=True)
class SharedState:
    """A state that several jobs go on from.

    Parameters
    ----------
    path : str
        The file.
    identity : str
        What it is of.
    until, requests : float
        Where the simulation is then.
    required : bool
        Whether nobody can go on without it.
    lasting : bool
        Whether a later run may go on from it.
    """

    path: str
    identity: str
    until: float = math.inf
    requests: float = math.inf
    required: bool = False
    lasting: bool = True

    def read(self) -> Any:
        """Return the state; None if there is none that can be used."""
        try:
            return read_state(Path(self.path), self.identity)
        except (StateError, OSError):
            return None

    def write(self, state: Any) -> None:
        """Put a state aside, unless that has been done. Where it cannot be, the log says why.

        Raises
        ------
        StateError, OSError
            As ``write_state``, if it is required.
        """
        path = Path(self.path)
        if path.exists():
            return
        try:
            write_state(path, state, self.identity, lasting=self.lasting)
        except (StateError, OSError) as error:
            if self.required:
                raise
            logger.warning("others cannot go on from it: %s", error)


@dataclass(frozen=True)
class PassedBarrier:
    """A barrier on the way of a walk.

    Parameters
    ----------
    number : int
        Its place among the stages, from 1.
    state : SharedState
        What comes of it. While that is not there, nobody may pass.
    to_do : bool
        Whether this job is to do it, and nothing else.
    """

    number: int
    state: SharedState
    to_do: bool = False


@dataclass
class Checkpoint:
    """Where and how often a long job puts its state aside.

    Parameters
    ----------
    path : str
        The file.
    identity : str
        The id of the job.
    first, every : float
        Seconds until the first time, and between two times.
    """

    path: str
    identity: str
    first: float
    every: float

    def __post_init__(self) -> None:
        self._due = time.monotonic() + self.first
        self.written = 0
        """How often it has been put aside by this process."""

    def __reduce__(self) -> tuple[Any, ...]:
        # Where it is sent to, the job begins.
        return type(self), (self.path, self.identity, self.first, self.every)

    @property
    def is_due(self) -> bool:
        """Whether it is time to put the state aside."""
        return time.monotonic() >= self._due

    def restored(self) -> Any:
        """Return the state that was put aside; None if there is none.

        Raises
        ------
        StateError
            If there is one that cannot be used. It is removed.
        """
        path = Path(self.path)
        try:
            return read_state(path, self.identity)
        except FileNotFoundError:
            return None
        except StateError:
            self.remove()
            raise
        except OSError as error:
            raise StateError(f"{path}: {error.strerror or error}") from error

    def put_aside(self, state: Any) -> None:
        """Put a state aside; the next time is later if that takes long.

        Raises
        ------
        StateError, OSError
            As ``write_state``. It is not tried again then.
        """
        self._due = float("inf")
        began = time.monotonic()
        write_state(Path(self.path), state, self.identity)
        now = time.monotonic()
        self._due = now + max(self.every, _MOST_SHARE * (now - began))
        self.written += 1

    def remove(self) -> None:
        """Remove the file, if there is one."""
        remove_state(Path(self.path))
