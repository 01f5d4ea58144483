"""Small networks and requests to try strategies and collectors on."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import fnss
from hypothesis import strategies as st

__all__ = ["CONTENTS", "Network", "networks"]

CONTENTS: list[Hashable] = [0, "", "c", 3, ("d", 1)]
_NAMES: list[Hashable] = [0, "", "a", (1, 2), 5, -1, "z", 2.5, 7, "q", 11, "w"]
"""Of nodes: some mean nothing, and they have no order."""

_LINES: dict[str, tuple[list[tuple[Hashable, Hashable]], list[Hashable], list[Hashable]]] = {
    "line": ([("r", 1), (1, 2), (2, 3), (3, "s")], ["r"], ["s"]),
    "tree": (
        [(0, 1), (0, 2), (1, "r1"), (1, "r2"), (2, "r3"), ("s", 0)],
        ["r1", "r2", "r3"],
        ["s"],
    ),
    "ring": (
        [(1, 2), (2, 3), (3, 4), (4, 1), ("r1", 1), ("r2", 2), ("s1", 3), ("s2", 4)],
        ["r1", "r2"],
        ["s1", "s2"],
    ),
}
"""Links, receivers and sources of networks of one kind each; in a ring of four, paths tie."""


@dataclass(frozen=True)
class Network:
    """A network with caches and contents placed, and what is requested in it."""

    topology: fnss.Topology
    requests: list[tuple[Hashable, Hashable]]
    """Receiver and content of each."""

    def __repr__(self) -> str:
        return "; ".join(self.told())

    def told(self) -> list[str]:
        """Return what it looks like, line by line."""
        stacks = self.topology.stacks()
        lines = ["links " + ", ".join(f"{u!r}-{v!r}" for u, v in self.topology.edges())]
        for kind, what in (("router", "cache_size"), ("receiver", ""), ("source", "contents")):
            nodes = [
                f"{node!r}" + (f" ({what} {properties[what]})" if what in properties else "")
                for node, (stack, properties) in stacks.items()
                if stack == kind
            ]
            lines.append(f"{kind}s {', '.join(nodes)}")
        return lines


@st.composite
def networks(draw: st.DrawFn, *, caches_everywhere: bool = False) -> Network:
    """Return lines, trees, rings, and random networks, with requests.

    In random ones receivers and sources may have several links, so that the paths of others lead
    through them, and links may have weight 0.

    Parameters
    ----------
    caches_everywhere : bool, optional
        Whether every router is to have a cache; else at least one has.
    """
    kind = draw(st.sampled_from(["line", "tree", "ring", "random", "random"]))
    if kind == "random":
        topology, receivers, sources = _random(draw)
    else:
        links, receivers, sources = _LINES[kind]
        topology = fnss.Topology()
        for u, v in links:
            delay, outside = draw(st.integers(0, 9)), v in sources or u in sources
            kind_of_link = "external" if outside else "internal"
            topology.add_edge(u, v, weight=1, delay=delay, type=kind_of_link)
    routers = [node for node in topology if node not in {*receivers, *sources}]
    _place_contents(draw, topology, receivers, sources)
    _place_caches(draw, topology, routers, receivers, caches_everywhere)
    request = st.tuples(st.sampled_from(receivers), st.sampled_from(CONTENTS))
    requests = st.lists(st.lists(request, min_size=1, max_size=6), min_size=1, max_size=6)
    return Network(topology, list(itertools.chain.from_iterable(draw(requests))))


def _random(draw: st.DrawFn) -> tuple[fnss.Topology, list[Hashable], list[Hashable]]:
    names = iter(draw(st.permutations(_NAMES)))
    topology = fnss.Topology()

    def link(u: Hashable, v: Hashable) -> None:
        kind = "external" if draw(st.booleans()) else "internal"
        weight = draw(st.sampled_from([0, 0.5, 1, 1, 1, 2]))
        topology.add_edge(u, v, weight=weight, delay=draw(st.integers(0, 9)), type=kind)

    routers = [next(names) for _ in range(draw(st.integers(1, 6)))]
    topology.add_nodes_from(draw(st.permutations(routers)))
    for i, router in enumerate(routers[1:], start=1):
        link(router, routers[draw(st.integers(0, i - 1))])
    for u, v in itertools.combinations(routers, 2):
        if not topology.has_edge(u, v) and draw(st.integers(0, 3)) == 0:
            link(u, v)
    receivers = [next(names) for _ in range(draw(st.integers(1, 3)))]
    sources = [next(names) for _ in range(draw(st.integers(1, 2)))]
    for node in [*receivers, *sources]:
        for router in sorted(
            draw(st.sets(st.sampled_from(routers), min_size=1, max_size=2)), key=routers.index
        ):
            link(node, router)
    return topology, receivers, sources


def _place_contents(
    draw: st.DrawFn,
    topology: fnss.Topology,
    receivers: Sequence[Hashable],
    sources: Sequence[Hashable],
) -> None:
    held: dict[Hashable, set[Any]] = {source: set() for source in sources}
    for content in CONTENTS:
        held[draw(st.sampled_from(sources))].add(content)
    for node in receivers:
        fnss.add_stack(topology, node, "receiver", {})
    for node, contents in held.items():
        fnss.add_stack(topology, node, "source", {"contents": contents})


def _place_caches(
    draw: st.DrawFn,
    topology: fnss.Topology,
    routers: Sequence[Hashable],
    receivers: Sequence[Hashable],
    everywhere: bool,
) -> None:
    """Place caches, and say which each receiver has, for strategies that look for that."""
    some = st.sets(st.sampled_from(routers), min_size=1)
    chosen = set(routers) if everywhere else draw(some)
    for node in routers:
        properties = {"cache_size": draw(st.integers(1, 3))} if node in chosen else {}
        fnss.add_stack(topology, node, "router", properties)
    in_order = [router for router in routers if router in chosen]
    topology.graph["icr_candidates"] = set(routers)
    topology.graph["cache_assignment"] = {
        receiver: draw(st.sampled_from(in_order)) for receiver in receivers
    }
