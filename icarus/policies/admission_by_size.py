"""Rules of admission that look at how much a content takes: its bytes where these count, else 1."""

from __future__ import annotations

import math
from typing import Any, NamedTuple, Self

from icarus.policies.room import Room
from icarus.policies.slots import Nowhere
from icarus.policies.units import make_units
from icarus.types import NonNegative, PositiveInt, Seed

__all__ = ["AdmitBySize", "AdmitSmall"]


class AdmitSmall(NamedTuple):
    """A content that is not cached is admitted if it takes less than `max`."""

    units: Any
    """Ones or Bytes"""
    limit: int

    @classmethod
    def new(cls, room: Room, max: PositiveInt) -> Self:  # noqa: A002
        """Return the rule."""
        return cls(make_units(room), int(max))

    def admits_to(self, caches, cache, content):
        """Return whether a content is small, or cached."""
        return self.units.requested() < self.limit or caches.has(cache, content)

    def set_size(self, size):
        """Take note of how much the requested content takes."""
        self.units.set_requested(size)

    def clear(self, cache: int) -> None:
        """Do nothing: nothing is noted."""

    def places(self):
        """Return that nothing is looked up."""
        return Nowhere(0)


class AdmitBySize(NamedTuple):
    """A content that takes z is admitted with probability exp(-z c), if it is not cached."""

    units: Any
    """Ones or Bytes"""
    c: float
    rng: Any
    """The Generator that all caches share; each put of what is not cached draws one number."""

    @classmethod
    def new(cls, room: Room, c: NonNegative, *, seed: Seed = None) -> Self:
        """Return the rule."""
        return cls(make_units(room), float(c), seed)

    def admits_to(self, caches, cache, content):
        """Draw whether a content is admitted that is not there."""
        if caches.has(cache, content):
            return True
        return self.rng.random() < math.exp(-self.units.requested() * self.c)

    def set_size(self, size):
        """Take note of how much the requested content takes."""
        self.units.set_requested(size)

    def clear(self, cache: int) -> None:
        """Do nothing: draws go on where they are."""

    def places(self):
        """Return that nothing is looked up."""
        return Nowhere(0)
