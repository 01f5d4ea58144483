"""Conditions between resources, and actions that are held until they are met."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import anyio

from icarus.control.component import Component
from icarus.control.moments import When
from icarus.control.states import ResourceState
from icarus.plaintext import some_of

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Condition", "Hold", "Unmet"]

_numbers = itertools.count(1)


class Unmet(Exception):  # noqa: N818 - no error of anybody
    """Conditions that will never be met, with the reason."""


class Condition:
    """That each of a group of components is at least in a state, for some time.

    Parameters
    ----------
    group : iterable of Component
    state : ResourceState
    after : When, optional
        Counted from when the last of them came to it.
    lenient : bool, optional
        Whether it does without those that will never come to it. Otherwise it cannot be met then.

    Attributes
    ----------
    number : int
        By which it can be taken back.
    """

    def __init__(
        self,
        group: Iterable[Component],
        state: ResourceState,
        after: When | None = None,
        *,
        lenient: bool = False,
    ) -> None:
        self.group = tuple(group)
        self.state = state
        self.after = When() if after is None else after
        self.lenient = lenient
        self.number = next(_numbers)

    def lacks(self, component: Component) -> bool:
        """Return whether one of the group is still to be waited for."""
        if component.reached(self.state):
            return False
        return not (self.lenient and component.never(self.state) is not None)

    def due(self, now: float) -> float:
        """Return when it is met, by the loop's clock, given that none of the group is lacking."""
        since = [one.since(self.state) for one in self.group if one.reached(self.state)]
        return self.after.due(max(since, default=-math.inf), now)

    def __str__(self) -> str:
        names = some_of([one.name for one in self.group], 4)
        return f"{names} {'is' if len(self.group) == 1 else 'are'} {self.state}"


class Hold:
    """Something that is held until all of its conditions are met.

    Nothing is looked at again and again: components tell of their changes, and the loop's timer
    of the end of delays. Several tasks may wait.

    Parameters
    ----------
    what : str
        What is held, for messages.
    conditions : iterable of Condition
    """

    def __init__(self, what: str, conditions: Iterable[Condition]) -> None:
        self.what = what
        self._conditions: dict[Condition, None] = {}
        self._of: dict[Component, list[Condition]] = {}
        self._lacking: dict[tuple[Condition, Component], None] = {}
        self._reason: str | None = None
        self._event = anyio.Event()
        for condition in conditions:
            self.add(condition)

    def add(self, condition: Condition) -> None:
        """Have it wait for a further condition."""
        self._conditions[condition] = None
        for component in condition.group:
            self._of.setdefault(component, []).append(condition)
            component.watchers[self] = None
            self._look(condition, component)
        self._wake()

    def remove(self, condition: Condition) -> None:
        """Have it wait for a condition no longer."""
        if self._conditions.pop(condition, self) is self:
            return
        for component in condition.group:
            self._of[component].remove(condition)
            self._lacking.pop((condition, component), None)
            if not self._of[component]:
                del self._of[component]
                component.watchers.pop(self, None)
        self._wake()

    def notice(self, component: Component) -> None:
        """Look again at one that has changed."""
        for condition in self._of.get(component, ()):
            self._look(condition, component)
        # Only the last one that is waited for makes a difference.
        if not self._lacking or self._reason is not None:
            self._wake()

    def _look(self, condition: Condition, component: Component) -> None:
        if not condition.lacks(component):
            self._lacking.pop((condition, component), None)
            return
        self._lacking[condition, component] = None
        if self._reason is None and not condition.lenient:
            self._reason = component.never(condition.state)

    def abort(self, reason: str) -> None:
        """Have those that wait be told that it will never be met."""
        self._reason = reason
        self._wake()

    def _wake(self) -> None:
        self._event.set()
        self._event = anyio.Event()

    @property
    def waiting_for(self) -> Iterator[str]:
        """Names and states that are waited for."""
        for condition, component in self._lacking:
            yield f"{component.name} ({component.state}, to be {condition.state})"

    async def wait(self) -> None:
        """Wait until all conditions are met.

        Raises
        ------
        Unmet
            If they never will be.
        """
        while True:
            if self._reason is not None:
                raise Unmet(self._reason)
            due = math.inf
            if not self._lacking:
                now = anyio.current_time()
                due = max((one.due(now) for one in self._conditions), default=-math.inf)
                if due <= now:
                    return
            with anyio.CancelScope(deadline=due):
                await self._event.wait()

    def close(self) -> None:
        """Be told of no more changes."""
        for component in self._of:
            component.watchers.pop(self, None)
