"""What states around that of caches pass on: their field ``caches`` does all that they do not.

There is admission, expiry, counting and more around the caches of a network; see ``wrapped``.
"""

from __future__ import annotations

from typing import Any, TypeVar

from icarus.core.definitions import filled_in
from icarus.policies.cache import grows, reserved

__all__ = ["around_caches", "grows_inside"]


def get(self, cache, content):
    """Look a content up."""
    return self.caches.get(cache, content)


def put(self, cache, content):
    """Insert a content; return the last that was evicted for it."""
    return self.caches.put(cache, content)


def has(self, cache, content):
    """Return whether a content is cached, changing nothing."""
    return self.caches.has(cache, content)


def remove(self, cache, content):
    """Remove a content; return whether it was cached."""
    return self.caches.remove(cache, content)


def set_time(self, time):
    """Take note of the time."""
    self.caches.set_time(time)


def set_size(self, size):
    """Take note of the size of the requested content."""
    self.caches.set_size(size)


def set_measured(self, measured):
    """Take note of whether the present request is measured."""
    self.caches.set_measured(measured)


def measure(self):
    """Return what counts in the caches."""
    return self.caches.measure()


def used(self, cache):
    """Return how many bytes a cache holds, where these count."""
    return self.caches.used(cache)


def differs(self, cache, content):
    """Return whether a cache holds a content in another size than the requested one."""
    return self.caches.differs(cache, content)


def next_victim(self, cache, content):
    """Return what would leave first for a content; NOTHING if there is room."""
    return self.caches.next_victim(cache, content)


def spare(self, cache, content):
    """Have what was to leave next for a content stay, unless it has left."""
    self.caches.spare(cache, content)


def places(self):
    """Return what tells where contents are looked up."""
    return self.caches.places()


def clear(self: Any, cache: int) -> None:
    """Remove everything from a cache."""
    self.caches.clear(cache)


def carry_on(self: Any, other: Any) -> Any:
    """Return the same state with what another one knows beyond its contents."""
    return self._replace(caches=self.caches.carry_on(other.caches))


def take_over(self: Any, cache: int, other: Any) -> None:
    """Have a new cache hold what it held in another state, as far as it has room."""
    self.caches.take_over(cache, other.caches)


def dump(self: Any, cache: int) -> list[Any]:
    """Return all contents, the one to be evicted next last."""
    contents: list[Any] = self.caches.dump(cache)
    return contents


def size(self: Any, cache: int) -> int:
    """Return how many contents a cache has."""
    n_contents: int = self.caches.size(cache)
    return n_contents


def reserve(self: Any, n_requests: int) -> Any:
    """Return the same state with room for what further requests enter."""
    return self._replace(caches=reserved(self.caches, n_requests))


def grows_inside(self: Any) -> bool:
    """Return whether room has to be made for what requests enter into the caches."""
    return grows(self.caches)


_PASSED_ON: Any = (
    *(get, put, has, remove),
    *(set_time, set_size, set_measured),
    *(measure, used, differs, next_victim, spare, places),
    *(clear, carry_on, take_over, dump, size, reserve),
)

_State = TypeVar("_State", bound=type)


def around_caches(state: _State) -> _State:
    """Return the class of a state that has the field ``caches``, which passes on what it lacks.

    Parameters
    ----------
    state : type
        A NamedTuple class; its own methods stay.
    """
    return filled_in(state, {one.__name__: one for one in _PASSED_ON})
