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

from icarus.core.catalogue import Catalogue
from icarus.errors import NoKernelError
from icarus.plaintext import one_line
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
_CANNOT_BE_HELD = (TypeError, ValueError, LookupError, OverflowError)


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
        self._workload = workload
        self._events: Iterator[Event] = iter(workload)
        self._first: tuple[_Read, RequestBatch | None] | None = None
        self._begun = Begun(0, ())

    def __getstate__(self) -> dict[str, Any]:
        # Whoever goes on elsewhere reads the events again.
        return {**vars(self), "_events": None, "_first": None, "_begun": Begun(0, ())}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._events = iter(self._workload)

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
            self._first = read, self._cut(read)
            if read.ended:
                self.n_requests = len(read.times)

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
        if read.times:
            self._begun = Begun(0, (read.times[0], read.receivers[0], read.contents[0]))
        while True:
            batch = self._cut(read) if batch is None else batch
            self._begun = self._begun._replace(number=self._begun.number + len(read.times))
            yield batch
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
        return chain(read.events(), read.odd, _raising(read.failure), self._events)

    def _read(self, seconds: float) -> _Read:
        """Read the next events: a batch of them, or fewer where they take long."""
        read = _Read([], [], [], [], [])
        deadline = time.perf_counter() + seconds
        while len(read.times) < BATCH_SIZE:
            wanted = len(read.times) + _AT_ONCE
            try:
                for event in islice(self._events, _AT_ONCE):
                    if not _enter(event, read):
                        read.odd.append(event)
                        return read
            except Exception as failure:
                # What came before it is served first.
                return read._replace(ended=True, failure=failure)
            if len(read.times) < wanted:
                return read._replace(ended=True)
            if time.perf_counter() > deadline:
                break
        return read

    def _cut(self, read: _Read) -> RequestBatch:
        """Return events as arrays."""
        try:
            batch = RequestBatch(
                time=_times(read.times),
                receiver=self._numbers_of_receivers(read.receivers),
                content=self._numbers_of_contents(read.contents),
                measured=np.fromiter(map(bool, read.logs), np.bool_, len(read.logs)),
            )
        except _CANNOT_BE_HELD:
            oddities = enumerate(map(self._oddity, read.events()))
            place, odd = next(found for found in oddities if found[1] is not None)
        else:
            if not read.odd:
                return batch
            place, odd = len(read.times), self._oddity(read.odd[0])
        raise NoKernelError(f"workload: event {self._begun.number + place + 1:,} {odd}")

    def _numbers_of_receivers(self, receivers: list[Node]) -> np.ndarray:
        return np.fromiter(
            map(self._receiver_numbers.__getitem__, receivers), np.int32, len(receivers)
        )

    def _numbers_of_contents(self, names: list[Any]) -> np.ndarray:
        if not set(map(type, names)) <= self._types:
            raise TypeError
        if not isinstance(self.contents, range):
            numbers = self.contents.positions
            return np.fromiter(map(numbers.__getitem__, names), np.int64, len(names))
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
        except Exception:
            return "is no pair of a time and a mapping"
        if keys != _KEYS:
            return f"has the keys {', '.join(sorted(map(_shown, keys)))}"
        receiver, content = request["receiver"], request["content"]
        kind = type(content).__name__
        checks: tuple[tuple[Callable[[], Any], str], ...] = (
            (lambda: _times([when]), f"has the time {_shown(when)}"),
            (
                lambda: self._numbers_of_receivers([receiver]),
                f"comes from {_shown(receiver)}, which is no receiver of the topology",
            ),
            (
                lambda: self._numbers_of_contents([content]),
                f"is for {_shown(content)} ({kind}), which is not in its contents",
            ),
            (lambda: bool(request["log"]), "has a log that is neither true nor false"),
        )
        for check, odd in checks:
            try:
                check()
            except _CANNOT_BE_HELD:
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
    """Events that were read together, in columns; none is kept itself.

    Of a hundred thousand dicts that are kept, the garbage collector goes through all again and
    again: cutting them took 5 microseconds an event instead of 1.
    """

    times: list[Any]
    receivers: list[Node]
    contents: list[Any]
    logs: list[Any]
    odd: list[Any]
    """The event after these, if it has other parts."""
    ended: bool = False
    """Whether these are the last ones."""
    failure: Exception | None = None
    """What the workload raised after them."""

    def events(self) -> Iterator[Event]:
        """Yield them as they were, but for `odd`."""
        rows = zip(self.times, self.receivers, self.contents, self.logs, strict=True)
        for when, receiver, content, log in rows:
            yield when, {"receiver": receiver, "content": content, "log": log}


def _enter(event: Any, read: _Read) -> bool:
    """Enter an event into columns; return whether it has the parts that these have."""
    try:
        when, request = event
        receiver, content, log = request["receiver"], request["content"], request["log"]
        if len(request) != len(_KEYS):
            return False
    except Exception:
        return False
    read.times.append(when)
    read.receivers.append(receiver)
    read.contents.append(content)
    read.logs.append(log)
    return True


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
