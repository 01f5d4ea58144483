"""Runs a simulation on one of the two engines, which give the same results.

The python engine drives strategies request by request and runs anything that follows the
interfaces, users' own classes included. The compiled engine, in ``icarus.execution.compiled``,
runs what has kernels. ``Run`` is the simulation that both are under.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import inf
from typing import Any, Literal

import fnss
import numpy as np

from icarus.core.random_streams import with_seed
from icarus.errors import ComponentError, EventError
from icarus.execution.building import NO_SIZES
from icarus.execution.collectors import build_collectors
from icarus.execution.compiled.engine_choice import Demand
from icarus.execution.cursor import NO_LIMIT, BatchCursor, EventCursor, Limit
from icarus.execution.interpreted import InterpretedRun
from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.execution.timeline.changing_network import ChangingNetwork
from icarus.execution.timeline.schedule import TimelineEvent
from icarus.execution.windows import Windows
from icarus.policies.next_uses import as_requested
from icarus.registry import DATA_COLLECTOR, NETWORK_EVENT, STRATEGY
from icarus.scenarios.workload.event_batches import EventBatches
from icarus.scenarios.workload.receivers import receivers_of
from icarus.scenarios.workload.requests import is_native
from icarus.scenarios.workload.tracedriven import TraceDrivenWorkload
from icarus.types import Content, Node, Seed
from icarus.util import Tree

__all__ = ["NOTHING_MEASURED", "Run", "exec_experiment"]

NOTHING_MEASURED = "nothing-measured"
"""Name of the logger that is told, with the reason, of a simulation in which no session was
measured. A campaign says so once, with all the experiments."""

nothing = logging.getLogger(NOTHING_MEASURED)

Heartbeat = Callable[[int], None]
"""Told now and then how many requests have been processed."""

EngineChosen = Literal["python", "compiled"]


def exec_experiment(
    topology: fnss.Topology,
    workload: Iterable[tuple[float, Mapping[str, Any]]],
    netconf: Mapping[str, Any],
    strategy: Mapping[str, Any],
    cache_policy: Mapping[str, Any],
    collectors: Mapping[str, Mapping[str, Any]],
    *,
    strategy_seed: np.random.SeedSequence | None = None,
    policy_seed: Seed = None,
    heartbeat: Heartbeat | None = None,
    engine: EngineChosen = "python",
    demand: Demand | None = None,
) -> Tree:
    """Run one simulation.

    Parameters
    ----------
    topology : fnss.Topology
        The network, with caches and contents placed.
    workload : Workload or iterable of (float, mapping)
        Requests, in batches or as pairs of time and event.
    netconf : mapping
        Further arguments for ``NetworkModel``.
    strategy, cache_policy : mapping
        Registry name under ``name``, and parameters.
    collectors : mapping
        From registry name of a collector to its parameters.
    strategy_seed : SeedSequence, optional
        Stream for a strategy that takes a seed.
    policy_seed : int, SeedSequence, Generator or None, optional
        Stream for a cache policy that takes a seed.
    heartbeat : callable, optional
        Called every few thousand requests with the number processed so far.
    engine : {"python", "compiled"}, optional
        What runs it; see ``icarus.execution.compiled.engine_choice``.
    demand : Demand, optional
        What compiled code is needed for; by default it is compiled whatever that takes.

    Returns
    -------
    Tree
        The results of each collector under its registry name.

    Raises
    ------
    NoKernelError
        If it was to be compiled and some part has no kernel, or it is done sooner without its code.
    """
    run = Run(
        *(topology, workload, netconf, strategy, cache_policy, collectors),
        strategy_seed=strategy_seed,
        policy_seed=policy_seed,
        engine=engine,
        demand=demand,
    )
    run.advance(heartbeat=heartbeat)
    run.warn_of_nothing()
    return run.results()


class Run:
    """A simulation under way: requests of one workload that are served on one network.

    Parameters
    ----------
    topology, workload, netconf, strategy, cache_policy, collectors
        As for ``exec_experiment``.
    strategy_seed, policy_seed, engine, demand
        Likewise.

    Attributes
    ----------
    view : NetworkView
        The network.
    strategy : Strategy
    cursor : BatchCursor or EventCursor
        Where it is in the workload.
    """

    def __init__(
        self,
        topology: fnss.Topology,
        workload: Iterable[tuple[float, Mapping[str, Any]]],
        netconf: Mapping[str, Any],
        strategy: Mapping[str, Any],
        cache_policy: Mapping[str, Any],
        collectors: Mapping[str, Mapping[str, Any]],
        *,
        strategy_seed: np.random.SeedSequence | None = None,
        policy_seed: Seed = None,
        engine: EngineChosen = "python",
        demand: Demand | None = None,
    ) -> None:
        native = is_native(workload)
        if engine == "compiled" and not isinstance(workload, EventBatches) and not native:
            workload = EventBatches(workload, receivers_of(topology))
        if isinstance(workload, TraceDrivenWorkload):
            cache_policy = as_requested(cache_policy, workload.rules)
        count_use = any(_counts_use(name) for name in collectors)
        model = NetworkModel(
            topology, cache_policy, **{"seed": policy_seed, "count_use": count_use, **netconf}
        )
        self.view = NetworkView(model)
        self.controller = NetworkController(model)
        self.collectors = build_collectors(self.view, collectors)
        self.controller.attach_collector(self.collectors)
        parameters = {key: value for key, value in strategy.items() if key != "name"}
        strategy_class = STRATEGY.resolve(strategy["name"])
        self.strategy = strategy_class(
            self.view, self.controller, **with_seed(strategy_class, parameters, strategy_seed)
        )
        self.cursor: BatchCursor | EventCursor
        self.engine: Any
        if engine == "compiled":
            # Only here: the compiler takes half a second to import.
            from icarus.execution.compiled.compiled_engine import CompiledRun

            self.cursor = BatchCursor(workload)
            if isinstance(workload, EventBatches):
                workload.prime()
                demand = _narrowed(demand, workload.n_requests)
            self.engine = CompiledRun(
                *(self.view, self.strategy, cache_policy["name"], workload),
                *(self.collectors.members, demand),
            )
        else:
            self.cursor = BatchCursor(workload) if native else EventCursor(workload)
            self.engine = InterpretedRun(self.controller, self.strategy, workload)
        self._windows = Windows(self.collectors.members)

    def advance(
        self,
        limit: Limit = NO_LIMIT,
        heartbeat: Heartbeat | None = None,
        between: Callable[[], None] | None = None,
    ) -> None:
        """Serve further requests, up to a limit.

        Parameters
        ----------
        limit : Limit, optional
            By default all that are left are served.
        heartbeat : callable, optional
            Called every few thousand requests with the number processed so far.
        between : callable, optional
            Called now and then when all that was read has been served.
        """
        done = self.cursor.served

        def report(further: int) -> None:
            nonlocal done
            done += further
            if heartbeat is not None:
                heartbeat(done)

        before = done
        # Before anything is read, as the workload may give it only once.
        self.engine.prepare()
        while True:
            for piece in self.cursor.pieces(self._windows.limit(limit, self.cursor)):
                if self.view.model.counts_bytes:
                    _require_sizes(piece)
                self.engine.serve(piece, report)
                if between is not None:
                    between()
            if self.cursor.finished or not self._windows.pass_end(self.cursor, limit, self.engine):
                break
        if before == done == 0:
            report(0)

    def apply(self, events: Sequence[TimelineEvent]) -> None:
        """Have events happen now, one after another.

        Raises
        ------
        EventError
            If the network does not allow one of them.
        """
        with ChangingNetwork(self) as network:
            for event in events:
                happen = NETWORK_EVENT.resolve(event.name)
                network.time = self._time_of(event)
                self.engine.set_time(network.time)
                try:
                    happen(network, **event.parameters)
                except EventError as error:
                    what = f"{error.message} (in the event {event.text!r})"
                    raise EventError(error.parameter, what) from None
                self._windows.note_event(network.time, self.cursor.served, event.text)

    def _time_of(self, event: TimelineEvent) -> float:
        """Return when an event happens, which must not depend on where a window has ended."""
        if math.isfinite(event.at.until):
            return event.at.until
        return self.cursor.last_time if math.isfinite(event.at.requests) else self.cursor.time

    def results(self) -> Tree:
        """Return the results of all collectors, under their registry names.

        What was measured so far is told to collectors; the simulation can go on all the same.
        """
        self.engine.finish()
        for collector in self.collectors.members:
            if getattr(collector, "needs_cache_use", False):
                collector.take_cache_use(self.engine.cache_use(), self.view.model.counts_bytes)
        results: Tree = self.collectors.results()
        return results

    def cache_dump(self, node: Node) -> list[Content] | None:
        """Return what the cache of a node holds; None without one."""
        if not self.view.has_cache(node):
            return None
        return list(self.engine.dump(node))

    def warn_of_nothing(self) -> None:
        """Say so if nothing was measured that somebody wanted to hear of."""
        if self.collectors.members and not self.engine.measured:
            processed = self.cursor.served
            if processed:
                nothing.warning("none of the workload's %d requests is measured", processed)
            else:
                nothing.warning("the workload has no requests")


def _counts_use(collector: str) -> bool:
    """Return whether a collector, given by name, asks what was done to caches."""
    return bool(getattr(DATA_COLLECTOR.resolve(collector), "needs_cache_use", False))


def _require_sizes(piece: Any) -> None:
    """Raise ComponentError unless requests say the sizes of their contents."""
    if getattr(piece, "size", None) is None:
        raise ComponentError(NO_SIZES)


def _narrowed(demand: Demand | None, n_requests: int | None) -> Demand | None:
    """Return what code is needed for, now that it is known how many requests there are."""
    if demand is None or n_requests is None:
        return demand
    together = n_requests if demand.together == inf else demand.together
    return demand._replace(own=n_requests, together=together)
