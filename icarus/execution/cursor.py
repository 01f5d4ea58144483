"""Where a simulation is in its workload: what comes next, up to a moment or a number of requests.

A cursor can be put aside in the middle, and goes on from there. Between two requests the clock of
a workload may be bent, so that requests come faster or slower from then on, and the popularity of
contents may change.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import numpy as np

from icarus.errors import StateError
from icarus.execution.global_randomness import global_states, set_global_states
from icarus.scenarios.workload.event_batches import EventBatches
from icarus.scenarios.workload.requests import RequestBatch

__all__ = ["NO_LIMIT", "BatchCursor", "EventCursor", "Limit"]


class Limit(NamedTuple):
    """How far a simulation is to go: to whichever comes first."""

    until: float = math.inf
    """To the first request at this time or later, in seconds; it is not served any more."""
    requests: float = math.inf
    """To this number of requests in all."""


NO_LIMIT = Limit()

_EVENTS = 2**14
"""Events that are served in a row."""

_OTHERS = (
    "the workload yields other requests each time that it is read, so that a simulation of it "
    "cannot go on from the middle"
)


class _Cursor:
    """What both kinds of cursors share.

    Attributes
    ----------
    served : int
        Requests handed out.
    last_time : float
        That of the last of them.
    time : float
        The same, or where the simulation was told to go, if that is later.
    finished : bool
        Whether there are no more.
    """

    def __init__(self) -> None:
        self.served = 0
        self.time = self.last_time = 0.0
        self.finished = False
        self._read = 0

    @contextmanager
    def _as_begun(self, states: Any) -> Iterator[None]:
        """Have events that were read be read again, by draws from the same global generators."""
        if states is None:
            yield
            return
        now = global_states()
        set_global_states(states)
        yield
        if self._read:
            set_global_states(now)

    def _reached(self, limit: Limit) -> bool:
        return self.finished or self.served >= limit.requests

    def _come_to(self, until: float) -> None:
        if math.isfinite(until):
            self.time = max(self.time, until)


class BatchCursor(_Cursor):
    """The requests of a workload in batches.

    Parameters
    ----------
    workload : Workload
    """

    def __init__(self, workload: Any) -> None:
        super().__init__()
        self.workload = workload
        self._batches: Iterator[RequestBatch] | None = None
        self._latest: tuple[Any, ...] = ()
        # What was read and not handed out: requests with the times that the workload gave them.
        self._rest: RequestBatch | None = None
        self._clock = _Clock()
        self._is_put_aside = False
        self._states = global_states() if isinstance(workload, EventBatches) else None

    def pieces(self, limit: Limit) -> Iterator[RequestBatch]:
        """Yield requests in batches up to a limit."""
        while not self._reached(limit):
            batch = self._next()
            if batch is None:
                self.finished = True
                return
            times = self._clock.bent(batch.time)
            number = _before(times, limit, self.served)
            if number < len(times):
                self._rest = batch.part(number, len(times))
            if number:
                self.served += number
                self.last_time = float(times[number - 1])
                self.time = max(self.time, self.last_time)
                yield batch._replace(time=times).part(0, number)
            # A number of requests is reached at the last of them, wherever the batch ends.
            if number < len(times) and not self._reached(limit):
                self._come_to(limit.until)
                return

    def next_time(self) -> float | None:
        """Return the time of the next request; None if there is none."""
        while self._rest is None or not len(self._rest.time):
            self._rest = self._next()
            if self._rest is None:
                self.finished = True
                return None
        return float(self._clock.bent(self._rest.time[:1])[0])

    def _next(self) -> RequestBatch | None:
        """Return the next requests, with their own times; None if there are none."""
        rest, self._rest = self._rest, None
        if rest is not None:
            return rest
        batch = self._begin()
        if batch is None:
            batch = next(self._requests, None)
        if batch is not None and len(batch.time):
            self._read += len(batch.time)
            self._latest = _last_of(batch)
        return batch

    @property
    def _requests(self) -> Iterator[RequestBatch]:
        assert self._batches is not None
        return self._batches

    def _begin(self) -> RequestBatch | None:
        """Begin to read; return what is left of the batch in which this cursor was put aside."""
        if self._batches is not None:
            return None
        self._batches = iter(self.workload.batches())
        with self._as_begun(self._states if self._is_put_aside else None):
            return self._skip()

    def _skip(self) -> RequestBatch | None:
        """Read what was read before; return what is left of the last batch."""
        to_skip = self._read
        while to_skip:
            batch: RequestBatch | None = next(self._requests, None)
            if batch is None:
                raise StateError(_OTHERS)
            passed = min(to_skip, len(batch.time))
            to_skip -= passed
            if to_skip == 0 and passed:
                if _last_of(batch.part(0, passed)) != self._latest:
                    raise StateError(_OTHERS)
                if passed < len(batch.time):
                    return batch.part(passed, len(batch.time))
        return None

    def set_rate(self, factor: float, now: float) -> None:
        """Have requests come so many times as fast as the workload has them, from `now` on."""
        self._clock.bend(now, factor)

    def set_popularity(self, **changes: Any) -> None:
        """Have contents of further requests drawn in another way; see the workload's requests."""
        self._begin()
        ahead = 0 if self._rest is None else len(self._rest.time)
        requests: Any = self._requests
        contents = requests.set_popularity(ahead, **changes)
        if self._rest is not None:
            size = None if self._rest.size is None else requests.sizes_of(contents)
            self._rest = self._rest._replace(content=contents, size=size)

    def __getstate__(self) -> dict[str, Any]:
        state = {**vars(self), "_is_put_aside": True}
        if not hasattr(self._batches, "set_popularity"):
            # A generator, which is read again up to where this one is.
            state["_batches"] = None
        return state


class EventCursor(_Cursor):
    """The events of a workload written for Icarus 0.8, one by one.

    Each is read when the one before has been served, as workloads and strategies may draw from
    the same global generators.

    Parameters
    ----------
    workload : iterable of (float, mapping)
    """

    def __init__(self, workload: Any) -> None:
        super().__init__()
        self.workload = workload
        self._events: Iterator[Any] | None = None
        self._rest: Any = None
        self._latest: Any = None
        self._states = global_states()

    def pieces(self, limit: Limit) -> Iterator[Iterator[tuple[float, Mapping[str, Any]]]]:
        """Yield iterators over events, some at a time, up to a limit."""
        while not self._reached(limit):
            before = self.served
            yield self._up_to(limit._replace(requests=min(limit.requests, before + _EVENTS)))
            if self.served < before + _EVENTS:
                return

    def _up_to(self, limit: Limit) -> Iterator[tuple[float, Mapping[str, Any]]]:
        while not self._reached(limit):
            event = self._next()
            if event is None:
                self.finished = True
                return
            if event[0] >= limit.until:
                self._rest = event
                self._come_to(limit.until)
                return
            self.served += 1
            self.last_time = event[0]
            self.time = max(self.time, event[0])
            yield event

    def next_time(self) -> float | None:
        """Return the time of the next event; None if there is none."""
        self._rest = self._next()
        if self._rest is None:
            self.finished = True
            return None
        return float(self._rest[0])

    def _next(self) -> Any:
        rest, self._rest = self._rest, None
        if rest is not None:
            return rest
        if self._events is None:
            self._events = iter(self.workload)
            self._skip()
        event = next(self._events, None)
        if event is not None:
            self._read += 1
            self._latest = event
        return event

    def _skip(self) -> None:
        """Read what was read before the simulation was put aside."""
        if self._read:
            assert self._events is not None
            with self._as_begun(self._states):
                latest = next(islice(self._events, self._read - 1, None), None)
            if latest is None or not _same(latest, self._latest):
                raise StateError(_OTHERS)

    def set_rate(self, factor: float, now: float) -> None:
        """Raise ValueError: nobody knows how events come by their times."""
        raise ValueError("the workload yields events, whose times are its own")

    def set_popularity(self, **changes: Any) -> None:
        """Raise ValueError: nobody knows how events come by their contents."""
        raise ValueError("the workload yields events, whose contents are its own")

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_events": None}


class _Clock:
    """A clock that is bent now and then: how the times of a workload become those of a simulation.

    Times of the workload stay what they are, whatever is drawn at once, so that a rate that
    changes and changes back gives the same gaps between requests as before.
    """

    def __init__(self) -> None:
        self._since = self._own = 0.0
        self._factor = 1.0
        self._is_bent = False

    def bent(self, times: np.ndarray) -> np.ndarray:
        """Return times of the workload as times of the simulation."""
        if not self._is_bent:
            return times
        return self._since + (times - self._own) / self._factor

    def bend(self, now: float, factor: float) -> None:
        """Have the clock of the workload run so many times as fast from now on."""
        self._own += (now - self._since) * self._factor
        self._since, self._factor, self._is_bent = now, factor, True


def _before(times: np.ndarray, limit: Limit, served: int) -> int:
    """Return how many of the next requests come before a limit."""
    number = len(times)
    if served + number > limit.requests:
        number = max(math.ceil(limit.requests) - served, 0)
    if number and times[number - 1] >= limit.until:
        number = int(np.searchsorted(times[:number], limit.until))
    return number


def _last_of(batch: RequestBatch) -> tuple[Any, ...]:
    return tuple(column[-1].item() for column in (batch.time, batch.receiver, batch.content))


def _same(one: Any, other: Any) -> bool:
    try:
        return bool(one[0] == other[0] and dict(one[1]) == dict(other[1]))
    except Exception:
        return False
