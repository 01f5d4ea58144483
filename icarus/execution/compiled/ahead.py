"""Compiling what a campaign needs before its workers start.

Which code an experiment needs depends on its strategy and its policy, not on its network, so
that a network of four nodes will do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from math import inf
from typing import Any

import fnss

from icarus.core.hashing import digest
from icarus.core.kinds import conformed
from icarus.execution.collectors import DataCollector, SessionRecords
from icarus.execution.collectors.session_records import RecordTakers
from icarus.execution.compiled.engine_choice import (
    Demand,
    EngineName,
    choose_engine,
    most_lines,
)
from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.registry import DATA_COLLECTOR, STRATEGY, WORKLOAD
from icarus.scenarios.workload import StationaryWorkload

__all__ = ["compile_ahead"]

logger = logging.getLogger("compiler")

_LARGE_CATALOGUE = 2**16
"""Contents from which the look-up of a network of some hundred caches may be hashed."""


def compile_ahead(
    experiments: Iterable[Mapping[str, Any]],
    pair_requests: Iterable[float],
    collectors: Mapping[str, Mapping[str, Any]],
    engine: EngineName,
) -> None:
    """Compile, or load, the kernels of experiments that run on the compiled engine.

    Parameters
    ----------
    experiments : iterable of mapping
        The experiments of a campaign.
    pair_requests : iterable of float
        How many requests the campaign has for the code of each.
    collectors : mapping
        From registry name of a collector to its parameters.
    engine : {"auto", "python", "compiled"}
        What runs experiments that do not say so themselves.
    """
    seen = set()
    takers = _takers(collectors)
    for experiment, requests in zip(experiments, pair_requests, strict=True):
        large = _most_contents(experiment["workload"]) >= _LARGE_CATALOGUE
        asked_for = experiment.get("engine") or engine
        key = digest([experiment["strategy"], experiment["cache_policy"], large, asked_for])
        unknown = requests == inf and not _has_batches(experiment["workload"])
        if key in seen or unknown:
            continue
        seen.add(key)
        experiment = conformed(experiment)
        if choose_engine(experiment, collectors, asked_for).engine == "compiled":
            demand = None if asked_for == "compiled" else Demand(0, requests)
            _compile(experiment, large, demand, takers)


def _has_batches(workload: Mapping[str, Any]) -> bool:
    """Whether a workload may be one of batches; others' jobs find out how many events there are."""
    return hasattr(WORKLOAD.resolve(workload["name"]), "batches")


def _most_contents(workload: Mapping[str, Any]) -> float:
    """Return how many contents there may be, as far as it can be told without reading a trace."""
    given = workload.get("n_contents")
    return given if isinstance(given, int | float) else most_lines(workload)


class _WantsEvictions(DataCollector):
    needs_evictions = True

    def __init__(self) -> None:
        """See nothing."""

    def take_sessions(self, records: SessionRecords) -> None:
        """Take nothing."""


def _takers(collectors: Mapping[str, Any]) -> RecordTakers:
    """Return a taker that wants what the classes of collectors say that they do."""
    classes = [DATA_COLLECTOR.resolve(name) for name in collectors]
    wanted = any(getattr(one, "needs_evictions", False) for one in classes)
    return RecordTakers([_WantsEvictions()] if wanted else [])


def _compile(
    experiment: Mapping[str, Any], large: bool, demand: Demand | None, takers: RecordTakers
) -> None:
    # Only here: a campaign on the python engine does without the compiler.
    from icarus.policies import slots

    try:
        _build(experiment, demand, takers)
        if large:
            with slots.all_hashed():
                _build(experiment, demand, takers)
    except Exception as error:
        # What is wrong with an experiment is its own job's to report.
        logger.debug("not compiled ahead: %s", error)


def _build(experiment: Mapping[str, Any], demand: Demand | None, takers: RecordTakers) -> None:
    from icarus.execution.compiled.compiled_engine import CompiledRun

    policy = dict(experiment["cache_policy"].items())
    if "trace" in policy:
        policy["trace"] = ()
    strategy = dict(experiment["strategy"].items())
    strategy_class = STRATEGY.resolve(strategy.pop("name"))
    topology = _four_nodes()
    model = NetworkModel(topology, policy)
    view = NetworkView(model)
    instance = strategy_class(view, NetworkController(model), **strategy)
    workload = StationaryWorkload(topology, n_contents=2, alpha=0, n_warmup=0, n_measured=0)
    CompiledRun(view, instance, policy["name"], workload, demand=demand, takers=takers)


def _four_nodes() -> fnss.Topology:
    """Return a network with all that any strategy asks of one."""
    topology = fnss.Topology([("receiver", 1), (1, 2), (2, "source")])
    fnss.add_stack(topology, "receiver", "receiver", {})
    fnss.add_stack(topology, "source", "source", {"contents": {1, 2}})
    for router in (1, 2):
        fnss.add_stack(topology, router, "router", {"cache_size": 2**12})
    topology.graph["clusters"] = [[1], [2]]
    topology.graph["cache_assignment"] = {"receiver": 1}
    for node, cluster in {"receiver": 0, 1: 0, 2: 1, "source": 1}.items():
        topology.nodes[node]["cluster"] = cluster
    return topology
