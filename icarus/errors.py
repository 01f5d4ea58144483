"""The exceptions that Icarus raises for situations a user can mend.

::

    IcarusError
    ├── SettingsError      settings module, overrides or command line; carries all problems found
    │   └── DesignError    axes, constraints or derived parameters of a design
    ├── ComponentError     a registry name that is unknown or already taken
    ├── TraceError         a request trace that cannot be read: file, line, what was wrong
    ├── TopologyError      a map file that is missing or unusable
    ├── NoKernelError      a simulation that the compiled engine cannot run
    ├── StateError         a simulation that cannot be put aside, or taken up again
    ├── EventError         an event of a timeline that the network does not allow
    ├── ResourceError      a resource under control: unknown, or a value it does not take
    │   ├── TransitionError    what it cannot do in the state that it is in
    │   ├── ConditionError     a condition or connection that can never hold
    │   └── MissingTraceError  a trace of it that there is not
    ├── ScenarioError      a scenario in which a critical resource failed
    ├── ClusterError       a cluster that cannot be reached, or that was lost
    ├── ProcessError       processes, or what they need, that the system does not give
    ├── ResultsError       results that cannot be read, written or compared
    │   ├── JournalError   the same of a campaign's journal
    │   └── UnwritableError  a value that results cannot keep
    └── PlotError          a plot that the results at hand cannot give

``Cancel`` is none of them: it is raised by users' own code, to end a job on purpose.

The text of errors is written for the user who has to mend something: where, what was found, what
would be right. Anything else that escapes is a defect of Icarus or of the user's own code
and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from glob import escape
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from icarus.plaintext import cut, one_line, some_of

__all__ = [
    "Cancel",
    "CaseError",
    "ClusterError",
    "ComponentError",
    "ConditionError",
    "DesignError",
    "EventError",
    "IcarusError",
    "JournalError",
    "MissingTraceError",
    "NoKernelError",
    "PlotError",
    "ProcessError",
    "ResourceError",
    "ResultsError",
    "ScenarioError",
    "SettingsError",
    "StateError",
    "TopologyError",
    "TraceError",
    "TransitionError",
    "UnwritableError",
    "nearest",
    "nearest_file",
    "suggestion",
]


_LONGEST = 10_000
"""Characters of a problem that are kept."""


class IcarusError(Exception):
    """Root of all errors that are the user's to mend."""

    @property
    def problems(self) -> Sequence[str]:
        """What is to be mended, one line per problem."""
        return [str(self)]


class Cancel(Exception):  # noqa: N818
    """Raised by code that a job runs, to end the job without a result and without a failure.

    For a combination of parameters that turns out to make no sense, say. The job is CANCELLED,
    with the reason.

    Parameters
    ----------
    reason : str
    """

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)


class SettingsError(IcarusError):
    """Settings that cannot be run.

    Parameters
    ----------
    problems : sequence of str
        One per problem, each naming its place. They are made a line each: what they show of
        settings may hold anything.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        self._problems = [one_line(problem, _LONGEST) for problem in problems]
        super().__init__("\n".join(self._problems))

    @property
    def problems(self) -> list[str]:
        """One line per problem."""
        return self._problems

    def __reduce__(self) -> tuple[type[SettingsError], tuple[list[str]]]:
        return type(self), (self.problems,)


class DesignError(SettingsError):
    """A design that cannot be: its axes, constraints or derived parameters, each with its place."""


class ComponentError(IcarusError, ValueError):
    """A component name that is unknown, or taken by another component."""


class TopologyError(IcarusError, ValueError):
    """A map file that is missing or does not hold what is needed of it."""


class TraceError(IcarusError, ValueError):
    """A request trace that cannot be read.

    Parameters
    ----------
    path : str or path-like
        The trace file.
    message : str
        What was wrong.
    line : int, optional
        The 1-based number of the line at fault.
    """

    def __init__(self, path: str | PathLike[str], message: str, line: int | None = None) -> None:
        place = fspath(path) if line is None else f"{fspath(path)}:{line}"
        super().__init__(f"{place}: {message}")
        self.path = fspath(path)
        self.message = message
        self.line = line

    def __reduce__(self) -> tuple[type[TraceError], tuple[str, str, int | None]]:
        return type(self), (self.path, self.message, self.line)


class NoKernelError(IcarusError):
    """A simulation that was to be compiled, some part of which has no kernel."""


class StateError(IcarusError):
    """A simulation that cannot be put aside in the middle, or not be taken up again."""


class EventError(IcarusError, ValueError):
    """An event of a timeline that the network does not allow when it is due.

    Parameters
    ----------
    parameter : str
        Which of its parameters says so.
    message : str
        What was found, and what would be right.
    """

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(f"{parameter}: {message}")
        self.parameter = parameter
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.parameter, self.message)


class _LinesError(IcarusError):
    """An error with one line per problem."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))

    @property
    def problems(self) -> list[str]:
        """One line per problem."""
        return list(map(str, self.args))


class ResourceError(_LinesError, ValueError):
    """A resource under control that is unknown, was described wrongly, or failed.

    Parameters
    ----------
    *problems : str
        One line per problem.
    """


class TransitionError(ResourceError):
    """What a resource was to do, and cannot in the state that it is in."""


class ConditionError(ResourceError):
    """A condition or a connection that cannot be: unknown states, no duration, cycles."""


class MissingTraceError(ResourceError, LookupError):
    """A trace of a resource that there is not, or that nobody has switched on."""


class CaseError(IcarusError):
    """A case in which a step failed, or what the steps need."""


class ScenarioError(IcarusError):
    """A scenario in which a critical resource failed."""


class ClusterError(IcarusError):
    """A cluster that cannot be reached, cannot be used or was lost."""


class ProcessError(IcarusError):
    """Processes, or the files or memory that they need, which the system does not give."""


class ResultsError(_LinesError):
    """Results that cannot be read, written or compared.

    Parameters
    ----------
    *problems : str
        One line per problem.
    """


class JournalError(ResultsError):
    """A campaign's journal that cannot be read or written, or that another run is writing."""


class UnwritableError(ResultsError, ValueError):
    """A value that neither journals nor results files can keep.

    It contains itself, is nested too deeply or is too large. The encoder of values raises this and
    nothing else.

    Parameters
    ----------
    reason : str
        What is wrong with it.
    path : sequence of str, optional
        The keys that lead to what is wrong.
    """

    SHOWN = 4
    """How many keys of a path the message has."""

    def __init__(self, reason: str, path: Sequence[str] = ()) -> None:
        place = ".".join(path[: self.SHOWN]) + ("..." if len(path) > self.SHOWN else "")
        super().__init__(f"{place}: {reason}" if place else reason)
        self.reason = reason
        self.path = tuple(path)

    def within(self, key: object) -> UnwritableError:
        """Return the same error of a value in which this one is under `key`."""
        return UnwritableError(self.reason, (cut(str(key), 60), *self.path))

    def __reduce__(self) -> tuple[type[UnwritableError], tuple[str, tuple[str, ...]]]:
        return type(self), (self.reason, self.path)


class PlotError(IcarusError, ValueError):
    """A plot that the results at hand cannot give."""


def nearest(name: str, known: Iterable[object]) -> str | None:
    """Return the known name that `name` is most likely a misspelling of, or None.

    Case is ignored, so that ``lru`` finds ``LRU``.
    """
    by_folded = {str(candidate).casefold(): str(candidate) for candidate in known}
    wanted = str(name).casefold()
    near = difflib.get_close_matches(wanted, by_folded, n=5, cutoff=0.6)
    # Letters that changed places are the likelier slip where several names are as close.
    near.sort(key=lambda candidate: sorted(candidate) != sorted(wanted))
    return by_folded[near[0]] if near else None


def nearest_file(path: str | PathLike[str]) -> str:
    """Return the end of "no such file": what may be meant, if anything.

    That is a file of the very name in a folder beside, such as ``results``, or else one in the same
    folder that is called much like it.
    """
    folder, name = Path(path).parent, Path(path).name
    try:
        elsewhere = sorted(folder.glob(f"[!.]*/{escape(name)}")) if Path(name).suffix else []
        if len(elsewhere) == 1:
            return f"; did you mean {fspath(elsewhere[0])!r}?"
        names = [entry.name for entry in folder.iterdir() if not entry.name.startswith(".")]
    except (OSError, ValueError):
        return ""
    near = nearest(name, names)
    return f"; did you mean {fspath(folder / near)!r}?" if near else ""


def suggestion(name: str, known: Iterable[object], most: int = 12) -> str:
    """Return the half-sentence that follows "unknown name": the nearest known one, or the list."""
    names = sorted(str(candidate) for candidate in known)
    near = nearest(name, names)
    if near is not None:
        return f"did you mean {near!r}?"
    if not names:
        return "none is known"
    return f"known: {some_of(names, most)}"
