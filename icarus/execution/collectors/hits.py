"""Who served: caches or sources."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from icarus.execution.collectors.collector import DataCollector, mean
from icarus.execution.collectors.counts import totals
from icarus.execution.collectors.ordered import by_content, by_node
from icarus.registry import register_data_collector
from icarus.types import Content, Node
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.execution.collectors.counts import SessionCounts
    from icarus.execution.network import NetworkView

__all__ = ["CacheHitRatioCollector"]


@register_data_collector("CACHE_HIT_RATIO")
class CacheHitRatioCollector(DataCollector):
    """Share of contents served from caches rather than by their sources.

    Where the workload knows sizes, ``BYTE_HIT_RATIO`` is the share of bytes, each request
    counting with its own size, and ``BYTES_FROM_ORIGINS`` what sources served. All are NaN if
    nothing was served.

    Parameters
    ----------
    off_path_hits : bool, optional
        Also tell hits on the shortest path from receiver to source from those off it, as
        ``MEAN_ON_PATH`` and ``MEAN_OFF_PATH``, which sum to the hit ratio.
    per_node : bool, optional
        Also give the share of all contents, and of all bytes, that each cache and each source
        served.
    content_hits : bool, optional
        Also give the hit ratio of each content, and that of its bytes.
    """

    def __init__(
        self,
        view: NetworkView,
        off_path_hits: bool = False,
        per_node: bool = True,
        content_hits: bool = False,
    ) -> None:
        super().__init__(view)
        self._off_path_hits = off_path_hits
        self._per_node = per_node
        self._content_hits = content_hits
        self._cache_hits: dict[Node, int] = defaultdict(int)
        self._server_hits: dict[Node, int] = defaultdict(int)
        self._hits_of: dict[Content, list[int]] = {}
        self._bytes_of: dict[Content, list[int]] = {}
        self._off_path = 0
        self._content: Content = None
        self._receiver: Node = None
        self._size: int | None = None
        self._cache_bytes: dict[Node, int] = defaultdict(int)
        self._server_bytes: dict[Node, int] = defaultdict(int)

    def start_session(self, timestamp: float, receiver: Node, content: Content) -> None:
        """Take note of receiver and content."""
        self._receiver = receiver
        self._content = content

    def content_size(self, size: int) -> None:
        """Count the content of this session with its size."""
        self._size = size

    def expect_sizes(self) -> None:
        """Give a ratio of bytes, whether or not a session is measured."""
        self._size = 0

    def cache_hit(self, node: Node) -> None:
        """Count a content served by a cache."""
        self._cache_hits[node] += 1
        if self._size is not None:
            self._cache_bytes[node] += self._size
        if self._off_path_hits:
            source = self.view.content_source(self._content)
            self._off_path += not self._on_path(node, self._receiver, source)
        if self._content_hits:
            self._count_content(0)

    def server_hit(self, node: Node) -> None:
        """Count a content served by its source."""
        self._server_hits[node] += 1
        if self._size is not None:
            self._server_bytes[node] += self._size
        if self._content_hits:
            self._count_content(1)

    def _count_content(self, kind: int) -> None:
        self._hits_of.setdefault(self._content, [0, 0])[kind] += 1
        if self._size is not None:
            self._bytes_of.setdefault(self._content, [0, 0])[kind] += self._size

    def _on_path(self, node: Node, receiver: Node, source: Node | None) -> bool:
        try:
            return node in self.view.shortest_path(receiver, source)
        except KeyError:
            return False  # the source is out of reach, or was removed

    @property
    def needs_content_hits(self) -> bool:
        """Whether hits are to be counted by content."""
        return self._content_hits

    @property
    def needs_off_path_hits(self) -> bool:
        """Whether hits off the shortest path are to be told from those on it."""
        return self._off_path_hits

    def absorb(self, counts: SessionCounts) -> None:
        """Count all sessions by who served them."""
        from_cache = counts.from_cache & (counts.server >= 0)
        from_source = ~counts.from_cache & (counts.server >= 0)
        tables: list[tuple[dict[Node, int], np.ndarray, np.ndarray]] = [
            (self._cache_hits, from_cache, counts.number),
            (self._server_hits, from_source, counts.number),
        ]
        if counts.size is not None:
            self.expect_sizes()
            tables.append((self._cache_bytes, from_cache, counts.size))
            tables.append((self._server_bytes, from_source, counts.size))
        for table, chosen, column in tables:
            servers, sums = totals(counts.server[chosen], column[chosen])
            for server, total in zip(servers.tolist(), sums.tolist(), strict=True):
                table[counts.nodes[server]] += total
        if self._off_path_hits:
            assert counts.on_path is not None  # as asked for by `needs_off_path_hits`
            self._off_path += int(counts.number[from_cache & ~counts.on_path].sum())
        for content in np.flatnonzero(counts.hits_of.any(axis=1)).tolist():
            row = counts.hits_of[content].tolist()
            _add(self._hits_of, counts.contents[content], row[:2])
            if counts.size is not None:
                _add(self._bytes_of, counts.contents[content], row[2:])

    def results(self) -> Tree:
        """Return the hit ratio, and what else was asked for."""
        hits = sum(self._cache_hits.values())
        served = hits + sum(self._server_hits.values())
        results = Tree({"MEAN": mean(hits, served)})
        in_bytes = sum(self._cache_bytes.values())
        served_bytes = in_bytes + sum(self._server_bytes.values())
        if self._size is not None:
            results["BYTE_HIT_RATIO"] = mean(in_bytes, served_bytes)
            results["BYTES_FROM_ORIGINS"] = served_bytes - in_bytes if served else math.nan
        if self._off_path_hits:
            results["MEAN_OFF_PATH"] = mean(self._off_path, served)
            results["MEAN_ON_PATH"] = mean(hits - self._off_path, served)
        if self._content_hits:
            results["PER_CONTENT"] = {
                content: cached / (cached + origin)
                for content, (cached, origin) in by_content(self._hits_of).items()
            }
            if self._size is not None:
                results["PER_CONTENT_BYTE_HIT_RATIO"] = {
                    content: mean(cached, cached + origin)
                    for content, (cached, origin) in by_content(self._bytes_of).items()
                }
        if self._per_node:
            results["PER_NODE_CACHE_HIT_RATIO"] = self._shares(self._cache_hits, served)
            results["PER_NODE_SERVER_HIT_RATIO"] = self._shares(self._server_hits, served)
            if self._size is not None:
                results["PER_NODE_CACHE_BYTE_HIT_RATIO"] = self._shares(
                    self._cache_bytes, served_bytes
                )
                results["PER_NODE_SERVER_BYTE_HIT_RATIO"] = self._shares(
                    self._server_bytes, served_bytes
                )
        return results

    def _shares(self, counts: Mapping[Node, int], total: int) -> dict[Node, float]:
        return {node: mean(count, total) for node, count in by_node(counts, self.view).items()}


def _add(table: dict[Content, list[int]], content: Content, counts: list[int]) -> None:
    known = table.setdefault(content, [0, 0])
    for kind, count in enumerate(counts):
        known[kind] += count
