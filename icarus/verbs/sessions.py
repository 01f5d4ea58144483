"""What is measured: how often sessions of each kind took place.

A session is a sequence of steps: from whom to which source, where the request went, who served,
where the content went. Sessions that begin alike share these steps, as words do in a trie, so
that recording a step is one look-up in a hash table, and a session is one count at its last
step. All that collectors report follows from these counts: links, hops, latencies.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from icarus.compiler.mixing import mixed

__all__ = [
    "BRANCH",
    "CACHE_SERVES",
    "CONTENT",
    "FAILED",
    "NOT_MEASURED",
    "REQUEST",
    "ROUND_TRIP_TO_CACHE",
    "ROUND_TRIP_TO_SOURCE",
    "SOURCE_SERVES",
    "START",
    "Sessions",
    "branch_leg",
    "cache_serves",
    "content_leg",
    "end_session",
    "fail_session",
    "refill_step_table",
    "request_leg",
    "round_trip",
    "source_serves",
    "start_session",
]

(
    START,
    REQUEST,
    CONTENT,
    BRANCH,
    CACHE_SERVES,
    SOURCE_SERVES,
    ROUND_TRIP_TO_CACHE,
    ROUND_TRIP_TO_SOURCE,
) = range(8)
"""Kinds of steps, the lowest three bits of each."""

FAILED = BRANCH
"""The step of a session that nobody could serve: a branch of no hops, which is none."""

NOT_MEASURED = -1
"""The step of a session that nobody hears of."""


class Sessions(NamedTuple):
    """Steps of sessions, each after another one; step 0 is the start of all."""

    table: np.ndarray
    """int32, a power of two: step, found by the hash of `after` and `step`; 0 for none."""
    after: np.ndarray
    """int32, by step: the one before."""
    step: np.ndarray
    """int64, by step: its kind, and where it leads; see ``_leg``."""
    count: np.ndarray  # type: ignore[assignment]  # a method of tuples, which nobody needs
    """int64, by step: sessions that ended with it."""
    size: np.ndarray
    """int64, by step: bytes of the contents of these sessions."""
    used: np.ndarray
    """int64, (1,): steps there are."""
    walk: np.ndarray
    """int64, (1,): the last step of the present session; ``NOT_MEASURED`` if nobody hears of it."""
    hits_of: np.ndarray
    """int64, (n_contents, 4): how often caches and sources served each content, and how many bytes
    of it; (0, 4) where nobody wants to know."""
    requested: np.ndarray
    """int64, (1,): bytes of the requested content, where the workload knows sizes."""


def _next_step(sessions, walk, step):
    mask = len(sessions.table) - 1
    place = mixed(step, walk) & mask
    while True:
        known = sessions.table[place]
        if known == 0:
            known = np.int32(sessions.used[0])
            sessions.table[place] = known
            sessions.after[known] = walk
            sessions.step[known] = step
            sessions.used[0] = known + 1
            return known
        if sessions.step[known] == step and sessions.after[known] == walk:
            return known
        place = (place + 1) & mask


def _leg(kind, path, first, last):
    # 3 bits of kind, 16 for each position, 28 for the path.
    return kind | (first << 3) | (last << 19) | (np.int64(path) << 35)


def _go(sessions, walk, kind, path, first, last):
    if walk < 0 or first == last:
        return walk
    return _next_step(sessions, walk, _leg(kind, path, first, last))


def start_session(sessions, receiver, source):
    """Begin a measured session; return what is passed on as `walk` to each further step."""
    return _next_step(sessions, 0, START | (np.int64(receiver) << 3) | (np.int64(source) << 33))


def request_leg(sessions, walk, path, first, last):
    """Have the request go from position `first` of a path to position `last`."""
    return _go(sessions, walk, REQUEST, path, first, last)


def content_leg(sessions, walk, path, first, last):
    """Have the content go from position `first` of a path to position `last`."""
    return _go(sessions, walk, CONTENT, path, first, last)


def branch_leg(sessions, walk, path, first, last):
    """Have the content go off the way that the receiver waits for."""
    return _go(sessions, walk, BRANCH, path, first, last)


def cache_serves(sessions, walk, node, content):
    """Take note that the cache of a node had the content."""
    return _serve(sessions, walk, CACHE_SERVES, node, content)


def source_serves(sessions, walk, node, content):
    """Take note that a source served the content."""
    return _serve(sessions, walk, SOURCE_SERVES, node, content)


def _serve(sessions, walk, kind, node, content):
    if walk < 0:
        return walk
    _count_content(sessions, content, 0 if kind == CACHE_SERVES else 1)
    return _next_step(sessions, walk, kind | (np.int64(node) << 3))


def round_trip(sessions, walk, path, position, from_cache, content):
    """Have the request go up a path, be served at `position`, and the content come back."""
    if walk < 0:
        return walk
    _count_content(sessions, content, 0 if from_cache else 1)
    kind = ROUND_TRIP_TO_CACHE if from_cache else ROUND_TRIP_TO_SOURCE
    return _next_step(sessions, walk, _leg(kind, path, 0, position))


def _count_content(sessions, content, column):
    if len(sessions.hits_of) > 0:
        sessions.hits_of[content, column] += 1
        sessions.hits_of[content, column + 2] += sessions.requested[0]


def fail_session(sessions, walk):
    """Take note that nobody can serve the request, as a node is out of reach."""
    return walk if walk < 0 else _next_step(sessions, walk, FAILED)


def end_session(sessions, walk, size):
    """Count a session that ends here, whose content has `size` bytes."""
    if walk >= 0:
        sessions.count[walk] += 1
        sessions.size[walk] += size


def refill_step_table(sessions):
    """Enter all steps into an empty table."""
    mask = len(sessions.table) - 1
    for known in range(1, sessions.used[0]):
        place = mixed(sessions.step[known], sessions.after[known]) & mask
        while sessions.table[place] > 0:
            place = (place + 1) & mask
        sessions.table[place] = known
