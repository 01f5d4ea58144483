"""What a simulation runs on: the network with its caches and contents, and the workload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from icarus.core.random_streams import stream, with_seed
from icarus.execution.reuse import Copies, key_of
from icarus.registry import (
    CACHE_PLACEMENT,
    CONTENT_PLACEMENT,
    TOPOLOGY_FACTORY,
    WORKLOAD,
    Registry,
)
from icarus.util import Tree

__all__ = ["Network", "Networks", "build_scenario"]


class Network(NamedTuple):
    """A topology, and what tells it from others; None where a factory of users made it."""

    topology: Any
    key: str | None


class Networks:
    """Networks of experiments, those of Icarus' own components built once and copied."""

    def __init__(self) -> None:
        self._kept = Copies()

    def bare(self, section: Mapping[str, Any], root: np.random.SeedSequence) -> Network:
        """Return a network without caches.

        Parameters
        ----------
        section : mapping
            The topology, as an experiment has it.
        root : SeedSequence
            The seed of the replication.
        """
        factory, kwargs = _component(TOPOLOGY_FACTORY, "topology", section, root)
        key = key_of(factory, kwargs)
        return Network(self._kept.get(key, lambda: factory(**kwargs)), key)

    def with_caches(
        self,
        network: Network,
        section: Mapping[str, Any] | None,
        n_contents: float,
        root: np.random.SeedSequence,
    ) -> Any:
        """Return the topology of a bare network with caches on it.

        Parameters
        ----------
        network : Network
            Its topology may be changed.
        section : mapping or None
            The cache placement, as an experiment has it; without one there are no caches.
        n_contents : float
            Number of contents, of which the caches have a fraction.
        root : SeedSequence
            The seed of the replication.
        """
        if not section:
            return network.topology
        place, kwargs = _component(CACHE_PLACEMENT, "cache_placement", section, root)
        kwargs["cache_budget"] = n_contents * kwargs.pop("network_cache")

        def placed() -> Any:
            place(network.topology, **kwargs)
            return network.topology

        placement = key_of(place, kwargs)
        known = None not in (network.key, placement)
        return self._kept.get((network.key, placement) if known else None, placed)


_NETWORKS = Networks()
"""Those of this process."""


def build_scenario(params: Tree, root: np.random.SeedSequence) -> tuple[Any, Any]:
    """Return the topology, with caches and contents placed, and the workload.

    Parameters
    ----------
    params : Tree
        The experiment.
    root : SeedSequence
        The seed of the replication.
    """
    network = _NETWORKS.bare(params["topology"], root)
    workload_class, kwargs = _component(WORKLOAD, "workload", params["workload"], root)
    workload = workload_class(network.topology, **kwargs)
    placement = params.get("cache_placement")
    topology = _NETWORKS.with_caches(network, placement, workload.n_contents, root)
    section = "content_placement"
    place_contents, kwargs = _component(CONTENT_PLACEMENT, section, params[section], root)
    place_contents(topology, workload.contents, **kwargs)
    return topology, workload


def _component(
    registry: Registry, name: str, section: Mapping[str, Any], root: np.random.SeedSequence
) -> tuple[Callable[..., Any], dict[str, Any]]:
    """Return what a section names, and its parameters with the seed that it takes."""
    given = dict(section.items())
    built = registry.resolve(given.pop("name"), name)
    return built, with_seed(built, given, stream(root, name))
