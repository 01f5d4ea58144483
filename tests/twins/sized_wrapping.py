"""What the twins around another twin share: all goes through to the cache inside."""

from __future__ import annotations

from twins.scored_twin import Item, ScoredTwin

__all__ = ["WrappingTwin"]


class WrappingTwin(ScoredTwin):
    """A cache around another; what is stored is stored there.

    Parameters
    ----------
    cache : ScoredTwin
        Its ``sizes`` are those of the wrapper, too.
    """

    def __init__(self, cache: ScoredTwin) -> None:
        self.capacity = cache.capacity
        self.sizes = cache.sizes
        self.requests = 0
        self.cache = cache

    @property
    def used(self) -> int:  # type: ignore[override]
        """Return the units stored in the cache inside."""
        return self.cache.used

    def get(self, k: Item) -> bool:
        """Look `k` up inside."""
        self.requests += 1
        return self.cache.get(k)

    def put(self, k: Item, size: int = 1) -> list[Item]:
        """Store `k` inside."""
        return self.cache.put(k, size)

    def remove(self, k: Item) -> bool:
        """Remove `k` inside."""
        return self.cache.remove(k)

    def resize_item(self, k: Item, size: int) -> list[Item]:
        """Give an item inside another size."""
        return self.cache.resize_item(k, size)

    def dump(self) -> list[Item]:
        """Return what is inside."""
        return self.cache.dump()
