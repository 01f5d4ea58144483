"""Timelines played through on their networks before anything runs, without any requests."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from icarus.core.kinds import KINDS, is_built_in
from icarus.core.section_checks import Finding
from icarus.errors import EventError
from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.execution.timeline import ChangingNetwork, TimelineEvent
from icarus.policies.cache import Cache
from icarus.util import Tree

__all__ = ["rehearse"]


def rehearse(topology: Any, experiment: Mapping[str, Any]) -> list[Finding]:
    """Return what a network does not allow of a timeline, in the order in which events are due.

    Parameters
    ----------
    topology : fnss.Topology
        With caches placed.
    experiment : mapping
        Whose timeline has no other problems. Events of users are left out, and those that come
        after one. Where both moments and numbers of requests are given, what is a problem in one
        order only is none.
    """
    events = [
        (TimelineEvent.of(entry), number) for number, entry in enumerate(experiment["timeline"])
    ]
    orders = [sorted(events, key=lambda numbered: (*numbered[0].at, numbered[1]))]
    if len({math.isinf(event.at.until) for event, _ in events}) > 1:
        # Which of a moment and a number of requests comes first will be known when it is there.
        orders += [
            sorted(events, key=lambda numbered: (*numbered[0].at[::-1], numbered[1])),
            events,
        ]
    found, *others = [_problems(copy.deepcopy(topology), experiment, order) for order in orders]
    return [one for one in found if all(one[0] in dict(other) for other in others)]


def _problems(
    topology: Any, experiment: Mapping[str, Any], events: list[tuple[TimelineEvent, int]]
) -> list[Finding]:
    """Return what a network does not allow of events that are due in this order."""
    name = str(experiment["topology"]["name"])
    rehearsal = _Rehearsal(topology, name, experiment["workload"])
    found: list[Finding] = []
    for event, number in events:
        play = KINDS["network_event"].registry[event.name]
        if not is_built_in(play):
            break
        try:
            play(ChangingNetwork(rehearsal), **event.parameters)  # type: ignore[arg-type]
        except EventError as error:
            found.append((f"timeline[{number}].{error.parameter}", error.message))
    return found


class _Rehearsal:
    """Stands for a simulation of which only the network is there."""

    strategy = None

    def __init__(self, topology: Any, name: str, workload: Mapping[str, Any]) -> None:
        topology.name = topology.name or name
        model = NetworkModel(topology, Tree(name="NULL"))
        for node, size in topology.cache_nodes().items():
            model.cache[node] = Cache(max(size, 1))
        self.view = NetworkView(model)
        self.controller = NetworkController(model)
        self.engine = _NoEngine()
        self.cursor = _NoRequests(workload)


class _NoEngine:
    def clear_cache(self, node: Any) -> None:
        """Do nothing."""

    def with_size(self, cache: Any, size: int) -> Any:
        """Return a cache of another size."""
        return Cache(size)

    def resized(self) -> None:
        """Do nothing."""


class _NoRequests:
    time = 0.0
    served = 0

    def __init__(self, workload: Mapping[str, Any]) -> None:
        self._n_contents = workload.get("n_contents")

    def set_rate(self, factor: float, now: float) -> None:
        """Do nothing."""

    def set_popularity(self, promote: Any, **changes: Any) -> None:
        """Raise ValueError if there is no such content."""
        for name in promote:
            if isinstance(self._n_contents, int) and not (
                isinstance(name, int) and 1 <= name <= self._n_contents
            ):
                raise ValueError(
                    f"there is no content {name!r}; they are the numbers 1 to {self._n_contents}"
                )
