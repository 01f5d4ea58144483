"""Numbering the contents of a trace in the order of their first appearance."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from icarus.traces.binary import NumberedIds
from icarus.traces.trace_file import TraceBlock, TraceReader

__all__ = ["Numbering"]


class Numbering:
    """The contents of a trace, numbered while it is read from its start.

    Parameters
    ----------
    reader : TraceReader
        The trace. If the file lists its contents, as converted ones do, it is theirs.
    """

    def __init__(self, reader: TraceReader) -> None:
        self._own = reader.own_catalogue()
        self._numbers: defaultdict[Any, int] = defaultdict()
        # An id that is new gets the next number, without a line of Python for each request.
        self._numbers.default_factory = self._numbers.__len__

    @property
    def contents(self) -> list[str]:
        """All ids so far."""
        return list(self._numbers) if self._own is None else self._own[0]

    def numbers(self) -> dict[Any, int]:
        """Return the position of each id in `contents`, where the file does not list them."""
        return dict(self._numbers)

    def of(self, block: TraceBlock) -> np.ndarray:
        """Return the numbers of a block's contents, int64, (n,)."""
        if isinstance(block.ids, NumberedIds):
            return block.ids.numbers
        return np.fromiter(map(self._numbers.__getitem__, block.ids), np.int64, len(block.ids))
