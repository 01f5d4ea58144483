"""Queues: what policies keep contents in that have sizes, or that remember what they evicted.

Each cache has queues, which are numbered, first those of what it holds and then those of ghosts:
contents that it knows but does not hold. A content is in one queue at most. Slots are those of a
pool that all caches share, so that nobody need know how many contents fit; ``reserve`` makes room.
Each queue has a slot of its own, its end, which is linked to its front and its back.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np

from icarus.policies.pool import Pool, make_pool
from icarus.policies.room import NOTHING, Room
from icarus.policies.units import make_units, slots_added

__all__ = ["Queues", "make_queues"]

PREVIOUS, NEXT, QUEUE, VALUE = 0, 1, 2, 3
"""Columns of the links."""

FREE, USED, N_FREE = 0, 1, 2
"""Of ``vacant``: a free slot or -1, how many slots were ever in use, how many of them are free."""


class Queues(NamedTuple):
    """The queues of all caches."""

    slots: Any
    """Pool"""
    units: Any
    """Ones, OnesNoted or Bytes"""
    links: np.ndarray
    """int32, (4 * n_slots,), row by row: the slots before, towards the front, and behind; the
    number of the queue; and a value that is the policy's."""
    held: np.ndarray
    """int64, (n_caches * n_queues,): what each queue holds, in units."""
    vacant: np.ndarray
    """int64, (3,)"""
    n_queues: int
    n_holding: int
    """Queues of what is cached; those behind them have ghosts."""

    def n_slots(self):
        """Return how many slots there is room for."""
        return len(self.links) >> 2

    def measure(self):
        """Return what counts in the caches."""
        return self.units

    def find(self, cache, content):
        """Return the slot of a content that a cache holds or remembers, or -1."""
        return self.slots.find(cache, content)

    def has(self, cache, content):
        """Return whether a cache holds a content."""
        slot = self.slots.find(cache, content)
        return slot >= 0 and self.holds(slot)

    def holds(self, slot):
        """Return whether the content in a slot is cached, and not a ghost."""
        return self.links[(slot << 2) + QUEUE] < self.n_holding

    def item(self, slot):
        """Return the content in a slot."""
        return self.slots.content(slot)

    def size_of(self, slot):
        """Return how much the content in a slot takes."""
        return self.units.of(slot)

    def queue_of(self, slot):
        """Return the number of the queue that a slot is in."""
        return self.links[(slot << 2) + QUEUE]

    def value(self, slot):
        """Return the value of a slot, which is 0 at first."""
        return self.links[(slot << 2) + VALUE]

    def set_value(self, slot, value):
        """Give a slot another value."""
        self.links[(slot << 2) + VALUE] = value

    def end(self, cache, queue):
        """Return the end of a queue: the slot before its front and behind its back."""
        return cache * self.n_queues + queue

    def is_end(self, slot):
        """Return whether a slot is the end of a queue."""
        return slot < len(self.held)

    def back(self, cache, queue):
        """Return the slot at the back of a queue, which is its end if there is none."""
        return self.links[(self.end(cache, queue) << 2) + PREVIOUS]

    def front(self, cache, queue):
        """Return the slot at the front of a queue, which is its end if there is none."""
        return self.links[(self.end(cache, queue) << 2) + NEXT]

    def before(self, slot):
        """Return the slot before another one, towards the front; before the front is the end."""
        return self.links[(slot << 2) + PREVIOUS]

    def behind(self, slot):
        """Return the slot behind another one; behind the back is the end."""
        return self.links[(slot << 2) + NEXT]

    def is_empty(self, cache, queue):
        """Return whether there is nothing in a queue."""
        end = self.end(cache, queue)
        return self.links[(end << 2) + NEXT] == end

    def held_in(self, cache, queue):
        """Return how much is in a queue."""
        return self.held[self.end(cache, queue)]

    def used(self, cache):
        """Return how much a cache holds."""
        used = self.held[self.end(cache, 0)]
        for queue in range(1, self.n_holding):
            used += self.held[self.end(cache, queue)]
        return used

    def capacity(self, cache):
        """Return how much fits into a cache."""
        return self.units.capacity[cache]

    def requested(self):
        """Return how much the requested content takes."""
        return self.units.requested()

    def lacks_room(self, cache):
        """Return whether something has to leave before the requested content is stored."""
        return self.used(cache) + self.units.requested() > self.units.capacity[cache]

    def overflows(self, cache):
        """Return whether a cache holds more than fits, as it may while contents come and go."""
        return self.used(cache) > self.units.capacity[cache]

    def is_new(self, cache, content):
        """Return whether a cache does not hold a content that is put; nothing left for it yet."""
        self.units.begin()
        return not self.has(cache, content)

    def admits(self, cache, limit):
        """Begin an insertion; return whether the content is no larger than `limit`.

        What is larger is counted as refused.
        """
        self.units.begin()
        if self.units.requested() <= limit:
            return True
        self.units.refused[cache] += 1
        return False

    def insert(self, cache, queue, content):
        """Put a content that is not known at the front of a queue; return its slot."""
        vacant, links = self.vacant, self.links
        slot = vacant[FREE]
        if slot >= 0:
            vacant[FREE] = links[(slot << 2) + NEXT]
            vacant[N_FREE] -= 1
        else:
            slot = vacant[USED]
            vacant[USED] = slot + 1
            self._provide(slot)
        self.slots.enter(cache, content, slot)
        self.units.store(slot)
        links[(slot << 2) + VALUE] = 0
        self._link(cache, queue, self.end(cache, queue), slot)
        return slot

    def store_again(self, cache, queue, slot):
        """Put a ghost at the front of a queue, as the requested content that it is."""
        self._unlink(cache, slot)
        self.units.store(slot)
        self._link(cache, queue, self.end(cache, queue), slot)

    def move(self, cache, queue, slot):
        """Move a slot to the front of a queue, which may be the one that it is in."""
        self._unlink(cache, slot)
        self._link(cache, queue, self.end(cache, queue), slot)

    def move_behind(self, cache, before, slot):
        """Move a slot behind another one of its queue, or behind the end of that."""
        if self.before(slot) != before:
            queue = self.queue_of(slot)
            self._unlink(cache, slot)
            self._link(cache, queue, before, slot)

    def move_to_back(self, cache, queue, slot):
        """Move a slot to the back of a queue."""
        self._unlink(cache, slot)
        self._link(cache, queue, self.back(cache, queue), slot)

    def renew_slot(self, cache, slot):
        """Move a slot to the front of the queue that it is in."""
        links = self.links
        before = links[(slot << 2) + PREVIOUS]
        behind = links[(slot << 2) + NEXT]
        links[(before << 2) + NEXT] = behind
        links[(behind << 2) + PREVIOUS] = before
        end = self.end(cache, links[(slot << 2) + QUEUE])
        front = links[(end << 2) + NEXT]
        links[(slot << 2) + PREVIOUS] = end
        links[(slot << 2) + NEXT] = front
        links[(front << 2) + PREVIOUS] = slot
        links[(end << 2) + NEXT] = slot

    def spend(self, cache, queue):
        """Find the first slot from the back on whose value is 0, and have it stand at the back.

        What was behind it goes to the front, one after the other, and loses 1 of its value.
        """
        links = self.links
        end = self.end(cache, queue)
        back = links[(end << 2) + PREVIOUS]
        slot = back
        value = links[(slot << 2) + VALUE]
        while value > 0:
            links[(slot << 2) + VALUE] = value - 1
            slot = links[(slot << 2) + PREVIOUS]
            if slot == end:
                slot = back
            value = links[(slot << 2) + VALUE]
        if slot != back:
            # All that moves is the end, between two neighbours of the ring that they form with it.
            front, behind = links[(end << 2) + NEXT], links[(slot << 2) + NEXT]
            links[(back << 2) + NEXT] = front
            links[(front << 2) + PREVIOUS] = back
            links[(slot << 2) + NEXT] = end
            links[(end << 2) + PREVIOUS] = slot
            links[(end << 2) + NEXT] = behind
            links[(behind << 2) + PREVIOUS] = end
        return slot

    def evict(self, cache, slot):
        """Have a cache no longer hold nor know a content; return it."""
        content = self.item(slot)
        self.units.note(content)
        self.drop(cache, slot)
        return content

    def evict_to(self, cache, ghosts, slot):
        """Have a cache no longer hold a content, and remember it in a queue; return it."""
        content = self.item(slot)
        self.units.note(content)
        self.move(cache, ghosts, slot)
        return content

    def evict_to_bounded(self, cache, ghosts, slot, limit):
        """Do the same, with no more than `limit` in that queue: the oldest are forgotten for it.

        What takes more than that itself is not remembered.
        """
        size = self.size_of(slot)
        if size > limit:
            return self.evict(cache, slot)
        self.bound(cache, ghosts, limit - size)
        return self.evict_to(cache, ghosts, slot)

    def drop(self, cache, slot):
        """Have a content neither held nor remembered, without taking note of it."""
        self.slots.leave(cache, self.item(slot))
        self._unlink(cache, slot)
        self.links[(slot << 2) + NEXT] = self.vacant[FREE]
        self.vacant[FREE] = slot
        self.vacant[N_FREE] += 1

    def bound(self, cache, queue, limit):
        """Forget what is at the back of a queue while there is more in it than `limit`."""
        while self.held_in(cache, queue) > limit:
            self.drop(cache, self.back(cache, queue))

    def update_size(self, cache, slot):
        """Have a content take as much as it does in the present request."""
        end = self.end(cache, self.queue_of(slot))
        self.held[end] -= self.units.of(slot)
        self.units.store(slot)
        self.held[end] += self.units.of(slot)

    def differs(self, cache, content):
        """Return whether a cache holds a content in another size than the requested one."""
        slot = self.find(cache, content)
        return slot >= 0 and self.holds(slot) and not self.units.holds_size(slot)

    def remove(self, cache, content):
        """Have a content neither held nor remembered; return whether it was held."""
        slot = self.find(cache, content)
        if slot < 0:
            return False
        held = self.holds(slot)
        self.drop(cache, slot)
        return held

    def _link(self, cache, queue, before, slot):
        """Put a slot, which is in no queue, behind another one of a queue, or behind its end."""
        links = self.links
        behind = links[(before << 2) + NEXT]
        links[(slot << 2) + PREVIOUS] = before
        links[(slot << 2) + NEXT] = behind
        links[(slot << 2) + QUEUE] = queue
        links[(behind << 2) + PREVIOUS] = slot
        links[(before << 2) + NEXT] = slot
        self.held[self.end(cache, queue)] += self.units.of(slot)

    def _unlink(self, cache, slot):
        links = self.links
        before = links[(slot << 2) + PREVIOUS]
        behind = links[(slot << 2) + NEXT]
        links[(before << 2) + NEXT] = behind
        links[(behind << 2) + PREVIOUS] = before
        self.held[self.end(cache, links[(slot << 2) + QUEUE])] -= self.units.of(slot)

    # What policies with one queue have in common with those of ``Lines``.

    def renew(self, cache, content):
        """Return whether a content is held, which moves it to the front of its queue."""
        slot = self.find(cache, content)
        if slot < 0:
            return False
        self.renew_slot(cache, slot)
        return True

    def renew_or_insert(self, cache, content):
        """Have a content in front of the first queue; return the last that left for it."""
        self.units.begin()
        return NOTHING if self.renew(cache, content) else self.insert_first(cache, content)

    def insert_if_absent(self, cache, content):
        """Put a content in front of the first queue unless it is held; return the last to leave."""
        self.units.begin()
        return NOTHING if self.has(cache, content) else self.insert_first(cache, content)

    def insert_first(self, cache, content):
        """Put a content in front of the first queue; return the last that left for it."""
        evicted = NOTHING
        if self.admits(cache, self.capacity(cache)):
            while self.lacks_room(cache):
                evicted = self.evict(cache, self.back(cache, 0))
            self.insert(cache, 0, content)
        return evicted

    def next_victim(self, cache, content):
        """Return what is at the back of the first queue; NOTHING if there is room."""
        if not self.lacks_room(cache):
            return NOTHING
        return self.item(self.back(cache, 0))

    def update(self, cache, content):
        """Have a content take as much as the request says; return the last that left for it."""
        evicted = NOTHING
        self.units.begin()
        self.update_size(cache, self.find(cache, content))
        while self.overflows(cache):
            evicted = self.evict(cache, self.back(cache, 0))
        return evicted

    def order(self, cache: int, queue: int) -> list[int]:
        """Return the slots of a queue, front to back."""
        slots, end = [], self.end(cache, queue)
        slot = int(self.behind(end))
        while slot != end:
            slots.append(slot)
            slot = int(self.behind(slot))
        return slots

    def dump(self, cache: int) -> list[Any]:
        """Return what a cache holds, queue by queue, each front to back."""
        return [
            self.item(slot) for queue in range(self.n_holding) for slot in self.order(cache, queue)
        ]

    def size(self, cache: int) -> int:
        """Return how many contents a cache holds."""
        return sum(len(self.order(cache, queue)) for queue in range(self.n_holding))

    def clear(self, cache: int) -> None:
        """Have nothing in the queues of a cache."""
        for queue in range(self.n_queues):
            for slot in self.order(cache, queue):
                self.drop(cache, slot)

    def carry_on(self, other: Self) -> Self:
        """Return what another state has, in caches of the sizes of these."""
        return other._replace(units=other.units._replace(capacity=self.units.capacity))

    def take_over(self, cache: int, other: Self) -> None:
        """Evict what does not fit from a cache that was carried on, from the back of its queue."""
        while self.overflows(cache):
            self.evict(cache, self.back(cache, 0))

    def reserve(self, n_requests: int, entered: int = 1) -> Self:
        """Return the same with room for what further requests may enter.

        Parameters
        ----------
        n_requests : int
            How many requests there will be before this is called again. Each may put one content
            into every cache.
        entered : int, optional
            Slots that each of these takes.
        """
        n_caches = len(self.held) // self.n_queues
        free = int(self.vacant[N_FREE])
        needed = int(self.vacant[USED]) + max(n_requests * n_caches * entered - free, 0)
        n_slots = len(self.links) >> 2
        if needed <= n_slots:
            return self
        return self._extended(max(needed, n_slots + (n_slots >> 1)))

    def _extended(self, n_slots: int) -> Self:
        return self._replace(
            slots=self.slots.reserve(n_slots),
            units=self.units.reserve(n_slots),
            links=slots_added(self.links, n_slots << 2),
        )

    def _provide(self, slot):
        """Have a slot exist; in Python, lists become longer as it is needed."""
        if slot << 2 >= len(self.links):
            self._extended(2 * slot)


def _provided(queues, slot):
    """Do nothing: there is room, see ``Queues.reserve``."""


Queues._provide.compiled_form = _provided  # type: ignore[attr-defined]


def make_queues(room: Room, holding: int = 1, ghosts: int = 0, *, several: bool = False) -> Queues:
    """Return empty queues.

    Parameters
    ----------
    room : Room
        How large the caches are, and what contents there are.
    holding : int, optional
        Queues of each cache for what it holds.
    ghosts : int, optional
        Queues of each cache for what it remembers.
    several : bool, optional
        Whether more than one content may leave for another where sizes do not count.
    """
    n_queues = holding + ghosts
    n_ends = n_queues * room.n_caches
    rows = np.zeros((n_ends, 4), dtype=np.int32)
    rows[:, PREVIOUS] = rows[:, NEXT] = np.arange(n_ends)
    vacant = np.array([-1, n_ends, 0], dtype=np.int64)
    slots: Pool = make_pool(room).reserve(n_ends)
    return Queues(
        slots,
        make_units(room, several=several).reserve(n_ends),
        room.array(rows.ravel()),
        room.zeros(n_ends),
        room.array(vacant),
        n_queues,
        holding,
    )
