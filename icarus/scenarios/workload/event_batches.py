"""Events of a workload written for Icarus 0.8, cut into batches of arrays.

Events are read as they are needed, so that a workload may be endless; those read at first are
kept until more are, so that whoever cannot go on with batches can start again with events.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

import numpy as np

from icarus.errors import NoKernelError
from icarus.plaintext import one_line
from icarus.scenarios.contents import Catalogue
from icarus.scenarios.workload.requests import BATCH_SIZE, RequestBatch
from icarus.types import Node

__all__ = ["Begun", "EventBatches", "SameEvents"]

Event = tuple[Any, Mapping[str, Any]]

_KEYS = {"receiver", "content", "log"}
_AT_ONCE = 256
"""Events between two looks at the clock."""
_SECONDS = 0.1
"""After which a batch is full, however few it has, so that progress is reported."""
_FIRST_SECONDS = 0.5

_WHOLE = {
    *(int, bool, np.int8, np.int16, np.int32, np.int64),
    *(np.uint8, np.uint16, np.uint32, np.uint64),
}
"""Types of numbers that a range has."""
_NAMES = {*_WHOLE, float, np.float64, str, np.str_}
"""Types of which equal values have equal ``stable_hash``."""
_TIMES = {int, bool, float, np.int64, np.float64}
"""Types of time stamps with which results are those of floats."""
_EXACT = 2**53


class Begun(NamedTuple):
    """What was read of a workload that has to be read again."""

    number: int
    """Events read."""
    first: tuple[Any, ...]
    """Time, receiver and content of the first one."""


class EventBatches:
    """A workload of events as a workload of batches, which can be read once.

    Parameters
    ----------
    workload : iterable of (float, mapping)
        It has ``contents``, too.
    receivers : sequence of node
        The nodes that may request.

    Attributes
    ----------
    n_requests : int or None
        How many events there are, once ``prime`` has come to their end; None if it did not.

    Raises
    ------
    NoKernelError
        If contents cannot be numbered.
    """

    def __init__(self, workload: Any, receivers: Sequence[Node]) -> None:
        contents = workload.contents
        if not isinstance(contents, Collection):
            raise NoKernelError("workload: its contents can be read only once")
        self.receivers = list(receivers)
        self.contents = Catalogue.of(contents)
        self.n_requests: int | None = None
        self._receiver_numbers = {node: i for i, node in enumerate(self.receivers)}
        whole = isinstance(self.contents, range)
        self._types = _WHOLE if whole else _NAMES | set(map(type, self.contents))
        self._events: Iterator[Event] = iter(workload)
        self._first: tuple[_Read, RequestBatch | None] | None = None
        self._begun = Begun(0, ())

    @property
    def begun(self) -> Begun | None:
        """What has been read; None as long as iterating gives all events from the start."""
        return None if self._begun.number == 0 else self._begun

    def prime(self) -> None:
        """Read some events, and find out how many there are if these are all.

        Raises
        ------
        NoKernelError
            If one of them is not what batches can hold.
        """
        if self._first is None and self.begun is None:
            read = self._read(_FIRST_SECONDS)
            self._first = read, None
            self._first = read, self._cut(read.events, len(read.events))
            if read.ended:
                self.n_requests = len(read.events)

    def batches(self) -> Iterator[RequestBatch]:
        """Yield all requests; only once.

        Raises
        ------
        NoKernelError
            If an event is not what batches can hold.
        """
        self.prime()
        if self._first is None:
            raise RuntimeError("a workload of events can be read once")
        (read, batch), self._first = self._first, None
        if read.events:
            self._begun = Begun(0, _identity(read.events[0]))
        while True:
            self._begun = self._begun._replace(number=self._begun.number + len(read.events))
            yield self._cut(read.events, self._begun.number) if batch is None else batch
            if read.failure is not None:
                raise read.failure
            if read.ended:
                return
            read, batch = self._read(_SECONDS), None

    def __iter__(self) -> Iterator[Event]:
        """Yield all events, as long as no batch has been asked for."""
        if self._first is None:
            return self._events
        read = self._first[0]
        return chain(read.events, _raising(read.failure), self._events)

    def _read(self, seconds: float) -> _Read:
        """Read the next events: a batch of them, or fewer where they take long."""
        events: list[Event] = []
        deadline = time.perf_counter() + seconds
        while len(events) < BATCH_SIZE:
            wanted = len(events) + _AT_ONCE
            try:
                events.extend(islice(self._events, _AT_ONCE))
            except Exception as failure:
                # What came before it is served first.
                return _Read(events, ended=True, failure=failure)
            if len(events) < wanted:
                return _Read(events, ended=True)
            if time.perf_counter() > deadline:
                break
        return _Read(events)

    def _cut(self, events: list[Event], last: int) -> RequestBatch:
        """Return events as arrays; the last one is the event number `last`, counted from 1."""
        try:
            return self._batch(events)
        except (TypeError, ValueError, LookupError, OverflowError, AttributeError):
            for i, event in enumerate(events):
                odd = self._oddity(event)
                if odd is not None:
                    number = last - len(events) + i + 1
                    raise NoKernelError(f"workload: event {number:,} {odd}") from None
            raise NoKernelError("workload: its events do not go together") from None

    def _batch(self, events: list[Event]) -> RequestBatch:
        rows = [event for _, event in events]
        if not all(len(event) == len(_KEYS) for event in rows):
            raise KeyError
        return RequestBatch(
            time=_times([when for when, _ in events]),
            receiver=self._receivers_of(rows),
            content=self._contents_of([event["content"] for event in rows]),
            measured=np.fromiter((bool(event["log"]) for event in rows), np.bool_, len(rows)),
        )

    def _receivers_of(self, rows: list[Mapping[str, Any]]) -> np.ndarray:
        numbers = self._receiver_numbers
        return np.fromiter((numbers[event["receiver"]] for event in rows), np.int32, len(rows))

    def _contents_of(self, names: list[Any]) -> np.ndarray:
        if not set(map(type, names)) <= self._types:
            raise TypeError
        if not isinstance(self.contents, range):
            numbers = self.contents.positions
            return np.fromiter((numbers[name] for name in names), np.int64, len(names))
        places, left = np.divmod(
            np.fromiter(names, np.int64, len(names)) - self.contents.start, self.contents.step
        )
        if left.any() or not ((places >= 0) & (places < len(self.contents))).all():
            raise KeyError
        return places

    def _oddity(self, event: Any) -> str | None:
        """Return what batches cannot hold of an event; None if it is as it should be."""
        try:
            when, request = event
            keys = set(request.keys())
        except (TypeError, ValueError, AttributeError):
            return "is no pair of a time and a mapping"
        if keys != _KEYS:
            return f"has the keys {', '.join(sorted(map(_shown, keys)))}"
        receiver, content = request["receiver"], request["content"]
        kind = type(content).__name__
        checks: tuple[tuple[Callable[[], Any], str], ...] = (
            (lambda: _times([when]), f"has the time {_shown(when)}"),
            (
                lambda: self._receivers_of([request]),
                f"comes from {_shown(receiver)}, which is no receiver of the topology",
            ),
            (
                lambda: self._contents_of([content]),
                f"is for {_shown(content)} ({kind}), which is not in its contents",
            ),
            (lambda: bool(request["log"]), "has a log that is neither true nor false"),
        )
        for check, odd in checks:
            try:
                check()
            except (TypeError, ValueError, LookupError, OverflowError):
                return odd
        return None


class SameEvents:
    """The events of a workload, some of which were read before from another one like it.

    Parameters
    ----------
    workload : iterable of (float, mapping)
    begun : Begun
        What was read from the other one.
    """

    def __init__(self, workload: Any, begun: Begun) -> None:
        self.contents = workload.contents
        self._workload = workload
        self._begun = begun

    def __iter__(self) -> Iterator[Event]:
        """Yield all events; RuntimeError if they are not those that were read before."""
        number = 0
        for event in self._workload:
            if number == 0 and _identity(event) != self._begun.first:
                raise RuntimeError(_OTHERS)
            number += 1
            yield event
        if number < self._begun.number:
            raise RuntimeError(_OTHERS)


_OTHERS = (
    "the workload yields other events each time that it is built, so that it cannot change to the "
    "python engine in the middle; give the experiment that engine from the start (engine='python')"
)


class _Read(NamedTuple):
    """Events that were read together."""

    events: list[Event]
    ended: bool = False
    """Whether these are the last ones."""
    failure: Exception | None = None
    """What the workload raised after them."""


def _times(times: list[Any]) -> np.ndarray:
    kinds = set(map(type, times))
    if not kinds <= _TIMES:
        raise TypeError
    stamps = np.array(times, dtype=np.float64)
    if kinds & _WHOLE and not (np.abs(stamps) < _EXACT).all():
        raise OverflowError
    return stamps


def _identity(event: Event) -> tuple[Any, ...]:
    when, request = event
    return when, request["receiver"], request["content"]


def _raising(failure: Exception | None) -> Iterator[Event]:
    if failure is not None:
        raise failure
    yield from ()


def _shown(value: Any) -> str:
    return one_line(repr(value), 80)
