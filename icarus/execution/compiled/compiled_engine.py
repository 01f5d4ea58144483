"""Runs a simulation in kernels, in batches of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from icarus.errors import NoKernelError
from icarus.execution.collectors.counts import SessionCounts
from icarus.execution.collectors.session_records import RecordTakers
from icarus.execution.compiled.compilation import compile_or_load
from icarus.execution.compiled.engine_choice import Demand
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
from icarus.kernels import entries
from icarus.kernels.kernel_registry import Contents, is_foreign, policy_kernel, strategy_kernel
from icarus.models.cache import NullCache
from icarus.registry import CACHE_POLICY
from icarus.scenarios.workload.requests import RequestBatch

__all__ = ["CompiledRun"]

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
        policy: Any = policy_kernel(CACHE_POLICY[cache_policy])
        kernel = strategy_kernel(type(strategy))
        if policy is None or kernel is None:
            lacking = type(strategy).__name__ if kernel is None else cache_policy
            raise NoKernelError(f"{lacking} has no kernel")
        self._view = view
        self._absorb = absorb
        self._workload = workload
        self._policy = policy
        contents = Contents(workload.contents)
        numbering = numbering_of(model, workload.receivers, contents)
        if any(node in model.cache for node in workload.receivers):
            raise NoKernelError("workload: a receiver has a cache")
        self._tables = PathTables(model.shortest_path, numbering)
        self._net = network_of(model, self._tables.paths, numbering, contents, hashes=kernel.hashes)
        if len(self._net.source_of) and self._net.source_of.min() < 0:
            raise NoKernelError("content placement: not every content has a source")
        caches = [*model.cache.values(), *model.local_cache.values()]
        if not caches:
            # A budget too small for any cache; policies need not know how to be none.
            policy = self._policy = policy_kernel(NullCache)
        self.caches = policy.build(caches, contents)
        self._strategy = kernel.build(strategy, numbering)
        if content_hits and len(contents.names) > _MOST_COUNTED:
            raise NoKernelError(
                f"collector: hits by content of more than {_MOST_COUNTED:,} contents"
            )
        self._sessions = empty_sessions(len(contents.names) if content_hits else 0)
        self._receivers = np.array(
            [numbering.nodes[node] for node in workload.receivers], dtype=np.int32
        )
        clusters = view.topology().graph.get("clusters", ())
        self._most_steps = 16 + 4 * len(clusters)
        foreign = is_foreign(self._strategy) or is_foreign(self.caches)
        self._run_requests: Callable[..., int] = (
            entries.run_requests_unkept if foreign else entries.run_requests
        )
        self._recording = (
            Recording(takers, [*numbering.nodes], contents.names, self._net.node_of, _MOST_AT_ONCE)
            if takers
            else None
        )
        self._notes = NO_NOTES if self._recording is None else self._recording.notes
        self._sized = False
        self._times: tuple[float, float] | None = None
        names = f"{type(strategy).__name__} with {cache_policy}"
        states = (self._strategy, self._net, self._watched_caches())
        compile_or_load(
            states,
            lambda: self._serve(next(_batches(_NoRequests))),
            names,
            kept=not foreign,
            demand=demand,
        )
        self._descriptions = Descriptions(links_of(view))

    @property
    def measured(self) -> bool:
        return self._times is not None

    def run(self, heartbeat: Callable[[int], None]) -> None:
        """Serve all requests, reporting now and then how many have been."""
        done = 0
        for batch in _batches(self._workload):
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
        if self._policy.reserve is None:
            self._serve_part(batch, 0, n_requests)
            return
        # Room for all that a part may enter is made beforehand: no more than a few megabytes.
        most = max(_MOST_ENTERED // len(self._net.node_of), 1)
        for start in range(0, n_requests or 1, most):
            stop = min(start + most, n_requests)
            self.caches = self._policy.reserve(self.caches, stop - start)
            self._serve_part(batch, start, stop)

    def _serve_part(self, batch: Any, start: int, stop: int) -> None:
        run_requests, recording = self._run_requests, self._recording
        caches = self._watched_caches()
        while True:
            reached = run_requests(
                *(self._strategy, self._net, caches, self._sessions, self._notes),
                *(self._receivers, batch, start, stop, self._most_steps),
            )
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
        return [contents[number] for number in self._policy.dump(self.caches, cache)]


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
