"""An ordered set whose items can be moved in constant time."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

__all__ = ["LinkedSet"]

Item = Hashable


class _Node:
    """One item and its neighbours; None at either end."""

    __slots__ = ("down", "up", "val")

    def __init__(self, val: Item) -> None:
        self.val = val
        self.up: _Node | None = None
        self.down: _Node | None = None


class LinkedSet:
    """Ordered set of hashable items, from top to bottom, with edits in constant time.

    Parameters
    ----------
    iterable : iterable, optional
        The initial items, the top one first.

    Raises
    ------
    ValueError
        If an item is repeated.

    Examples
    --------
    >>> line = LinkedSet(["a", "b", "c"])
    >>> line.move_to_top("c")
    >>> list(line)
    ['c', 'a', 'b']
    """

    def __init__(self, iterable: Iterable[Item] = ()) -> None:
        self._map: dict[Item, _Node] = {}
        self._top: _Node | None = None
        self._bottom: _Node | None = None
        for k in iterable:
            if k in self._map:
                raise ValueError(f"{k!r} is repeated; the items of a set differ")
            self.append_bottom(k)

    def __len__(self) -> int:
        return len(self._map)

    def __contains__(self, k: object) -> bool:
        return k in self._map

    def __iter__(self) -> Iterator[Item]:
        node = self._top
        while node is not None:
            yield node.val
            node = node.down

    def __reversed__(self) -> Iterator[Item]:
        node = self._bottom
        while node is not None:
            yield node.val
            node = node.up

    def __str__(self) -> str:
        return f"{type(self).__name__}({list(self)!r})"

    __repr__ = __str__

    def __reduce__(self) -> tuple[type[LinkedSet], tuple[list[Item]]]:
        # Pickling the nodes themselves would recurse once per item.
        return type(self), (list(self),)

    @property
    def top(self) -> Item | None:
        """The item on top, None if there is none."""
        return None if self._top is None else self._top.val

    @property
    def bottom(self) -> Item | None:
        """The item at the bottom, None if there is none."""
        return None if self._bottom is None else self._bottom.val

    def pop_top(self) -> Item | None:
        """Remove the item on top and return it; None if there is none."""
        return None if self._top is None else self._pop(self._top)

    def pop_bottom(self) -> Item | None:
        """Remove the item at the bottom and return it; None if there is none."""
        return None if self._bottom is None else self._pop(self._bottom)

    def append_top(self, k: Item) -> None:
        """Put a new item on top; KeyError if it is there already."""
        self._link(self._new(k), None, self._top)

    def append_bottom(self, k: Item) -> None:
        """Put a new item at the bottom; KeyError if it is there already."""
        self._link(self._new(k), self._bottom, None)

    def insert_above(self, i: Item, k: Item) -> None:
        """Put a new item `k` just above `i`; KeyError if `k` is there already or `i` is not."""
        place = self._node(i)
        self._link(self._new(k), place.up, place)

    def insert_below(self, i: Item, k: Item) -> None:
        """Put a new item `k` just below `i`; KeyError if `k` is there already or `i` is not."""
        place = self._node(i)
        self._link(self._new(k), place, place.down)

    def move_up(self, k: Item) -> None:
        """Move `k` up by one, if it is not on top; KeyError if it is absent."""
        node = self._node(k)
        above = node.up
        if above is not None:
            self._unlink(node)
            self._link(node, above.up, above)

    def move_down(self, k: Item) -> None:
        """Move `k` down by one, if it is not at the bottom; KeyError if it is absent."""
        node = self._node(k)
        below = node.down
        if below is not None:
            self._unlink(node)
            self._link(node, below, below.down)

    def move_to_top(self, k: Item) -> None:
        """Move `k` to the top; KeyError if it is absent."""
        node = self._node(k)
        self._unlink(node)
        self._link(node, None, self._top)

    def move_to_bottom(self, k: Item) -> None:
        """Move `k` to the bottom; KeyError if it is absent."""
        node = self._node(k)
        self._unlink(node)
        self._link(node, self._bottom, None)

    def index(self, k: Item) -> int:
        """Return the place of `k`, counted from 0 at the top; KeyError if it is absent."""
        node = self._node(k).up
        place = 0
        while node is not None:
            node = node.up
            place += 1
        return place

    def remove(self, k: Item) -> None:
        """Remove `k`; KeyError if it is absent."""
        self._pop(self._node(k))

    def clear(self) -> None:
        """Remove everything."""
        self._map.clear()
        self._top = self._bottom = None

    def _node(self, k: Item) -> _Node:
        try:
            return self._map[k]
        except KeyError:
            raise KeyError(f"{k!r} is not in the set") from None

    def _new(self, k: Item) -> _Node:
        if k in self._map:
            raise KeyError(f"{k!r} is in the set already")
        node = self._map[k] = _Node(k)
        return node

    def _pop(self, node: _Node) -> Item:
        self._unlink(node)
        del self._map[node.val]
        return node.val

    def _link(self, node: _Node, up: _Node | None, down: _Node | None) -> None:
        node.up, node.down = up, down
        if up is None:
            self._top = node
        else:
            up.down = node
        if down is None:
            self._bottom = node
        else:
            down.up = node

    def _unlink(self, node: _Node) -> None:
        if node.up is None:
            self._top = node.down
        else:
            node.up.down = node.down
        if node.down is None:
            self._bottom = node.up
        else:
            node.down.up = node.up
