"""The exact miss-ratio curve of LRU, for all sizes in one pass over the requests.

Memory follows the number of contents, not that of requests: 9 bytes a content for the stack and
16 for what is counted, more where capacities are in bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from icarus.compiler.jit import entry_point
from icarus.curves.compiled import stack_distances
from icarus.curves.compiled.stack_distances import HELD, LIVE, NOW

__all__ = ["LruDistances"]

_count_contents = entry_point(stack_distances.count_contents)
_count_bytes = entry_point(stack_distances.count_bytes)
_close_ranks = entry_point(stack_distances.close_ranks)

_FEWEST = 2**10
"""Contents that there is room for at the start."""

_AT_ONCE = 2**20
"""Requests between two moments at which Ctrl-C is heeded."""


class LruDistances:
    """Stack distances of the requests to an LRU cache, counted.

    A request hits in every cache that is no smaller than its distance: the number of contents that
    were asked for since its content was, itself among them [1]_. With `edges` distances are in
    bytes: the sizes of these contents, by their latest requests, together.

    Parameters
    ----------
    edges : sequence of int, optional
        Capacities in bytes that will be asked about; by default distances are in contents, and any
        capacity can be.

    Attributes
    ----------
    n_requests, n_bytes : int
        Requests so far, and their bytes.
    n_contents : int
        Contents that were requested so far.

    Notes
    -----
    In contents the curve is exact. In bytes, too, where sizes do not change: what is cached are the
    contents asked for latest, as many as fit. Approximate are caches smaller than a content, which
    they would not store while here it pushes others out; and contents whose size changes: here each
    has the size of its latest request, also while it is cached.

    References
    ----------
    .. [1] R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, "Evaluation techniques for storage
       hierarchies", IBM Systems Journal 9(2), 1970, doi 10.1147/sj.92.0078.

    Examples
    --------
    >>> distances = LruDistances()
    >>> distances.add(np.array([0, 1, 2, 0, 1, 1]))
    >>> distances.misses([1, 2, 3]).tolist()
    [5, 5, 3]
    """

    def __init__(self, edges: Sequence[int] | np.ndarray | None = None) -> None:
        self._in_bytes = edges is not None
        self.edges = np.unique(np.asarray([] if edges is None else edges, dtype=np.int64))
        self.n_requests = self.n_bytes = 0
        self._n_seen = 0
        self._last = np.zeros(_FEWEST, dtype=np.int32)
        self._state = np.zeros(3, dtype=np.int64)
        n_words = _words_for(_FEWEST)
        self._words = np.zeros(n_words, dtype=np.int64)
        self._tree = np.zeros(n_words + 1, dtype=np.int64)
        self._weights = np.zeros(64 * n_words if self._in_bytes else 0, dtype=np.int64)
        n_counts = len(self.edges) + 1 if self._in_bytes else _FEWEST + 1
        self._hits = np.zeros(n_counts, dtype=np.int64)
        self._hit_bytes = np.zeros(n_counts, dtype=np.int64)

    @property
    def n_contents(self) -> int:
        """Contents that were requested so far."""
        return int(self._state[LIVE])

    def add(self, contents: np.ndarray, sizes: np.ndarray | None = None) -> None:
        """Count further requests.

        Parameters
        ----------
        contents : ndarray of int, shape (n,)
            Contents by number from 0; memory follows the highest one.
        sizes : ndarray of int64, shape (n,), optional
            Their bytes; needed where capacities are in bytes.

        Raises
        ------
        ValueError
            If sizes are missing, or there is another number of them, or a number is negative.
        """
        if self._in_bytes and sizes is None:
            raise ValueError("capacities in bytes need the sizes of requests")
        if sizes is not None and len(sizes) != len(contents):
            raise ValueError(f"{len(contents)} requests have {len(sizes)} sizes")
        if len(contents) == 0:
            return
        if contents.min() < 0:
            raise ValueError(f"contents are numbers from 0, found {contents.min()}")
        self._make_room(int(contents.max()) + 1)
        for start in range(0, len(contents), _AT_ONCE):
            part = slice(start, start + _AT_ONCE)
            some = sizes[part] if sizes is not None else np.zeros(0, dtype=np.int64)
            self._count(
                np.require(contents[part], np.int64, _PLAIN), np.require(some, np.int64, _PLAIN)
            )

    def _count(self, contents: np.ndarray, sizes: np.ndarray) -> None:
        self.n_requests += len(contents)
        self.n_bytes += int(sizes.sum())
        stack = self._last, self._words, self._tree, self._state
        if self._in_bytes:
            counts = self._weights, self.edges, self._hits, self._hit_bytes
            _count_bytes(contents, sizes, *stack, *counts)
        else:
            _count_contents(contents, sizes, *stack, self._hits, self._hit_bytes)

    def _make_room(self, n_contents: int) -> None:
        if n_contents <= len(self._last):
            return
        n_contents = max(n_contents, 2 * len(self._last))
        n_words = _words_for(n_contents)
        self._last = _longer(self._last, n_contents)
        self._words = _longer(self._words, n_words)
        self._tree = np.zeros(n_words + 1, dtype=np.int64)
        if self._in_bytes:
            self._weights = _longer(self._weights, 64 * n_words)
        else:
            self._hits = _longer(self._hits, n_contents + 1)
            self._hit_bytes = _longer(self._hit_bytes, n_contents + 1)
        self._state[NOW] = _close_ranks(self._last, self._words, self._tree, self._weights)

    def misses(self, sizes: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return how many requests so far miss in caches of some sizes, int64, (n_sizes,).

        Parameters
        ----------
        sizes : sequence of int
            In contents; or in bytes, each of them among the edges.

        Raises
        ------
        ValueError
            If bytes are counted and one of the sizes is not among the edges.
        """
        return self.n_requests - self._up_to(self._hits, sizes)

    def missed_bytes(self, sizes: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the bytes of the requests that miss, as ``misses``; of unknown sizes, zeros."""
        return self.n_bytes - self._up_to(self._hit_bytes, sizes)

    def drop(self, contents: np.ndarray) -> None:
        """Have it that contents were never requested; what was counted stays.

        Parameters
        ----------
        contents : ndarray of int
            Distinct contents that were requested.
        """
        positions = self._last[contents].astype(np.int64) - 1
        bits = np.int64(1) << (positions & 63)
        np.bitwise_and.at(self._words, positions >> 6, ~bits)
        if self._in_bytes:
            self._state[HELD] -= self._weights[positions].sum()
            self._weights[positions] = 0
        self._last[contents] = 0
        self._state[LIVE] -= len(contents)
        self._state[NOW] = _close_ranks(self._last, self._words, self._tree, self._weights)

    def count_anew(self, edges: Sequence[int] | np.ndarray | None = None) -> None:
        """Forget what was counted, but not what was requested.

        Parameters
        ----------
        edges : sequence of int, optional
            Other capacities in bytes to ask about.
        """
        self.n_requests = self.n_bytes = 0
        self._hits[:] = self._hit_bytes[:] = 0
        if edges is not None:
            self.edges = np.unique(np.asarray(edges, dtype=np.int64))
            self._hits = np.zeros(len(self.edges) + 1, dtype=np.int64)
            self._hit_bytes = np.zeros(len(self.edges) + 1, dtype=np.int64)

    def _up_to(self, counts: np.ndarray, sizes: Sequence[float] | np.ndarray) -> np.ndarray:
        wanted = np.asarray(sizes, dtype=np.int64)
        places = np.minimum(wanted, len(counts) - 1)
        if self._in_bytes:
            places = np.searchsorted(self.edges, wanted)
            found = self.edges[np.minimum(places, len(self.edges) - 1)]
            if (found != wanted).any():
                raise ValueError(f"{wanted[found != wanted][0]} bytes is not among the edges")
        total: np.ndarray = np.cumsum(counts)[places]
        return total


_PLAIN: Any = ["C_CONTIGUOUS", "WRITEABLE"]
"""An array that is read-only is another type to the compiler."""


def _words_for(n_contents: int) -> int:
    """Return how many words have twice as many positions as there are contents, or more."""
    return (2 * n_contents + 63) // 64


def _longer(array: np.ndarray, length: int) -> np.ndarray:
    longer = np.zeros(length, dtype=array.dtype)
    longer[: len(array)] = array
    return longer
