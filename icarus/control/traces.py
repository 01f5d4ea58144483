"""Traces of resources: what they write while they run, by name, and how it is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from icarus.errors import MissingTraceError

__all__ = ["BLOCK", "DeclaredTrace", "Trace", "TraceAttr"]

BLOCK = 512
"""Bytes of a block, unless told otherwise."""

_LOOK = 0.02
"""Seconds between two looks at whether a file that is followed has grown: there is no event of
this that all systems tell of."""
_PIECE = 2**20


class TraceAttr(StrEnum):
    """What of a trace is wanted."""

    ALL = "ALL"
    """Its text."""
    STREAM = "STREAM"
    """A block of it."""
    PATH = "PATH"
    """Where its file is."""
    SIZE = "SIZE"
    """How large it is, in bytes."""


@dataclass(frozen=True)
class DeclaredTrace:
    """The declaration of a trace.

    Parameters
    ----------
    name : str
    help : str
        What is in it.
    enabled : bool, optional
        Whether it is written unless it is switched on.
    """

    name: str
    help: str
    enabled: bool = True


class Trace:
    """A trace of a resource: a file, which may still be growing.

    Parameters
    ----------
    path : Path
    name : str
        What messages call it.
    ended : callable
        Tells whether the resource has ended, so that nothing more will come.

    Attributes
    ----------
    path : Path
    """

    def __init__(self, path: Path, name: str, ended: Callable[[], bool]) -> None:
        self.path = path
        self._name = name
        self._ended = ended

    @property
    def size(self) -> int:
        """How many bytes there are so far."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            raise self._missing() from None

    def read(self) -> str:
        """Return the text so far; what is no UTF-8 is replaced."""
        return self.read_bytes().decode(errors="replace")

    def read_bytes(self) -> bytes:
        """Return all bytes so far."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            raise self._missing() from None

    def read_block(self, number: int, size: int = BLOCK) -> bytes:
        """Return one block.

        Parameters
        ----------
        number : int
            Counted from 0.
        size : int, optional
            Bytes of each block.

        Returns
        -------
        bytes
            Shorter at the end of the file, empty behind it.
        """
        if number < 0 or size < 1:
            raise ValueError(f"there is no block {number} of {size} bytes; blocks count from 0")
        try:
            with self.path.open("rb") as file:
                file.seek(number * size)
                return file.read(size)
        except FileNotFoundError:
            raise self._missing() from None

    def follow(self) -> Iterator[bytes]:
        """Yield what there is, and what is added, in pieces until the resource has ended."""
        place = 0
        while True:
            # Asked before reading: what is written up to the end is read after it.
            last = self._ended()
            for piece in self._from(place):
                place += len(piece)
                yield piece
            if last:
                return
            time.sleep(_LOOK)

    def _from(self, place: int) -> Iterator[bytes]:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(place)
            while piece := file.read(_PIECE):
                yield piece

    def _missing(self) -> MissingTraceError:
        return MissingTraceError(f"{self._name} has not been written: there is no {self.path}")

    def __repr__(self) -> str:
        return f"Trace({str(self.path)!r})"
