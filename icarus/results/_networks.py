"""Networks that simulations ran on: made again, and what results say of their nodes and links."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from icarus.core.random_streams import root_seed
from icarus.errors import PlotError
from icarus.results.merging import seed_of
from icarus.util import Tree

if TYPE_CHECKING:
    import numpy as np

__all__ = ["loads_of", "mean_over", "network_of", "root_of", "shares_of"]

Node = Hashable


def root_of(facts: Mapping[str, Any]) -> np.random.SeedSequence:
    """Return the seed of the replication that a result is of, by its metadata.

    Where these are not recorded it is that of the first replication of a campaign with ``SEED`` 0.
    """
    return root_seed(seed_of(facts) or 0, facts.get("replication") or 0)


def network_of(params: Tree, facts: Mapping[str, Any]) -> Any:
    """Return the network of an experiment, with its caches, as a simulation had it.

    Parameters
    ----------
    params : Tree
        The experiment.
    facts : mapping
        The metadata of the simulation, which random topologies and placements follow from.
    """
    # Takes a second to import, and few figures need it.
    from icarus.execution.building import build_scenario

    topology, _ = build_scenario(params, root_of(facts))
    return topology


def shares_of(result: Any) -> tuple[dict[Node, float], dict[Node, float]]:
    """Return the share of all contents that each cache served, and that each source did.

    Parameters
    ----------
    result : mapping, or pair of mappings
        The results of one experiment, or the pair of its parameters and results.

    Raises
    ------
    PlotError
        If they were not collected.
    """
    caches = _metric(result, "CACHE_HIT_RATIO", "PER_NODE_CACHE_HIT_RATIO")
    return dict(caches), dict(_metric(result, "CACHE_HIT_RATIO", "PER_NODE_SERVER_HIT_RATIO"))


def loads_of(result: Any) -> dict[frozenset[Node], float]:
    """Return the load of each link in bytes per second, both directions together.

    `result` and errors are those of `shares_of`.
    """
    loads: dict[frozenset[Node], float] = {}
    for name in ("PER_LINK_INTERNAL", "PER_LINK_EXTERNAL"):
        for link, load in _metric(result, "LINK_LOAD", name).items():
            loads[frozenset(link)] = loads.get(frozenset(link), 0.0) + load
    return loads


def _metric(result: Any, collector: str, metric: str) -> Mapping[Any, float]:
    results = result if isinstance(result, Mapping) else result[1]
    # `get`, as trees grow branches when they are asked for what they lack.
    found = (results.get(collector) or {}).get(metric)
    if not isinstance(found, Mapping):
        option = " with per_node=True" if collector == "CACHE_HIT_RATIO" else ""
        raise PlotError(
            f"the result has no {collector}.{metric}; add {collector}{option} to DATA_COLLECTORS"
        )
    return found


def mean_over(found: Sequence[Mapping[Any, float]]) -> dict[Any, float]:
    """Return means over replications; what one of them lacks, it had nothing of."""
    keys = dict.fromkeys(key for one in found for key in one)
    return {key: sum(one.get(key, 0.0) for one in found) / len(found) for key in keys}
