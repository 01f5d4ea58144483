"""From the counts of the kernels to what collectors are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np

from icarus.execution.collectors.counts import LinkUse, SessionCounts
from icarus.execution.compiled import entries
from icarus.execution.compiled.evaluation import LinkCounts, Links, StepFacts
from icarus.execution.compiled.network_tables import PathTables
from icarus.execution.network import NetworkView
from icarus.routing.known_links import known_links
from icarus.types import Content, Node
from icarus.verbs.path_table import UNREACHABLE
from icarus.verbs.sessions import Sessions

__all__ = ["Descriptions", "links_of", "session_counts"]


def session_counts(
    tables: PathTables,
    sessions: Sessions,
    descriptions: Descriptions,
    contents: Sequence[Content],
    sized: bool,
    times: tuple[float, float] | None,
    off_path_hits: bool,
) -> SessionCounts:
    """Return what was measured, but for the hits of each content.

    Parameters
    ----------
    tables : PathTables
        The paths that the sessions took.
    sessions : Sessions
        The sessions that took place.
    descriptions : Descriptions
        Of their steps.
    contents : sequence
        Names of the contents.
    sized : bool
        Whether the workload knows the sizes of contents.
    times : (float, float) or None
        Time stamps of the first and the last session; None without any.
    off_path_hits : bool
        Whether somebody wants to know which hits are on the shortest path.
    """
    nodes = tables.nodes
    facts = descriptions.of(sessions, tables)
    kinds = np.flatnonzero(sessions.count[: sessions.used[0]])
    first_time, last_time = times or (None, None)
    ends = facts.receiver[kinds], facts.source[kinds]
    paths = _shortest_paths(tables, *ends, len(nodes))
    server, from_cache = facts.server[kinds], facts.from_cache[kinds]
    return SessionCounts(
        nodes=nodes,
        contents=contents,
        number=sessions.count[kinds],
        size=sessions.size[kinds] if sized else None,
        receiver=ends[0],
        source=ends[1],
        server=server,
        from_cache=from_cache,
        failed=facts.failed[kinds],
        latency=facts.latency[kinds],
        request_hops=facts.request_hops[kinds],
        content_hops=facts.content_hops[kinds],
        external_request_hops=facts.external_request_hops[kinds],
        external_content_hops=facts.external_content_hops[kinds],
        shortest_hops=_hops(tables, paths),
        on_path=_on_path(tables, paths, server, from_cache) if off_path_hits else None,
        links=_link_use(tables, sessions, descriptions, len(nodes)),
        hits_of=np.zeros((0, 4), dtype=np.int64),
        first_time=first_time,
        last_time=last_time,
    )


def links_of(view: NetworkView, number: Mapping[Any, int]) -> tuple[Links, list[str | None]]:
    """Return the links of a network in both directions, with their delays, and their types.

    Parameters
    ----------
    view : NetworkView
    number : mapping
        From node to its number, those that are removed and nowhere included.
    """
    topology, model = view.topology(), view.model
    if len(number) == len(topology) + 1:
        # These numbers are positions in the topology.
        pairs, table, ends = known_links(topology).once(_numbered, topology)
    else:
        pairs, table, ends = _numbered(topology, number)
    delays = (model.link_delay.get(pair, np.nan) for pair in pairs)
    types = [model.link_type.get(pair) for pair in pairs]
    links = Links(
        table=table,
        ends=ends,
        delay=np.fromiter(delays, dtype=np.float64, count=len(pairs)),
        external=np.fromiter((kind == "external" for kind in types), np.bool_, len(pairs)),
    )
    return links, types


def _numbered(
    topology: nx.Graph[Any], number: Mapping[Any, int] | None = None
) -> tuple[list[tuple[Node, Node]], np.ndarray, np.ndarray]:
    """Return the directed links of a topology, and how kernels find them."""
    if number is None:
        number = {node: i for i, node in enumerate([*topology, None])}
    pairs = [(u, v) for a, b in topology.edges() for u, v in ((a, b), (b, a))]
    of_pairs = (number[u] * len(number) + number[v] for u, v in pairs)
    ends = np.fromiter(of_pairs, dtype=np.int64, count=len(pairs))
    table = np.zeros(1 << (2 * len(pairs) + 1).bit_length(), dtype=np.int32)
    entries.fill_table(table, ends, len(pairs))
    return pairs, table, ends


class Descriptions:
    """What the steps of sessions mean, worked out once for each.

    Parameters
    ----------
    links : Links
    link_types : list of str or None
        See ``links_of``.

    Attributes
    ----------
    facts : StepFacts
        Of the steps that were described so far.
    """

    def __init__(self, links: Links, link_types: list[str | None]) -> None:
        self.links = links
        self.link_types = link_types
        self.facts = _no_facts(0)
        self._described = 1

    def of(self, sessions: Sessions, tables: PathTables) -> StepFacts:
        """Return the facts of all steps there are, and of further ones without a meaning."""
        room = len(sessions.count)
        if room > len(self.facts.server):
            longer = _no_facts(room)
            for known, more in zip(self.facts, longer, strict=True):
                more[: len(known)] = known
            self.facts = longer
        if self._described < sessions.used[0]:
            entries.describe_steps(sessions, tables.paths, self.links, self.facts, self._described)
            self._described = int(sessions.used[0])
        return self.facts

    def forget(self) -> None:
        """Forget all steps, as other ones will have their numbers."""
        self._described = 1


def _no_facts(n_steps: int) -> StepFacts:
    return StepFacts(
        receiver=np.zeros(n_steps, dtype=np.int32),
        source=np.zeros(n_steps, dtype=np.int32),
        server=np.full(n_steps, -1, dtype=np.int32),
        from_cache=np.zeros(n_steps, dtype=np.bool_),
        latency=np.zeros(n_steps),
        request_hops=np.zeros(n_steps, dtype=np.int64),
        content_hops=np.zeros(n_steps, dtype=np.int64),
        external_request_hops=np.zeros(n_steps, dtype=np.int64),
        external_content_hops=np.zeros(n_steps, dtype=np.int64),
        failed=np.zeros(n_steps, dtype=np.bool_),
    )


def _shortest_paths(
    tables: PathTables, receivers: np.ndarray, sources: np.ndarray, n_nodes: int
) -> np.ndarray:
    """Return the shortest path from each receiver to each source; -1 where there is none."""
    pairs, pair_of = np.unique(receivers.astype(np.int64) * n_nodes + sources, return_inverse=True)
    first, last = divmod(pairs, n_nodes)
    found = np.empty(len(pairs), dtype=np.int64)
    start = 0
    while (start := entries.look_up_paths(tables.paths, first, last, found, start)) < len(pairs):
        if tables.paths.need[0] == UNREACHABLE:
            start += 1
        else:
            tables.provide()
    return found[pair_of.ravel()]


def _hops(tables: PathTables, paths: np.ndarray) -> np.ndarray:
    """Return the hops of each path; 0 where there is none."""
    start = tables.paths.start
    return np.where(paths < 0, 0, start[paths + 1] - start[paths] - 1)


def _on_path(
    tables: PathTables, paths: np.ndarray, servers: np.ndarray, from_cache: np.ndarray
) -> np.ndarray:
    """Return whether each server is a cache on a path."""
    start, nodes = tables.paths.start, tables.paths.nodes[:, 0]
    found = np.zeros(len(paths), dtype=np.bool_)
    for i in np.flatnonzero(from_cache & (servers >= 0) & (paths >= 0)).tolist():
        path = int(paths[i])
        found[i] = servers[i] in nodes[start[path] : start[path + 1]]
    return found


def _link_use(
    tables: PathTables, sessions: Sessions, descriptions: Descriptions, n_nodes: int
) -> LinkUse:
    links = descriptions.links
    n_links = len(links.ends)
    counts = LinkCounts(*(np.zeros(n_links, dtype=np.int64) for _ in LinkCounts._fields))
    n_steps = int(sessions.used[0])
    passed, size = np.zeros(n_steps, dtype=np.int64), np.zeros(n_steps, dtype=np.int64)
    entries.count_links(sessions, tables.paths, links, passed, size, counts)
    used = np.flatnonzero(counts.requests + counts.contents)
    first, last = divmod(links.ends[used], n_nodes)
    types = [descriptions.link_types[link] for link in used.tolist()]
    return LinkUse(first, last, types, *(column[used] for column in counts))
