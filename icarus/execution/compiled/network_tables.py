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
from icarus.verbs.path_table import NEED_TREE, Paths
from icarus.verbs.sessions import Sessions

__all__ = [
    "PathTables",
    "clear_sessions",
    "empty_sessions",
    "network_of",
    "nodes_of_caches",
    "numbering_of",
    "present_numbering",
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
        nodes={node: i for i, node in enumerate([*model.topology, None])},
        caches={node: i for i, node in enumerate(model.cache)},
        local_caches=local,
        receivers=receivers,
        sources=list(model.source_node),
        contents=contents,
    )


def present_numbering(model: NetworkModel, first: Numbering) -> Numbering:
    """Return the numbers of those caches and sources that a network has by now.

    Parameters
    ----------
    model : NetworkModel
        It may have changed since.
    first : Numbering
        What it was numbered by.
    """
    return first._replace(
        caches={node: first.caches[node] for node in model.cache},
        local_caches={node: first.local_caches[node] for node in model.local_cache},
        sources=list(model.source_node),
    )


def nodes_of_caches(numbering: Numbering) -> np.ndarray:
    """Return the node of each cache, int32, (n_caches,)."""
    nodes = [*numbering.caches, *numbering.local_caches]
    return np.array([numbering.nodes[node] for node in nodes], dtype=np.int32)


def network_of(
    model: NetworkModel,
    paths: Paths,
    numbering: Numbering,
    node_of: np.ndarray,
    before: Network | None = None,
) -> Network:
    """Return the network as kernels see it.

    Parameters
    ----------
    model : NetworkModel
    paths : Paths
    numbering : Numbering
        That of the present network.
    node_of : ndarray of int32, shape (n_caches,)
        The nodes of all caches, also of those that are removed.
    before : Network, optional
        The same network before it changed, if the sources that are present are still the same: of
        300,000 contents they take a third of an event.
    """
    if before is None:
        source_of, hashed_sources, salt = _sources(model, numbering)
    else:
        source_of, hashed_sources, salt = before.source_of, before.hashed_sources, before.salt
    return Network(
        paths=paths,
        cache_of=paths.cache_of,
        local_of=_by_node(numbering.nodes, numbering.local_caches),
        node_of=node_of,
        source_of=source_of,
        hashed_sources=hashed_sources,
        salt=salt,
    )


def _sources(
    model: NetworkModel, numbering: Numbering
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the three arrays of ``Network`` that say where contents originate."""
    origins = model.content_source
    number = numbering.nodes
    no_sources, no_salt = np.zeros(0, dtype=np.int32), np.zeros(1, dtype=np.int64)
    if isinstance(origins, Origins) and origins.names == numbering.contents:
        present = {
            node: number[node if node in model.source_node else None] for node in origins.sources
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

    Attributes
    ----------
    paths : Paths
    nodes : list
        Nodes by number.
    """

    def __init__(self, shortest_path: ShortestPaths, numbering: Numbering) -> None:
        n_nodes = len(numbering.nodes)
        self.nodes = list(numbering.nodes)
        self.paths = Paths(
            table=np.zeros(2 * _FIRST_PATHS, dtype=np.int32),
            ends=np.zeros(_FIRST_PATHS, dtype=np.int64),
            start=np.zeros(_FIRST_PATHS + 1, dtype=np.int64),
            nodes=np.zeros((max(8 * _FIRST_PATHS, n_nodes), 2), dtype=np.int32),
            used=np.zeros(2, dtype=np.int64),
            trees=np.empty((0, n_nodes), dtype=np.int32),
            row_of=np.empty(0, dtype=np.int32),
            cache_of=np.empty(0, dtype=np.int32),
            need=np.zeros(3, dtype=np.int64),
        )
        self.begin_anew(shortest_path, numbering)

    def begin_anew(self, shortest_path: ShortestPaths, numbering: Numbering) -> None:
        """Forget all paths, and have them computed by what leads where now.

        Parameters
        ----------
        shortest_path : ShortestPaths
            Where the trees come from.
        numbering : Numbering
            That of the present network.
        """
        self._shortest_path = shortest_path
        n_nodes = len(numbering.nodes)
        all_at_once = n_nodes <= _FEW_NODES
        self._present = np.array([numbering.nodes[node] for node in shortest_path], dtype=np.int32)
        trees = np.full((n_nodes if all_at_once else 64, n_nodes), -1, dtype=np.int32)
        row_of = np.full(n_nodes, -1, dtype=np.int32)
        if all_at_once:
            present, found = self._present, shortest_path.all_predecessors()
            if len(present) == n_nodes - 1:
                # Nobody is away, and numbers are positions.
                trees[:-1, :-1] = found
            else:
                trees[np.ix_(present, present)] = self._numbered(found)
            row_of[:] = np.arange(n_nodes)
        self._n_trees = n_nodes if all_at_once else 0
        self.paths.table[:] = 0
        self.paths.used[:] = 0
        self.paths = self.paths._replace(
            trees=trees, row_of=row_of, cache_of=_by_node(numbering.nodes, numbering.caches)
        )

    def _numbered(self, predecessors: np.ndarray) -> np.ndarray:
        """Return predecessors, which are positions among the present nodes, as their numbers."""
        return np.where(predecessors < 0, -1, self._present[predecessors])

    def provide(self) -> None:
        """Provide what the kernel that stopped asks for."""
        need, u, v = self.paths.need.tolist()
        if need == NEED_TREE:
            self._enter_tree(max(u, v))
        else:
            self._make_room()

    def _enter_tree(self, root: int) -> None:
        paths = self.paths
        if self._n_trees == len(paths.trees):
            rows = min(2 * self._n_trees, len(self.nodes))
            trees = np.empty((rows, len(self.nodes)), dtype=np.int32)
            trees[: self._n_trees] = paths.trees
            paths = self.paths = paths._replace(trees=trees)
        tree, node = paths.trees[self._n_trees], self.nodes[root]
        tree[:] = -1
        if node in self._shortest_path:
            tree[self._present] = self._numbered(self._shortest_path.predecessors(node))
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
        hits_of=np.zeros((n_contents, 4), dtype=np.int64),
        requested=np.zeros(1, dtype=np.int64),
    )


def clear_sessions(sessions: Sessions) -> None:
    """Forget all sessions, but not the hits of each content."""
    for array in (sessions.table, sessions.count, sessions.size):
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
