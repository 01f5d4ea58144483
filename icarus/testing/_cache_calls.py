"""Calls of a cache, made one after another and written down."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple, NoReturn

import numpy as np
from hypothesis import strategies as st

from icarus.testing._law import broken

__all__ = ["Call", "WatchedCache", "calls_on", "items_with_hash"]


class Call(NamedTuple):
    """One call of a cache."""

    method: str
    arguments: tuple[Any, ...]

    def __repr__(self) -> str:
        return f"cache.{self.method}({', '.join(map(repr, self.arguments))})"


# Mostly look-ups and insertions, so that caches are full most of the time.
_METHODS = ["put"] * 5 + ["get"] * 4 + ["has", "remove", "clear"]


def calls_on(items: Sequence[Hashable]) -> st.SearchStrategy[list[Call]]:
    """Return sequences of calls that have to do with the given items."""

    # One draw a call: what takes time is drawing.
    made = [
        Call(method, () if method == "clear" else (item,)) for method in _METHODS for item in items
    ]
    call = st.sampled_from(made)
    # Lists have five entries on average, which fill no cache, and lists of lists many more.
    blocks = st.lists(st.lists(call, min_size=1, max_size=10), max_size=10)
    return blocks.map(lambda made: [*chain.from_iterable(made)])


class WatchedCache:
    """A cache, and what was done with it.

    Parameters
    ----------
    cache : Cache
    title : str
        How it was built.
    """

    def __init__(self, cache: Any, title: str) -> None:
        self.cache = cache
        self.history = [f"cache = {title}"]

    def do(self, call: Call) -> Any:
        """Make a call, and return its answer."""
        try:
            answer = getattr(self.cache, call.method)(*call.arguments)
        except Exception as error:
            lines = [*self.history, f"{call} raised {type(error).__name__}"]
            error.add_note("\n".join(f"    {line}" for line in lines))
            raise
        self.history.append(f"{call} -> {answer!r}")
        return answer

    def do_all(self, calls: Iterable[Call]) -> list[Any]:
        """Make calls one after another, and return their answers."""
        return [self.do(call) for call in calls]

    def tell(self, call: Call) -> bool:
        """Make a call whose answer is to be True or False, and return it."""
        answer = self.do(call)
        if not isinstance(answer, bool | np.bool_):
            self.broken(f"{call} returned {answer!r}; {call.method} should return True or False")
        return bool(answer)

    def dump(self) -> list[Any]:
        """Return all items, in the order of the policy."""
        dumped = self.cache.dump()
        if not isinstance(dumped, list):
            self.broken(f"cache.dump() returned {dumped!r}, which is no list")
        return dumped

    def broken(self, what: str) -> NoReturn:
        """Say that a law is broken, and what was done before."""
        __tracebackhide__ = True
        broken(what, *self.history)


class _Text(str):
    """A text whose hash is as good as any other, and not that of equal texts elsewhere."""

    __slots__ = ("salt",)
    salt: int

    def __hash__(self) -> int:
        return hash((str(self), self.salt))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and str(self) == str(other)


def items_with_hash(salt: int, number: int = 9) -> list[Hashable]:
    """Return texts that hash as in some process; another `salt` is another process."""
    items: list[Hashable] = []
    for i in range(number):
        item = _Text(f"content {i}")
        item.salt = salt
        items.append(item)
    return items
