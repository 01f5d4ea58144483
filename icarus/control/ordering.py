"""Which resource comes before which: cycles that would wait for ever, and the order of release."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise
from typing import NamedTuple

from icarus.control.component import Component
from icarus.control.states import ResourceAction, ResourceState
from icarus.errors import ConditionError

__all__ = ["check_connections", "check_order", "release_order", "require_no_cycle"]

_A = ResourceAction


class _Step(NamedTuple):
    """An action of a component, as it stands in the graph of what waits for what."""

    component: Component | None
    """None is the barrier of a deployment."""
    action: ResourceAction

    def __str__(self) -> str:
        if self.component is None:
            return "the barrier of the deployment"
        return f"{self.action} of {self.component.name}"


_BARRIER = _Step(None, _A.START)


def _brought_about_by(component: Component, state: ResourceState) -> _Step | None:
    """Return the action without which a component does not come to a state."""
    if state in (ResourceState.NEW, ResourceState.FAILED, ResourceState.RELEASED):
        return None
    ready = state.rank <= ResourceState.READY.rank
    return _Step(component, _A.DEPLOY if ready else _A.START)


def check_order(components: Iterable[Component], barrier: Iterable[Component] = ()) -> None:
    """Raise ConditionError if some actions would wait for each other.

    Parameters
    ----------
    components : iterable of Component
    barrier : iterable of Component
        Those that are to be READY, all of them, before any of them is started.
    """
    graph: dict[_Step, list[_Step]] = {}
    for one in components:
        deploy, start = _Step(one, _A.DEPLOY), _Step(one, _A.START)
        graph[deploy] = [_Step(other, _A.DEPLOY) for other in one.needs]
        graph[start] = [deploy]
        graph[_Step(one, _A.STOP)] = [start]
        for action, conditions in one.conditions.items():
            graph[_Step(one, action)] += [
                step
                for condition in conditions
                for other in condition.group
                if (step := _brought_about_by(other, condition.state)) is not None
            ]
    together = list(barrier)
    if together:
        graph[_BARRIER] = [_Step(one, _A.DEPLOY) for one in together]
        for one in together:
            graph[_Step(one, _A.START)].append(_BARRIER)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # Each waits for the one before it in what graphlib tells.
        way = " waits for ".join(str(step) for step in reversed(error.args[1]))
        raise ConditionError(f"this would wait for ever: {way}") from None


def require_no_cycle(user: Component, used: Component) -> None:
    """Raise ConditionError if one component cannot need another, as that needs it itself."""
    graph: dict[Component, list[Component]] = {user: [*user.needs, used]}
    to_look_at = [used]
    while to_look_at:
        one = to_look_at.pop()
        if one not in graph:
            graph[one] = one.needs
            to_look_at += one.needs
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        way = " needs ".join(one.name for one in reversed(error.args[1]))
        raise ConditionError(
            f"{user.name} cannot be connected to {used.name}: it would be a cycle, {way}"
        ) from None


def check_connections(group: Iterable[Component]) -> list[str]:
    """Return what is wrong with the connections of components that are to be deployed."""
    found = []
    together = set(group)
    for one in group:
        for other in one.needs:
            if other not in together and not other.asked and other.state is ResourceState.NEW:
                found.append(
                    f"{one.name} is connected to {other.name}, which is not deployed; deploy both"
                )
        for connector in type(one.resource).connectors or ():
            number = sum(other.resource.is_a(connector.type) for other in one.needs)
            if number < connector.least:
                found.append(
                    f"{one.name} is connected to {number} of {connector.type}, and needs at least "
                    f"{connector.least}: {connector.help}"
                )
            elif connector.most is not None and number > connector.most:
                found.append(
                    f"{one.name} is connected to {number} of {connector.type}, and takes at most "
                    f"{connector.most}"
                )
    return found


def release_order(components: Iterable[Component]) -> TopologicalSorter[Component]:
    """Return an order in which none is released before all those that depend on it.

    One depends on what it is connected to, and on what its start or deployment waits for. Where
    conditions of several actions contradict each other, connections count.
    """
    group = list(components)
    left_out: set[tuple[Component, Component]] = set()
    while True:
        sorter: TopologicalSorter[Component] = TopologicalSorter()
        for one in reversed(group):
            sorter.add(one)
        for user, used in _dependencies(group):
            if (user, used) not in left_out:
                # What is used comes later.
                sorter.add(used, user)
        try:
            sorter.prepare()
        except CycleError as error:
            left_out.add(_by_condition_only(error.args[1]))
        else:
            return sorter


def _dependencies(group: list[Component]) -> Iterator[tuple[Component, Component]]:
    known = set(group)
    for one in group:
        waited_for = [
            other
            for action in (_A.DEPLOY, _A.START)
            for condition in one.conditions.get(action, ())
            for other in condition.group
        ]
        for other in (*one.needs, *waited_for):
            if other in known and other is not one:
                yield one, other


def _by_condition_only(cycle: list[Component]) -> tuple[Component, Component]:
    """Return a pair in a cycle that is not connected; there is one, as connections have none."""
    return next(one for one in pairwise(cycle) if one[1] not in one[0].needs)
