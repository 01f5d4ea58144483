"""Runs a simulation on one of the two engines, which give the same results.

The reference engine drives strategies request by request and runs anything that follows the
interfaces, users' own classes included. The compiled engine, in ``icarus.execution.compiled``,
runs what has kernels.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import inf
from typing import Any, Literal

import fnss
import numpy as np

from icarus.core.random_streams import with_seed
from icarus.execution.collectors import CollectorProxy, build_collectors
from icarus.execution.collectors.counts import SessionCounts
from icarus.execution.collectors.session_records import RecordTakers, SessionRecorder
from icarus.execution.compiled.engine_choice import Demand
from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.registry import STRATEGY
from icarus.scenarios.workload.event_batches import EventBatches
from icarus.scenarios.workload.receivers import receivers_of
from icarus.scenarios.workload.requests import RequestBatch, is_native
from icarus.types import Content, Node, Seed
from icarus.util import Tree

__all__ = ["NOTHING_MEASURED", "exec_experiment"]

NOTHING_MEASURED = "nothing-measured"
"""Name of the logger that is told, with the reason, of a simulation in which no session was
measured. A campaign says so once, with all the experiments."""

nothing = logging.getLogger(NOTHING_MEASURED)

_REPORT_EVERY = 4096
"""Requests between two reports of progress: about a tenth of a second."""

Heartbeat = Callable[[int], None]
"""Told now and then how many requests have been processed."""


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
    engine: Literal["python", "compiled"] = "python",
    demand: Demand | None = None,
    tell_interpreted: Callable[[int], None] | None = None,
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
    tell_interpreted : callable, optional
        Told how many requests the compiled engine served in the interpreter, if any, until there
        was code.

    Returns
    -------
    Tree
        The results of each collector under its registry name.

    Raises
    ------
    NoKernelError
        If it was to be compiled and some part has no kernel, or it is done sooner without its code.
    """
    if engine == "compiled" and not isinstance(workload, EventBatches) and not is_native(workload):
        workload = EventBatches(workload, receivers_of(topology))
    model = NetworkModel(topology, cache_policy, **{"seed": policy_seed, **netconf})
    view = NetworkView(model)
    controller = NetworkController(model)
    proxy = build_collectors(view, collectors)
    controller.attach_collector(proxy)
    parameters = {key: value for key, value in strategy.items() if key != "name"}
    strategy_class = STRATEGY.resolve(strategy["name"])
    instance = strategy_class(
        view, controller, **with_seed(strategy_class, parameters, strategy_seed)
    )
    processed = 0

    def report(requests: int) -> None:
        nonlocal processed
        processed = requests
        if heartbeat is not None:
            heartbeat(requests)

    if engine == "compiled":
        measured, interpreted = _compiled(
            view, instance, cache_policy["name"], workload, proxy, demand, report
        )
        if interpreted and tell_interpreted is not None:
            tell_interpreted(interpreted)
    else:
        measured = _interpreted(view, instance, workload, controller, report)
    if proxy.members and not measured:
        _warn_of_nothing(processed)
    results: Tree = proxy.results()
    return results


def _compiled(
    view: NetworkView,
    strategy: Any,
    policy: str,
    workload: Any,
    proxy: CollectorProxy,
    demand: Demand | None,
    heartbeat: Heartbeat,
) -> tuple[bool, int]:
    """Run on the compiled engine.

    Return whether a session was measured, and how many requests the interpreter served.
    """
    # Only here: the compiler takes half a second to import.
    from icarus.execution.compiled.compiled_engine import CompiledRun

    def absorb(counts: SessionCounts) -> None:
        for collector in proxy.members:
            collector.absorb(counts)

    if isinstance(workload, EventBatches):
        workload.prime()
        demand = _narrowed(demand, workload.n_requests)
    run = CompiledRun(
        *(view, strategy, policy, workload, absorb),
        content_hits=any(getattr(one, "needs_content_hits", False) for one in proxy.members),
        demand=demand,
        takers=RecordTakers(proxy.members),
    )
    run.run(heartbeat)
    return run.measured, run.code.interpreted


def _interpreted(
    view: NetworkView,
    strategy: Any,
    workload: Any,
    controller: NetworkController,
    heartbeat: Heartbeat,
) -> bool:
    """Run on the python engine; return whether a session was measured."""
    members = controller.collector.members
    takers = RecordTakers(members)
    recorder = None
    if takers:
        recorder = SessionRecorder(view, getattr(workload, "contents", ()), takers)
        controller.attach_collector(CollectorProxy(view, [*members, recorder]))
        controller.tell_evicted = recorder.evicted if takers.evictions else None
    if is_native(workload):
        _drive_batches(strategy.process_event, workload, controller, heartbeat)
    else:
        _drive_events(strategy.process_event, iter(workload), controller, heartbeat)
    if recorder is not None:
        recorder.flush()
    return controller.measured


def _narrowed(demand: Demand | None, n_requests: int | None) -> Demand | None:
    """Return what code is needed for, now that it is known how many requests there are."""
    if demand is None or n_requests is None:
        return demand
    together = n_requests if demand.together == inf else demand.together
    return demand._replace(own=n_requests, together=together)


def _drive_batches(
    process_event: Callable[..., None],
    workload: Any,
    controller: NetworkController,
    heartbeat: Heartbeat,
) -> None:
    receivers, contents = workload.receivers, workload.contents
    announce_size = controller.collector.content_size
    now = controller.model.now
    done = 0
    sized = False
    for batch in workload.batches():
        if batch.size is not None and len(batch.size) and not sized:
            sized = True
            for collector in controller.collector.members:
                if hasattr(collector, "expect_sizes"):
                    collector.expect_sizes()
        for part in _split(batch, _REPORT_EVERY):
            sizes = None if part.size is None else part.size.tolist()
            writes = None if part.write is None else part.write.tolist()
            rows = zip(
                part.time.tolist(),
                part.receiver.tolist(),
                part.content.tolist(),
                part.measured.tolist(),
                strict=True,
            )
            for i, (time, receiver, content, measured) in enumerate(rows):
                if sizes is not None and measured:
                    announce_size(sizes[i])
                # Before the session starts, as strategies may ask caches sooner.
                now[0] = time
                if writes is not None and writes[i]:
                    _write(controller, time, receivers[receiver], contents[content], measured)
                    continue
                process_event(
                    time=time,
                    receiver=receivers[receiver],
                    content=contents[content],
                    log=measured,
                )
            done += len(part.time)
            heartbeat(done)


def _write(
    controller: NetworkController, time: float, receiver: Node, content: Content, log: bool
) -> None:
    """Take a content from a receiver to its origin and remove all copies that caches have."""
    model = controller.model
    source = model.content_source[content]
    path = model.shortest_path[receiver][source]
    controller.start_session(time, receiver, content, log)
    controller.forward_content_path(receiver, source, path)
    controller.forward_request_path(source, receiver, path[::-1])
    for caches in (model.cache, model.local_cache):
        for cache in caches.values():
            cache.remove(content)
    controller.end_session()


def _split(batch: RequestBatch, length: int) -> Iterator[RequestBatch]:
    for start in range(0, len(batch.time), length):
        part = slice(start, start + length)
        yield RequestBatch(
            batch.time[part],
            batch.receiver[part],
            batch.content[part],
            batch.measured[part],
            None if batch.size is None else batch.size[part],
            None if batch.write is None else batch.write[part],
        )


def _drive_events(
    process_event: Callable[..., None],
    events: Iterator[tuple[float, Mapping[str, Any]]],
    controller: NetworkController,
    heartbeat: Heartbeat,
) -> None:
    now = controller.model.now
    done = 0
    for time, event in events:
        now[0] = time
        process_event(time, **event)
        done += 1
        if done % _REPORT_EVERY == 0:
            heartbeat(done)
    heartbeat(done)


def _warn_of_nothing(processed: int) -> None:
    if processed:
        nothing.warning("none of the workload's %d requests is measured", processed)
    else:
        nothing.warning("the workload has no requests")
