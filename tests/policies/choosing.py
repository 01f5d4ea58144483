"""Which policies the ordinary suite tries in all surroundings; ``exhaustive`` tries all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

__all__ = ["with_wrappings"]

IN_ALL = {
    *("LRU", "FIFO", "RAND", "CLIMB", "NULL", "IN_CACHE_LFU", "PERFECT_LFU", "SLRU", "MIN", "SHARD")
}
"""Policies of structures of their own, under all wrappings."""

IN_SOME = {"SIEVE", "S3_FIFO", "GDSF", "LIRS", "HYPERBOLIC"}
"""One policy for each structure that others share, under some."""

SOME = {"nothing", "k-ttl"}


def with_wrappings(policies: Iterable[Any], wrappings: Iterable[str]) -> list[Any]:
    """Return each policy with each wrapping, as parameters of a test.

    Parameters
    ----------
    policies : iterable of str or of parameters of pytest that begin with one
    wrappings : iterable of str
    """
    made = []
    for policy in policies:
        values = (policy,) if isinstance(policy, str) else policy.values
        label = policy if isinstance(policy, str) else policy.id
        for wrapping in wrappings:
            name = values[0]
            ordinary = name in IN_ALL or (name in IN_SOME and wrapping in SOME)
            marks = () if ordinary else (pytest.mark.exhaustive,)
            made.append(pytest.param(*values, wrapping, id=f"{label}-{wrapping}", marks=marks))
    return made
