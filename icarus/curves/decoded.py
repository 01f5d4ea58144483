"""Traces read once, with their contents numbered, as arrays that all curves share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import Any, NamedTuple, Self

import numpy as np

from icarus.errors import TraceError
from icarus.traces.numbering import Numbering
from icarus.traces.trace_file import TraceReader

__all__ = ["DecodedTrace", "NumberedBlock", "decode_trace", "numbered_blocks"]

_BLOCK = 2**16
"""Requests that are read at a time."""


class NumberedBlock(NamedTuple):
    """Consecutive requests of a trace, whose contents are numbers in order of first appearance."""

    contents: np.ndarray
    """int64, (n,)."""
    times: np.ndarray | None
    """float64, (n,): seconds; None where the trace has none."""
    sizes: np.ndarray | None
    """int64, (n,): bytes; None where the trace has none."""


@dataclass(frozen=True)
class DecodedTrace:
    """All requests of a trace.

    Attributes
    ----------
    contents : ndarray of int32 or int64, shape (n_requests,)
        Numbers of contents, from 0 up to `n_contents` - 1, in order of first appearance.
    n_contents : int
        How many contents there are.
    sizes : ndarray of int64, shape (n_requests,), or None
        Bytes of each request.
    times : ndarray of float64, shape (n_requests,), or None
        Seconds.
    path : str
        Where they come from.
    """

    contents: np.ndarray
    n_contents: int
    sizes: np.ndarray | None = None
    times: np.ndarray | None = None
    path: str = ""

    @classmethod
    def of(
        cls, ids: np.ndarray, sizes: np.ndarray | None = None, times: np.ndarray | None = None
    ) -> Self:
        """Return a trace of requests that are in memory.

        Parameters
        ----------
        ids : ndarray, shape (n_requests,)
            Contents by any values that can be ordered.
        sizes : ndarray of int, shape (n_requests,), optional
            Bytes.
        times : ndarray of float, shape (n_requests,), optional
            Seconds.
        """
        _, first, places = np.unique(ids, return_index=True, return_inverse=True)
        number = np.empty(len(first), dtype=np.int32)
        number[np.argsort(first)] = np.arange(len(first))
        return cls(
            number[places],
            len(first),
            None if sizes is None else np.asarray(sizes, dtype=np.int64),
            None if times is None else np.asarray(times, dtype=np.float64),
        )

    @property
    def n_requests(self) -> int:
        """How many requests there are."""
        return len(self.contents)

    @property
    def n_bytes(self) -> int | None:
        """The bytes of all requests; None where sizes are unknown."""
        return None if self.sizes is None else int(self.sizes.sum())

    def catalogue_bytes(self) -> int | None:
        """Return the largest sizes of all contents together; None where sizes are unknown."""
        if self.sizes is None:
            return None
        largest = np.zeros(self.n_contents, dtype=np.int64)
        np.maximum.at(largest, self.contents, self.sizes)
        return int(largest.sum())

    def part(self, chosen: np.ndarray) -> DecodedTrace:
        """Return the requests for some contents, which are numbered anew.

        Parameters
        ----------
        chosen : ndarray of bool, shape (n_contents,)
        """
        kept = np.flatnonzero(chosen[self.contents])
        number = np.cumsum(chosen, dtype=np.int64) - 1
        return DecodedTrace(
            number[self.contents[kept]].astype(np.int32),
            int(np.count_nonzero(chosen)),
            None if self.sizes is None else self.sizes[kept],
            None if self.times is None else self.times[kept],
            self.path,
        )


def numbered_blocks(reader: TraceReader) -> Iterator[NumberedBlock]:
    """Yield the requests of a trace in one reading.

    Raises
    ------
    TraceError
        If it cannot be read, has a broken line or no requests.
    """
    numbering = Numbering(reader)
    n_requests = 0
    for block in reader.blocks(_BLOCK):
        n_requests += len(block.ids)
        yield NumberedBlock(numbering.of(block), block.time, block.size)
    if n_requests == 0:
        raise TraceError(reader.path, "the trace holds no requests")


def decode_trace(source: str | PathLike[str] | TraceReader, **options: Any) -> DecodedTrace:
    """Read a trace into memory: 4 bytes a request, and 8 more each for its time and its size.

    Parameters
    ----------
    source : str or path-like or TraceReader
        The trace.
    **options
        As for `icarus.tools.TraceReader`.

    Raises
    ------
    TraceError
        If it cannot be read, has a broken line or no requests.
    ValueError
        If the options contradict each other.
    """
    reader = source if isinstance(source, TraceReader) else TraceReader(source, **options)
    blocks = [block._replace(contents=_narrow(block.contents)) for block in numbered_blocks(reader)]
    contents = np.concatenate([block.contents for block in blocks])
    requested = np.bincount(contents) > 0
    if not requested.all():
        # A converted trace may list contents that nobody requests.
        contents = _narrow(np.cumsum(requested) - 1)[contents]
    return DecodedTrace(
        contents,
        int(np.count_nonzero(requested)),
        _together([block.sizes for block in blocks]),
        _together([block.times for block in blocks]),
        reader.path,
    )


def _narrow(contents: np.ndarray) -> np.ndarray:
    return contents.astype(np.int32) if contents.max() < 2**31 else contents


def _together(columns: list[np.ndarray | None]) -> np.ndarray | None:
    present = [column for column in columns if column is not None]
    return np.concatenate(present) if present else None
