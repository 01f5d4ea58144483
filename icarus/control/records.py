"""What is written down of each change of state: a line of JSON, with both clocks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TextIO

from icarus.plaintext import one_line

__all__ = ["Records"]


class Records:
    """Writes down what happens, one line for each event.

    Parameters
    ----------
    path : Path
        The file, ``events.jsonl``; it is made with the first event.

    Attributes
    ----------
    count : int
        How many there are.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: TextIO | None = None
        self.count = 0

    def note(self, event: str, monotonic: float, wall: float, **facts: Any) -> None:
        """Write down an event.

        Parameters
        ----------
        event : str
        monotonic : float
            When, in seconds since the controller began.
        wall : float
            When, in seconds since 1970.
        **facts
            What else is to be known; what JSON cannot hold is written as text.
        """
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a", encoding="utf-8", buffering=1)
        self.count += 1
        line = {"event": event, "seconds": round(monotonic, 6), "wall": round(wall, 6), **facts}
        self._file.write(json.dumps(line, default=_text) + "\n")

    def close(self) -> None:
        """Write nothing more."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _text(value: Any) -> str:
    return one_line(repr(value), 200)
