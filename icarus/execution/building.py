"""What a simulation runs on: the network with its caches and contents, and the workload."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from icarus.core.capacities import CAPACITY_KEYS, capacity_of
from icarus.core.kinds import is_built_in
from icarus.core.random_streams import stream, with_seed
from icarus.core.signatures import accepts_seed
from icarus.execution.reuse import Copies, Key, Latest, key_of
from icarus.registry import (
    CACHE_PLACEMENT,
    CONTENT_PLACEMENT,
    TOPOLOGY_FACTORY,
    WORKLOAD,
    Registry,
)
from icarus.scenarios.cacheplacement.budget import count_in, number_of_caches
from icarus.scenarios.workload.requests import is_native
from icarus.util import Tree

__all__ = ["NO_SIZES", "Network", "Networks", "budget_of", "build_scenario"]


NO_SIZES = (
    "the sizes of caches are in bytes, but the workload knows no sizes of contents; give it "
    "content_size, or a trace a size_column"
)


def _unknown() -> None:
    """Return how many bytes contents have that have no sizes."""


class Network:
    """A network without caches.

    Parameters
    ----------
    copy : callable
        Returns a copy of its topology.
    key : hashable
        What tells it from others; None where a factory of users made it.
    """

    def __init__(self, copy: Callable[[], Any], key: Key | None) -> None:
        self.copy = copy
        self.key = key

    @cached_property
    def topology(self) -> Any:
        """A topology of its own, which may be changed."""
        return self.copy()


class Networks:
    """Networks of experiments, those of Icarus' own components built once and copied."""

    def __init__(self) -> None:
        self._kept = Copies()
        self._to_be_read = Latest()
        self._shared = Latest()

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
        return Network(lambda: self._kept.get(key, lambda: factory(**kwargs)), key)

    def to_be_read(self, network: Network) -> Any:
        """Return a topology of a network that is to be read only: others get the same.

        Of many small simulations on one network, copies of it are a tenth of the work.
        """
        if network.key is None:
            return network.topology
        return self._to_be_read.get(network.key, network.copy)

    def with_caches(
        self,
        network: Network,
        section: Mapping[str, Any] | None,
        n_contents: float,
        root: np.random.SeedSequence,
        *,
        n_bytes: Callable[[], int | None] = _unknown,
        shared: bool = False,
    ) -> Any:
        """Return the topology of a bare network with caches on it.

        Parameters
        ----------
        network : Network
            Its topology may be changed if it has one already.
        section : mapping or None
            The cache placement, as an experiment has it; without one there are no caches.
        n_contents : float
            Number of contents, of which the caches have a fraction.
        root : SeedSequence
            The seed of the replication.
        n_bytes : callable, optional
            Returns how many bytes they have, or None if they have no sizes.
        shared : bool, optional
            Whether it may be the one that the last simulation had, as nothing is changed but what
            sources hold. On GEANT a copy takes a twentieth of 1,000 requests.
        """
        if not section:
            return network.topology
        place, kwargs = _component(CACHE_PLACEMENT, "cache_placement", section, root)
        unit = capacity_of(kwargs).unit
        budget = budget_of(place, kwargs, lambda: self.to_be_read(network), n_contents, n_bytes)
        if budget is None:
            raise ValueError(NO_SIZES)
        kwargs = {key: value for key, value in kwargs.items() if key not in CAPACITY_KEYS}
        kwargs["cache_budget"] = budget

        def placed() -> Any:
            count_in(network.topology, unit)
            place(network.topology, **kwargs)
            return network.topology

        placement = key_of(place, {**kwargs, "capacity_unit": unit})
        if network.key is None or placement is None:
            return placed()
        key = network.key, placement

        def copied() -> Any:
            return self._kept.get(key, placed)

        return self._shared.get(key, copied) if shared else copied()


_NETWORKS = Networks()
"""Those of this process."""


def budget_of(
    placement: Callable[..., Any],
    section: Mapping[str, Any],
    topology: Callable[[], Any],
    n_contents: float | None,
    n_bytes: Callable[[], int | None],
) -> float | int | None:
    """Return the size of all caches together; None if it is a share of what is not known.

    Parameters
    ----------
    placement : callable
        That of the caches.
    section : mapping
        What the experiment says of it.
    topology : callable
        Returns the network without caches.
    n_contents : float or None
        Contents of the catalogue.
    n_bytes : callable
        Returns how many bytes they have, or None.
    """
    capacity = capacity_of(section)
    if capacity.share is not None:
        return capacity.of_share(n_contents if capacity.unit == "contents" else n_bytes())
    if capacity.total is not None:
        return capacity.total
    given = {key: value for key, value in section.items() if key not in CAPACITY_KEYS}
    return capacity.each * number_of_caches(topology(), placement, given)


def build_scenario(
    params: Tree, root: np.random.SeedSequence, *, shared: bool = False
) -> tuple[Any, Any]:
    """Return the topology, with caches and contents placed, and the workload.

    Parameters
    ----------
    params : Tree
        The experiment.
    root : SeedSequence
        The seed of the replication.
    shared : bool, optional
        Whether the topology may be that of the last simulation, as no part of this one changes it.
    """
    network = _NETWORKS.bare(params["topology"], root)
    workload_class, kwargs = _component(WORKLOAD, "workload", params["workload"], root)
    # Workloads of ours ask a topology for its receivers and keep nothing of it.
    reads = is_built_in(workload_class)
    topology = _NETWORKS.to_be_read(network) if reads else network.topology
    workload = workload_class(topology, **kwargs)
    placement = params.get("cache_placement")
    topology = _NETWORKS.with_caches(
        *(network, placement, workload.n_contents, root),
        n_bytes=lambda: getattr(workload, "catalogue_bytes", None),
        shared=shared,
    )
    in_bytes = topology.graph.get("capacity_unit") == "bytes"
    if in_bytes and not getattr(workload, "has_sizes", is_native(workload)):
        raise ValueError(NO_SIZES)
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
    # To make a stream takes longer than all else here, and few components want one.
    sequence = stream(root, name) if accepts_seed(built) else None
    return built, with_seed(built, given, sequence)
