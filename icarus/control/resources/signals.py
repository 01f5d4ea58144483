"""Patterns in the output of a process: that it is ready, and that it has ended well or badly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from icarus.design.expressions import Expression, ExpressionError
from icarus.errors import suggestion
from icarus.orchestration.status import Status

__all__ = ["LineReader", "SignalCounter", "compiled", "count_of", "signal_problems"]

_STATUSES = (Status.OK, Status.FAILED)
_LONGEST_LINE = 2**16
"""Bytes after which a line is taken to have ended."""


def compiled(pattern: str) -> re.Pattern[str]:
    """Return a regular expression; ValueError with what is wrong with it."""
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}, in {pattern!r}") from None


def _patterns(given: Any) -> list[str]:
    return [given] if isinstance(given, str) else list(given)


def signal_problems(signals: Mapping[str, Any], count: Any, names: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the attributes ``signals`` and ``count`` of a process."""
    found = []
    for status, patterns in signals.items():
        if status not in _STATUSES:
            found.append(f"signals: unknown {status!r}; {suggestion(str(status), _STATUSES)}")
        for pattern in _patterns(patterns):
            try:
                compiled(pattern)
            except ValueError as error:
                found.append(f"signals[{status!r}] {error}")
    try:
        count_of(count, names)
    except ValueError as error:
        found.append(f"count: {error}")
    return found


def count_of(count: int | str, names: Mapping[str, Any]) -> int:
    """Return how many matches make a signal.

    Parameters
    ----------
    count : int or str
        An expression, if it is a text.
    names : mapping
        Values of the names in it.

    Raises
    ------
    ValueError
        If that is no number of matches.
    """
    value: Any = count
    if isinstance(count, str):
        expression = Expression(count)
        unknown = [name for name in expression.names if name not in names]
        if unknown:
            hint = suggestion(unknown[0], names) if names else "there are no parameters"
            raise ExpressionError(f"unknown name {unknown[0]!r} in {count!r}; {hint}")
        value = expression.evaluate(names)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"should be a number of matches, at least 1, found {value!r}")
    return int(value)


class SignalCounter:
    """Counts the lines that match, and says which status comes first.

    Parameters
    ----------
    signals : mapping of str to str or list of str
        Patterns by status.
    count : int
        How many matches there must be of a status.

    Attributes
    ----------
    status : Status or None
        The first that was seen as often; later ones mean nothing.
    line : str
        The last line that made it so.
    """

    def __init__(self, signals: Mapping[str, Any], count: int) -> None:
        self._patterns = {
            Status(status): [compiled(one) for one in _patterns(given)]
            for status, given in signals.items()
        }
        self._seen = dict.fromkeys(self._patterns, 0)
        self._count = count
        self.status: Status | None = None
        self.line = ""

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def feed(self, line: str) -> bool:
        """Look at a line; return whether it decides."""
        if self.status is not None:
            return False
        for status, patterns in self._patterns.items():
            if any(one.search(line) for one in patterns):
                self._seen[status] += 1
                if self._seen[status] >= self._count:
                    self.status, self.line = status, line
                    return True
        return False

    @property
    def wanting(self) -> str:
        """What was still waited for, for messages."""
        number = self._seen.get(Status.OK, 0)
        return f"the signal OK was seen {number} times of {self._count}"


class LineReader:
    """Makes lines of pieces of output.

    Parameters
    ----------
    told : iterable of callable
        Called with each line, without its end.
    """

    def __init__(self, told: Iterable[Callable[[str], Any]]) -> None:
        self._told = list(told)
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        """Take a piece; what has no end yet waits for the next one."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            self._tell(line)

    def end(self) -> None:
        """Take what is left as the last line."""
        if self._rest:
            self._tell(self._rest)
            self._rest = b""

    @property
    def begun(self) -> str:
        """A line that has not ended, such as a prompt."""
        return self._rest.decode(errors="replace")

    def _tell(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip("\r")
        for told in self._told:
            told(text)
