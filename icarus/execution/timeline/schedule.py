"""When the events of a timeline are due."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from icarus.core.kinds import conformed_section
from icarus.execution.cursor import Limit

__all__ = ["Schedule", "TimelineEvent", "moment_of"]


class TimelineEvent(NamedTuple):
    """An event of a timeline."""

    at: Limit
    """When it is due: before the first request that is not within this limit."""
    name: str
    """Its name in the registry of network events."""
    parameters: dict[str, Any]
    """As the event takes them."""
    text: str
    """It and its parameters as they were written, for plots and logs."""

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> TimelineEvent:
        """Return the event that an entry of a timeline tells of, which was checked before."""
        given = dict(entry.items())
        at, name = given.pop("at", None), given.pop("event")
        taken = conformed_section("network_event", {**given, "name": name})
        del taken["name"]
        moment = Limit() if at is None else moment_of(at)
        return cls(moment, name, taken, _event_text(name, given))


def moment_of(at: Any) -> Limit:
    """Return the moment that an entry gives: seconds, or ``{"requests": n}``."""
    if isinstance(at, Mapping):
        return Limit(requests=int(at["requests"]))
    return Limit(until=float(at))


class Schedule:
    """Events that are still to come, in the order in which they are due.

    Parameters
    ----------
    timeline : iterable of mapping
        As experiments have it.
    """

    def __init__(self, timeline: Iterable[Mapping[str, Any]]) -> None:
        events = enumerate(map(TimelineEvent.of, timeline))
        # Those of one moment keep their order.
        numbered = sorted(events, key=lambda one: one[1].at)
        self._by_time = deque(one for one in numbered if math.isfinite(one[1].at.until))
        self._by_number = deque(one for one in numbered if not math.isfinite(one[1].at.until))

    def drop(self, number: int) -> None:
        """Take out the first events, as they have happened: all are due by time, or by number."""
        events = self._by_time or self._by_number
        for _ in range(number):
            events.popleft()

    def limit(self, limit: Limit) -> Limit:
        """Return a limit, or the moment of the next event if that comes sooner."""
        until, requests = limit
        if self._by_time:
            until = min(until, self._by_time[0][1].at.until)
        if self._by_number:
            requests = min(requests, self._by_number[0][1].at.requests)
        return Limit(until, requests)

    def due(self, time: float, requests: int) -> list[TimelineEvent]:
        """Take out the events that are due, and return them in their order.

        Parameters
        ----------
        time : float
            How far the simulation has come, in seconds.
        requests : int
            How many requests it has served.
        """
        due = []
        while self._by_time and self._by_time[0][1].at.until <= time:
            due.append(self._by_time.popleft())
        while self._by_number and self._by_number[0][1].at.requests <= requests:
            due.append(self._by_number.popleft())
        # Of those that are due by time and those by number, the timeline's order is kept.
        return [event for _, event in sorted(due, key=lambda one: one[0])]


def _event_text(name: str, parameters: Mapping[str, Any]) -> str:
    """Write an event for plots and logs: its name and the values of its parameters."""
    if name == "mark":
        return str(parameters.get("text") or "mark")
    return " ".join([name, *(_value_text(key, value) for key, value in parameters.items())])


def _value_text(name: str, value: Any) -> str:
    if name in ("link", "to") and isinstance(value, list | tuple):
        return ("to " if name == "to" else "") + "-".join(map(str, value))
    if name == "node":
        return str(value)
    return f"{name}={value}"
