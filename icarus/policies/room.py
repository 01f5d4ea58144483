"""What a policy is given to make its state of: how large the caches are, and what is cached.

A state is made of arrays, and compiled, where contents are numbers; and of lists, dicts and the
like where it is that of one Python object, whose items are any hashable values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from icarus.verbs.content_hashes import ContentHashes, NamedHashes, hashes_of

__all__ = ["NOTHING", "Room", "is_content", "taken", "write"]


class _Nothing(int):
    """-1 to compiled code; in Python it is told by identity from an item that equals -1."""

    def __reduce__(self) -> str:
        return "NOTHING"


NOTHING = _Nothing(-1)
"""What a policy's ``put`` returns where nothing was evicted."""


def is_content(evicted):
    """Return whether what ``put`` returned is a content that was evicted."""
    return evicted is not NOTHING


def _is_number_of_content(evicted):
    return evicted >= 0


is_content.compiled_form = _is_number_of_content  # type: ignore[attr-defined]


def write(into: Any, part: slice | np.ndarray, values: np.ndarray) -> None:
    """Write values into part of what ``Room.array`` returned.

    Parameters
    ----------
    into : ndarray or list
    part : slice or ndarray of int
        As many elements as there are values, or their places.
    values : ndarray
    """
    if not isinstance(into, list):
        into[part] = values
    elif isinstance(part, slice):
        into[part] = values.tolist()
    else:
        for place, value in zip(part.tolist(), values.tolist(), strict=True):
            into[place] = value


def taken(values: Any, places: Sequence[int] | np.ndarray) -> list[Any]:
    """Return what stands at some places of an array, or of the list in its place.

    Parameters
    ----------
    values : ndarray or list
    places : sequence of int
    """
    if isinstance(values, list):
        return [values[place] for place in places]
    found: list[Any] = values[np.asarray(places, dtype=np.int64)].tolist()
    return found


@dataclass(frozen=True)
class Room:
    """Room for the caches of a network, or for one cache by itself.

    Attributes
    ----------
    maxlens : sequence of int, shape (n_caches,)
        How many contents fit into each cache, or how many bytes.
    names : sequence or None
        The names of contents, by number; None where contents are known by their names.
    in_bytes : bool
        Whether `maxlens` are bytes, and contents have sizes.
    requested : list of int or None
        Where others write the size of the requested content, as its only element; by default the
        state is told it by ``set_size``.
    """

    maxlens: Sequence[int]
    names: Sequence[Any] | None = None
    in_bytes: bool = False
    requested: list[int] | None = None

    @property
    def n_caches(self) -> int:
        """How many caches there are."""
        return len(self.maxlens)

    @property
    def numbered(self) -> bool:
        """Whether contents are numbers, and the state is made of arrays."""
        return self.names is not None

    @property
    def n_contents(self) -> int:
        """How many contents there are; 0 where they are not numbers."""
        return 0 if self.names is None else len(self.names)

    @cached_property
    def hashes(self) -> ContentHashes | NamedHashes:
        """Hashes of contents."""
        return NamedHashes() if self.names is None else hashes_of(self.names)

    def of_sizes(self, maxlens: Sequence[int]) -> Self:
        """Return room for other caches of the same contents."""
        return replace(self, maxlens=maxlens)

    def array(self, values: np.ndarray) -> Any:
        """Return values as compiled code has them, or as a list, which Python reads twice as fast.

        Parameters
        ----------
        values : ndarray
        """
        return values if self.numbered else values.tolist()

    def zeros(self, length: int, dtype: Any = np.int64) -> Any:
        """Return zeros, or False, of shape (length,)."""
        return self.array(np.zeros(length, dtype=dtype))
