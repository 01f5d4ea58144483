"""Law 6: only legal transitions; nothing before its conditions; each released once, in reverse.

In virtual time, for scenarios of all sorts: what takes long, fails or hangs at any point, and what
a user does meanwhile. What happened is judged by the log of calls and transitions alone.
"""

from __future__ import annotations

import contextlib
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

import anyio
import hypothesis
import hypothesis.strategies as st
from dummies import HOOKS, Scripted, in_virtual_time

from icarus.control.conductor import Conductor
from icarus.errors import ConditionError, ResourceError

# Written out here once more, in the words of the manual.
WAY = ["NEW", "DISCOVERED", "PROVISIONED", "READY", "STARTED", "STOPPED", "FINISHED"]
LEGAL = {
    *pairwise(WAY[:6]),
    ("STARTED", "FINISHED"),
    ("STOPPED", "STARTED"),
    *((state, "FAILED") for state in WAY if state != "FINISHED"),
    *((state, "RELEASED") for state in [*WAY, "FAILED"]),
}
GRACE = 5.0
STATES = st.sampled_from(["DISCOVERED", "READY", "STARTED", "STOPPED", "FINISHED"])
SECONDS = st.sampled_from([0, 0.5, 1, 3])


@st.composite
def scripts(draw):
    """How long each hook takes, and one that may raise or hang."""
    script = {hook: draw(SECONDS) for hook in draw(st.sets(st.sampled_from(HOOKS[:3])))}
    if draw(st.booleans()):
        script["do_run"] = draw(SECONDS)
    if draw(st.booleans()):
        hook = draw(st.sampled_from([*HOOKS, "do_start", "do_run"]))
        what = draw(st.sampled_from([RuntimeError("on purpose"), 1000]))
        script[hook] = (draw(SECONDS), what)
    return script


@st.composite
def scenarios(draw):
    n = draw(st.integers(2, 5))
    critical = st.sampled_from([True, False, False])
    resources = [(draw(scripts()), draw(critical)) for _ in range(n)]
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1))
    connections = draw(st.lists(pairs, max_size=3))
    group = st.lists(st.integers(0, n - 1), min_size=1, max_size=2)
    actions = st.sampled_from(["DEPLOY", "START", "START", "STOP"])
    conditions = st.lists(st.tuples(group, actions, group, STATES, SECONDS), max_size=5)
    op = st.one_of(
        st.tuples(st.just("condition"), group, actions, group, STATES, SECONDS),
        st.tuples(st.sampled_from(["start", "stop", "release", "unregister"]), group),
    )
    later = draw(st.lists(st.tuples(SECONDS, op), max_size=4))
    return resources, connections, draw(conditions), draw(st.booleans()), later


class Witness:
    """What happened: conditions with the time from which they held, calls and transitions."""

    def __init__(self):
        self.conditions = []  # of one: (since, until, who, action, group, state, delay)
        self.needs = set()
        self.calls = []
        self.moves = []  # (time, who, before, after)
        self.by_hand = []  # (time, who): from when on somebody acts on it
        self.critical_failure = None

    def watch(self, conductor: Conductor, one, critical):
        moved = one.moved

        def note(component, before, reason):
            if component.state != before:
                now = anyio.current_time()
                self.moves.append((now, component.name, str(before), str(component.state)))
                if component.state == "FAILED" and critical and self.critical_failure is None:
                    self.critical_failure = now
            moved(component, before, reason)

        one.moved = note

    def states_at(self, time):
        """States of all after everything of a moment, in the order in which they came to them."""
        return [move for move in self.moves if move[0] <= time]

    def met(self, group, state, delay, time):
        """Whether a condition was met by a time; any moment of it will do."""
        for name in group:
            way = [(at, after) for at, who, _, after in self.moves if who == name and at <= time]
            if any(after == "FAILED" and at < time for at, after in way):
                return False
            came = [
                at for at, after in way if after in WAY and WAY.index(after) >= WAY.index(state)
            ]
            if not came or min(came) + delay > time + 1e-9:
                return False
        return True


async def play(conductor, scenario):
    resources, connections, conditions, barrier, later = scenario
    seen = Witness()
    names = [f"r{number}" for number in range(len(resources))]
    for name, (script, critical) in zip(names, resources, strict=True):
        given = {"script": script, "told": seen.calls, "critical": critical, "grace": GRACE}
        seen.watch(conductor, conductor.register_resource(Scripted, None, name, given), critical)

    def of(numbers):
        return [names[number] for number in numbers]

    def condition(group1, action, group2, state, delay):
        conductor.register_condition(of(group1), action, of(group2), state, delay)
        for who in of(group1):
            entry = [anyio.current_time(), float("inf"), who, action, of(group2), state, delay]
            seen.conditions.append(entry)

    for user, used in connections:
        with contextlib.suppress(ConditionError):
            conductor.register_connection(names[user], names[used])
            seen.needs.add((names[user], names[used]))
    for one in conditions:
        with contextlib.suppress(ConditionError):
            condition(*one)
    try:
        conductor.deploy(None, barrier)
    except ConditionError:
        hypothesis.event("refused")
        return seen, names, None
    async with anyio.create_task_group() as tasks:
        for pause, (what, group, *rest) in later:
            await anyio.sleep(pause)
            if what == "condition":
                with contextlib.suppress(ConditionError):
                    condition(group, *rest)
            elif what == "unregister":
                conductor.unregister_condition(of(group), None, None)
                for entry in seen.conditions:
                    if entry[2] in of(group):
                        entry[1] = min(entry[1], anyio.current_time())
            else:
                seen.by_hand += [(anyio.current_time(), who) for who in of(group)]
                tasks.start_soon(by_hand, conductor, what, of(group))
    reports = await conductor.wait(None, "STOPPED", 100)
    return seen, names, reports


async def by_hand(conductor, what, group):
    with contextlib.suppress(ResourceError):
        if what == "release":
            await conductor.release(group)
        else:
            await conductor.act(what, group)


def play_to_the_end(scenario):
    async def test(conductor):
        seen, names, reports = await play(conductor, scenario)
        began = anyio.current_time()
        await conductor.shutdown()
        # Stop, release and what else has a bound, one after another along the longest chain.
        assert anyio.current_time() - began <= len(names) * 5 * GRACE
        return seen, names, reports

    return in_virtual_time(test)


def touched(seen, who, time):
    return any(one == who and at <= time for at, one in seen.by_hand)


def dependencies(seen):
    """Pairs of what needs something and what it needs; where that is a cycle, connections only."""
    found = {*seen.needs}
    for _, until, who, action, group, _, _ in seen.conditions:
        # One that was taken back counts no longer.
        if action != "STOP" and until == float("inf"):
            found |= {(who, one) for one in group if one != who}
    graph = {}
    for user, used in found:
        graph.setdefault(user, set()).add(used)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError:
        return seen.needs
    return found


FIRST_HOOK = {"DEPLOY": "do_discover", "START": "do_start", "STOP": "do_stop"}


@hypothesis.settings(max_examples=150)
@hypothesis.given(scenarios())
@hypothesis.example(
    # One that fails while another waits for a time since it was started.
    (
        [({"do_run": (1, RuntimeError("on purpose"))}, False), ({}, True)],
        [],
        [([1], "START", [0], "STARTED", 3)],
        True,
        [],
    )
)
def test_the_law_of_control(scenario):
    seen, names, reports = play_to_the_end(scenario)
    barrier = scenario[3]
    for name in names:
        way = [(before, after) for _, who, before, after in seen.moves if who == name]
        assert set(way) <= LEGAL
        assert all(one[1] == other[0] for one, other in pairwise(way))
        assert [after for _, after in way].count("RELEASED") == 1
        assert way[-1][1] == "RELEASED"
        assert [hook for _, who, hook in seen.calls if (who, hook) == (name, "do_release")] == [
            "do_release"
        ]
    released = {who: at for at, who, _, after in seen.moves if after == "RELEASED"}
    by_itself = not seen.by_hand
    order = [(who, hook) for _, who, hook in seen.calls]
    if by_itself:
        for user, used in dependencies(seen):
            # Not before the one that needs it has been released, which had a bound, too.
            begun = next(at for at, who, hook in seen.calls if (who, hook) == (used, "do_release"))
            assert released[user] <= begun
            assert order.index((user, "do_release")) < order.index((used, "do_release"))
    if reports is None:
        assert {hook for _, _, hook in seen.calls} <= {"do_release", "do_kill"}
        return
    for time, who, hook in seen.calls:
        if touched(seen, who, time):
            continue
        first = next((act for act, name in FIRST_HOOK.items() if name == hook), None)
        if first == "STOP" and time >= released[who] - 4 * GRACE:
            # As part of its release.
            continue
        for since, until, one, action, group, state, delay in seen.conditions:
            if (one, action) == (who, first) and since < time < until:
                hypothesis.event(f"{action} waited")
                assert seen.met(group, state, delay, time), (who, hook, time, group, state, delay)
        if first == "DEPLOY":
            for user, used in seen.needs:
                assert user != who or seen.met([used], "READY", 0, time)
        if hook == "do_start":
            if seen.critical_failure is not None:
                assert time <= seen.critical_failure
            if barrier:
                at_the_barrier(seen, names, time)


def at_the_barrier(seen, names, time):
    for name in names:
        states = {after for at, who, _, after in seen.moves if who == name and at <= time}
        never = states & {"FAILED", "RELEASED"}
        assert "READY" in states or never or was_skipped(seen, name)


def was_skipped(seen, name):
    return not [1 for at, who, hook in seen.calls if (who, hook) == (name, "do_deploy")]
