"""The tables that kernels work on, and how they get more room when they ask for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from icarus.execution.compiled import entries
from icarus.execution.network import NetworkModel, ShortestPaths
from icarus.scenarios.origins import Origins
from icarus.strategies.known_network import Numbering
from icarus.types import Content, Node
from icarus.verbs.network import Network
from icarus.verbs.path_table import NEED_TREE, UNREACHABLE, Paths
from icarus.verbs.sessions import Sessions

__all__ = [
    "PathTables",
    "clear_sessions",
    "empty_sessions",
    "network_of",
    "numbering_of",
    "with_more_steps",
]

_FEW_NODES = 512
"""Nodes up to which all shortest-path trees are computed at once: 1 MB, some milliseconds."""

_FIRST_PATHS, _FIRST_STEPS = 2**10, 2**11
"""Room for paths and steps of sessions at the start; both are powers of two."""


def numbering_of(
    model: NetworkModel, receivers: Sequence[Node], contents: Sequence[Content] = range(0)
) -> Numbering:
    """Number the nodes and the caches of a network."""
    local = {node: len(model.cache) + i for i, node in enumerate(model.local_cache)}
    return Numbering(
        nodes={node: i for i, node in enumerate(model.topology)},
        caches={node: i for i, node in enumerate(model.cache)},
        local_caches=local,
        receivers=receivers,
        sources=list(model.source_node),
        contents=contents,
    )


def network_of(model: NetworkModel, paths: Paths, numbering: Numbering) -> Network:
    """Return the network as kernels see it."""
    local_of = _by_node(numbering.nodes, numbering.local_caches)
    nodes = [*numbering.caches, *numbering.local_caches]
    number = numbering.nodes
    source_of, hashed_sources, salt = _sources(model, numbering)
    return Network(
        paths=paths,
        cache_of=paths.cache_of,
        local_of=local_of,
        node_of=np.array([number[node] for node in nodes], dtype=np.int32),
        source_of=source_of,
        hashed_sources=hashed_sources,
        salt=salt,
    )


def _sources(
    model: NetworkModel, numbering: Numbering
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the three arrays of ``Network`` that say where contents originate."""
    origins = model.content_source
    number: dict[Node | None, int] = {**numbering.nodes, None: -1}
    no_sources, no_salt = np.zeros(0, dtype=np.int32), np.zeros(1, dtype=np.int64)
    if isinstance(origins, Origins) and origins.names == numbering.contents:
        present = {
            node: number[node] if node in model.source_node else -1 for node in origins.sources
        }
        nodes = np.array(list(present.values()), dtype=np.int32)
        if isinstance(origins.choice, np.ndarray):
            return nodes[origins.choice], no_sources, no_salt
        return no_sources, nodes, np.array([origins.choice], dtype=np.int64)
    of_names = (number[origins.get(name)] for name in numbering.contents)
    source_of = np.fromiter(of_names, dtype=np.int32, count=len(numbering.contents))
    return source_of, no_sources, no_salt


def _by_node(nodes: Mapping[Node, int], caches: Mapping[Node, int]) -> np.ndarray:
    table = np.full(len(nodes), -1, dtype=np.int32)
    for node, cache in caches.items():
        table[nodes[node]] = cache
    return table


class PathTables:
    """Paths for kernels, computed where they are asked for.

    Parameters
    ----------
    shortest_path : ShortestPaths
        Where the trees come from.
    numbering : Numbering
    """

    def __init__(self, shortest_path: ShortestPaths, numbering: Numbering) -> None:
        self._shortest_path = shortest_path
        self._nodes = list(numbering.nodes)
        n_nodes = len(self._nodes)
        all_at_once = n_nodes <= _FEW_NODES
        trees = np.empty((n_nodes if all_at_once else 64, n_nodes), dtype=np.int32)
        row_of = np.full(n_nodes, -1, dtype=np.int32)
        if all_at_once:
            trees[:] = shortest_path.all_predecessors()
            row_of[:] = np.arange(n_nodes)
        self._n_trees = n_nodes if all_at_once else 0
        self.paths = Paths(
            table=np.zeros(2 * _FIRST_PATHS, dtype=np.int32),
            ends=np.zeros(_FIRST_PATHS, dtype=np.int64),
            start=np.zeros(_FIRST_PATHS + 1, dtype=np.int64),
            nodes=np.zeros((max(8 * _FIRST_PATHS, n_nodes), 2), dtype=np.int32),
            used=np.zeros(2, dtype=np.int64),
            trees=trees,
            row_of=row_of,
            cache_of=_by_node(numbering.nodes, numbering.caches),
            need=np.zeros(3, dtype=np.int64),
        )

    def provide(self) -> None:
        """Provide what the kernel that stopped asks for.

        Raises
        ------
        KeyError
            If there is no path between the two nodes.
        """
        need, u, v = self.paths.need.tolist()
        if need == NEED_TREE:
            self._enter_tree(max(u, v))
        elif need == UNREACHABLE:
            self._shortest_path[self._nodes[u]][self._nodes[v]]
        else:
            self._make_room()

    def _enter_tree(self, root: int) -> None:
        paths = self.paths
        if self._n_trees == len(paths.trees):
            rows = min(2 * self._n_trees, len(self._nodes))
            trees = np.empty((rows, len(self._nodes)), dtype=np.int32)
            trees[: self._n_trees] = paths.trees
            paths = self.paths = paths._replace(trees=trees)
        paths.trees[self._n_trees] = self._shortest_path.predecessors(self._nodes[root])
        paths.row_of[root] = self._n_trees
        self._n_trees += 1

    def _make_room(self) -> None:
        paths = self.paths
        if 2 * (paths.used[0] + 1) > len(paths.table):
            paths = paths._replace(
                table=np.zeros(2 * len(paths.table), dtype=np.int32),
                ends=_longer(paths.ends, 2 * len(paths.ends)),
                start=_longer(paths.start, 2 * len(paths.ends) + 1),
            )
            entries.fill_table(paths.table, paths.ends, int(paths.used[0]))
        else:
            paths = paths._replace(nodes=_longer(paths.nodes, 2 * len(paths.nodes)))
        self.paths = paths


def empty_sessions(n_contents: int) -> Sessions:
    """Return sessions of which none has been counted.

    Parameters
    ----------
    n_contents : int
        Contents to count hits of, 0 if nobody wants to know.
    """
    room = _FIRST_STEPS
    return Sessions(
        table=np.zeros(2 * room, dtype=np.int32),
        after=np.zeros(room, dtype=np.int32),
        step=np.zeros(room, dtype=np.int64),
        count=np.zeros(room, dtype=np.int64),
        size=np.zeros(room, dtype=np.int64),
        used=np.ones(1, dtype=np.int64),
        walk=np.zeros(1, dtype=np.int64),
        hits_of=np.zeros((n_contents, 2), dtype=np.int64),
    )


def clear_sessions(sessions: Sessions) -> None:
    """Forget all sessions."""
    for array in (sessions.table, sessions.count, sessions.size, sessions.hits_of):
        array[:] = 0
    sessions.used[0] = 1


def with_more_steps(sessions: Sessions, n_more: int) -> Sessions:
    """Return the same sessions with room for at least `n_more` further steps."""
    room = 2 * len(sessions.count)
    while sessions.used[0] + n_more > room:
        room *= 2
    longer = {
        name: _longer(getattr(sessions, name), room) for name in ("after", "step", "count", "size")
    }
    sessions = sessions._replace(table=np.zeros(2 * room, dtype=np.int32), **longer)
    entries.refill_step_table(sessions)
    return sessions


def _longer(array: np.ndarray, length: int) -> np.ndarray:
    longer = np.zeros((length, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
