"""Functions that are called later; a thousand components; how late timers are."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
from dummies import Dummy, in_virtual_time

from icarus.control import Resource, TaskStatus
from icarus.errors import ConditionError, ResourceError


def test_functions_are_called_when_they_are_due(ec):
    called = {}
    began = time.monotonic()

    def call(name):
        def function():
            called[name] = time.monotonic() - began
            return name

        return function

    soon = datetime.now() + timedelta(seconds=0.2)
    tasks = {
        given: ec.schedule(given, call(given), track=True)
        for given in (None, "100ms", 0.15, soon.isoformat())
    }
    assert all(task.wait(5) for task in tasks.values())
    assert [task.result for task in tasks.values()] == list(tasks)
    for given, wanted in zip(tasks, (0, 0.1, 0.15, 0.2), strict=True):
        assert -0.01 < called[given] - wanted < 0.1
    task = tasks["100ms"]
    assert ec.get_task(task.tid) is ec.get_task(task) is task


def test_a_task_is_done_once_its_result_is_there(ec):
    go = threading.Event()
    task = ec.schedule("0s", lambda: go.wait(5) and 42, track=True)
    assert not task.wait("50ms")
    assert (task.status, task.result) == (TaskStatus.RUNNING, None)
    go.set()
    assert task.wait(5)
    assert (task.status, task.result) == (TaskStatus.DONE, 42)


def test_a_task_that_raises_is_nobody_elses_failure(ec, caplog):
    task = ec.schedule(None, lambda: 1 / 0, track=True)
    assert task.wait(5)
    assert task.status is TaskStatus.ERROR
    assert isinstance(task.error, ZeroDivisionError)
    assert "ZeroDivisionError" in caplog.text
    assert ec.ecstate == "RUNNING"
    assert ec.schedule(None, lambda: 1, track=True).wait(5)


def test_tasks_are_cancelled(ec):
    called = []
    task = ec.schedule("50ms", lambda: called.append(1))
    task.cancel()
    assert task.status is TaskStatus.CANCELLED
    at_the_end = ec.schedule("1h", lambda: called.append(2))
    time.sleep(0.1)
    ec.shutdown()
    assert at_the_end.status is TaskStatus.CANCELLED
    assert called == []
    with pytest.raises(ResourceError, match="there is no task"):
        ec.get_task(at_the_end.tid)


@pytest.mark.parametrize("when", ["soon", "1x", "-1s", [], "2026-99-99"])
def test_what_is_no_time_is_refused(ec, when):
    with pytest.raises(ConditionError, match="a time should be a duration such as"):
        ec.schedule(when, lambda: None)
    with pytest.raises(ResourceError, match="should be a function to be called, found 3"):
        ec.schedule("1s", 3)


def test_hours_pass_in_no_time():
    async def test(conductor):
        told = []

        async def call():
            told.append(1)

        tasks = [conductor.schedule(f"{hours}h", call, True) for hours in range(200)]
        await tasks[-1]._wait(None)
        assert len(told) == 200

    began = time.monotonic()
    in_virtual_time(test)
    assert time.monotonic() - began < 5


class Brief(Resource):
    """Blocks a thread for a millisecond when it is started, and works as long."""

    def do_start(self):
        time.sleep(0.001)

    def do_run(self):
        time.sleep(0.001)


def test_a_thousand_components_with_eight_workers(ec):
    guids = [ec.register_resource(Brief) for _ in range(1000)]
    for before, after in zip(guids[::100], guids[100::100], strict=False):
        ec.register_condition(after, "START", before, "STARTED")
    began = time.process_time()
    ec.deploy()
    assert ec.wait_finished(timeout=60).ok
    ec.release()
    # Of the processor, as others may be at work: 1 s on a fast core, 5 s on a slow one.
    assert time.process_time() - began < 10


def test_waiting_costs_nothing(ec):
    guids = [ec.register_resource(Dummy) for _ in range(300)]
    first = ec.register_resource(Dummy)
    ec.register_condition(guids, "START", first, "STARTED", "1h")
    ec.deploy()
    ec.wait_started(first)
    before = time.process_time()
    assert ec.wait_started(guids, timeout=0.5).timed_out
    # Twice 300 names are looked at; polling every 10 ms would take 0.3 s.
    assert time.process_time() - before < 0.1
