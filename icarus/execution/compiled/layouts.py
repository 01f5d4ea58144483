"""What the compiled engine knows of a network as it is between two changes, and counts on it.

A network that changes is often one again that it has been before: a link comes back. Then its
paths need not be found anew, nor what they mean, and its sessions are counted on with those of
the first time. They are evaluated when somebody wants to know, or when the layout is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

import numpy as np

from icarus.execution.compiled.evaluation import Links, StepFacts
from icarus.execution.compiled.network_tables import (
    PathTables,
    clear_sessions,
    empty_sessions,
    network_of,
    nodes_of_caches,
    present_numbering,
    with_more_steps,
)
from icarus.execution.compiled.session_counts import Descriptions, links_of
from icarus.execution.network import NetworkModel, NetworkView
from icarus.strategies.known_network import Numbering
from icarus.types import Node
from icarus.verbs.network import Network

__all__ = ["Layout", "Layouts"]

_Delays = dict[tuple[Node, Node], float]
_Types = dict[tuple[Node, Node], str]
_Links = tuple[Links, list[str | None], _Delays, _Types]

_MOST_KEPT = 32
_MOST_BYTES = 2**24
"""Layouts that are kept beside the present one, and what their arrays take altogether.

On GEANT one has 0.3 to 1 MB. Each is evaluated before it is dropped, which takes a millisecond.
"""


class _Likeness(NamedTuple):
    """What two networks have in common that are one layout."""

    links: bytes
    """The fingerprint of links and their lengths, nodes being positions in the topology."""
    delays: _Delays
    types: _Types
    nodes: list[Node]
    caches: list[Node]
    local_caches: list[Node]
    sources: list[Node]

    @classmethod
    def of(cls, model: NetworkModel, numbering: Numbering) -> Self:
        return cls(
            model.shortest_path.fingerprint,
            dict(model.link_delay),
            dict(model.link_type),
            list(model.topology),
            list(numbering.caches),
            list(numbering.local_caches),
            list(numbering.sources),
        )


class Layout:
    """A network as it is between two changes, with the sessions that took place on it.

    Parameters
    ----------
    view : NetworkView
    numbering : Numbering
        That of the present network.
    likeness : tuple
        What tells it from others.
    node_of : ndarray of int32, shape (n_caches,)
        The nodes of all caches.
    hits_of : ndarray of int64, shape (n_contents, 4) or (0, 4)
        The hits of each content, of all layouts.
    kept : sequence of Layout
        Others of the same network, of which it takes over what it has in common with them.

    Attributes
    ----------
    tables : PathTables
    net : Network
    sessions : Sessions
        For the request loop.
    descriptions : Descriptions
        Of their steps.
    n_bytes : int
        What its arrays took when it was left.
    """

    def __init__(
        self,
        view: NetworkView,
        numbering: Numbering,
        likeness: _Likeness,
        node_of: np.ndarray,
        hits_of: np.ndarray,
        kept: Sequence[Layout],
    ) -> None:
        self.likeness = likeness
        self.n_bytes = 0
        self.tables = PathTables(view.model.shortest_path, numbering)
        like = next((one.net for one in kept if one.likeness.sources == likeness.sources), None)
        self.net: Network = network_of(view.model, self.tables.paths, numbering, node_of, like)
        self.sessions = empty_sessions(0)._replace(hits_of=hits_of)
        more = next((one for one in kept if one._has_links_of(view.model)), None)
        # Links that there are, those of which paths go over; others may stand beside them.
        self._links: _Links = (
            (*links_of(view, numbering.nodes), likeness.delays, likeness.types)
            if more is None
            else more._links
        )
        self.descriptions = Descriptions(*self._links[:2])

    def _has_links_of(self, model: NetworkModel) -> bool:
        """Return whether its links include those of a network, with their delays and types."""
        number = sum(len(neighbors) for _, neighbors in model.topology.adjacency())
        if not len(model.link_delay) == len(model.link_type) == number:
            return False
        _, _, delays, types = self._links
        return model.link_delay.items() <= delays.items() and (
            model.link_type.items() <= types.items()
        )

    def provide(self) -> None:
        """Provide the path that the request loop stopped for."""
        self.tables.provide()
        self.net = self.net._replace(paths=self.tables.paths)

    @property
    def facts(self) -> StepFacts:
        """What steps say that sessions ended with."""
        return self.descriptions.of(self.sessions, self.tables)

    @property
    def is_counted_on(self) -> bool:
        """Whether there are sessions that were not evaluated."""
        return bool(self.sessions.count[: self.sessions.used[0]].any())

    def has_room(self, n_steps: int) -> bool:
        """Return whether a session may have so many further steps."""
        return bool(self.sessions.used[0] + n_steps <= len(self.sessions.count))

    def make_room(self, n_steps: int) -> None:
        """Have room for further steps."""
        self.sessions = with_more_steps(self.sessions, n_steps)

    def forget_counts(self) -> None:
        """Forget how many sessions there were, but not of which kinds."""
        used = int(self.sessions.used[0])
        self.sessions.count[:used] = 0
        self.sessions.size[:used] = 0

    def forget_sessions(self) -> None:
        """Forget all sessions, and what kinds there were."""
        clear_sessions(self.sessions)
        self.descriptions.forget()

    def leave(self) -> None:
        """Take note of what the arrays take that belong to no other layout."""
        parts = self.tables.paths, self.sessions, self.descriptions.facts
        arrays = [array for part in parts for array in part if array is not self.sessions.hits_of]
        self.n_bytes = sum(array.nbytes for array in arrays)


class Layouts:
    """The layouts that a network has had, as far as they are kept, and the one that it has.

    Parameters
    ----------
    view : NetworkView
        The network.
    numbering : Numbering
        By which nodes and caches are numbered for good.
    n_contents : int
        Contents to count hits of, 0 if nobody wants to know.

    Attributes
    ----------
    present : Layout
        That of the network when it was last looked at.
    hits_of : ndarray of int64, shape (n_contents, 4)
        How often caches and sources served each content, and how many bytes of it.
    """

    def __init__(self, view: NetworkView, numbering: Numbering, n_contents: int) -> None:
        self._view, self._numbering = view, numbering
        self._node_of = nodes_of_caches(numbering)
        self.hits_of = empty_sessions(n_contents).hits_of
        # By first use; and by latest, the present one last.
        self._kept: list[Layout] = []
        self._latest: list[Layout] = []
        self.look()

    def __iter__(self) -> Iterator[Layout]:
        """Iterate over all that are kept, in the order of their first use."""
        return iter(self._kept)

    def look(self) -> Numbering:
        """Have the present layout be that of the network as it is now; return its numbering."""
        numbering = present_numbering(self._view.model, self._numbering)
        likeness = _Likeness.of(self._view.model, numbering)
        found = next((one for one in self._kept if one.likeness == likeness), None)
        if self._latest and found is not self._latest[-1]:
            self._latest[-1].leave()
        if found is None:
            shared = self._node_of, self.hits_of, self._kept
            found = Layout(self._view, numbering, likeness, *shared)
            self._kept.append(found)
        else:
            self._latest.remove(found)
        self._latest.append(found)
        self.present = found
        return numbering

    def drop(self) -> list[Layout]:
        """Return those that are too many, in the order of their first use, and drop them."""
        kept, n_bytes = 0, 0
        for one in reversed(self._latest[:-1]):
            n_bytes += one.n_bytes
            if kept == _MOST_KEPT or n_bytes > _MOST_BYTES:
                break
            kept += 1
        if kept == len(self._latest) - 1:
            return []
        self._latest = self._latest[-1 - kept :]
        dropped = [one for one in self._kept if one not in self._latest]
        self._kept = [one for one in self._kept if one in self._latest]
        return dropped
