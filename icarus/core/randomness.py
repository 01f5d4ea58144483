"""Generators from seeds, and what components do that nobody gave a seed.

Campaigns give every component of theirs a seed. Users' components, written for Icarus 0.8, build
distributions, caches and strategies of ours without one. Where a simulation says so, by
`unseeded_from`, the seeds of these are derived too; elsewhere they are unpredictable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from icarus.core.hashing import stable_hash
from icarus.types import Seed

__all__ = [
    "copied",
    "derived",
    "generator",
    "hash_salt",
    "seed_sequence",
    "unseeded_from",
    "unseeded_on",
]

_SALT_KEY = 0x5A17
"""Tells the salt of a seed from all that is drawn from it."""

_root: ContextVar[np.random.SeedSequence | None] = ContextVar("root of missing seeds", default=None)


@contextmanager
def unseeded_from(sequence: np.random.SeedSequence) -> Iterator[None]:
    """Derive the seeds that are None from a sequence, one after another, for a while.

    Parameters
    ----------
    sequence : SeedSequence
        It is not changed: entering again with the same one gives the same seeds again.
    """
    with unseeded_on(copied(sequence)):
        yield


@contextmanager
def unseeded_on(sequence: np.random.SeedSequence) -> Iterator[None]:
    """Derive the seeds that are None from a sequence, which goes on the next time that it is given.

    Parameters
    ----------
    sequence : SeedSequence
        It counts what was derived from it.
    """
    token = _root.set(sequence)
    try:
        yield
    finally:
        _root.reset(token)


def copied(sequence: np.random.SeedSequence) -> np.random.SeedSequence:
    """Return a sequence as this one was at its start."""
    return np.random.SeedSequence(
        sequence.entropy, spawn_key=sequence.spawn_key, pool_size=sequence.pool_size
    )


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


def hash_salt(salt: int | None, seed: Seed, purpose: str) -> int:
    """Return the salt of a hash that decides something in a model.

    Nothing is drawn from `seed`, so that whatever else comes from it stays as it is, and all
    that have the same one have the same salt.

    Parameters
    ----------
    salt : int or None
        What settings chose; 0 is no salt. Equal ones for different purposes are different salts.
    seed : int, SeedSequence, Generator or None
        Where the salt comes from if `salt` is None. None is the next seed derived within
        `unseeded_from`, and elsewhere no salt, so that scripts have the same hash each time.
    purpose : str
        What the hash is for.

    Returns
    -------
    int
        From 0 to 2**62 - 1, for ``icarus.core.hashing.salted_hash``.
    """
    if salt is not None:
        return stable_hash(f"{purpose} {int(salt)}") >> 2 if salt else 0
    if seed is None and _root.get() is None:
        return 0
    return int(derived(seed, _SALT_KEY).generate_state(1, np.uint64)[0]) >> 2


def derived(seed: Seed, key: int) -> np.random.SeedSequence:
    """Return a sequence that follows from a seed and differs from it; nothing is drawn from it.

    Parameters
    ----------
    seed : int, SeedSequence, Generator or None
        None is as for `generator`.
    key : int
        Tells what the sequence is for.
    """
    if isinstance(seed, np.random.Generator):
        sequence: Any = seed.bit_generator.seed_seq
    else:
        sequence = seed if isinstance(seed, np.random.SeedSequence) else seed_sequence(seed)
    return np.random.SeedSequence(sequence.entropy, spawn_key=(*sequence.spawn_key, key))
