"""The event loop's side of a controller: all state is here, and nothing else changes it.

Everything is called in the loop. What waits is ``async``; what does not has happened when it
returns. ``ExperimentController`` is the face of this for threads.
"""

from __future__ import annotations

import inspect
import logging
import math
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import anyio

from icarus.control.attributes import AttributeValues
from icarus.control.commands import arguments_of
from icarus.control.component import Component, Components, Group, Moment
from icarus.control.conditions import Condition, Hold, Unmet
from icarus.control.guard import Guard
from icarus.control.lifecycle import Ended, Lifecycle
from icarus.control.moments import When
from icarus.control.ordering import check_connections, check_order, require_no_cycle
from icarus.control.records import Records
from icarus.control.reports import Reports
from icarus.control.resource import Resource, overrides, require_resource
from icarus.control.scheduling import Scheduler, Task
from icarus.control.states import ECState, ResourceAction, ResourceState, least_of, named
from icarus.control.traces import Trace
from icarus.control.tracing import declared_trace, enable, trace_of
from icarus.core.durations import seconds_of
from icarus.errors import (
    ConditionError,
    ResourceError,
    TransitionError,
    suggestion,
)
from icarus.orchestration.status import Status
from icarus.plaintext import some_of
from icarus.registry import RESOURCE

__all__ = ["Conductor"]

logger = logging.getLogger("control")

_A, _S = ResourceAction, ResourceState


class Conductor:
    """Controls resources, within an event loop of anyio.

    Parameters
    ----------
    folder : Path
        Where the files of resources go, each in a folder of its name.
    workers : int, optional
        How many methods of resources may run in threads at a time.
    alive : callable, optional
        Called, from any thread, with how many events there were, whenever something goes on.
    seed, replication : int, optional
        What simulations begin with that are not told otherwise.
    """

    def __init__(
        self,
        folder: Path,
        workers: int = 8,
        alive: Callable[[int], None] | None = None,
        seed: int = 1,
        replication: int = 0,
    ) -> None:
        self.folder = folder
        self.seed, self.replication = seed, replication
        self.components = Components()
        self.records = Records(folder / "events.jsonl")
        self.guard = Guard()
        self._workers = workers
        self._alive = alive
        self._stack = AsyncExitStack()
        self._closed = False

    async def __aenter__(self) -> Self:
        self.began = Moment(anyio.current_time(), time.time())
        self._group = await self._stack.enter_async_context(anyio.create_task_group())
        limiter = anyio.CapacityLimiter(self._workers)
        self.life = Lifecycle(self._group, limiter)
        self._tasks = Scheduler(self._group, limiter)
        return self

    async def __aexit__(self, *error: Any) -> None:
        await self.shutdown()
        self._group.cancel_scope.cancel()
        await self._stack.aclose()
        self.guard.close()
        self.records.close()

    # What is known.

    @property
    def state(self) -> ECState:
        """State of the controller; one that FAILED stays so, also once it is shut down."""
        if self.life.state is ECState.RUNNING and self._closed:
            return ECState.TERMINATED
        return self.life.state

    def register_resource(
        self,
        kind: str | type[Resource],
        guid: int | None,
        name: str | None,
        given: Mapping[str, Any],
    ) -> Component:
        """Make a resource and return its component."""
        self._require_open()
        made = RESOURCE.resolve(kind) if isinstance(kind, str) else kind
        definition = require_resource(made)
        type_name = str(vars(definition).get("name") or definition.__name__)
        number = self.components.new_guid(guid)
        name = f"{type_name}-{number}" if name is None else name
        self.components.require_free(name)
        resource = definition()
        values = AttributeValues(name, definition.declared_attributes(), given)
        component = Component(
            *(number, name, resource, self.folder / name, values, self._sign, self._moved),
            enabled={one.name for one in definition.declared_traces().values() if one.enabled},
        )
        resource.name, resource._component, resource._values = name, component, values
        resource._conductor = self
        self.components.enter(component)
        self._note("registered", component, type=type_name, attributes=values.shown())
        return component

    def register_connection(self, one: Any, other: Any) -> None:
        """Have one resource need another: it is deployed once the other is READY."""
        user, used = self.components.one(one), self.components.one(other)
        if user is used:
            raise ConditionError(f"{user.name} cannot be connected to itself")
        if used in user.needs:
            return
        if user.state is not _S.NEW:
            raise TransitionError(
                f"{user.name} is {user.state}; what it is connected to is said before it is "
                "deployed"
            )
        connectors = type(user.resource).connectors
        if connectors is not None and not any(used.resource.is_a(c.type) for c in connectors):
            known = ", ".join(c.type for c in connectors) or "nothing"
            raise ConditionError(
                f"{user.name} takes connections to {known}; {used.name} is a "
                f"{type(used.resource).__name__}"
            )
        require_no_cycle(user, used)
        user.needs.append(used)
        used.needed_by.append(user)
        self._note("connected", user, to=used.name)

    def register_condition(
        self, group1: Group, action: Any, group2: Group, state: Any, after: Any
    ) -> list[int]:
        """Have an action of each of a group wait until all of another are at least in a state."""
        waiting, condition = self._condition(group1, group2, state, after)
        act = named(ResourceAction, action)
        for one in waiting:
            if one in condition.group and act is not _A.STOP:
                raise ConditionError(f"{act} of {one.name} cannot wait for {one.name} itself")
        for one in waiting:
            one.conditions.setdefault(act, []).append(condition)
        if any(one.asked for one in self.components):
            try:
                check_order(self.components)
            except ConditionError:
                for one in waiting:
                    one.conditions[act].remove(condition)
                raise
        for one in waiting:
            self._note("condition", one, action=act, on=str(condition))
            if act in one.holds:
                one.holds[act].add(condition)
            elif act is _A.STOP and one.state is _S.STARTED:
                self.life.spawn(one, self.life.stop_when_met)
        return [condition.number]

    def unregister_condition(self, group: Group, action: Any, number: int | None) -> None:
        """Take back a condition, or all, of an action of each of a group."""
        acts = list(ResourceAction) if action is None else [named(ResourceAction, action)]
        for one in self.components.some(group):
            for act in acts:
                for condition in list(one.conditions.get(act, ())):
                    if number in (None, condition.number):
                        one.conditions[act].remove(condition)
                        if act in one.holds:
                            one.holds[act].remove(condition)

    def _condition(
        self, group1: Group, group2: Group, state: Any, after: Any
    ) -> tuple[list[Component], Condition]:
        waiting, awaited = self.components.some(group1), self.components.some(group2)
        if not waiting or not awaited:
            raise ConditionError("a condition needs resources that wait, and some to wait for")
        return waiting, Condition(awaited, named(ResourceState, state), When.of(after))

    # Attributes, traces and commands.

    async def set(self, group: Group, name: str, value: Any) -> None:
        """Give an attribute of each of a group another value."""
        for one in self.components.some(group):
            started = one.phase.rank >= _S.STARTED.rank
            new = one.values.checked(name, value, started=started)
            old = one.values[name]
            one.values.put(name, new)
            self._note("set", one, attributes=one.values.shown([name]))
            if one.state is _S.STARTED and overrides(one.resource, "changed"):
                try:
                    await self.life.call(one, one.resource.changed, name, old, new)
                except Ended:
                    raise TransitionError(f"{one.name} was released meanwhile") from None
                except Exception:
                    one.values.put(name, old)
                    raise

    def set_with_conditions(
        self, name: str, value: Any, group1: Group, group2: Group, state: Any, after: Any
    ) -> Task:
        """Set an attribute of each of a group once it is STARTED and a condition is met."""
        waiting, condition = self._condition(group1, group2, state, after)
        for one in waiting:
            one.values.checked(name, value, started=True)

        async def change_all() -> dict[str, str]:
            outcomes: dict[str, str] = {}
            async with anyio.create_task_group() as tasks:
                for one in waiting:
                    tasks.start_soon(change, one, outcomes)
            return outcomes

        async def change(one: Component, outcomes: dict[str, str]) -> None:
            conditions = [condition, Condition([one], _S.STARTED)]
            hold = Hold(f"{name} of {one.name}", conditions)
            try:
                await self.life.held(hold)
                if one.state is not _S.STARTED:
                    raise Unmet(f"{one.name} is {one.state} by then")
                await self.set(one.guid, name, value)
            except (Unmet, ResourceError) as reason:
                one.log.warning("%s is not set: %s", name, reason)
                outcomes[one.name] = f"not set: {reason}"
            else:
                outcomes[one.name] = "set"
            finally:
                hold.close()

        return self.schedule(None, change_all, True)

    def get(self, given: Any, name: str) -> Any:
        """Return the value of an attribute."""
        return self.components.one(given).values[name]

    def enable_trace(self, group: Group, name: str) -> None:
        """Have a trace be written by each of a group."""
        for one in self.components.some(group):
            enable(one, name)

    def trace_enabled(self, given: Any, name: str) -> bool:
        """Return whether a trace is written; MissingTraceError if there is none."""
        one = self.components.one(given)
        return declared_trace(one, name) in one.enabled

    def trace(self, given: Any, name: str) -> Trace:
        """Return a trace of a resource."""
        return trace_of(self.components.one(given), name)

    async def call(self, given: Any, name: str, arguments: Mapping[str, Any]) -> Any:
        """Call a command of a resource, its parameters held against its annotations."""
        one = self.components.one(given)
        commands = type(one.resource).commands()
        if name not in commands:
            raise ResourceError(f"{one.name} has no command {name!r}; {suggestion(name, commands)}")
        taken = arguments_of(f"{one.name}.{name}", commands[name], arguments)
        self._note("command", one, command=name, arguments=taken)
        function = getattr(one.resource, name)
        if inspect.iscoroutinefunction(function):
            return await function(**taken)
        return await self.life.call(one, lambda: function(**taken))

    # Deployment.

    def deploy(self, group: Group | None, wait_all_ready: bool) -> list[Component]:
        """Have resources be deployed and started in the background, by default all NEW ones."""
        self._require_running()
        if group is None:
            chosen = [one for one in self.components if one.state is _S.NEW and not one.asked]
        else:
            chosen = self.components.some(group)
        for one in chosen:
            if one.asked or one.state not in (_S.NEW, _S.DISCOVERED, _S.PROVISIONED):
                raise TransitionError(f"{one.name} is {one.state}, and deployed already")
        problems = [text for one in chosen for text in self._problems(one)]
        problems += check_connections(chosen)
        if problems:
            raise ResourceError(*problems)
        check_order(self.components, chosen if wait_all_ready else ())
        barrier = None
        if wait_all_ready and chosen:
            condition = Condition(chosen, _S.READY, lenient=True)
            barrier = Hold("the barrier of the deployment", [condition])
        for one in chosen:
            one.asked = True
            self.life.spawn(one, self.life.bring_up, barrier)
        return chosen

    def _problems(self, one: Component) -> Iterable[str]:
        return [f"{one.name}: {text}" for text in one.resource.problems()]

    def start_with_conditions(self, group: Group) -> None:
        """Have resources that are READY be started in the background once conditions are met."""
        self._require_running()
        chosen = self.components.some(group)
        for one in chosen:
            one.require(_S.STARTED)
        for one in chosen:
            if _A.START not in one.holds:
                self.life.spawn(one, self.life.start_when_met)

    def stop_with_conditions(self, group: Group) -> None:
        """Have resources be stopped in the background once the conditions of that are met."""
        self._require_running()
        for one in self.components.some(group):
            if _A.STOP not in one.holds:
                self.life.spawn(one, self.life.stop_when_met)

    async def act(self, action: str, group: Group) -> None:
        """Discover, provision, start or stop resources at once, one after another.

        Raises
        ------
        TransitionError
            If one cannot come to that state, or was released meanwhile.
        ResourceError
            If it failed.
        """
        for one in self.components.some(group):
            if action in ("discover", "provision", "start"):
                problems = [*self._problems(one)] if one.state is _S.NEW else []
                if problems:
                    raise ResourceError(*problems)
            try:
                await getattr(self.life, action)(one)
            except (Ended, Unmet) as ended:
                if one.state is _S.FAILED:
                    raise ResourceError(f"{one.name} failed: {one.reason}") from None
                why = str(ended) or "it was released meanwhile"
                raise TransitionError(f"{one.name}: {action} is not done: {why}") from None

    async def release(self, group: Group | None) -> Reports:
        """Release resources, by default all, and return how they stand."""
        chosen = list(self.components) if group is None else self.components.some(group)
        with anyio.CancelScope(shield=True):
            problems = await self.life.release(chosen)
            # Those that somebody else is releasing.
            hold = Hold("release", [Condition(chosen, _S.RELEASED)])
            await hold.wait()
            hold.close()
        for name, text in problems.items():
            self._note("release problem", self.components.one(name), problem=text)
        return self._reports(chosen)

    async def shutdown(self) -> None:
        """Release all, and do nothing more; it may be called again."""
        if not self._closed:
            self._closed = True
            self._tasks.cancel_all()
        with anyio.CancelScope(shield=True):
            await self.release(None)

    # Waiting.

    async def wait(self, group: Group | None, states: Any, timeout: Any) -> Reports:
        """Wait until each of a group is at least in a state, or cannot come to it."""
        chosen = list(self.components) if group is None else self.components.some(group)
        state = least_of(states)
        seconds = math.inf if timeout is None else seconds_of(timeout)
        condition = Condition(chosen, state, lenient=True)
        hold = Hold(f"to be {state}", [condition])
        waiting = list(hold.waiting_for)
        if waiting:
            logger.debug("waiting for %s", some_of(waiting, 8))
        timed_out = False
        try:
            with anyio.move_on_after(seconds) as bound:
                if state is _S.RELEASED:
                    await hold.wait()
                else:
                    await self.life.held(hold)
            timed_out = bound.cancelled_caught
        except Unmet as reason:
            logger.debug("not waiting any more: %s", reason)
        waiting = list(hold.waiting_for)
        if timed_out:
            logger.warning("after %g s still waiting for %s", seconds, some_of(waiting, 8))
        hold.close()
        return self._reports(chosen, state, timed_out)

    def reports(self, group: Group | None) -> Reports:
        """Return how resources stand now, by default all."""
        chosen = list(self.components) if group is None else self.components.some(group)
        return self._reports(chosen)

    def _reports(
        self,
        chosen: Iterable[Component],
        state: ResourceState = _S.NEW,
        timed_out: bool = False,
    ) -> Reports:
        found = Reports(
            {one.name: one.report(self.began.monotonic) for one in chosen}, timed_out=timed_out
        )
        for one in chosen:
            if one.reached(state) or one.outcome is not None or found[one.name].reason:
                continue
            why = self.life.reason or f"it is not {state} yet"
            found[one.name] = found[one.name]._replace(reason=why)
        return found

    def schedule(self, when: Any, function: Callable[[], Any], track: bool) -> Task:
        """Have a function be called at a time."""
        self._require_open()
        return self._tasks.schedule(when, function, track)

    def task(self, tid: int | Task) -> Task:
        """Return a tracked task."""
        return self._tasks.get(tid)

    # What is told.

    def _require_open(self) -> None:
        if self._closed:
            raise TransitionError("the controller was shut down")

    def _require_running(self) -> None:
        self._require_open()
        if self.life.state is ECState.FAILED:
            raise TransitionError(f"the scenario has failed: {self.life.reason}")

    def _sign(self) -> None:
        if self._alive is not None:
            self._alive(self.records.count)

    def _moved(self, component: Component, before: ResourceState, reason: str) -> None:
        at = component.times[component.state]
        facts: dict[str, Any] = {"from": before, "to": component.state}
        if component.outcome is not None:
            facts["outcome"] = component.outcome
        if reason:
            facts["reason"] = component.reason
        what = "skipped" if component.outcome is Status.SKIPPED else "state"
        seconds = at.monotonic - self.began.monotonic
        self.records.note(what, seconds, at.wall, resource=component.name, **facts)
        component.log.debug("%s", component.state)
        self._sign()

    def _note(self, event: str, component: Component, **facts: Any) -> None:
        now = anyio.current_time() - self.began.monotonic
        self.records.note(event, now, time.time(), resource=component.name, **facts)
        self._sign()
