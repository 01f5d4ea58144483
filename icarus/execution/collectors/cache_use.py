"""What is done to each cache, and how full it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from icarus.execution.collectors.collector import DataCollector
from icarus.registry import register_data_collector
from icarus.types import Node
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.execution.collectors.counts import SessionCounts
    from icarus.execution.network import NetworkView
    from icarus.policies.counted import CacheCounts

__all__ = ["CacheUseCollector"]


@register_data_collector("CACHE_USE")
class CacheUseCollector(DataCollector):
    """How caches are used: look-ups, hits, insertions, evictions, and how full they are.

    All but the occupancy at the end is of measured requests; means are over the time from the first
    to the last of them. ``PER_NODE`` has it all for each cache, zeros included, and the rest is
    the sum over all caches. ``WRITTEN_BYTES`` are the bytes of what was inserted, where the
    workload has sizes. ``TOO_LARGE`` counts what was not kept as it is larger than the cache, or
    than the part of it that its policy puts newcomers in; ``SIZE_CHANGES`` hits of contents that
    the request says another size of than they have in the cache. Contents that an event removes,
    as a flush does, count as no evictions.

    Parameters
    ----------
    per_node : bool, optional
        Also give it for each cache.
    """

    needs_cache_use = True

    def __init__(self, view: NetworkView, per_node: bool = True) -> None:
        super().__init__(view)
        self._per_node = per_node
        self._counts: Sequence[tuple[Node, CacheCounts]] = ()
        self._in_bytes = self._sized = False

    def expect_sizes(self) -> None:
        """Give what is written in bytes."""
        self._sized = True

    def content_size(self, size: int) -> None:
        """Know that there are sizes."""
        self._sized = True

    def absorb(self, counts: SessionCounts) -> None:
        """Know whether there are sizes; all else is counted where it happens."""
        self._sized |= counts.size is not None

    def take_cache_use(self, counts: Sequence[tuple[Node, CacheCounts]], in_bytes: bool) -> None:
        """Take what was counted so far.

        Parameters
        ----------
        counts : sequence of (node, CacheCounts)
            By cache; local ones come last.
        in_bytes : bool
            Whether caches count bytes.
        """
        self._counts, self._in_bytes = counts, in_bytes

    def results(self) -> Tree:
        """Return the sums, and what was counted of each cache."""
        by_name: dict[str, dict[Node, Any]] = {}
        for node, counts in self._counts:
            for name, value in self._named(counts).items():
                of_nodes = by_name.setdefault(name, {})
                # A node with a local cache has two.
                of_nodes[node] = of_nodes.get(node, 0) + value
        results = Tree({name: sum(of.values()) for name, of in by_name.items()})
        if self._per_node:
            results["PER_NODE"] = by_name
        return results

    def _named(self, counts: CacheCounts) -> dict[str, Any]:
        named = {
            "LOOKUPS": counts.lookups,
            "HITS": counts.hits,
            "INSERTIONS": counts.insertions,
            "EVICTIONS": counts.evictions,
            "TOO_LARGE": counts.too_large,
            "SIZE_CHANGES": counts.size_changes,
            "CONTENTS": counts.contents,
            "MEAN_CONTENTS": counts.mean_contents,
        }
        if self._sized:
            named["WRITTEN_BYTES"] = counts.written
        if self._in_bytes:
            named |= {"BYTES": counts.bytes, "MEAN_BYTES": counts.mean_bytes}
        return named
