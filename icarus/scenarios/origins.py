"""Where contents originate.

A set of the contents of each source, and a dict from content to source, take some 150 bytes a
content. Here it is one or two bytes, or none where sources are computed by a hash or there is
only one. Of contents that are no range of numbers the catalogue knows the positions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np

from icarus.core.catalogue import Catalogue
from icarus.core.hashing import stable_hash
from icarus.types import Node

__all__ = ["HASHED_FROM", "OriginatedContents", "Origins"]

HASHED_FROM = 2**26
"""Contents from which sources are computed by a hash: a table would take 0.25 GB or more."""


_NEVER = object()


class Origins(Mapping[Any, Node]):
    """From each content to the source that it originates from.

    Parameters
    ----------
    names : range or Catalogue
        The contents.
    sources : sequence
        Nodes.
    choice : ndarray of int, shape (len(names),), or int
        Positions in `sources`; a number stands for positions computed by a hash, of which it is
        the salt.

    Attributes
    ----------
    present : collection or None
        Sources that are there; contents of others have none. None is all of them.
    """

    def __init__(
        self,
        names: range | Catalogue,
        sources: Sequence[Node],
        choice: np.ndarray | int,
    ) -> None:
        self.names = names
        self.sources = list(sources)
        self.choice = choice
        self.present: Collection[Node] | None = None
        self._latest: tuple[Any, int] = (_NEVER, 0)

    def number(self, name: Any) -> int:
        """Return the position in ``sources`` of the source of a content; KeyError if unknown."""
        # The same object is asked for several times in each session.
        latest, number = self._latest
        if latest is name:
            return number
        try:
            content = self.names.index(name)
        except ValueError:
            raise KeyError(name) from None
        if isinstance(self.choice, np.ndarray):
            number = self.choice.item(content)
        elif len(self.sources) == 1:
            number = 0
        else:
            number = stable_hash(content ^ self.choice) % len(self.sources)
        self._latest = name, number
        return number

    def of_a_network(self) -> Origins:
        """Return a table of its own for a network, whose ``present`` may change."""
        return Origins(self.names, self.sources, self.choice)

    def __getitem__(self, name: Any) -> Node:
        source = self.sources[self.number(name)]
        if self.present is not None and source not in self.present:
            raise KeyError(name)
        return source

    def get(self, name: Any, default: Any = None) -> Any:
        """Return the source of a content, or `default`."""
        # Asked for each request, which is why the mixin's way through __getitem__ is not taken.
        try:
            source = self.sources[self.number(name)]
        except KeyError:
            return default
        return source if self.present is None or source in self.present else default

    def __contains__(self, name: object) -> bool:
        try:
            self[name]
        except KeyError:
            return False
        return True

    def __iter__(self) -> Iterator[Any]:
        return (name for name in self.names if name in self)

    def __len__(self) -> int:
        if self.present is None or all(source in self.present for source in self.sources):
            return len(self.names)
        return sum(1 for _ in self)


class OriginatedContents(Set[Any]):
    """The contents of one source, a set that takes no memory of its own.

    Parameters
    ----------
    origins : Origins
    number : int
        Position of the source.
    """

    def __init__(self, origins: Origins, number: int) -> None:
        self.origins = origins
        self._number = number

    @classmethod
    def _from_iterable(cls, contents: Any) -> set[Any]:
        return set(contents)

    def __contains__(self, name: object) -> bool:
        try:
            return self.origins.number(name) == self._number
        except KeyError:
            return False

    def __iter__(self) -> Iterator[Any]:
        names, choice = self.origins.names, self.origins.choice
        if isinstance(choice, np.ndarray):
            return (names[i] for i in np.flatnonzero(choice == self._number).tolist())
        if len(self.origins.sources) == 1:
            return iter(names)
        return (name for name in names if name in self)

    def __len__(self) -> int:
        choice = self.origins.choice
        if isinstance(choice, np.ndarray):
            return int(np.count_nonzero(choice == self._number))
        if len(self.origins.sources) == 1:
            return len(self.origins.names)
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<contents of {self.origins.sources[self._number]!r}>"
