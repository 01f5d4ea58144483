"""Legs: ways that requests and contents go without being stopped, of which collectors hear at once.

With one call for each hop and collector, and look-ups by link in each of them, collectors took
half of the time of a request on GEANT. Few legs are different, so that what is known of one, such
as how often it was taken, is looked up by the leg itself.
"""

from __future__ import annotations

from itertools import pairwise

from icarus.types import Node

__all__ = ["Leg", "Legs"]

_MOST = 2**16
"""Legs that are remembered, of some hundred bytes each."""


class Leg:
    """A way from node to node. Legs that go the same way need not be the same object.

    Parameters
    ----------
    nodes : tuple of nodes
        At least one.

    Attributes
    ----------
    nodes : tuple of nodes
    links : tuple of pairs of nodes
        One hop each, in order.
    """

    __slots__ = ("links", "nodes")

    def __init__(self, nodes: tuple[Node, ...]) -> None:
        self.nodes = nodes
        self.links = tuple(pairwise(nodes))


class Legs(dict[tuple[Node, ...], Leg]):
    """The legs known so far, by their nodes; one that is not known is made when it is looked up."""

    def __missing__(self, nodes: tuple[Node, ...]) -> Leg:
        if len(self) >= _MOST:
            self.clear()
        leg = self[nodes] = Leg(nodes)
        return leg
