"""The file of samples: what was used up to each of many moments, one line each.

It is CSV, below lines that begin with ``#`` and say what the columns mean, in which units, and how
often samples were wanted and were taken. Lines are written as they come, so that what is there
tells of a job that was killed, too.
"""

from __future__ import annotations

import csv
import io
import os
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from icarus.errors import ResultsError
from icarus.metering.sampling import Reading

__all__ = ["COLUMNS", "SampleFile", "Samples", "phase_at", "read_samples"]

COLUMNS = {
    "time": "s since the beginning",
    "phase": "what went on, empty where no phase was named",
    "processes": "that live",
    "threads": "of these",
    "memory": "bytes, resident, what processes share more than once",
    "cpu_user": "s",
    "cpu_system": "s",
    "read": "bytes, by system calls, from the disk or not",
    "written": "bytes",
    "disk_read": "bytes",
    "disk_written": "bytes",
    "switches_voluntary": "times that a thread waited",
    "switches_involuntary": "times that a thread had to leave the core",
}
"""Units, or meanings, of the columns; from ``cpu_user`` on, of all that was used so far."""

_TITLE = "# What a job and all that it started used, up to each moment. Units:"
_ASKED, _KEPT = "# interval asked for, s:", "# interval kept, s:"
_DIGITS = 16
"""Characters for the interval that was kept, which is written once it is known."""
_AT_ONCE = 64
"""Lines that wait to be written together at most."""


class SampleFile:
    """A file that samples are written to.

    Parameters
    ----------
    path : Path
        A file that is there is replaced.
    interval : float
        Seconds between two samples, as asked for.
    machine : mapping of str to str
        Units of the machine's counters by name, if these are in each sample.

    Raises
    ------
    OSError
        If it cannot be written; also from all that writes.
    """

    def __init__(self, path: Path, interval: float, machine: Mapping[str, str]) -> None:
        # Not buffered: a process that the job forks would have a copy, and write that too.
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
        columns = {**COLUMNS, **machine}
        head = "\n".join(
            (
                _TITLE,
                *(f"#   {name}: {unit}" for name, unit in columns.items()),
                *(f"{_ASKED} {interval:g}", _KEPT),
            )
        )
        self._place = len(head.encode())
        self._waiting = [f"{head}{interval:>{_DIGITS}g}\n", ",".join(columns) + "\n"]

    def add(self, time: float, phase: str, reading: Reading, machine: Sequence[float]) -> None:
        """Take up a sample, and write it now or soon."""
        row = [
            *(round(time, 6), phase, reading.processes, reading.threads, reading.memory),
            *(round(value, 6) for value in (*reading.usage, *machine)),
        ]
        text = io.StringIO()
        # Names of phases may have anything in them.
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC).writerow(row)
        self._waiting.append(text.getvalue())
        if len(self._waiting) >= _AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        data = "".join(self._waiting).encode(errors="backslashreplace")
        self._waiting = []
        while data:
            data = data[os.write(self._file, data) :]

    def keep(self, interval: float) -> None:
        """Write which interval was kept."""
        self.flush()
        os.pwrite(self._file, f"{interval:>{_DIGITS}.4g}".encode(), self._place)

    def close(self) -> None:
        """Close it as it is."""
        os.close(self._file)


@dataclass(frozen=True)
class Samples:
    """What is in a file of samples.

    Attributes
    ----------
    asked, kept : float
        Seconds between two samples, as asked for and as they were taken.
    units : dict
        Units or meanings of columns by name.
    columns : dict
        Values by name of the column: texts of ``phase``, numbers of all others.
    """

    asked: float
    kept: float
    units: dict[str, str]
    columns: dict[str, list[float] | list[str]]


def read_samples(path: str | os.PathLike[str]) -> Samples:
    """Read a file of samples.

    Parameters
    ----------
    path : path

    Returns
    -------
    Samples

    Raises
    ------
    ResultsError
        If there is no such file, or it is none of samples.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ResultsError(f"{path}: cannot be read: {error}") from error
    # A job that was killed may have left half a line.
    lines = [f"{line}\n" for line in text.split("\n")[:-1]]
    n_head = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = [line.strip() for line in lines[:n_head]]
    try:
        told = dict(line.split(": ", 1) for line in head[1:])
        asked, kept = (float(told.pop(name.rstrip(":"))) for name in (_ASKED, _KEPT))
        units = {name.removeprefix("#").strip(): unit for name, unit in told.items()}
        names, *rows = csv.reader(lines[n_head:], strict=True)
        columns: dict[str, list[float] | list[str]] = {
            name: [row[i] for row in rows] if name == "phase" else [float(row[i]) for row in rows]
            for i, name in enumerate(names)
        }
    except (LookupError, ValueError, csv.Error) as error:
        raise ResultsError(f"{path}: is no file of samples, or was cut") from error
    return Samples(asked, kept, units, columns)


def phase_at(time: float, begins: Sequence[float], names: Sequence[str]) -> str:
    """Return which phase went on at a moment: the last that had begun; "" before the first.

    Parameters
    ----------
    time : float
    begins : sequence of float
        When each phase began, in order.
    names : sequence of str
        Their names; "" is no phase.
    """
    place = bisect_right(begins, time)
    return names[place - 1] if place else ""
