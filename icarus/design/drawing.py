"""Integers drawn at random, of any size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["distinct_integers", "integers"]


def integers(most: int, seed: int) -> Iterator[int]:
    """Yield integers from 0 up to `most`, drawn uniformly, for ever."""
    bits = np.random.PCG64(np.random.SeedSequence(seed))
    while True:
        yield _below(most, bits)


def distinct_integers(most: int, seed: int) -> Iterator[int]:
    """Yield the integers from 0 up to `most` in a random order, each once.

    Time and memory grow with how many are taken, and not with `most`: of the array that Fisher
    and Yates shuffle, only what was moved is kept.
    """
    bits = np.random.PCG64(np.random.SeedSequence(seed))
    moved: dict[int, int] = {}
    for left in _down_from(most):
        place = _below(left, bits)
        yield moved.get(place, place)
        moved[place] = moved.pop(left - 1, left - 1)


def _down_from(most: int) -> Iterator[int]:
    while most > 0:
        yield most
        most -= 1


def _below(most: int, bits: np.random.PCG64) -> int:
    """Return an integer below `most`; every bit of the generator counts, for all time to come."""
    words = -(-most.bit_length() // 64)
    surplus = 64 * words - most.bit_length()
    while True:
        raw = bits.random_raw(words).astype("<u8").tobytes()
        value = int.from_bytes(raw, "little") >> surplus
        if value < most:
            return value
