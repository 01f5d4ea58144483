"""The state of a network of caches."""

from __future__ import annotations

import itertools
import logging
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import fnss
import numpy as np

from icarus.core.signatures import accepts_seed, takes_seed_sequence
from icarus.errors import ComponentError
from icarus.policies.cache import definition_of
from icarus.policies.counted import note_measured
from icarus.policies.wrapped import Clock, WrappedCache, Wrapping, clock_of, misfits, wrapping_of
from icarus.registry import CACHE_POLICY
from icarus.routing.known_links import known_links
from icarus.routing.paths import ShortestPaths
from icarus.scenarios.origins import OriginatedContents, Origins
from icarus.types import Content, Node, Seed
from icarus.util import Tree

__all__ = ["NetworkModel"]

logger = logging.getLogger("network")


class NetworkModel:
    """A topology with its caches, its contents and its paths.

    Parameters
    ----------
    topology : fnss.Topology
        The network. Each node has a stack; routers with a `cache_size` get a cache, sources
        hold their `contents`.
    cache_policy : mapping
        The policy of every cache: its registry name as `name`, and its parameters; `insert` and
        `ttl` are for any policy.
    shortest_path : dict of dict of list, optional
        Paths to use as they are, by origin and destination. By default those of least
        `weight`, symmetric.
    seed : int, SeedSequence, Generator or None, optional
        Where policies that choose at random draw from; they share one stream.
    count_use : bool, optional
        Whether it is counted what is done to caches.

    Attributes
    ----------
    shortest_path : dict of dict of list
        ``shortest_path[u][v]`` is the list of nodes from u to v, both included.
    content_source : dict
        From content to the node it originates from; the last one in node order if several have it.
    source_node : dict
        From source to the container of its contents.
    link_type, link_delay : dict
        From link, in both directions, to its type and its delay in ms.
    cache, local_cache : dict
        From node to its cache, in node order. Nobody but its own node asks a local cache; there
        are none before ``NetworkController.reserve_local_cache``.
    now : list of float
        The time of the present request, as its only element, for caches whose contents expire.
    requested : list of int
        The bytes of the content of the present request, as the only element; 1 without sizes.
    span : list of float
        Of measured requests; see ``icarus.policies.counted``.
    counts_use : bool
        Whether it is counted what is done to caches.
    counts_bytes : bool
        Whether caches count bytes: the topology's ``graph["capacity_unit"]`` is "bytes" then.
    removed_nodes, removed_links : dict
        From node or link at present removed to its attributes in the topology.
    disconnected_neighbors : dict
        From removed node to the set of neighbours whose links went with it.
    removed_sources, removed_caches, removed_local_caches : dict
        What removed nodes had in `source_node`, `cache` and `local_cache`.

    Raises
    ------
    ValueError
        If `topology` is not an undirected FNSS topology.
    KeyError
        If no policy has the name.
    """

    def __init__(
        self,
        topology: fnss.Topology,
        cache_policy: Mapping[str, Any],
        shortest_path: Mapping[Node, Mapping[Node, list[Node]]] | None = None,
        *,
        seed: Seed = None,
        count_use: bool = False,
    ) -> None:
        if not isinstance(topology, fnss.Topology):
            raise ValueError(
                f"topology must be an fnss.Topology, found {type(topology).__qualname__}"
            )
        self.topology = topology
        self._is_whole: bool | None = None if shortest_path is None else True
        self.shortest_path: Any = (
            ShortestPaths(topology)
            if shortest_path is None
            # Settings pass trees, which would grow branches when asked for a missing path.
            else {
                u: row.dict() if isinstance(row, Tree) else row for u, row in shortest_path.items()
            }
        )
        self.position = {node: i for i, node in enumerate(topology)}
        self._link_order = _LinkOrder()
        self.counts_use = count_use
        self.counts_bytes = topology.graph.get("capacity_unit") == "bytes"
        clock = clock_of()
        self.now, self.requested, self.span = clock
        self._new_cache = _cache_builder(
            cache_policy, seed, clock, in_bytes=self.counts_bytes, counted=count_use
        )
        self.source_node: dict[Node, Iterable[Content]] = {}
        self.link_type: dict[tuple[Node, Node], str] = {}
        self.link_delay: dict[tuple[Node, Node], float] = {}
        types, delays = known_links(topology).once(_link_tables, topology)
        self.link_type.update(types)
        self.link_delay.update(delays)
        sizes = self._read_stacks()
        origins = _common_origins(self.source_node.values())
        self.content_source: Any = {} if origins is None else origins.of_a_network()
        self._enter_contents()
        self.cache: dict[Node, Any] = {node: self._new_cache(n) for node, n in sizes.items()}
        if not self.counts_bytes:
            _warn_of_too_small(self.cache, cache_policy["name"])
        self.local_cache: dict[Node, Any] = {}
        self.removed_nodes: dict[Node, dict[str, Any]] = {}
        self.removed_links: dict[tuple[Node, Node], dict[str, Any]] = {}
        self.disconnected_neighbors: dict[Node, set[Node]] = {}
        self.removed_sources: dict[Node, Iterable[Content]] = {}
        self.removed_caches: dict[Node, Any] = {}
        self.removed_local_caches: dict[Node, Any] = {}

    def note_measured(self, time: float, measured: bool) -> None:
        """Have caches know whether the request at a time is measured."""
        note_measured(self.span, time, measured)  # type: ignore[no-untyped-call]

    @property
    def is_whole(self) -> bool:
        """Whether each node reaches each other one, and none is removed.

        Of paths that settings give it is taken for granted.
        """
        if self._is_whole is None:
            self._is_whole = not self.removed_nodes and self.shortest_path.reach_all()
        return self._is_whole

    def reaches(self, node: Node, other: Node | None) -> bool:
        """Return whether there is a path from a node to another; to None there is none."""
        paths = self.shortest_path
        return other is not None and node in paths and other in paths[node]

    @property
    def own_caches(self) -> tuple[dict[Node, Any], dict[Node, Any]]:
        """Those that other nodes ask: of nodes that are there, and of those that are removed."""
        return self.cache, self.removed_caches

    @property
    def local_caches(self) -> tuple[dict[Node, Any], dict[Node, Any]]:
        """Those that only their nodes ask: of nodes that are there, and of those that are not."""
        return self.local_cache, self.removed_local_caches

    @property
    def all_caches(self) -> tuple[dict[Node, Any], ...]:
        """All tables of caches."""
        return *self.own_caches, *self.local_caches

    def _read_stacks(self) -> dict[Node, int]:
        """Take in what sources hold; return the size of each cache."""
        sizes: dict[Node, int] = {}
        too_small: list[Node] = []
        for node, stack in self.topology.nodes(data="stack"):
            if stack is None:
                raise TypeError(
                    f"node {node!r} has no stack; give it one with fnss.add_stack(topology, "
                    f"{node!r}, 'router', {{}}), or 'source' or 'receiver'"
                )
            name, properties = stack
            if name == "source":
                self.source_node[node] = properties.get("contents", ())
            elif name == "router" and "cache_size" in properties:
                size = properties["cache_size"]
                if size < 1:
                    too_small.append(node)
                sizes[node] = max(size, 1)
        if too_small:
            logger.warning(
                "%d caches have a size below 1 and get 1, which the cache budget does not "
                "include: those of %s",
                len(too_small),
                ", ".join(map(repr, too_small[:10])) + (", ..." if len(too_small) > 10 else ""),
            )
        return sizes

    def _enter_link(self, u: Node, v: Node, attributes: Mapping[str, Any]) -> None:
        """Have the type and the delay of a link known in both directions, as far as it has them."""
        _enter_link((self.link_type, self.link_delay), u, v, attributes)

    def _drop_link(self, u: Node, v: Node) -> None:
        """Forget the type and the delay of a link."""
        for table in (self.link_type, self.link_delay):
            table.pop((u, v), None)
            table.pop((v, u), None)

    def _enter_contents(self) -> None:
        """Have every content known by its source, which is what the sources now present say."""
        # In place: a strategy may hold the table.
        if isinstance(self.content_source, Origins):
            self.content_source.present = self.source_node
            return
        self.content_source.clear()
        for node, contents in self.source_node.items():
            self.content_source.update(dict.fromkeys(contents, node))

    def _cache_like(self, cache: Any, size: int) -> Any:
        """Return an empty cache of the given size, built as `cache` was."""
        new = self._new_cache(size)
        # A cache that somebody put in place of the policy's is known by its class only.
        return new if type(new) is type(cache) else type(cache)(size)

    def _sort(self, table: dict[Node, Any]) -> None:
        """Bring a table by node back into node order, in place."""
        ordered = {node: table[node] for node in self.topology if node in table} | table
        table.clear()
        table.update(ordered)


def _warn_of_too_small(caches: Mapping[Node, Any], policy: str) -> None:
    """Say so if a policy divides caches in parts of which one is too small for any content."""
    if not getattr(definition_of(CACHE_POLICY[policy]), "divides_caches", False):
        return
    bare = {node: getattr(cache, "inside", cache) for node, cache in caches.items()}
    by_size = {cache.maxlen: cache for cache in bare.values()}
    idle = {size for size, cache in by_size.items() if _keeps_nothing(cache)}
    nodes = [node for node, cache in bare.items() if cache.maxlen in idle]
    if nodes:
        logger.warning(
            "%s keeps nothing in %d of %d caches, of up to %d contents: the part that newcomers "
            "enter is too small for one",
            *(policy, len(nodes), len(bare), max(idle)),
        )


def _keeps_nothing(cache: Any) -> bool:
    """Return whether a cache, which is empty and is left so, refuses a content of size 1."""
    state = cache.definition.new(cache.room, **cache.parameters)
    state.put(0, "a content")
    return bool(state.measure().n_refused(0) > 0)


_LinkTables = tuple[dict[tuple[Node, Node], str], dict[tuple[Node, Node], float]]


def _enter_link(tables: _LinkTables, u: Node, v: Node, attributes: Mapping[str, Any]) -> None:
    types, delays = tables
    if "type" in attributes:
        types[u, v] = types[v, u] = attributes["type"]
    if "delay" in attributes:
        delays[u, v] = delays[v, u] = attributes["delay"]


def _link_tables(topology: fnss.Topology) -> _LinkTables:
    """Return the types and the delays of all links, in both directions."""
    tables: _LinkTables = {}, {}
    for u, v, attributes in topology.edges(data=True):
        _enter_link(tables, u, v, attributes)
    return tables


class _LinkOrder:
    """The order of each node's neighbours, which decides where paths tie.

    It is noted before the first change, so that a network that never changes pays nothing.
    """

    def __init__(self) -> None:
        self._place: dict[tuple[Node, Node], int] = {}
        self._numbers = itertools.count()

    def note(self, topology: fnss.Topology) -> None:
        """Take note of the order in which the links were built."""
        if not self._place:
            for u, neighbors in topology.adjacency():
                self._place.update(((u, v), next(self._numbers)) for v in neighbors)

    def move(self, link: tuple[Node, Node], to: tuple[Node, Node]) -> None:
        """Have a link between other nodes, at the end of the order of both."""
        for ends, new_ends in ((link, to), (link[::-1], to[::-1])):
            self._place.pop(ends, None)
            self._place[new_ends] = next(self._numbers)

    def restore(self, topology: fnss.Topology, nodes: Iterable[Node]) -> None:
        """Bring the neighbours of some nodes back into order, in place."""
        for node in nodes:
            neighbors = topology._adj[node]
            place = {v: self._place.get((node, v), math.inf) for v in neighbors}
            for neighbor in sorted(neighbors, key=place.__getitem__):
                neighbors[neighbor] = neighbors.pop(neighbor)


def _common_origins(placed: Iterable[Any]) -> Origins | None:
    """Return the table of sources that was made when contents were placed, if one holds all."""
    found = [one.origins if isinstance(one, OriginatedContents) else None for one in placed]
    return found[0] if found and all(one is found[0] for one in found) else None


def _cache_builder(
    cache_policy: Mapping[str, Any],
    seed: Seed,
    clock: Clock,
    *,
    in_bytes: bool = False,
    counted: bool = False,
) -> Callable[[int], Any]:
    """Return what builds a cache of a given size under the policy, with what is around it."""
    policy = CACHE_POLICY[cache_policy["name"]]
    parameters = {key: value for key, value in cache_policy.items() if key != "name"}
    wrapping = wrapping_of(policy, parameters, seed, clock, counted=counted)
    if in_bytes or wrapping is not None:
        for place, text in misfits(cache_policy, in_bytes=in_bytes):
            raise ComponentError(f"cache_policy.{place}: {text}")
    build = _bare_cache_builder(policy, parameters, seed)
    if in_bytes:
        build = partial(_in_bytes, build, clock.requested)
    return build if wrapping is None else partial(_wrapped, build, wrapping)


def _in_bytes(build: Callable[[int], Any], requested: list[int], size: int) -> Any:
    return build(size).in_bytes(requested)


def _wrapped(build: Callable[[int], Any], wrapping: Wrapping, size: int) -> Any:
    return WrappedCache(build(size), wrapping)


def _bare_cache_builder(
    policy: Any, parameters: dict[str, Any], seed: Seed
) -> Callable[[int], Any]:
    """Return what builds a cache of a given size under the policy alone."""
    typed = accepts_seed(policy) and takes_seed_sequence(policy)
    if not accepts_seed(policy) or ("seed" in parameters and not typed):
        return partial(policy, **parameters)
    rng = np.random.default_rng(parameters.pop("seed", seed))
    if typed:
        # One Generator for all: the order of draws is the order of requests, in any engine.
        return partial(policy, seed=rng, **parameters)
    return partial(_with_integer_seed, partial(policy, **parameters), rng)


def _with_integer_seed(policy: Callable[..., Any], rng: np.random.Generator, size: int) -> Any:
    """Build a cache of a policy written for Icarus 0.8, each with a seed of its own."""
    return policy(size, seed=int(rng.integers(2**32)))
