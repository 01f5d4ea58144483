"""What sizes of requests mean: none that is 0, and contents that are asked for in several sizes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from os import PathLike
from typing import Any, Literal, TypeAlias

import numpy as np

from icarus.errors import TraceError
from icarus.traces.binary import NumberedIds
from icarus.traces.table import TraceBlock

__all__ = ["FirstSizes", "ZeroSize", "require_sizes", "with_size_in_id", "with_sizes"]

ZeroSize: TypeAlias = Literal["error", "skip", "one"]
"""What becomes of requests for no bytes: an error, no requests, or requests for one byte."""


def require_sizes(path: str | PathLike[str], block: TraceBlock, hint: str = "") -> None:
    """Raise TraceError for a request whose size is 0."""
    if block.size is not None and len(block.size) and block.size.min() < 1:
        i = int(np.argmin(block.size))
        raise TraceError(
            path,
            f"the size of content {block.ids[i]!r} is {block.size[i]}, but must be 1 byte at "
            f"least{hint}",
            block.lines[i],
        )


def with_sizes(
    path: str | PathLike[str], blocks: Iterator[TraceBlock], zero_size: ZeroSize
) -> Iterator[TraceBlock]:
    """Yield blocks in which no request is for 0 bytes.

    Parameters
    ----------
    path : str or path-like
        The trace, for errors.
    blocks : iterator of TraceBlock
    zero_size : {"error", "skip", "one"}

    Raises
    ------
    TraceError
        At a request for no bytes, if that is an error.
    """
    for block in blocks:
        if block.size is None or not len(block.size) or block.size.min() >= 1:
            yield block
        elif zero_size == "one":
            yield block._replace(size=np.maximum(block.size, 1))
        elif zero_size == "skip":
            kept = np.flatnonzero(block.size >= 1)
            if len(kept):
                yield _rows(block, kept)
        else:
            require_sizes(
                path,
                block,
                '; zero_size="skip" leaves such requests out, and zero_size="one" counts a byte',
            )


def _rows(block: TraceBlock, kept: np.ndarray) -> TraceBlock:
    rows = kept.tolist()
    return TraceBlock(
        _of_rows(block.ids, kept),
        None if block.time is None else block.time[kept],
        None if block.size is None else block.size[kept],
        [block.lines[i] for i in rows],
        None if block.clients is None else _of_rows(block.clients, kept),
    )


def _of_rows(names: Sequence[str], kept: np.ndarray) -> Sequence[str]:
    if isinstance(names, NumberedIds):
        return type(names)(names.numbers[kept], names.trace)
    return [names[i] for i in kept.tolist()]


def with_size_in_id(block: TraceBlock) -> TraceBlock:
    """Return requests whose ids are pairs of what they were and of the size."""
    assert block.size is not None
    ids: Any = list(zip(block.ids, block.size.tolist(), strict=True))
    return block._replace(ids=ids)


class FirstSizes:
    """The size with which each content is requested first, and how often it has another one.

    Attributes
    ----------
    n_changes : int
        Requests whose size is not that of the first one for the same content.
    """

    def __init__(self) -> None:
        self._sizes = np.zeros(0, dtype=np.int64)
        self.n_changes = 0

    def add(self, contents: np.ndarray, sizes: np.ndarray) -> None:
        """Take note of requests by number of content, and their sizes, both int64, (n,)."""
        most = int(contents.max(initial=-1)) + 1
        if most > len(self._sizes):
            more = max(most, 2 * len(self._sizes)) - len(self._sizes)
            self._sizes = np.pad(self._sizes, (0, more))
        new = np.flatnonzero(self._sizes[contents] == 0)[::-1]
        # Of equal numbers the one that is written last stays, which is the first of them.
        self._sizes[contents[new]] = sizes[new]
        self.n_changes += int(np.count_nonzero(self._sizes[contents] != sizes))

    @property
    def n_contents(self) -> int:
        """How many contents have a size."""
        return int(np.count_nonzero(self._sizes))

    @property
    def total(self) -> int:
        """Bytes of all contents together."""
        return int(self._sizes.sum())
