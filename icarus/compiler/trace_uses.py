"""Where a trace has each content next, by compiled code: one pass from its end."""

from __future__ import annotations

import numpy as np

from icarus.compiler.jit import entry_point
from icarus.compiler.prefetch import prefetch

__all__ = ["link_uses", "link_uses_sorted"]

_AHEAD = 16
"""Requests ahead for which memory is fetched; 8 and 32 took as long."""


def _link_uses(numbers, first_use, use_after):
    """Enter where the trace first has each content, and has that of each request next.

    Parameters
    ----------
    numbers : ndarray of int64, shape (n_requests,)
        The contents; what is negative is none.
    first_use : ndarray of int64, shape (n_contents,)
        Filled with what stands for never.
    use_after : ndarray of int64, shape (n_requests,)
        Likewise.
    """
    for use in range(len(numbers) - 1, -1, -1):
        if use >= _AHEAD and numbers[use - _AHEAD] >= 0:
            prefetch(first_use, numbers[use - _AHEAD])
        number = numbers[use]
        if number >= 0:
            use_after[use] = first_use[number]
            first_use[number] = use


def link_uses_sorted(numbers: np.ndarray, first_use: np.ndarray, use_after: np.ndarray) -> None:
    """Do the same by sorting, which takes 0.2 to 0.3 us a request instead of 0.01 to 0.02."""
    known = np.flatnonzero(numbers >= 0)
    # A stable order has the requests of each content side by side, one after another.
    by_content = known[np.argsort(numbers[known], kind="stable")]
    ordered = numbers[by_content]
    same = np.flatnonzero(ordered[1:] == ordered[:-1])
    use_after[by_content[same]] = by_content[same + 1]
    first_use[ordered[::-1]] = by_content[::-1]


link_uses = entry_point(
    _link_uses,
    patience=1,
    seconds=lambda numbers, first_use, use_after: 3e-7 * len(numbers),
    meanwhile=link_uses_sorted,
)
