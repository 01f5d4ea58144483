"""Runs a simulation in kernels, in batches of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from icarus.errors import NoKernelError
from icarus.execution.collectors.session_records import RecordTakers
from icarus.execution.compiled.counting import Counting
from icarus.execution.compiled.engine_choice import Demand
from icarus.execution.compiled.layouts import Layouts
from icarus.execution.compiled.loop_code import LoopCode
from icarus.execution.compiled.network_tables import nodes_of_caches, numbering_of
from icarus.execution.compiled.recording import NO_NOTES, Recording
from icarus.execution.network import NetworkView
from icarus.policies.cache import definition_of, grows
from icarus.policies.counted import CacheCounts, counts_in
from icarus.policies.null import NullCaches
from icarus.policies.resizing import can_resize, with_sizes
from icarus.policies.room import Room
from icarus.policies.wrapped import WrappedCache
from icarus.registry import CACHE_POLICY
from icarus.scenarios.workload.requests import RequestBatch
from icarus.strategies.definition import compiled_state, is_foreign, renewed_state
from icarus.types import Content, Node

__all__ = ["CompiledRun", "state_of"]

_MOST_AT_ONCE = 2**16
"""Requests between two reports of progress: about a hundredth of a second."""

_MOST_ENTERED = 2**18
"""Entries that the requests between two reservations of room may make."""


class CompiledRun:
    """One simulation on the compiled engine.

    Parameters
    ----------
    view : NetworkView
        The network, with empty caches.
    strategy : Strategy
        The reference object, which is asked for its parameters only.
    cache_policy : str
        Registry name of the policy.
    workload : Workload
        Whose receivers and contents are numbered; requests are handed to ``serve``.
    collectors : sequence of DataCollector, optional
        Who is told what was measured.
    demand : Demand, optional
        What code is needed for; by default it is compiled whatever that takes.

    Attributes
    ----------
    caches : NamedTuple
        The state of all caches; ``cache_dump`` says what is in one.
    code : LoopCode
        The request loop.
    """

    def __init__(
        self,
        view: NetworkView,
        strategy: Any,
        cache_policy: str,
        workload: Any,
        collectors: Sequence[Any] = (),
        demand: Demand | None = None,
    ) -> None:
        model = view.model
        if any(node in model.cache for node in workload.receivers):
            raise NoKernelError("workload: a receiver has a cache")
        self._view, self._strategy_object = view, strategy
        self._contents = workload.contents
        self._counting = Counting(collectors, workload.contents)
        self._numbering = numbering_of(model, workload.receivers, workload.contents)
        self._layouts = Layouts(view, self._numbering, self._counting.n_contents)
        self._strategy = compiled_state(strategy, self._numbering)
        source_of = self._layouts.present.net.source_of
        if len(source_of) and source_of.max() == self._numbering.nodes[None]:
            raise NoKernelError("content placement: not every content has a source")
        self._policy: Any = definition_of(CACHE_POLICY[cache_policy])
        caches = [*model.cache.values(), *model.local_cache.values()]
        self.caches = state_of(caches, self._policy, workload.contents)
        numbers = self._numbering.nodes
        self._receivers = np.array([numbers[node] for node in workload.receivers], dtype=np.int32)
        clusters = view.topology().graph.get("clusters", ())
        self._most_steps = 16 + 4 * len(clusters)
        takers = RecordTakers(collectors)
        nodes = [*numbers][:-1]
        self._recording = (
            Recording(
                takers, nodes, workload.contents, nodes_of_caches(self._numbering), _MOST_AT_ONCE
            )
            if takers
            else None
        )
        self._names = f"{type(strategy).__name__} with {cache_policy}"
        self.code = self._loop_code()
        self._demand = demand
        self._is_prepared = self._has_begun = False

    def _loop_code(self) -> LoopCode:
        foreign = is_foreign(self._strategy) or is_foreign(self.caches)
        return LoopCode(self._arguments(_no_requests(), 0, 0), self._names, kept=not foreign)

    def __getstate__(self) -> dict[str, Any]:
        # Code is found again by whoever goes on.
        return {**vars(self), "code": self.code.interpreted, "_is_prepared": False}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.code = self._loop_code()
        self.code.interpreted = state["code"]

    @property
    def measured(self) -> bool:
        """Whether there was a session to be measured."""
        return self._counting.times is not None

    @property
    def interpreted(self) -> int:
        """Requests that were served before there was code."""
        return self.code.interpreted

    def prepare(self) -> None:
        """Have the code loaded, asked for or compiled; see ``LoopCode.prepare``."""
        if self._is_prepared:
            return
        prepare = self.code.go_on if self._has_begun else self.code.prepare
        prepare(lambda: self._serve(_no_requests()), self._demand)
        self._is_prepared = True

    def serve(self, piece: RequestBatch, heartbeat: Callable[[int], None]) -> None:
        """Serve requests.

        Parameters
        ----------
        piece : RequestBatch
        heartbeat : callable
            Told now and then how many further requests have been served.

        Raises
        ------
        NoKernelError
            If the simulation is done sooner on the python engine, from its start on.
        """
        for batch in self.code.paced(_batches(piece)):
            if self._counting.note(batch) and self._recording is not None:
                self._recording.expect_sizes()
            self._has_begun = True
            self._serve(batch)
            heartbeat(len(batch.time))

    def finish(self) -> None:
        """Tell collectors what they have not been told so far."""
        self._counting.hand_over(self._layouts)
        if self._recording is not None:
            self._recording.flush()

    def network_changed(self) -> None:
        """Know the network as it is now. Caches keep their numbers, also while they are away."""
        before = self._layouts.present
        numbering = self._layouts.look()
        if self._layouts.present is not before:
            self._counting.leave(before)
            for layout in self._layouts.drop():
                self._counting.drop(layout)
        self._strategy = renewed_state(self._strategy, self._strategy_object, numbering)

    def clear_cache(self, node: Node) -> None:
        """Empty the caches of a node, be it removed at present or not."""
        for caches in (self._numbering.caches, self._numbering.local_caches):
            if node in caches:
                self.caches.clear(caches[node])

    def with_size(self, cache: Any, size: int) -> Any:
        """Return an empty cache of another size, to stand for one whose contents are here."""
        if not can_resize(self._policy, getattr(_inside(cache), "parameters", None)):
            raise NoKernelError("timeline: caches of this policy get other sizes only in Python")
        return self._view.model._cache_like(cache, size)

    def resized(self) -> None:
        """Have all caches get the sizes of those that stand for them."""
        model, numbering = self._view.model, self._numbering
        caches = [
            next(table[node] for table in tables if node in table)
            for nodes, tables in (
                (numbering.caches, model.own_caches),
                (numbering.local_caches, model.local_caches),
            )
            for node in nodes
        ]
        empty = state_of(caches, self._policy, self._contents)
        self.caches = with_sizes(self.caches, empty, len(caches))
        # Large caches may be known by wider numbers, for which there is other code.
        interpreted, self.code = self.code.interpreted, self._loop_code()
        self.code.interpreted, self._is_prepared = interpreted, False

    def set_time(self, time: float) -> None:
        """Have caches know the time."""
        self.caches.set_time(time)

    def dump(self, node: Node) -> list[Content]:
        """Return what the cache of a node holds, the content to be evicted next last."""
        return self.cache_dump(self._numbering.caches[node])

    def cache_use(self) -> list[tuple[Node, CacheCounts]]:
        """Return what was counted of each cache, local ones last."""
        numbers = self._numbering
        return [
            (node, counts_in(self.caches, cache))
            for table in (numbers.caches, numbers.local_caches)
            for node, cache in table.items()
        ]

    def end_window(self) -> None:
        """Have what is measured from now on told apart from what was measured so far."""
        self._counting.end_window(self._layouts.present)

    def _watched_caches(self) -> Any:
        return self.caches if self._recording is None else self._recording.watched(self.caches)

    def _serve(self, batch: Any) -> None:
        n_requests = len(batch.time)
        if not grows(self.caches):
            self._serve_part(batch, 0, n_requests)
            return
        # Room for all that a part may enter is made beforehand: no more than a few megabytes.
        most = max(_MOST_ENTERED // len(self._layouts.present.net.node_of), 1)
        for start in range(0, n_requests or 1, most):
            stop = min(start + most, n_requests)
            self.caches = self.caches.reserve(stop - start)
            self._serve_part(batch, start, stop)

    def _serve_part(self, batch: Any, start: int, stop: int) -> None:
        run_requests, recording = self.code.run_requests, self._recording
        while True:
            reached = run_requests(*self._arguments(batch, start, stop))
            full = recording is not None and recording.is_full(self.caches)
            if recording is not None and reached > start:
                recording.read(batch, start, reached, self._layouts.present.facts)
            start = reached
            if start == stop:
                return
            if not full:
                self._make_room()

    def _make_room(self) -> None:
        """Provide what the request loop stopped for: room for steps, or a path."""
        if self._layouts.present.has_room(self._most_steps):
            self._layouts.present.provide()
        else:
            self._counting.make_room(self._layouts, self._most_steps)

    def _arguments(self, batch: Any, start: int, stop: int) -> tuple[Any, ...]:
        layout, caches = self._layouts.present, self._watched_caches()
        notes = NO_NOTES if self._recording is None else self._recording.notes
        states = self._strategy, layout.net, caches, layout.sessions, notes
        return *states, self._receivers, batch, start, stop, self._most_steps

    def cache_dump(self, cache: int) -> list[Any]:
        """Return what a cache holds, in the order of the policy's ``dump``.

        Parameters
        ----------
        cache : int
            Its place among the network's caches, local ones last.
        """
        return [self._contents[number] for number in self.caches.dump(cache)]


def state_of(caches: Sequence[Any], policy: Any, names: Sequence[Content]) -> Any:
    """Return the state of all caches of a network, given as empty Python objects.

    Parameters
    ----------
    caches : sequence of DefinedCache, or of WrappedCache with one of these inside each
    policy : type
        The definition of their policy.
    names : sequence
        The names of contents, by number.
    """
    if not caches:
        # A budget too small for any cache; policies need not know how to be none.
        return NullCaches.new(Room([], names))
    wrapping = caches[0].wrapping if isinstance(caches[0], WrappedCache) else None
    caches = [_inside(cache) for cache in caches]
    in_bytes = caches[0].requested is not None
    room = Room([cache.maxlen for cache in caches], names, in_bytes)
    parameters = caches[0].parameters
    if any(one.parameters.get("seed") is not parameters.get("seed") for one in caches):
        raise ValueError("caches that choose at random must share one Generator, found several")
    state = policy.new(room, **parameters)
    return state if wrapping is None else wrapping.around(state, room)


def _inside(cache: Any) -> Any:
    return cache.inside if isinstance(cache, WrappedCache) else cache


def _no_requests() -> Any:
    return next(_batches(RequestBatch(*(np.zeros(0) for _ in range(4)))))


def _batches(batch: RequestBatch) -> Iterator[Any]:
    """Yield requests as kernels want them: arrays of one type each, none too large."""
    no_sizes, no_writes = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    for start in range(0, len(batch.time) or 1, _MOST_AT_ONCE):
        part = slice(start, start + _MOST_AT_ONCE)
        yield RequestBatch(
            time=_plain(batch.time[part], np.float64),
            receiver=_plain(batch.receiver[part], np.int32),
            content=_plain(batch.content[part], np.int64),
            measured=_plain(batch.measured[part], np.bool_),
            size=no_sizes if batch.size is None else _plain(batch.size[part], np.int64),
            write=no_writes if batch.write is None else _plain(batch.write[part], np.bool_),
        )


def _plain(values: np.ndarray, dtype: Any) -> np.ndarray:
    # A read-only array is another type to the compiler, which would compile everything again.
    flags = values.flags
    if values.dtype == dtype and flags.c_contiguous and flags.writeable:
        # To look takes a tenth of what it takes to require it.
        return values
    return np.require(values, dtype, ["C_CONTIGUOUS", "WRITEABLE"])
