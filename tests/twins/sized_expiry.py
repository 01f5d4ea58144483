"""Twin of TTL: contents that expire, around the twin of any policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twins.scored_twin import Item, ScoredTwin
from twins.sized_wrapping import WrappingTwin

__all__ = ["ExpiringTwin"]


class ExpiringTwin(WrappingTwin):
    """A cache whose items are valid while the time is before their expiry.

    Parameters
    ----------
    cache : ScoredTwin
    clock : callable
        Returns the time, in seconds, which never goes back.
    ttl : float or mapping
        Seconds from storing to expiry, for all items or by item.
    renew : bool
        Whether a hit sets the expiry anew.

    Notes
    -----
    An expired item keeps its place, and counts in ``used``, until it is looked up or put, or
    evicted as any other; then it is removed from the cache first, and the cache is asked as if it
    had never been there. So the policy sees a miss. ``has`` and ``dump`` do not see it and remove
    nothing. ``resize_item`` leaves the expiry as it is.
    """

    def __init__(
        self,
        cache: ScoredTwin,
        clock: Callable[[], float],
        ttl: float | Mapping[Item, float],
        renew: bool = False,
    ) -> None:
        super().__init__(cache)
        self._clock = clock
        self._ttl = ttl
        self._renew = renew
        self._expiry: dict[Item, float] = {}

    def has(self, k: Item) -> bool:
        """Return whether `k` is cached and valid."""
        return self.cache.has(k) and self._clock() < self._expiry[k]

    def get(self, k: Item) -> bool:
        """Look `k` up; an expired item is removed and a miss."""
        self._drop_expired(k)
        found = super().get(k)
        if found and self._renew:
            self._set_expiry(k)
        return found

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` if it is not cached or has expired; return what is evicted for it."""
        self._drop_expired(k)
        cached = self.cache.has(k)
        evicted = self.cache.put(k, size)
        if not cached and self.cache.has(k):
            self._set_expiry(k)
        for victim in evicted:
            self._expiry.pop(victim, None)
        return evicted

    def remove(self, k: Item) -> bool:
        """Remove `k`; return whether it was cached and valid."""
        valid = self.has(k)
        self._expiry.pop(k, None)
        return self.cache.remove(k) and valid

    def resize_item(self, k: Item, size: int) -> list[Item]:
        """Give a cached item another size; return what is evicted until all fits."""
        evicted = self.cache.resize_item(k, size)
        for victim in evicted:
            self._expiry.pop(victim, None)
        return evicted

    def dump(self) -> list[Item]:
        """Return the valid items in the order of the cache."""
        return [k for k in self.cache.dump() if self.has(k)]

    def _set_expiry(self, k: Item) -> None:
        ttl = self._ttl[k] if isinstance(self._ttl, Mapping) else self._ttl
        self._expiry[k] = self._clock() + ttl

    def _drop_expired(self, k: Item) -> None:
        if self.cache.has(k) and not self.has(k):
            self.remove(k)
