"""What fills a cache: contents, each of which counts one, or their bytes.

A policy is written once for both. It asks how much the requested content takes and how much the
one in a slot does; that everything is one is known to the compiler where contents are counted, and
nothing is left of it in their code.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.room import Room, is_content

__all__ = ["Bytes", "Ones", "OnesNoted", "Whole", "make_units", "slots_added", "victims_of"]


class Whole(NamedTuple):
    """What caches of a policy have that counts contents and knows no sizes."""

    nothing: int

    def set_requested(self, size):
        """Take no note of the size of the requested content."""

    def begin(self):
        """Have no victims of the present insertion yet."""

    def n_refused(self, cache):
        """Return how many contents were refused: none, whatever their sizes."""
        return 0

    def n_gone(self, evicted):
        """Return how many were evicted, given what ``put`` returned."""
        return 1 if is_content(evicted) else 0

    def most_gone(self, n_caches):
        """Return how many one request may evict that is put into so many caches."""
        return n_caches

    def gone(self, place, evicted):
        """Return one of those that were evicted, in order."""
        return evicted


class Ones(NamedTuple):
    """Contents count one each; all there is to know is how many fit."""

    capacity: np.ndarray
    """int64, (n_caches,): contents that fit into each cache."""
    refused: np.ndarray
    """int64, (n_caches,): contents that were not kept, as they are too large for the policy."""

    def requested(self):
        """Return how much the requested content takes."""
        return 1

    def of(self, slot):
        """Return how much the content in a slot takes."""
        return 1

    def store(self, slot):
        """Have a slot take as much as the requested content does."""

    def begin(self):
        """Have no victims of the present insertion yet."""

    def note(self, content):
        """Take note of a victim, which is the only one: the policy returns it."""

    def set_requested(self, size):
        """Take no note of the size of the requested content."""

    def holds_size(self, slot):
        """Return whether a content takes as much as it did when it was stored."""
        return True

    def n_refused(self, cache):
        """Return how many contents a cache refused."""
        return self.refused[cache]

    n_gone, gone, most_gone = Whole.n_gone, Whole.gone, Whole.most_gone  # type: ignore[misc]

    def reserve(self, n_slots: int) -> Self:
        """Return the same: nothing is known of single slots."""
        return self


class OnesNoted(NamedTuple):
    """Contents count one each, but more than one may leave for another."""

    capacity: np.ndarray
    """As of ``Ones``."""
    refused: np.ndarray
    """As of ``Ones``."""
    victims: Any
    """As of ``Bytes``."""
    n_victims: np.ndarray
    """As of ``Bytes``."""

    requested, of, store = Ones.requested, Ones.of, Ones.store  # type: ignore[misc]
    set_requested, holds_size = Ones.set_requested, Ones.holds_size  # type: ignore[misc]
    (n_refused,) = (Ones.n_refused,)  # type: ignore[misc]

    def begin(self):
        """Have no victims of the present insertion yet."""
        self.n_victims[0] = 0

    def note(self, content):
        """Take note of a victim."""
        n_victims = self.n_victims[0]
        self.victims[n_victims] = content
        self.n_victims[0] = n_victims + 1

    def n_gone(self, evicted):
        """Return how many were evicted for the present insertion."""
        return self.n_victims[0]

    def most_gone(self, n_caches):
        """Return how many one request may evict: all that there is in all caches."""
        return len(self.victims)

    def gone(self, place, evicted):
        """Return one of those that were evicted, in order."""
        return self.victims[place]

    def reserve(self, n_slots: int) -> Self:
        """Return the same with room for so many slots."""
        return self._replace(victims=slots_added(self.victims, n_slots))


class Bytes(NamedTuple):
    """Contents have sizes."""

    capacity: np.ndarray
    """int64, (n_caches,): bytes that fit into each cache."""
    refused: np.ndarray
    """As of ``Ones``."""
    sizes: np.ndarray
    """int64, (n_slots,): bytes of the content in a slot, as they were when it was stored."""
    now: np.ndarray
    """int64, (1,): bytes of the requested content."""
    victims: Any
    """int64, (n_slots,): what was evicted for the present insertion, in order."""
    n_victims: np.ndarray
    """int64, (1,): how many that are."""

    def requested(self):
        """Return how much the requested content takes."""
        return self.now[0]

    def of(self, slot):
        """Return how much the content in a slot takes."""
        return self.sizes[slot]

    def store(self, slot):
        """Have a slot take as much as the requested content does."""
        self.sizes[slot] = self.now[0]

    def set_requested(self, size):
        """Take note of the size of the requested content."""
        self.now[0] = size

    def holds_size(self, slot):
        """Return whether a content takes as much as it did when it was stored."""
        return self.sizes[slot] == self.now[0]

    def n_refused(self, cache):
        """Return how many contents a cache refused."""
        return self.refused[cache]

    begin, note, gone = OnesNoted.begin, OnesNoted.note, OnesNoted.gone  # type: ignore[misc]
    n_gone, most_gone = OnesNoted.n_gone, OnesNoted.most_gone  # type: ignore[misc]

    def reserve(self, n_slots: int) -> Self:
        """Return the same with room for so many slots."""
        return self._replace(
            sizes=slots_added(self.sizes, n_slots), victims=slots_added(self.victims, n_slots)
        )


def slots_added(values: Any, length: int) -> Any:
    """Return values of slots, of which there are more from now on; the new ones are 0.

    Parameters
    ----------
    values : ndarray or list
        A list becomes longer itself.
    length : int
        How many there are then.
    """
    if isinstance(values, list):
        values.extend([0] * (length - len(values)))
        return values
    if length <= len(values):
        return values
    grown = np.zeros(length, dtype=values.dtype)
    grown[: len(values)] = values
    return grown


def make_units(room: Room, *, several: bool = False) -> Ones | OnesNoted | Bytes:
    """Return what counts in the caches of a network; there are no slots yet.

    Parameters
    ----------
    room : Room
    several : bool, optional
        Whether more than one content may leave for another where each counts one.
    """
    capacity = room.array(np.asarray(room.maxlens, dtype=np.int64))
    refused = room.zeros(room.n_caches)
    if not room.in_bytes:
        if several:
            return OnesNoted(capacity, refused, room.zeros(0), room.zeros(1))
        return Ones(capacity, refused)
    now: Any = room.zeros(1) if room.requested is None else room.requested
    return Bytes(capacity, refused, room.zeros(0), now, room.zeros(0), room.zeros(1))


def victims_of(measure: Any, evicted: Any) -> list[Any]:
    """Return what was evicted for an insertion, in order.

    Parameters
    ----------
    measure : Whole, Ones or Bytes
        Of the state of the cache.
    evicted : object
        What ``put`` returned.
    """
    return [measure.gone(place, evicted) for place in range(measure.n_gone(evicted))]
