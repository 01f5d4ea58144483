"""Runs a simulation in kernels, in batches of requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from icarus.errors import NoKernelError
from icarus.execution.collectors.counts import SessionCounts
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
from icarus.execution.compiled.session_counts import links_of, session_counts
from icarus.execution.network import NetworkView
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
        self._sized = False
        self._times: tuple[float, float] | None = None
        foreign = is_foreign(self._strategy) or is_foreign(self.caches)
        arguments = self._arguments(next(_batches(_NoRequests)), 0, 0)
        names = f"{type(strategy).__name__} with {cache_policy}"
        self.code = LoopCode(arguments, names, kept=not foreign)
        self._demand = demand
        self._links = links_of(view)

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
            self._sized = self._sized or len(batch.size) > 0
            self._serve(batch)
            done += len(batch.time)
            heartbeat(done)
        self._hand_over()

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
        run_requests = self.code.run_requests
        while True:
            start = run_requests(*self._arguments(batch, start, stop))
            if start == stop:
                return
            if self._sessions.used[0] + self._most_steps > len(self._sessions.count):
                if len(self._sessions.count) >= _MOST_STEPS:
                    self._hand_over()
                else:
                    self._sessions = with_more_steps(self._sessions, self._most_steps)
            else:
                self._tables.provide()
                self._net = self._net._replace(paths=self._tables.paths)

    def _arguments(self, batch: Any, start: int, stop: int) -> tuple[Any, ...]:
        states = self._strategy, self._net, self.caches, self._sessions
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
                *(self._view, self._tables, self._sessions, self._links),
                *(self._workload.contents, self._sized, self._times),
            )
            self._absorb(counts)
        clear_sessions(self._sessions)

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
