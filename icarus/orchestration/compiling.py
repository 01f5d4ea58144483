"""The compiler beside a campaign: what is compiled next, while jobs go on."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

from icarus.compiler import beside
from icarus.core.machine import available_cores
from icarus.execution.compiled.ahead import wishes_of
from icarus.execution.compiled.engine_choice import BREAK_EVEN, requests_of
from icarus.orchestration.events import Event, JobEnded, JobsAdded
from icarus.orchestration.executors import DaskExecutor, Executor, SerialExecutor
from icarus.orchestration.jobs import Job
from icarus.orchestration.kinds import SimulationTask
from icarus.planning.plan import Plan

__all__ = ["CodeBeside"]

_NO_END = 1e15
"""Requests of a workload of which nobody knows how many there are."""

_FIRST = 3
"""Times as long as others that the first code takes, for which the compiler has to be loaded."""

_AGAIN = 1.0
"""Seconds between two reckonings of what is left."""


class CodeBeside:
    """Has the code of a campaign compiled while its jobs run.

    Code is worth having if enough requests will be left for it when it is there, jobs being run in
    their order. Of that, what most of the next requests need comes first.

    Parameters
    ----------
    plan : Plan
    jobs : iterable of Job
        What is to be run.
    executor : Executor
        Where they run. Processes of a dask cluster, which may be on other machines, have compiled
        what they need themselves.
    """

    def __init__(self, plan: Plan, jobs: Iterable[Job], executor: Executor) -> None:
        self._n_processes = 1 if isinstance(executor, SerialExecutor) else plan.n_processes
        self._left: Counter[str] = Counter()
        self._requests: dict[int, tuple[str, float]] = {}
        self._pairs = dict(zip(plan.ids, plan.pairs, strict=True))
        self._known: dict[str, tuple[str, float]] = {}
        """By experiment: pair, and requests of a job."""
        self._before: dict[str, float] = {}
        self._then: Counter[str] = Counter()
        self._next: Counter[str] = Counter()
        self._reckoned = 0.0
        self._compiler = beside.CompilerProcess(self._worth)
        if isinstance(executor, DaskExecutor):
            return
        for job in jobs:
            self._add(job)
        beside.instead(self._compiler)
        each = zip(plan.experiments, plan.pairs, strict=True)
        experiments = [one for one, pair in each if pair and pair in self._left]
        for wish in wishes_of(experiments, plan.collectors, plan.engine):
            beside.ask(wish)

    def __call__(self, event: Event) -> None:
        """Count what is left to be run."""
        if isinstance(event, JobEnded):
            pair, requests = self._requests.pop(event.job.number, ("", 0.0))
            self._left[pair] -= int(requests)
        elif isinstance(event, JobsAdded):
            for job in event.jobs[: len(event.jobs) - event.known]:
                self._add(job)

    def _add(self, job: Job) -> None:
        task = job.task
        if not isinstance(task, SimulationTask):
            return
        params = task.params
        if (params.get("engine") or task.engine) != "auto":
            return
        if job.experiment not in self._known:
            self._known[job.experiment] = (
                self._pairs[job.experiment],
                min(requests_of(params["workload"]), 1e15),
            )
        pair, requests = self._requests[job.number] = self._known[job.experiment]
        self._left[pair] += int(requests)

    def _worth(self, wish: beside.Wish) -> float:
        if not wish.use:
            # Small, and needed by all.
            return 1.0
        if time.monotonic() - self._reckoned > _AGAIN:
            self._reckon()
        if wish.urgent:
            return _NO_END + self._next[wish.use]
        if wish.key not in self._before:
            from icarus.compiler.storage import interpreted_so_far

            self._before[wish.key] = interpreted_so_far(wish.key)
        if self._then[wish.use] + self._before[wish.key] < BREAK_EVEN:
            return 0.0
        return 1.0 + self._next[wish.use]

    def _reckon(self) -> None:
        """Reckon what will be left for code that is begun now, and who needs it next."""
        self._reckoned = time.monotonic()
        at_once = float(self._n_processes * BREAK_EVEN)
        before = at_once if self._compiler.is_running else _FIRST * at_once
        self._then, self._next = self._left.copy(), Counter()
        for pair, requests in self._requests.values():
            if before <= -at_once:
                break
            gone = min(max(before, 0), requests)
            self._then[pair] -= int(gone)
            self._next[pair] += int(min(requests - gone, before - gone + at_once))
            before -= requests

    def leaves_room(self, under_way: int) -> bool:
        """Return whether another job may be started beside so many.

        With a job on every core the compiler would get less than a core, and jobs that are soon to
        be a hundred times as fast the rest.
        """
        if not self._compiler.is_running or under_way == 0:
            return True
        return under_way + 1 < max(self._n_processes, available_cores())

    def close(self) -> None:
        """End the compiler."""
        beside.instead(None)
