"""Results over time: windows of the TIMELINE collector, replications laid over each other, events.

Times are seconds of simulated time. Windows of time are the same ones in all replications but may
be missing in some, windows of requests begin with the same request; nothing is measured where a
value is NaN. What of a result is no such timeline is passed over.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from icarus.results.labels import is_drawable
from icarus.results.metrics import Metric
from icarus.theory.distributions import means_confidence_interval
from icarus.util import Tree

__all__ = [
    "COLLECTOR",
    "Curve",
    "Event",
    "Mark",
    "Timeline",
    "Windows",
    "laid_over",
    "marks_of",
    "metrics_over_time",
    "timeline_of",
    "worth_drawing",
]

COLLECTOR = "TIMELINE"

_FRAME = ("START", "END", "FIRST")
_ORDER = (
    *("HIT_RATIO", "BYTE_HIT_RATIO", "LATENCY", "SERVED"),
    *("LINK_LOAD_INTERNAL", "LINK_LOAD_EXTERNAL", "BYTES_FROM_ORIGINS"),
)
_LAST = "REQUESTS"
_NEAR = 1e-6
"""Share of a window by which the beginnings of one window may be apart, as sums of floats are."""


class Event(NamedTuple):
    """Something that happened to the network or the workload."""

    time: float
    requests: float
    """How many requests came before it."""
    text: str


@dataclass(frozen=True)
class Timeline:
    """What one simulation measured over time.

    Attributes
    ----------
    start, end : ndarray of float, shape (n_windows,)
        In seconds.
    first : ndarray of float, shape (n_windows,)
        The number of the first request of each window.
    by_requests : bool
        Whether windows are cut by numbers of requests rather than by time.
    values : dict
        From the name of each metric to an ndarray of float of the shape (n_windows,).
    events : list of Event
    """

    start: np.ndarray
    end: np.ndarray
    first: np.ndarray
    by_requests: bool
    values: dict[str, np.ndarray]
    events: list[Event] = field(default_factory=list)

    @property
    def beyond(self) -> np.ndarray:
        """The number of the first request after each window."""
        measured = self.values.get(_LAST)
        last = 1.0 if measured is None else float(np.nanmax([measured[-1], 1.0]))
        return np.append(self.first[1:], self.first[-1] + last)


class Curve(NamedTuple):
    """Means of one metric over replications, per window; NaN where there are none."""

    mean: np.ndarray
    half: np.ndarray
    """Half-width of the 95 % confidence interval; 0 where there is one replication."""


@dataclass(frozen=True)
class Windows:
    """The replications of one experiment laid over each other.

    Attributes
    ----------
    left, right : ndarray of float, shape (n_windows,)
        Where windows begin and end: seconds, or numbers of requests.
    samples : dict
        From the name of each metric to an ndarray of the shape (n_replications, n_windows).
    """

    left: np.ndarray
    right: np.ndarray
    samples: dict[str, np.ndarray]

    def curve(self, name: str) -> Curve | None:
        """Return the means of a metric over replications; None if there is no such metric."""
        if name not in self.samples:
            return None
        columns = [column[~np.isnan(column)] for column in self.samples[name].T]
        found = [
            means_confidence_interval(one) if len(one) > 1 else (one[0] if len(one) else np.nan, 0)
            for one in columns
        ]
        mean, half = np.array(found, dtype=float).reshape(-1, 2).T
        return Curve(mean, half)


@dataclass
class Mark:
    """An event on the axis, and the lines that it belongs to."""

    place: float
    text: str
    lines: set[int]


def timeline_of(results: Tree) -> Timeline | None:
    """Return what a simulation measured over time; None if there is nothing of the kind."""
    found = dict.get(results, COLLECTOR)
    if not isinstance(found, Mapping):
        return None
    frame = [_numbers(found.get(name), drawable=True) for name in _FRAME]
    start, end, first = frame
    if start is None or end is None or first is None:
        return None
    size = len(start)
    if not size or len(end) != size or len(first) != size:
        return None
    values = {}
    for name, item in found.items():
        numbers = _numbers(item) if isinstance(name, str) and name not in _FRAME else None
        if numbers is not None and len(numbers) == size:
            values[name] = numbers
    by_requests = str(found.get("WINDOW")) == "requests"
    return Timeline(start, end, first, by_requests, values, _events(found.get("EVENTS")))


def _numbers(value: Any, *, drawable: bool = False) -> np.ndarray | None:
    """Return an array as floats, NaN for what has no place on an axis; None for anything else."""
    if not isinstance(value, np.ndarray) or value.ndim != 1 or value.dtype.kind not in "iuf":
        return None
    numbers = value.astype(float)
    there = np.array([is_drawable(one) for one in numbers.tolist()], dtype=bool)
    if drawable and not there.all():
        return None
    return np.where(there, numbers, np.nan)


def _events(found: Any) -> list[Event]:
    events = []
    for one in found if isinstance(found, (list, tuple)) else ():
        if isinstance(one, (list, tuple)) and len(one) == 3:
            try:
                time, requests = float(one[0]), float(one[1])
            except (TypeError, ValueError, OverflowError):
                continue
            if is_drawable(time) and is_drawable(requests):
                events.append(Event(time, requests, str(one[2])))
    return events


def metrics_over_time(timelines: Iterable[Timeline | None]) -> list[Metric]:
    """Return the metrics that were measured over time, in the order in which they are drawn."""
    names = dict.fromkeys(name for one in timelines if one is not None for name in one.values)
    order = [*(name for name in _ORDER if name in names)]
    order += [name for name in names if name not in _ORDER and name != _LAST]
    return [(COLLECTOR, name) for name in [*order, *([_LAST] if _LAST in names else [])]]


def worth_drawing(metric: Metric, timelines: Iterable[Timeline]) -> bool:
    """Whether a metric says anything that is not to be expected: a failure, any traffic."""
    name = metric[-1]
    parts = [one.values[name] for one in timelines if name in one.values]
    values = np.concatenate([part[~np.isnan(part)] for part in parts]) if parts else np.empty(0)
    if name == "SERVED":
        return bool((values < 1).any())
    if name.startswith("LINK_LOAD"):
        return bool((values != 0).any())
    return len(values) > 0


def laid_over(replications: Sequence[Timeline], by_requests: bool) -> Windows:
    """Lay the windows of replications over each other.

    Parameters
    ----------
    replications : sequence of Timeline
        At least one.
    by_requests : bool
        Whether places are numbers of requests rather than seconds.
    """
    same_requests = all(one.by_requests for one in replications)
    columns = _columns(
        [one.first if same_requests else one.start for one in replications],
        [one.beyond if same_requests else one.end for one in replications],
    )
    n_windows = 1 + max(int(column.max()) for column in columns)

    def table(parts: Iterable[np.ndarray | None]) -> np.ndarray:
        rows = np.full((len(replications), n_windows), np.nan)
        for row, column, part in zip(rows, columns, parts, strict=True):
            if part is not None:
                row[column] = part
        return rows

    left = table(one.first if by_requests else one.start for one in replications)
    right = table(one.beyond if by_requests else one.end for one in replications)
    # What is cut by requests begins at other times in each replication; of what is cut by time,
    # only the last window may end early.
    ends = np.nanmean(right, 0) if same_requests and not by_requests else np.nanmax(right, 0)
    names = dict.fromkeys(name for one in replications for name in one.values)
    samples = {name: table(one.values.get(name) for one in replications) for name in names}
    return Windows(np.nanmean(left, 0), ends, samples)


def _columns(begins: Sequence[np.ndarray], ends: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Return, for each replication, the numbers of its windows among those of all."""
    everywhere = np.sort(np.concatenate(begins))
    width = float(np.median(np.concatenate(ends) - np.concatenate(begins)))
    is_new = np.diff(everywhere, prepend=-math.inf) > _NEAR * max(width, 0.0)
    distinct = everywhere[is_new]
    return [np.searchsorted(distinct, one, side="right") - 1 for one in begins]


def marks_of(lines: Mapping[int, Sequence[Timeline]], by_requests: bool) -> list[Mark]:
    """Return the events of all lines of a figure, from left to right, each once.

    The n-th event of a text is the same one in all replications, at the mean of its places; what
    has one text and one place in several lines is one event.
    """
    marks: dict[tuple[str, float], Mark] = {}
    for line, replications in lines.items():
        places: dict[tuple[str, int], list[float]] = {}
        for one in replications:
            counts: dict[str, int] = {}
            for event in one.events:
                count = counts[event.text] = counts.get(event.text, 0) + 1
                place = event.requests if by_requests else event.time
                places.setdefault((event.text, count), []).append(place)
        for (text, _), found in places.items():
            place = float(np.mean(found))
            key = text, float(f"{place:.9g}")
            marks.setdefault(key, Mark(place, text, set())).lines.add(line)
    return sorted(marks.values(), key=lambda mark: mark.place)
