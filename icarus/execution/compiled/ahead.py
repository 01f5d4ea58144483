"""Which code a campaign needs: before its jobs run, or beside them.

Which code an experiment needs depends on its strategy and its policy, not on its network, so
that a network of four nodes will do.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import fnss

from icarus.compiler.beside import Wish
from icarus.core.kinds import conformed
from icarus.execution.collectors import DataCollector, SessionRecords
from icarus.execution.compiled.engine_choice import (
    EngineName,
    choose_engine,
    most_lines,
    pair_of,
    pairs_of,
)
from icarus.execution.network import NetworkController, NetworkModel, NetworkView
from icarus.registry import DATA_COLLECTOR, STRATEGY, WORKLOAD
from icarus.scenarios.workload import StationaryWorkload

if TYPE_CHECKING:
    from icarus.execution.compiled.compiled_engine import CompiledRun

__all__ = ["compile_ahead", "wishes_of"]

logger = logging.getLogger("compiler")

_LARGE_CATALOGUE = 2**16
"""Contents from which the look-up of a network of some hundred caches may be hashed."""

_LARGEST_IN_AN_ARRAY = 2**20
"""Contents up to which it is an array if there are 32 caches."""


def compile_ahead(
    experiments: Iterable[Mapping[str, Any]],
    collectors: Mapping[str, Mapping[str, Any]],
    engine: EngineName,
) -> None:
    """Compile, or load, the kernels of experiments that ask for the compiled engine.

    Parameters
    ----------
    experiments : iterable of mapping
        The experiments of a campaign.
    collectors : mapping
        From registry name of a collector to its parameters.
    engine : {"auto", "python", "compiled"}
        What runs experiments that do not say so themselves.
    """
    for experiment, large in _kinds_of_code(experiments, collectors, engine, "compiled"):
        for hashed in {False, large}:
            with _failures_left_to_jobs():
                _build(experiment, collectors, hashed).prepare()


def wishes_of(
    experiments: Iterable[Mapping[str, Any]],
    collectors: Mapping[str, Mapping[str, Any]],
    engine: EngineName,
) -> list[Wish]:
    """Return what of the code of experiments with the engine "auto" is not there yet.

    Parameters
    ----------
    experiments, collectors, engine
        As for ``compile_ahead``.
    """
    wishes = []
    for experiment, _ in _kinds_of_code(experiments, collectors, engine, "auto"):
        with _failures_left_to_jobs():
            # Of two forms the likelier one; jobs that need the other one ask for it.
            hashed = _most_contents(experiment["workload"]) > _LARGEST_IN_AN_ARRAY
            code = _build(experiment, collectors, hashed).code
            if code.is_missing:
                wishes.append(replace(code.wish, use=pair_of(experiment)))
    return wishes


def _kinds_of_code(
    experiments: Iterable[Mapping[str, Any]],
    collectors: Mapping[str, Mapping[str, Any]],
    engine: EngineName,
    wanted: EngineName,
) -> Iterator[tuple[Mapping[str, Any], bool]]:
    """Yield an experiment for each kind of code, and whether its catalogue may be large."""
    seen = set()
    experiments = list(experiments)
    for experiment, pair in zip(experiments, pairs_of(experiments), strict=True):
        if (experiment.get("engine") or engine) != wanted:
            continue
        large = _most_contents(experiment["workload"]) >= _LARGE_CATALOGUE
        key = pair, large
        unknown = wanted == "auto" and not _has_batches(experiment["workload"])
        if key in seen or unknown:
            continue
        seen.add(key)
        experiment = conformed(experiment)
        if choose_engine(experiment, collectors, wanted).engine == "compiled":
            yield experiment, large


@contextmanager
def _failures_left_to_jobs() -> Iterator[None]:
    """Ignore what is wrong with an experiment, which is its own job's to report."""
    try:
        yield
    except Exception as error:
        logger.debug("not compiled ahead: %s", error)


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


def _stand_ins(collectors: Mapping[str, Any]) -> list[DataCollector]:
    """Return a taker that wants what the classes of collectors say that they do."""
    classes = [DATA_COLLECTOR.resolve(name) for name in collectors]
    wanted = any(getattr(one, "needs_evictions", False) for one in classes)
    return [_WantsEvictions()] if wanted else []


def _build(
    experiment: Mapping[str, Any], collectors: Mapping[str, Any], hashed: bool
) -> CompiledRun:
    # Only here: a campaign on the python engine does without the compiler.
    from icarus.execution.compiled.compiled_engine import CompiledRun
    from icarus.policies import slots

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
    with slots.all_hashed() if hashed else nullcontext():
        stand_ins = _stand_ins(collectors)
        return CompiledRun(view, instance, policy["name"], workload, stand_ins)


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
