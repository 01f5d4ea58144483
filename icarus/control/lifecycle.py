"""How resources get from state to state: alone, held by conditions, or behind a barrier."""

from __future__ import annotations

import inspect
import logging
import math
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup

from icarus.control.component import Component
from icarus.control.conditions import Condition, Hold, Unmet
from icarus.control.ordering import release_order
from icarus.control.resource import overrides
from icarus.control.states import ECState, ResourceAction, ResourceState
from icarus.errors import IcarusError, TransitionError
from icarus.orchestration.errortext import error_line
from icarus.orchestration.status import Status

__all__ = ["Ended", "Lifecycle"]

logger = logging.getLogger("control")

_A, _S = ResourceAction, ResourceState

_STEPS = (
    (_S.DISCOVERED, "do_discover"),
    (_S.PROVISIONED, "do_provision"),
    (_S.READY, "do_deploy"),
)


class Ended(Exception):  # noqa: N818 - no error of anybody
    """There is nothing more to do for a component: it failed, or is being released."""


class Lifecycle:
    """Moves components from state to state.

    Parameters
    ----------
    tasks : TaskGroup
        Where what goes on in the background runs. Nothing is raised into it.
    limiter : CapacityLimiter
        Of the threads that methods of resources run in.

    Attributes
    ----------
    state : ECState
    reason : str
        Why it FAILED.
    cause : BaseException or None
        What was raised then.
    """

    def __init__(self, tasks: TaskGroup, limiter: anyio.CapacityLimiter) -> None:
        self.state = ECState.RUNNING
        self.reason = ""
        self.cause: BaseException | None = None
        self._tasks = tasks
        self._limiter = limiter
        # What a resource does while it is STARTED may take long, and is not to keep others waiting.
        self._run_limiter = anyio.CapacityLimiter(math.inf)
        self._holds: dict[Hold, None] = {}
        # On their way to be STARTED, in the background.
        self._coming: dict[Component, None] = {}

    # What is called of resources.

    async def call(self, component: Component, function: Callable[..., Any], *args: Any) -> Any:
        """Call a method of a resource, in a thread unless it is ``async``.

        Raises
        ------
        Ended
            If the component was released meanwhile.
        """
        done = anyio.Event()
        with anyio.CancelScope() as scope:
            component.calls[scope] = done
            try:
                return await self._called(function, args, self._limiter)
            finally:
                component.calls.pop(scope, None)
                done.set()
        raise Ended

    async def _called(
        self, function: Callable[..., Any], args: tuple[Any, ...], limiter: anyio.CapacityLimiter
    ) -> Any:
        if inspect.iscoroutinefunction(function):
            return await function(*args)
        return await to_thread.run_sync(function, *args, limiter=limiter, abandon_on_cancel=True)

    async def _step(self, component: Component, state: ResourceState, hook: str) -> None:
        """Call a method of a resource, and have it be in a state then."""
        if component.releasing and component.state is not _S.RELEASED:
            raise Ended
        component.require(state)
        if overrides(component.resource, hook):
            try:
                await self.call(component, getattr(component.resource, hook))
            except Ended:
                raise
            except Exception as error:
                self.fail(component, error)
                raise Ended from error
        if component.releasing or component.state is _S.FAILED:
            raise Ended
        component.move(state)

    def fail(self, component: Component, error: BaseException) -> None:
        """Have a component be FAILED, and with it the scenario if it is critical."""
        if component.state in (_S.FAILED, _S.RELEASED):
            return
        # What Icarus words itself says all that there is to say.
        told = isinstance(error, IcarusError | TimeoutError)
        timed_out = isinstance(error, TimeoutError)
        component.outcome = Status.TIMEOUT if timed_out else Status.FAILED
        component.move(_S.FAILED, error_line(error))
        log = component.log.error if component.critical else component.log.warning
        log("failed: %s", component.reason, exc_info=None if told else error)
        if component.critical:
            self.abort(f"critical {component.name!r} failed: {component.reason}", error)

    def skip(self, component: Component, reason: str) -> None:
        """Have a component never be started."""
        if component.outcome is not None or component.releasing:
            return
        component.outcome, component.reason = Status.SKIPPED, reason
        component.log.warning("is skipped: %s", reason)
        component.moved(component, component.state, reason)
        component.tell()

    def abort(self, reason: str, cause: BaseException) -> None:
        """Have nothing more be deployed, started or stopped."""
        if self.state is not ECState.RUNNING:
            return
        self.state, self.reason, self.cause = ECState.FAILED, reason, cause
        # At once, so that whoever is told of the failure finds them so.
        for component in list(self._coming):
            self.skip(component, reason)
        for hold in list(self._holds):
            hold.abort(reason)

    # Actions that wait.

    async def held(self, hold: Hold) -> None:
        """Wait until what is held is due; Unmet if it never will be."""
        if self.state is not ECState.RUNNING:
            raise Unmet(self.reason or "the controller was shut down")
        self._holds[hold] = None
        try:
            await hold.wait()
        finally:
            self._holds.pop(hold, None)

    async def _conditions_of(self, component: Component, action: ResourceAction) -> None:
        conditions = list(component.conditions.get(action, ()))
        if action is _A.DEPLOY and component.needs:
            conditions.append(Condition(component.needs, _S.READY))
        hold = component.holds[action] = Hold(f"{action} of {component.name}", conditions)
        try:
            await self.held(hold)
        finally:
            hold.close()
            del component.holds[action]

    def spawn(
        self, component: Component, function: Callable[..., Awaitable[Any]], *args: Any
    ) -> None:
        """Have something go on for a component in the background."""
        self._tasks.start_soon(self._guarded, component, function, *args)

    async def _guarded(
        self, component: Component, function: Callable[..., Awaitable[Any]], *args: Any
    ) -> None:
        try:
            await function(component, *args)
        except Ended:
            pass
        except Exception as error:
            # A mistake in a method of a resource, and not that of others.
            self.fail(component, error)

    def in_background(self, component: Component, function: Callable[[], Awaitable[Any]]) -> None:
        """Have something go on until a component is released."""

        async def go_on(component: Component) -> None:
            with anyio.CancelScope() as scope:
                component.background[scope] = None
                try:
                    await function()
                finally:
                    del component.background[scope]

        self.spawn(component, go_on)

    async def bring_up(self, component: Component, barrier: Hold | None) -> None:
        """Deploy a component and start it, each once its conditions are met."""
        self._coming[component] = None
        try:
            await self._conditions_of(component, _A.DEPLOY)
            await self.deploy(component)
            if barrier is not None:
                await self.held(barrier)
        except Unmet as reason:
            self.skip(component, str(reason))
            return
        finally:
            del self._coming[component]
        await self.start_when_met(component)

    async def start_when_met(self, component: Component) -> None:
        """Start a component that is deployed, once its conditions are met."""
        self._coming[component] = None
        try:
            await self._conditions_of(component, _A.START)
        except Unmet as reason:
            self.skip(component, str(reason))
            return
        finally:
            del self._coming[component]
        # Unless somebody has started it by hand meanwhile.
        if component.state in (_S.READY, _S.STOPPED):
            await self.start(component)

    async def stop_when_met(self, component: Component) -> None:
        """Stop a component once the conditions of that are met, if it is STARTED then."""
        try:
            await self._conditions_of(component, _A.STOP)
            await self.held(Hold(f"STOP of {component.name}", [Condition([component], _S.STARTED)]))
        except Unmet as reason:
            component.log.info("it is not stopped: %s", reason)
            return
        if component.state is _S.STARTED and not component.stopping:
            await self.stop(component)

    # Actions at once.

    async def discover(self, component: Component) -> None:
        """Have a component be DISCOVERED."""
        await self._step(component, _S.DISCOVERED, "do_discover")

    async def provision(self, component: Component) -> None:
        """Have a component be PROVISIONED, and DISCOVERED before if it is not."""
        await self._up_to(component, _S.PROVISIONED)

    async def deploy(self, component: Component) -> None:
        """Have a component be READY, by all states on the way to it."""
        await self._up_to(component, _S.READY)

    async def _up_to(self, component: Component, last: ResourceState) -> None:
        steps = [step for step in _STEPS if component.phase.rank < step[0].rank <= last.rank]
        if not steps or component.state in (_S.FAILED, _S.RELEASED):
            component.require(last)
        for state, hook in steps:
            if self.state is not ECState.RUNNING:
                raise Unmet(self.reason)
            await self._step(component, state, hook)

    async def start(self, component: Component) -> None:
        """Start a component, and have it run in the background."""
        component.stopping = False
        await self._step(component, _S.STARTED, "do_start")
        component.outcome, component.reason = None, ""
        if overrides(component.resource, "do_run"):
            component.run_scope, component.run_ended = anyio.CancelScope(), anyio.Event()
            self.spawn(component, self._run, component.run_scope, component.run_ended)
        if component.conditions.get(_A.STOP) and _A.STOP not in component.holds:
            self.spawn(component, self.stop_when_met)

    async def _run(
        self, component: Component, scope: anyio.CancelScope, ended: anyio.Event
    ) -> None:
        try:
            with scope:
                await self._called(component.resource.do_run, (), self._run_limiter)
        except Exception as error:
            if not component.releasing:
                self.fail(component, error)
            return
        finally:
            ended.set()
        # One that is being stopped or released is told of by whoever does that.
        if not component.stopping and not component.releasing and component.state is _S.STARTED:
            component.outcome = Status.OK
            component.move(_S.FINISHED)

    async def stop(self, component: Component) -> None:
        """Stop a component, and kill it if that takes too long."""
        component.require(_S.STOPPED)
        if component.stopping:
            raise TransitionError(f"{component.name} is being stopped already")
        component.stopping = True
        killed = ""
        try:
            with anyio.move_on_after(component.grace) as bound:
                if overrides(component.resource, "do_stop"):
                    await self.call(component, component.resource.do_stop)
                await self._end_of_run(component)
            if bound.cancelled_caught:
                killed = f"it was killed, as it had not stopped within {component.grace:g} s"
                component.resource.do_kill()
                component.log.warning("%s", killed)
                await self._abandon_run(component)
        except Ended:
            raise
        except Exception as error:
            self.fail(component, error)
            raise Ended from error
        if component.state is _S.STARTED and not component.releasing:
            component.outcome = Status.OK
            component.move(_S.STOPPED, killed)

    async def _end_of_run(self, component: Component) -> None:
        if component.run_ended is None:
            return
        if inspect.iscoroutinefunction(component.resource.do_run) and not overrides(
            component.resource, "do_stop"
        ):
            self._let_run_go(component)
        await component.run_ended.wait()

    async def _abandon_run(self, component: Component) -> None:
        """Wait for the end of what is to have ended, but not for ever."""
        if component.run_ended is None:
            return
        with anyio.move_on_after(component.grace):
            await component.run_ended.wait()
        self._let_run_go(component)

    def _let_run_go(self, component: Component) -> None:
        if component.run_scope is not None:
            component.run_scope.cancel()

    # The end.

    async def release(self, components: Iterable[Component]) -> dict[str, str]:
        """Release components, each once, in the reverse order of dependencies.

        Returns
        -------
        dict of str to str
            What went wrong, by name.
        """
        group = [one for one in components if not one.releasing]
        for one in group:
            one.releasing = True
            for hold in list(one.holds.values()):
                hold.abort("it is released")
            # All of them now: they may have all the threads that others need to be released.
            for scope in list(one.calls):
                scope.cancel()
        problems: dict[str, str] = {}
        order = release_order(group)
        send, receive = anyio.create_memory_object_stream[Component](max(len(group), 1))

        async def release_one(component: Component) -> None:
            problem = await self._release(component)
            if problem:
                problems[component.name] = problem
            send.send_nowait(component)

        with send, receive:
            async with anyio.create_task_group() as tasks:
                while order.is_active():
                    for one in order.get_ready():
                        tasks.start_soon(release_one, one)
                    order.done(await receive.receive())
        return problems

    async def _release(self, component: Component) -> str:
        """Release a component, whatever happens; return what went wrong."""
        grace = component.grace
        problems = []
        for done in list(component.calls.values()):
            with anyio.move_on_after(grace):
                await done.wait()
        ends = []
        if component.state is _S.STARTED and overrides(component.resource, "do_stop"):
            component.stopping = True
            ends.append("do_stop")
        if overrides(component.resource, "do_release"):
            ends.append("do_release")
        for hook in ends:
            with anyio.move_on_after(grace) as bound:
                try:
                    await self._called(getattr(component.resource, hook), (), self._limiter)
                    if hook == "do_stop":
                        await self._end_of_run(component)
                except Exception as error:
                    problems.append(f"{hook} raised {error_line(error)}")
            if bound.cancelled_caught:
                problems.append(f"{hook} took longer than {grace:g} s")
                self._kill(component, problems)
        await self._abandon_run(component)
        for scope in list(component.background):
            scope.cancel()
        if component.outcome is None:
            started = component.phase.rank >= _S.STARTED.rank
            component.outcome = Status.OK if started else Status.SKIPPED
            component.reason = f"released while it was {component.state}"
        problem = "; ".join(problems)
        component.move(_S.RELEASED)
        if problem:
            component.log.error("released with problems: %s", problem)
        return problem

    def _kill(self, component: Component, problems: list[str]) -> None:
        try:
            component.resource.do_kill()
        except Exception as error:
            problems.append(f"do_kill raised {error_line(error)}")
