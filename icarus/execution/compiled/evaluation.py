"""From counted steps to what collectors report: links used, hops, latencies, who served."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.hash_tables import place_of
from icarus.verbs.path_table import find_path, node_at
from icarus.verbs.sessions import (
    BRANCH,
    CACHE_SERVES,
    CONTENT,
    FAILED,
    REQUEST,
    ROUND_TRIP_TO_CACHE,
    ROUND_TRIP_TO_SOURCE,
    SOURCE_SERVES,
    START,
)

__all__ = [
    "LinkCounts",
    "Links",
    "StepFacts",
    "count_links",
    "describe_steps",
    "look_up_paths",
]


class StepFacts(NamedTuple):
    """What is known of a session by each of its steps; arrays of shape (n_steps,)."""

    receiver: np.ndarray
    """int32: the node that requested."""
    source: np.ndarray
    """int32: the node that the content originates from."""
    server: np.ndarray
    """int32: the node that served, or -1."""
    from_cache: np.ndarray
    """bool: whether it served from its cache."""
    latency: np.ndarray
    """float64: ms so far."""
    request_hops: np.ndarray
    """int64: hops of the request so far."""
    content_hops: np.ndarray
    """int64: hops of the content so far."""
    external_request_hops: np.ndarray
    """int64: those of the request over external links."""
    external_content_hops: np.ndarray
    """int64: those of the content over external links."""
    failed: np.ndarray
    """bool: whether nobody could serve, as a node is out of reach."""


class LinkCounts(NamedTuple):
    """What each directed link carried; arrays of shape (n_links,)."""

    requests: np.ndarray
    """int64: requests."""
    contents: np.ndarray
    """int64: contents."""
    size: np.ndarray
    """int64: bytes of these contents, where the workload knows sizes."""
    awaited: np.ndarray
    """int64: requests and contents that somebody waited for, the delay of which counts."""


class Links(NamedTuple):
    """The directed links of the network."""

    table: np.ndarray
    """int32, a power of two: link + 1, found by the hash of its ends; 0 where there is none."""
    ends: np.ndarray
    """int64, (n_links,): first node times the number of nodes, plus last node."""
    delay: np.ndarray
    """float64, (n_links,): delays in ms; NaN where a link has none."""
    external: np.ndarray
    """bool, (n_links,): whether a link is external."""


def _link_behind(links, paths, path, position, way):
    """Return the link from a position on a path to the next one, or back to the one before."""
    here = paths.start[path] + position
    ends = np.int64(paths.nodes[here, 0]) * len(paths.row_of) + paths.nodes[here + way, 0]
    return links.table[place_of(links.table, links.ends, ends)] - 1


def look_up_paths(paths, first_nodes, last_nodes, found, start):
    """Find many paths; return the position of the first that Python has to help with."""
    for i in range(start, len(found)):
        found[i] = find_path(paths, first_nodes[i], last_nodes[i])
        if found[i] < 0:
            return i
    return len(found)


def _unpack(step):
    """Return kind, path, and first and last position of a leg."""
    return step & 7, step >> 35, (step >> 3) & 0xFFFF, (step >> 19) & 0xFFFF


def _external_hops(links, paths, path, first, last):
    """Return how many hops of a leg are over external links."""
    way = 1 if first < last else -1
    found = 0
    for position in range(first, last, way):
        found += links.external[_link_behind(links, paths, path, position, way)]
    return found


def _leg_latency(links, paths, path, first, last, latency):
    """Add the delays of a leg to a latency, hop by hop as the reference does."""
    way = 1 if first < last else -1
    for position in range(first, last, way):
        latency += links.delay[_link_behind(links, paths, path, position, way)]
    return latency


def describe_steps(sessions, paths, links, facts, first):
    """Fill `facts` from a step on; steps come after those that they follow, so one pass does.

    Parameters
    ----------
    sessions, paths, links : NamedTuple
    facts : StepFacts
        To be filled.
    first : int
        Those before it, but for step 0, are described already.
    """
    for this in range(first, sessions.used[0]):
        before = sessions.after[this]
        step = sessions.step[this]
        kind, path, first, last = _unpack(step)
        facts.receiver[this] = facts.receiver[before]
        facts.source[this] = facts.source[before]
        facts.server[this] = facts.server[before]
        facts.from_cache[this] = facts.from_cache[before]
        latency = facts.latency[before]
        request_hops = facts.request_hops[before]
        content_hops = facts.content_hops[before]
        external_request_hops = facts.external_request_hops[before]
        external_content_hops = facts.external_content_hops[before]
        facts.failed[this] = step == FAILED
        if kind == START:
            facts.receiver[this] = (step >> 3) & 0x3FFF_FFFF
            facts.source[this] = step >> 33
            facts.server[this] = -1
        elif kind == REQUEST:
            request_hops += abs(last - first)
            external_request_hops += _external_hops(links, paths, path, first, last)
            latency = _leg_latency(links, paths, path, first, last, latency)
        elif kind == CONTENT:
            content_hops += abs(last - first)
            external_content_hops += _external_hops(links, paths, path, first, last)
            latency = _leg_latency(links, paths, path, first, last, latency)
        elif kind == BRANCH:
            content_hops += abs(last - first)
            external_content_hops += _external_hops(links, paths, path, first, last)
        elif kind in (CACHE_SERVES, SOURCE_SERVES):
            facts.server[this] = step >> 3
            facts.from_cache[this] = kind == CACHE_SERVES
        else:
            request_hops += last
            content_hops += last
            external_request_hops += _external_hops(links, paths, path, 0, last)
            external_content_hops += _external_hops(links, paths, path, last, 0)
            latency = _leg_latency(links, paths, path, 0, last, latency)
            latency = _leg_latency(links, paths, path, last, 0, latency)
            facts.server[this] = node_at(paths, path, last)
            facts.from_cache[this] = kind == ROUND_TRIP_TO_CACHE
        facts.latency[this] = latency
        facts.request_hops[this] = request_hops
        facts.content_hops[this] = content_hops
        facts.external_request_hops[this] = external_request_hops
        facts.external_content_hops[this] = external_content_hops


def _count_leg(counts, links, paths, path, first, last, kind, number, size):
    way = 1 if first < last else -1
    for position in range(first, last, way):
        link = _link_behind(links, paths, path, position, way)
        if kind == REQUEST:
            counts.requests[link] += number
        else:
            counts.contents[link] += number
            counts.size[link] += size
        if kind != BRANCH:
            counts.awaited[link] += number


def count_links(sessions, paths, links, passed, size, counts):
    """Fill `counts`.

    Parameters
    ----------
    sessions, paths, links : NamedTuple
    passed, size : ndarray of int64, shape (n_steps,)
        Zeros; by step, the sessions that took it and the bytes of their contents.
    counts : LinkCounts
        To be filled.
    """
    for this in range(sessions.used[0] - 1, 0, -1):
        passed[this] += sessions.count[this]
        size[this] += sessions.size[this]
        passed[sessions.after[this]] += passed[this]
        size[sessions.after[this]] += size[this]
        kind, path, first, last = _unpack(sessions.step[this])
        number = passed[this]
        if kind in (ROUND_TRIP_TO_CACHE, ROUND_TRIP_TO_SOURCE):
            _count_leg(counts, links, paths, path, 0, last, REQUEST, number, size[this])
            _count_leg(counts, links, paths, path, last, 0, CONTENT, number, size[this])
        elif kind in (REQUEST, CONTENT, BRANCH):
            _count_leg(counts, links, paths, path, first, last, kind, number, size[this])
