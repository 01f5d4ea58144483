"""Runs a simulation in kernels, in batches of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from icarus.errors import NoKernelError
from icarus.execution.collectors.counts import SessionCounts
from icarus.execution.collectors.session_records import RecordTakers
from icarus.execution.compiled.engine_choice import Demand
from icarus.execution.compiled.loop_code import LoopCode
from icarus.execution.compiled.network_tables import (
    PathTables,
    clear_sessions,
    empty_sessions,
    network_of,
    numbering_of,
    with_more_steps,
)
from icarus.execution.compiled.recording import NO_NOTES, Recording
from icarus.execution.compiled.session_counts import Descriptions, links_of, session_counts
from icarus.execution.network import NetworkView
from icarus.policies.cache import definition_of
from icarus.policies.null import NullCaches
from icarus.policies.room import Room
from icarus.policies.wrapped import WrappedCache
from icarus.registry import CACHE_POLICY
from icarus.scenarios.workload.requests import RequestBatch
from icarus.strategies.definition import compiled_state, is_foreign
from icarus.types import Content

__all__ = ["CompiledRun", "state_of"]

_MOST_AT_ONCE = 2**16
"""Requests between two reports of progress: about a hundredth of a second."""

_MOST_STEPS = 2**20
"""Steps of sessions, some 60 bytes each, from which they are handed over and forgotten.

Most networks have some hundred; with hash-routing there is one for each receiver, cache and
source, which on 10,000 routers grows with every request.
"""

_MOST_COUNTED = 2**27
"""Contents whose hits are counted one by one, for which 2 GB are needed."""

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
        Requests in batches.
    absorb : callable, optional
        Told now and then what was measured since the last time.
    content_hits : bool, optional
        Whether hits are to be counted by content.
    demand : Demand, optional
        What code is needed for; by default it is compiled whatever that takes.
    takers : RecordTakers, optional
        Who gets a record of each session.

    Attributes
    ----------
    caches : NamedTuple
        The state of all caches; ``cache_dump`` says what is in one.
    code : LoopCode
        The request loop.
    measured : bool
        Whether there was a session to be measured.
    """

    def __init__(
        self,
        view: NetworkView,
        strategy: Any,
        cache_policy: str,
        workload: Any,
        absorb: Callable[[SessionCounts], None] | None = None,
        content_hits: bool = False,
        demand: Demand | None = None,
        takers: RecordTakers | None = None,
    ) -> None:
        model = view.model
        policy: Any = definition_of(CACHE_POLICY[cache_policy])
        self._view = view
        self._absorb = absorb
        self._workload = workload
        n_contents = len(workload.contents)
        numbering = numbering_of(model, workload.receivers, workload.contents)
        if any(node in model.cache for node in workload.receivers):
            raise NoKernelError("workload: a receiver has a cache")
        self._tables = PathTables(model.shortest_path, numbering)
        self._net = network_of(model, self._tables.paths, numbering)
        if len(self._net.source_of) and self._net.source_of.min() < 0:
            raise NoKernelError("content placement: not every content has a source")
        caches = [*model.cache.values(), *model.local_cache.values()]
        self.caches = state_of(caches, policy, workload.contents)
        self._strategy = compiled_state(strategy, numbering)
        if content_hits and n_contents > _MOST_COUNTED:
            raise NoKernelError(
                f"collector: hits by content of more than {_MOST_COUNTED:,} contents"
            )
        self._sessions = empty_sessions(n_contents if content_hits else 0)
        self._receivers = np.array(
            [numbering.nodes[node] for node in workload.receivers], dtype=np.int32
        )
        clusters = view.topology().graph.get("clusters", ())
        self._most_steps = 16 + 4 * len(clusters)
        self._recording = (
            Recording(
                takers, [*numbering.nodes], workload.contents, self._net.node_of, _MOST_AT_ONCE
            )
            if takers
            else None
        )
        self._notes = NO_NOTES if self._recording is None else self._recording.notes
        self._sized = False
        self._times: tuple[float, float] | None = None
        foreign = is_foreign(self._strategy) or is_foreign(self.caches)
        arguments = self._arguments(next(_batches(_NoRequests)), 0, 0)
        names = f"{type(strategy).__name__} with {cache_policy}"
        self.code = LoopCode(arguments, names, kept=not foreign)
        self._demand = demand
        self._descriptions = Descriptions(links_of(view))

    @property
    def measured(self) -> bool:
        return self._times is not None

    def prepare(self) -> None:
        """Have the code loaded, asked for or compiled; see ``LoopCode.prepare``."""
        self.code.prepare(lambda: self._serve(next(_batches(_NoRequests))), self._demand)

    def run(self, heartbeat: Callable[[int], None]) -> None:
        """Serve all requests, reporting now and then how many have been."""
        self.prepare()
        done = 0
        for batch in self.code.paced(_batches(self._workload)):
            self._note_times(batch)
            if len(batch.size) > 0 and not self._sized:
                self._sized = True
                if self._recording is not None:
                    self._recording.expect_sizes()
            self._serve(batch)
            done += len(batch.time)
            heartbeat(done)
        self._hand_over()
        if self._recording is not None:
            self._recording.flush()

    def _watched_caches(self) -> Any:
        return self.caches if self._recording is None else self._recording.watched(self.caches)

    def _serve(self, batch: Any) -> None:
        n_requests = len(batch.time)
        if not hasattr(self.caches, "reserve"):
            self._serve_part(batch, 0, n_requests)
            return
        # Room for all that a part may enter is made beforehand: no more than a few megabytes.
        most = max(_MOST_ENTERED // len(self._net.node_of), 1)
        for start in range(0, n_requests or 1, most):
            stop = min(start + most, n_requests)
            self.caches = self.caches.reserve(stop - start)
            self._serve_part(batch, start, stop)

    def _serve_part(self, batch: Any, start: int, stop: int) -> None:
        run_requests, recording = self.code.run_requests, self._recording
        while True:
            reached = run_requests(*self._arguments(batch, start, stop))
            full = recording is not None and recording.full
            if recording is not None and reached > start:
                facts = self._descriptions.of(self._sessions, self._tables)
                recording.read(batch, start, reached, facts)
            start = reached
            if start == stop:
                return
            if not full:
                self._make_room()

    def _make_room(self) -> None:
        """Provide what the request loop stopped for: room for steps, or a path."""
        if self._sessions.used[0] + self._most_steps <= len(self._sessions.count):
            self._tables.provide()
            self._net = self._net._replace(paths=self._tables.paths)
        elif len(self._sessions.count) >= _MOST_STEPS:
            self._hand_over()
        else:
            self._sessions = with_more_steps(self._sessions, self._most_steps)

    def _arguments(self, batch: Any, start: int, stop: int) -> tuple[Any, ...]:
        states = self._strategy, self._net, self._watched_caches(), self._sessions, self._notes
        return *states, self._receivers, batch, start, stop, self._most_steps

    def _note_times(self, batch: Any) -> None:
        measured = np.flatnonzero(batch.measured)
        if len(measured):
            first = float(batch.time[measured[0]]) if self._times is None else self._times[0]
            self._times = first, float(batch.time[measured[-1]])

    def _hand_over(self) -> None:
        """Tell what was measured since the last time, and forget it."""
        if self._absorb is not None:
            counts = session_counts(
                *(self._view, self._tables, self._sessions, self._descriptions),
                *(self._workload.contents, self._sized, self._times),
            )
            self._absorb(counts)
        clear_sessions(self._sessions)
        self._descriptions.forget()

    def cache_dump(self, cache: int) -> list[Any]:
        """Return what a cache holds, in the order of the policy's ``dump``.

        Parameters
        ----------
        cache : int
            Its place among the network's caches, local ones last.
        """
        contents = self._workload.contents
        return [contents[number] for number in self.caches.dump(cache)]


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
    room = Room([cache.maxlen for cache in caches], names)
    if not caches:
        # A budget too small for any cache; policies need not know how to be none.
        return NullCaches.new(room)
    wrapping = caches[0].wrapping if isinstance(caches[0], WrappedCache) else None
    if wrapping is not None:
        caches = [cache.inside for cache in caches]
    parameters = caches[0].parameters
    if any(one.parameters.get("seed") is not parameters.get("seed") for one in caches):
        raise ValueError("caches that choose at random must share one Generator, found several")
    state = policy.new(room, **parameters)
    return state if wrapping is None else wrapping.around(state, room)


class _NoRequests:
    """A workload of one batch without requests."""

    @staticmethod
    def batches() -> Iterator[RequestBatch]:
        yield RequestBatch(*(np.zeros(0) for _ in range(4)))


def _batches(workload: Any) -> Iterator[Any]:
    """Yield batches as kernels want them: of one type each, none too large."""
    no_sizes, no_writes = np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_)
    for batch in workload.batches():
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
    return np.require(values, dtype, ["C_CONTIGUOUS", "WRITEABLE"])
