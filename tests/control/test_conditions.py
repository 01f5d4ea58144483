"""Conditions, barriers and delays (scenarios N-A and N-B), mostly in virtual time."""

from __future__ import annotations

from datetime import datetime, timedelta

import anyio
import pytest
from dummies import Dummy, Scripted, in_virtual_time

from icarus.control import Connector, Resource
from icarus.control.moments import When
from icarus.errors import ConditionError, ResourceError, TransitionError


def scripted(conductor, name, **script):
    """Register a resource that does what its script says."""
    return conductor.register_resource(Scripted, None, name, {"script": script})


def at(report, state):
    return report.times[state]


def test_an_ordered_graph_is_deployed_from_its_far_end():
    async def test(conductor):
        for name in ("app", "node", "interface", "channel"):
            scripted(conductor, name, do_deploy=1)
        for user, used in (("app", "node"), ("node", "interface"), ("interface", "channel")):
            conductor.register_connection(user, used)
        conductor.deploy(None, True)
        reports = await conductor.wait(None, "STARTED", None)
        ready = [at(reports[name], "READY") for name in ("channel", "interface", "node", "app")]
        assert ready == [1, 2, 3, 4]
        released = await conductor.release(None)
        order = sorted(
            released,
            key=lambda name: list(conductor.components).index(conductor.components.one(name)),
        )
        assert order == ["app", "node", "interface", "channel"]
        times = [at(released[name], "RELEASED") for name in order]
        assert times == sorted(times)
        app = conductor.components.one("app").resource
        assert [one.name for one in app.connected()] == ["node"]
        assert [one.name for one in app.connected()[0].connected()] == ["interface", "app"]

    in_virtual_time(test)


def test_cycles_and_dangling_connections_are_refused_before_anything_starts(ec):
    a, b, c = (ec.register_resource(Dummy, name=name) for name in "abc")
    ec.register_connection(a, b)
    ec.register_connection(b, c)
    with pytest.raises(ConditionError, match=r"would be a cycle, . needs . needs . needs .$"):
        ec.register_connection(c, a)
    with pytest.raises(ConditionError, match="a cannot be connected to itself"):
        ec.register_connection(a, a)
    with pytest.raises(ResourceError, match="there is no resource 'd'"):
        ec.register_connection(a, "d")
    with pytest.raises(ResourceError, match="a is connected to b, which is not deployed; deploy b"):
        ec.deploy(a)
    assert {ec.state(one) for one in (a, b, c)} == {"NEW"}
    ec.deploy([c, b])
    ec.wait_started(b)
    ec.deploy(a)
    assert ec.wait_started(a)["a"].state == "STARTED"
    with pytest.raises(TransitionError, match="said before it is deployed"):
        ec.register_connection(a, c)


class Port(Resource):
    """Something to be connected to."""

    name = "Port"


class Wire(Resource):
    """Needs one or two ports."""

    connectors = (Connector("Port", "its ends", least=1, most=2),)


def test_connections_have_types(ec):
    wire = ec.register_resource(Wire, name="wire")
    dummy = ec.register_resource(Dummy, name="dummy")
    ports = [ec.register_resource(Port, name=f"port{n}") for n in range(3)]
    with pytest.raises(ConditionError, match="wire takes connections to Port; dummy is a Dummy"):
        ec.register_connection(wire, dummy)
    with pytest.raises(ResourceError, match="connected to 0 of Port, and needs at least 1: its en"):
        ec.deploy()
    for port in ports:
        ec.register_connection(wire, port)
    with pytest.raises(ResourceError, match="connected to 3 of Port, and takes at most 2"):
        ec.deploy()


def test_timed_conditions():
    async def test(conductor):
        for name, start in (("A1", 2), ("A2", 3), ("B", 0), ("C", 0)):
            scripted(conductor, name, do_start=start)
        conductor.register_condition("B", "START", ["A1", "A2"], "STARTED", "1s")
        conductor.register_condition("C", "STOP", "B", "STOPPED", None)
        conductor.register_condition("B", "STOP", "C", "STARTED", "2m30s")
        changed = conductor.set_with_conditions("level", 5.0, "A1", "B", "STARTED", "500ms")
        conductor.deploy(None, True)
        await conductor.wait("B", "STARTED", None)
        assert conductor.get("A1", "level") == 0
        await changed._wait(None)
        assert (changed.status, changed.result) == ("DONE", {"A1": "set"})
        assert anyio.current_time() - conductor.began.monotonic == 4.5
        assert conductor.get("A1", "level") == 5
        reports = await conductor.wait(["B", "C"], "STOPPED", None)
        assert at(reports["B"], "STARTED") == 4
        assert at(reports["B"], "STOPPED") == 150
        assert at(reports["C"], "STOPPED") == 150
        assert reports.ok

    in_virtual_time(test)


def test_timed_conditions_by_the_real_clock(ec):
    a1, a2, b, c = (ec.register_resource(Dummy, name=name) for name in ("A1", "A2", "B", "C"))
    ec.register_condition(b, "START", [a1, a2], "STARTED", "200ms")
    ec.register_condition(b, "STOP", b, "STARTED", 0.1)
    ec.register_condition(c, "STOP", b, "STOPPED")
    changed = ec.set_with_conditions("level", 5.0, a1, c, "STARTED", "150ms")
    ec.deploy()
    reports = ec.wait_finished([b, c], timeout=5)
    started = max(ec.wait_started([a1, a2]).values(), key=lambda one: one.times["STARTED"])
    late = [
        reports["B"].times["STARTED"] - started.times["STARTED"] - 0.2,
        reports["B"].times["STOPPED"] - reports["B"].times["STARTED"] - 0.1,
        reports["C"].times["STOPPED"] - reports["B"].times["STOPPED"],
    ]
    assert all(0 <= seconds < 0.05 for seconds in late), late
    assert changed.wait(1)
    assert changed.result == {"A1": "set"}


def test_conditions_add_up_and_may_come_and_go_while_they_are_waited_for():
    async def test(conductor):
        for name in "abc":
            scripted(conductor, name)
        conductor.register_condition("c", "START", "a", "STARTED", 10)
        conductor.deploy(None, False)
        await anyio.sleep(5)
        (later,) = conductor.register_condition("c", "START", "b", "STARTED", 30)
        (never,) = conductor.register_condition("c", "START", "b", "STOPPED", None)
        await anyio.sleep(50)
        assert conductor.components.one("c").state == "READY"
        conductor.unregister_condition("c", "START", never)
        await conductor.wait("c", "STARTED", None)
        assert anyio.current_time() - conductor.began.monotonic == 55
        assert later != never

        # A condition of STOP is registered when its resource runs already.
        conductor.register_condition("c", "STOP", "a", "STOPPED", 1)
        await anyio.sleep(1)
        await conductor.act("stop", "a")
        reports = await conductor.wait("c", "STOPPED", None)
        assert at(reports["c"], "STOPPED") == 57

    in_virtual_time(test)


def test_a_barrier_waits_for_all_and_without_it_each_starts_alone():
    async def test(conductor):
        scripted(conductor, "slow", do_deploy=60)
        scripted(conductor, "quick")
        conductor.deploy(None, True)
        reports = await conductor.wait(None, "STARTED", None)
        assert at(reports["quick"], "STARTED") == 60
        late = scripted(conductor, "late", do_deploy=60)
        scripted(conductor, "later")
        conductor.deploy([late.guid, "later"], False)
        reports = await conductor.wait("later", "STARTED", None)
        assert at(reports["later"], "STARTED") == 60
        assert late.state == "PROVISIONED"

    in_virtual_time(test)


def test_a_stopped_resource_is_started_again_once_conditions_are_met():
    async def test(conductor):
        scripted(conductor, "a")
        scripted(conductor, "b", do_run=5)
        conductor.deploy(None, True)
        await conductor.wait(None, "STARTED", None)
        await conductor.act("stop", "a")
        conductor.register_condition("a", "START", "b", "FINISHED", 2)
        conductor.start_with_conditions("a")
        await anyio.sleep(4)
        assert conductor.components.one("a").state == "STOPPED"
        await anyio.sleep(4)
        assert conductor.components.one("a").state == "STARTED"
        assert conductor.components.one("a").times["STARTED"].monotonic == (
            conductor.began.monotonic + 7
        )

    in_virtual_time(test)


def test_actions_that_would_wait_for_each_other_are_refused(ec):
    a, b = (ec.register_resource(Dummy, name=name) for name in "ab")
    with pytest.raises(ConditionError, match="START of a cannot wait for a itself"):
        ec.register_condition(a, "START", a, "STARTED")
    ec.register_condition(a, "START", b, "STARTED")
    ec.register_condition(b, "START", a, "STARTED")
    text = "this would wait for ever: START of . waits for START of . waits for START of ."
    with pytest.raises(ConditionError, match=text):
        ec.deploy()
    ec.unregister_condition(b)
    ec.register_condition(b, "DEPLOY", a, "STARTED")
    ec.unregister_condition(a)
    with pytest.raises(ConditionError, match="waits for the barrier of the deployment"):
        ec.deploy()
    ec.deploy(wait_all_ready=False)
    assert ec.wait_started(timeout=5).timed_out is False
    with pytest.raises(ConditionError, match="would wait for ever"):
        ec.register_condition(a, "START", b, "READY")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("a", "START", "a2", "STARTED"), "there is no resource 'a2'; did you mean 'a'"),
        (("a", "STRAT", "b", "STARTED"), "unknown action 'STRAT'; did you mean 'START'?"),
        (("a", "START", "b", "STRATED"), "unknown state 'STRATED'; did you mean 'STARTED'?"),
        (("a", "START", "b", 4), "unknown state 4; known: "),
        (("a", "START", [], "STARTED"), "needs resources that wait, and some to wait for"),
        (("a", "START", "b", "STARTED", "soon"), "duration such as '2m30s', .* found 'soon'"),
        (("a", "START", "b", "STARTED", "5 parsecs"), "found '5 parsecs'"),
        (("a", "START", "b", "STARTED", -1), "found -1"),
        (("a", "START", "b", "STARTED", "2026-13-45"), "found '2026-13-45'"),
    ],
)
def test_wrong_conditions_are_refused(ec, arguments, text):
    for name in "ab":
        ec.register_resource(Dummy, name=name)
    with pytest.raises(ConditionError if "no resource" not in text else ResourceError, match=text):
        ec.register_condition(*arguments)


def test_a_conditional_change_is_checked_when_it_is_registered(ec):
    a, b = (ec.register_resource(Dummy, name=name) for name in "ab")
    with pytest.raises(ResourceError, match="size can be changed only before"):
        ec.set_with_conditions("size", 2, a, b, "STARTED")
    with pytest.raises(ResourceError, match="level should be from 0 to 10"):
        ec.set_with_conditions("level", 20, a, b, "STARTED")
    task = ec.set_with_conditions("level", 2, a, b, "STARTED")
    ec.deploy(b)
    ec.wait_started(b)
    ec.release(a)
    assert task.wait(5)
    assert task.result == {"a": "not set: a was released before it was STARTED"}


def test_times_are_durations_or_by_the_calendar():
    assert When.of(None) == When.of("") == When()
    assert When.of("2m30s").due(10, 0) == 160
    assert When.of("250us").delay == pytest.approx(0.00025)
    soon = datetime.now() + timedelta(seconds=10)
    for given in (soon, soon.isoformat(), soon.astimezone().isoformat()):
        assert When.of(given).due(0, 100) == pytest.approx(110, abs=0.5)
    # What is over is due at once, and not before what it waits for.
    assert When.of("2001-01-01T00:00:00").due(42, 100) == 42
