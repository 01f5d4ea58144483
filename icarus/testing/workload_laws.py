"""What engines and strategies may rely on, whatever is requested."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, ClassVar

import fnss
import numpy as np
from hypothesis import strategies as st

from icarus.core.signatures import accepts_seed
from icarus.registry import WORKLOAD
from icarus.scenarios.topology import topology_tree
from icarus.scenarios.workload.requests import is_native, iterate_events
from icarus.testing._law import broken, built, component_of, equal_conditions, named, try_all
from icarus.testing._values import difference

__all__ = ["WorkloadLaws"]

_TYPES = {
    "time": "f",
    "receiver": "iu",
    "content": "iu",
    "measured": "b",
    "size": "iu",
    "write": "b",
}
"""Kinds of the columns of a batch."""

_Event = tuple[float, Mapping[str, Any]]


class WorkloadLaws:
    """Laws of workloads: a test class that inherits these names a workload.

    Give parameters with which it has some hundred requests: they are gone through many times.

    Attributes
    ----------
    workload : str or class
        The workload: its registry name, or the class.
    parameters : mapping
        What it is built with, besides the topology.

    Notes
    -----
    A law that a workload is not meant to obey is left out by assigning None to its name. One that
    needs a certain network overrides `topology`.

    Examples
    --------
    >>> from icarus.testing import WorkloadLaws
    >>> class TestStationary(WorkloadLaws):
    ...     workload = "STATIONARY"
    ...     parameters = {"n_contents": 20, "alpha": 0.8, "n_warmup": 50, "n_measured": 100}
    """

    workload: ClassVar[Any]
    parameters: ClassVar[Mapping[str, Any]] = {}

    def topology(self) -> fnss.Topology:
        """Return the network that requests are made in: a tree with nine receivers."""
        return topology_tree(k=3, h=3)

    def new_workload(self, seed: int = 1, topology: fnss.Topology | None = None) -> Any:
        """Return a new workload, with a seed if it takes one."""
        component = component_of(self, "workload", WORKLOAD)
        network = self.topology() if topology is None else topology
        return built(component, network, parameters=self.parameters, seed=seed)

    def test_times_never_decrease(self) -> None:
        """The time of a request is a finite number, and no less than that of the one before."""
        times = [time for time, _ in _events(self.new_workload())]
        for number, time in enumerate(times):
            if not isinstance(time, int | float | np.number) or not math.isfinite(time):
                broken(f"the time of request {number} is {time!r}, which is no finite number")
        for number, (time, later) in enumerate(pairwise(times)):
            if later < time:
                broken(f"request {number} is at {time}, and request {number + 1} at {later}")

    def test_events_have_what_strategies_take(self) -> None:
        """An event is a dict with ``receiver``, ``content`` and ``log``, which is a bool."""
        for number, (_, event) in enumerate(_events(self.new_workload())):
            if not isinstance(event, Mapping) or not {"receiver", "content", "log"} <= set(event):
                broken(f"request {number} is {event!r}; it needs receiver, content and log")
            if not isinstance(event["log"], bool | np.bool_):
                broken(f"request {number} has log={event['log']!r}, which is no bool")

    def test_receivers_are_in_the_network(self) -> None:
        """Requests come from nodes of the topology."""
        topology = self.topology()
        workload = self.new_workload(topology=topology)
        for number, (_, event) in enumerate(_events(workload)):
            if event["receiver"] not in topology:
                broken(f"request {number} is of {event['receiver']!r}, which is no node")

    def test_contents_are_in_the_catalogue(self) -> None:
        """``contents`` has each requested content, each once; ``n_contents`` is its size.

        Contents that come to exist only later may be left out of ``n_contents``.
        """
        workload = self.new_workload()
        catalogue = set(workload.contents)
        if len(catalogue) != len(workload.contents):
            broken("contents lists some content more than once")
        if not 0 < workload.n_contents <= len(catalogue):
            broken(f"n_contents is {workload.n_contents!r}, and contents has {len(catalogue)}")
        for number, (_, event) in enumerate(_events(workload)):
            if event["content"] not in catalogue:
                broken(f"request {number} is for {event['content']!r}, which contents lacks")

    def test_there_are_as_many_requests_as_it_says(self) -> None:
        """``n_warmup``, ``n_measured`` and ``n_requests``, if there are any, are numbers of events.

        The first ``n_warmup`` are not measured, and the rest is.
        """
        workload = self.new_workload()
        logs = [bool(event["log"]) for _, event in _events(workload)]
        for name, number in (("n_measured", sum(logs)), ("n_requests", len(logs))):
            stated = getattr(workload, name, number)
            if stated != number:
                broken(f"{name} is {stated!r}, and there are {number} such requests")
        warmup = getattr(workload, "n_warmup", len(logs) - sum(logs))
        if logs != [number >= warmup for number in range(len(logs))]:
            last = logs[::-1].index(False)
            broken(
                f"n_warmup is {warmup!r}, and {len(logs) - sum(logs)} requests are not measured, "
                f"the last of which is number {len(logs) - 1 - last}"
            )

    def test_each_iteration_gives_the_same_requests(self) -> None:
        """Iterating again gives the same requests from the start, also after a few of them."""
        with equal_conditions(1):
            workload = self.new_workload()
            first = _events(workload)
        with equal_conditions(2):
            events = iter(workload)
            for _ in range(len(first) // 2):
                next(events)
            _check_equal(_events(workload), first, "the first time")

    def test_the_same_seed_gives_the_same_requests(self) -> None:
        """Two workloads that are built alike, with the same seed, have the same requests."""
        requests = []
        for _ in range(2):
            with equal_conditions():
                requests.append(_events(self.new_workload()))
        _check_equal(requests[1], requests[0], "in an equal workload")

    def test_another_seed_gives_other_requests(self) -> None:
        """A workload that takes a seed draws from it."""
        if not accepts_seed(component_of(self, "workload", WORKLOAD)) or "seed" in self.parameters:
            return
        requests = []
        for seed in (1, 2):
            with equal_conditions():
                requests.append(_events(self.new_workload(seed)))
        if requests[0] == requests[1]:
            broken("with seeds 1 and 2 all requests are the same")

    def test_batches_are_columns_of_one_length(self) -> None:
        """A batch is arrays of one length, of the types of ``RequestBatch``, in range."""
        workload = self.new_workload()
        if not is_native(workload):
            return
        for batch in workload.batches():
            columns = {name: getattr(batch, name) for name in _TYPES}
            given = {name: one for name, one in columns.items() if one is not None}
            lengths = {name: np.shape(one) for name, one in given.items()}
            if set(lengths.values()) != {(len(batch.time),)}:
                broken(f"columns have the shapes {lengths}")
            for name, column in given.items():
                if column.dtype.kind not in _TYPES[name]:
                    broken(f"the column {name} is of type {column.dtype}")
            for name, known in (("receiver", workload.receivers), ("content", workload.contents)):
                numbers = given[name]
                if len(numbers) and not 0 <= numbers.min() <= numbers.max() < len(known):
                    broken(f"{name}s are {numbers.min()} to {numbers.max()} of {len(known)}")

    def test_batches_are_the_events(self) -> None:
        """Batches and events, where a workload has both, are the same requests."""
        workload = self.new_workload()
        if not is_native(workload) or not hasattr(workload, "__iter__"):
            return
        _check_equal(list(iterate_events(workload)), _events(workload), "among the events")

    def test_the_size_of_batches_changes_nothing(self) -> None:
        """Where ``batches`` takes a size, requests are the same for any."""
        workload = self.new_workload()
        if not is_native(workload) or not _takes_size(workload):
            return
        expected = _columns(workload.batches())

        def law(size: int) -> None:
            differs = difference(_columns(workload.batches(size)), expected)
            if differs is not None:
                broken(f"in batches of {size}, requests are others: {differs}")

        try_all(law, st.integers(1, 500), share=0.3)


def _takes_size(workload: Any) -> bool:
    return len(inspect.signature(workload.batches).parameters) > 0


def _events(workload: Any) -> list[_Event]:
    """Return all requests as pairs of time and event."""
    if not hasattr(workload, "__iter__"):
        return list(iterate_events(workload))
    try:
        return [(time, event) for time, event in workload]
    except (TypeError, ValueError) as error:
        error.add_note(f"    iterating over {named(type(workload))} is to give (time, event)")
        raise


def _columns(batches: Any) -> dict[str, list[Any]]:
    """Return each column of all requests as one list."""
    made = list(batches)
    return {
        name: [value for batch in made for value in np.asarray(getattr(batch, name)).tolist()]
        for name in _TYPES
        if made and getattr(made[0], name) is not None
    }


def _check_equal(found: Sequence[_Event], expected: Sequence[_Event], where: str) -> None:
    __tracebackhide__ = True
    if len(found) != len(expected):
        broken(f"there are {len(found)} requests here, and {len(expected)} {where}")
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        if one[0] != other[0] or dict(one[1]) != dict(other[1]):
            broken(f"request {number} is {one!r} here, and {other!r} {where}")
