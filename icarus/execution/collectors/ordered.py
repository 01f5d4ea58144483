"""The order in which results have nodes, links and contents: the same however they came about.

Events come in the order of requests, what the compiled engine counted in that of its tables, and a
simulation that was put aside was counted in parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any, TypeVar

from icarus.types import Content, Node

__all__ = ["by_content", "by_link", "by_node"]

T = TypeVar("T")
Link = tuple[Node, Node]


def by_node(values: Mapping[Node, T], view: Any) -> dict[Node, T]:
    """Return values by node in the order of the topology, of what is not in it as they were."""
    position = _positions(view)
    last = len(position)
    return dict(sorted(values.items(), key=lambda one: position.get(one[0], last)))


def by_link(values: Mapping[Link, T], view: Any) -> dict[Link, T]:
    """Return values by link in the order of its ends, both directions side by side."""
    position = _positions(view)
    last = len(position)

    def place(one: tuple[Link, T]) -> tuple[int, int, int]:
        u, v = one[0]
        first, second = position.get(u, last), position.get(v, last)
        return (first, second, 0) if first <= second else (second, first, 1)

    return dict(sorted(values.items(), key=place))


def by_content(values: Mapping[Content, T]) -> dict[Content, T]:
    """Return values by content in ascending order; those of types that do not compare by name."""
    try:
        return dict(sorted(values.items(), key=itemgetter(0)))
    except TypeError:
        return dict(sorted(values.items(), key=lambda one: (type(one[0]).__name__, repr(one[0]))))


def _positions(view: Any) -> Mapping[Node, int]:
    # Views of other classes, as scripts for Icarus 0.8 have them, need not know.
    model = getattr(view, "model", None)
    found: Mapping[Node, int] = getattr(model, "position", {})
    return found
