"""Generators from seeds, and what components do that nobody gave a seed.

Campaigns give every component of theirs a seed. Users' components, written for Icarus 0.8, build
distributions, caches and strategies of ours without one. Where a simulation says so, by
`unseeded_from`, the seeds of these are derived too; elsewhere they are unpredictable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from icarus.types import Seed

__all__ = ["generator", "seed_sequence", "unseeded_from"]

_root: ContextVar[np.random.SeedSequence | None] = ContextVar("root of missing seeds", default=None)


@contextmanager
def unseeded_from(sequence: np.random.SeedSequence) -> Iterator[None]:
    """Derive the seeds that are None from a sequence, one after another, for a while.

    Parameters
    ----------
    sequence : SeedSequence
        It is not changed: entering again with the same one gives the same seeds again.
    """
    own = np.random.SeedSequence(
        sequence.entropy, spawn_key=sequence.spawn_key, pool_size=sequence.pool_size
    )
    token = _root.set(own)
    try:
        yield
    finally:
        _root.reset(token)


def generator(seed: Seed) -> np.random.Generator:
    """Return a generator for a seed.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None
        As for ``numpy.random.default_rng``; a Generator is returned as it is. None is
        unpredictable, but within `unseeded_from` the next seed derived there.
    """
    return np.random.default_rng(seed_sequence(None) if seed is None else seed)


def seed_sequence(seed: int | None) -> np.random.SeedSequence:
    """Return the sequence that begins with `seed`; None is as for `generator`."""
    root = _root.get()
    if seed is None and root is not None:
        return root.spawn(1)[0]
    return np.random.SeedSequence(seed)
