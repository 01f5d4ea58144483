"""Workloads of events as workloads of batches."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.errors import NoKernelError
from icarus.scenarios.workload import event_batches
from icarus.scenarios.workload.event_batches import Begun, EventBatches, SameEvents
from icarus.scenarios.workload.requests import BATCH_SIZE

RECEIVERS = ["r", 5, (1, "r")]
CATALOGUES = [range(1, 30), range(40, 3, -3), ["a", "b", 3, 2.5, ("x", 1)], np.arange(4, 9)]


class Events:
    """Yields what it is given, and counts how much of it was asked for."""

    def __init__(self, events, contents=range(1, 30)):
        self.events = events
        self.contents = contents
        self.yielded = 0

    def __iter__(self):
        for event in self.events:
            self.yielded += 1
            yield event


def event(time=0.0, receiver="r", content=1, log=True, **more):
    return time, {"receiver": receiver, "content": content, "log": log, **more}


def endless():
    while True:
        yield event()


def rows(batches):
    columns = [(b.time, b.receiver, b.content, b.measured) for b in batches]
    return [np.concatenate(parts) for parts in zip(*columns, strict=True)]


@st.composite
def workloads(draw):
    contents = draw(st.sampled_from(CATALOGUES))
    names = st.sampled_from(list(contents))
    if isinstance(contents, range):
        names |= names.map(np.int64) | names.map(np.uint8)
    times = st.floats(0, 10) | st.integers(0, 10) | st.floats(0, 10).map(np.float64)
    logs = st.sampled_from([True, False, 1, 0, "yes", "", None, np.True_])
    return contents, draw(
        st.lists(st.builds(event, times, st.sampled_from(RECEIVERS), names, logs))
    )


@given(workload=workloads(), size=st.integers(1, 9), at_once=st.integers(1, 4))
def test_batches_say_what_events_do(workload, size, at_once):
    contents, events = workload
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(event_batches, "BATCH_SIZE", size)
        patch.setattr(event_batches, "_AT_ONCE", at_once)
        batches = list(EventBatches(Events(events, contents), RECEIVERS).batches())
    time, receiver, content, measured = rows(batches)
    assert time.tolist() == [when for when, _ in events]
    assert [RECEIVERS[i] for i in receiver] == [request["receiver"] for _, request in events]
    names = list(contents)
    assert [names[i] for i in content] == [request["content"] for _, request in events]
    assert measured.tolist() == [bool(request["log"]) for _, request in events]
    assert [a.dtype.name for a in (time, receiver, content, measured)] == [
        *("float64", "int32", "int64", "bool")
    ]


ODD = {
    "is no pair of a time and a mapping": [(1.0,), 7, (1.0, 2), (1.0, {}, {})],
    "has the keys 'content', 'log', 'receiver', 'size'": [event(size=3)],
    "has the keys 'content', 'receiver'": [(0.0, {"receiver": "r", "content": 1})],
    "has the time ": [event(time="1"), event(time=np.float32(1)), event(time=2**53), event(None)],
    "which is no receiver of the topology": [event(receiver="s"), event(receiver=[])],
    "which is not in its contents": [
        *(event(content=0), event(content=30), event(content=1.0), event(content="1")),
        *(event(content=None), event(content=[]), event(content=2**70)),
    ],
    "has a log that is neither true nor false": [event(log=np.zeros(2))],
}


@pytest.mark.parametrize(
    ("odd", "message"), [(one, message) for message, odd in ODD.items() for one in odd]
)
@pytest.mark.parametrize("before", [0, 1, 600])
def test_events_that_batches_cannot_hold(odd, message, before, monkeypatch):
    monkeypatch.setattr(event_batches, "BATCH_SIZE", 256)
    workload = EventBatches(Events([*[event()] * before, odd, event()]), RECEIVERS)
    with pytest.raises(NoKernelError) as error:
        list(workload.batches())
    assert str(error.value).startswith(f"workload: event {before + 1:,} ")
    assert message in str(error.value)


def test_equal_names_of_another_kind_are_no_names_of_the_catalogue():
    """They are the same to a dict, but may not be to a hash."""
    from decimal import Decimal

    assert list(EventBatches(Events([event(content=1.0)], [1, 2]), RECEIVERS).batches())
    with pytest.raises(NoKernelError, match=r"Decimal\('1'\)"):
        list(EventBatches(Events([event(content=Decimal(1))], [1, 2]), RECEIVERS).batches())


def test_contents_that_can_be_read_only_once():
    with pytest.raises(NoKernelError, match="can be read only once"):
        EventBatches(Events([], iter([1, 2])), RECEIVERS)


def test_an_endless_workload_is_read_as_it_is_served():
    events = Events(endless())
    batches = EventBatches(events, RECEIVERS).batches()
    served = 0
    for _ in range(3):
        served += len(next(batches).time)
        assert served <= events.yielded <= served + 1
    assert 3 * event_batches._AT_ONCE <= served <= 3 * BATCH_SIZE


def test_a_slow_workload_is_served_in_smaller_batches(monkeypatch):
    clock = iter(range(10**6))
    monkeypatch.setattr(event_batches.time, "perf_counter", lambda: next(clock))
    batches = EventBatches(Events(endless()), RECEIVERS).batches()
    assert {len(next(batches).time) for _ in range(3)} == {event_batches._AT_ONCE}


def test_what_comes_before_an_exception_is_served():
    def failing():
        yield from [event()] * 300
        raise ZeroDivisionError("mine")

    workload = EventBatches(Events(failing()), RECEIVERS)
    batches = workload.batches()
    assert len(next(batches).time) == 300
    with pytest.raises(ZeroDivisionError, match="mine") as error:
        next(batches)
    assert error.traceback[-1].name == "failing"


@pytest.mark.parametrize("number", [0, 10, 300])
def test_events_read_at_first_are_not_lost(number, monkeypatch):
    monkeypatch.setattr(event_batches, "BATCH_SIZE", 256)
    events = Events([event(time=i) for i in range(number)])
    workload = EventBatches(events, RECEIVERS)
    assert workload.n_requests is None
    workload.prime()
    workload.prime()
    assert events.yielded == min(number, 256)
    assert workload.n_requests == (None if number == 300 else number)
    assert workload.begun is None
    assert [when for when, _ in workload] == list(range(number))


def test_an_exception_met_at_first_comes_in_its_place():
    def failing():
        yield event()
        raise ZeroDivisionError

    workload = EventBatches(Events(failing()), RECEIVERS)
    workload.prime()
    events = iter(workload)
    assert next(events) == event()
    with pytest.raises(ZeroDivisionError):
        next(events)


def test_what_is_begun_is_known():
    workload = EventBatches(Events([event(time=i) for i in range(3)]), RECEIVERS)
    next(workload.batches())
    assert workload.begun == Begun(3, (0, "r", 1))
    with pytest.raises(RuntimeError, match="can be read once"):
        next(workload.batches())


def test_the_same_events_again():
    events = [event(time=i) for i in range(3)]
    begun = Begun(3, (0, "r", 1))
    assert list(SameEvents(Events([*events, event()]), begun)) == [*events, event()]
    for others in (events[1:], events[:2], [], [event(time=9), *events]):
        with pytest.raises(RuntimeError, match="yields other events each time"):
            list(SameEvents(Events(others), begun))
