"""What the definition of a strategy may say: the verbs of one request, compiled.

Positions on a path are counted from its first node. There are two forms, in which the same can
be said. ``Request`` is compiled: nodes, contents and paths are numbers, and what is measured is
recorded in as few steps as possible. ``icarus.verbs.controlled_request`` is for the interpreter.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from icarus.verbs.network import AGAIN, DONE
from icarus.verbs.path_table import cache_at, find_link, find_path, last_position, node_at
from icarus.verbs.sessions import (
    branch_leg,
    cache_serves,
    content_leg,
    request_leg,
    round_trip,
    source_serves,
)

__all__ = ["Request"]


class Request(NamedTuple):
    """A request, in compiled code."""

    net: Any
    """Network"""
    caches: Any
    """The state of all caches."""
    sessions: Any
    """Sessions; ``walk`` there is the last step of the present one."""
    receiver: int
    """The node that requests."""
    source: int
    """The node that the content originates from."""
    content: int
    start: int
    """The step that the session begins with."""

    def path(self, u, v):
        """Return the path from `u` to `v`; it is lacking if it has to be computed first."""
        return find_path(self.net.paths, u, v)

    def path_to_source(self):
        """Return the path from the receiver to the source."""
        return find_path(self.net.paths, self.receiver, self.source)

    def path_on_to_source(self, node):
        """Return the path from `node` to the source, on which the request may have to go on."""
        return find_path(self.net.paths, node, self.source)

    def way_back(self, u, v):
        """Return the path on which contents come from `v` to `u`; positions are counted from `u`.

        The content may take it, or not.
        """
        return find_path(self.net.paths, u, v)

    def way_back_of(self, path):
        """Return the path on which contents come back to where a request that takes `path` began.

        Positions are counted from there as well. Shortest paths in compiled code are the same in
        both directions; settings may give others.
        """
        return path

    def link(self, u, v):
        """Return the link from `u` to `v` as a path, whether or not it is the shortest one."""
        return find_link(self.net.paths, u, v)

    def looks_ahead(self):
        """Whether paths have to be known before anything is done, also those only sometimes taken.

        In the interpreter they do not: it computes a path when it is asked for.
        """
        return True

    def lacks(self, path):
        """Whether a path has to be computed first: the definition then returns ``AGAIN``.

        It must not have done anything before.
        """
        return path < 0

    def last(self, path):
        """Return the position of the last node on a path, which is its number of hops."""
        return last_position(self.net.paths, path)

    def node(self, path, position):
        """Return the node at a position."""
        return node_at(self.net.paths, path, position)

    def position_of(self, path, node):
        """Return the position of a node on a path, or -1."""
        for position in range(last_position(self.net.paths, path) + 1):
            if node_at(self.net.paths, path, position) == node:
                return position
        return -1

    def has_cache(self, path, position):
        """Whether the node at a position has a cache."""
        return cache_at(self.net.paths, path, position) >= 0

    def holds(self, node):
        """Whether the cache of a node has the content, which nobody takes note of."""
        cache = self.net.cache_of[node]
        return cache >= 0 and self.caches.has(cache, self.content)

    def holds_at(self, path, position):
        """Whether the cache at a position has the content, which nobody takes note of."""
        cache = cache_at(self.net.paths, path, position)
        return cache >= 0 and self.caches.has(cache, self.content)

    def holds_locally(self, path, position):
        """Whether the local cache at a position has the content, which nobody takes note of."""
        cache = self.net.local_of[node_at(self.net.paths, path, position)]
        return cache >= 0 and self.caches.has(cache, self.content)

    def look_up(self, path, position):
        """Have the request go up a path to a position; return whether the cache there serves."""
        cache = cache_at(self.net.paths, path, position)
        return cache >= 0 and self.caches.get(cache, self.content)

    def look_up_locally(self, path, position, node):
        """Have the request go up a path to a position; return whether the local cache serves.

        Parameters
        ----------
        path : path
        position : int
        node : node
            That at the position. Where it is known before the path, its cache is looked up beside
            that.
        """
        cache = self.net.local_of[node]
        return cache >= 0 and self.caches.get(cache, self.content)

    def look_up_on(self, path):
        """Have the request go up a path until a cache serves, or the last node, the source.

        Returns
        -------
        int
            The position of the node that serves.
        """
        last = last_position(self.net.paths, path)
        for position in range(1, last):
            cache = cache_at(self.net.paths, path, position)
            if cache >= 0 and self.caches.get(cache, self.content):
                return position
        return last

    def fetch(self, path, position):
        """Have the request go up a path to a position, where the node serves."""

    def fetch_from_source(self, path):
        """Have the request go up a path to the last node, the source, which has to serve."""

    def first_holder(self, candidates):
        """Return the first candidate that has the content, which nobody takes note of.

        Parameters
        ----------
        candidates : NamedTuple
            Caches and sources. It has the methods ``number()`` and ``node(receiver, place)``; in
            the interpreter ``of(receiver)`` instead, which returns all nodes in order.
        """
        for place in range(candidates.number()):
            node = candidates.node(self.receiver, place)
            if node == self.source or self.holds(node):
                return node
        return np.int32(self.source)

    def put(self, path, position):
        """Have the content, on its way back, come to a position, and the cache there keep it.

        Where there is no cache, nothing happens.
        """
        cache = cache_at(self.net.paths, path, position)
        if cache >= 0:
            self.caches.put(cache, self.content)

    def put_locally(self, path, position):
        """Have the content come to a position, and the local cache there keep it."""
        cache = self.net.local_of[node_at(self.net.paths, path, position)]
        if cache >= 0:
            self.caches.put(cache, self.content)

    def ask(self, path, position):
        """Have the request go up a path to a position, where nobody serves."""
        sessions = self.sessions
        sessions.walk[0] = request_leg(sessions, sessions.walk[0], path, 0, position)

    def deliver(self, path, position):
        """Have the content come back down a path, all the way from the position that serves."""
        sessions = self.sessions
        from_cache = node_at(self.net.paths, path, position) != self.source
        sessions.walk[0] = round_trip(
            sessions, sessions.walk[0], path, position, from_cache, self.content
        )

    def round_trip(self, path, position):
        """Have the content come back down a path from the position that serves; that is all.

        It is ``deliver`` where nothing was asked elsewhere before. What the session began with is
        at hand then, and is not read from memory where it has just been written to: 7 ns of the
        120 that a request takes with LCE and LRU.
        """
        sessions = self.sessions
        from_cache = node_at(self.net.paths, path, position) != self.source
        sessions.walk[0] = round_trip(
            sessions, self.start, path, position, from_cache, self.content
        )

    def deliver_from_cache(self, path, position):
        """Have the content come back down a path from a position where, surely, a cache serves.

        It is ``deliver``, in one step less.
        """
        sessions = self.sessions
        sessions.walk[0] = round_trip(
            sessions, sessions.walk[0], path, position, True, self.content
        )

    def deliver_from_source(self, path):
        """Have the content come back down a path from the last node, where the source serves."""
        sessions = self.sessions
        last = last_position(self.net.paths, path)
        sessions.walk[0] = round_trip(sessions, sessions.walk[0], path, last, False, self.content)

    def deliver_on(self, path, position, way_back):
        """Have the content come from the position of a path that serves, but on another way.

        Caches on this way may be put to afterwards.

        Parameters
        ----------
        path : path
            That of the request.
        position : int
        way_back : path
            From where the content goes to who serves.
        """
        sessions = self.sessions
        server = node_at(self.net.paths, path, position)
        walk = request_leg(sessions, sessions.walk[0], path, 0, position)
        if server == self.source:
            walk = source_serves(sessions, walk, server, self.content)
        else:
            walk = cache_serves(sessions, walk, server, self.content)
        last = last_position(self.net.paths, way_back)
        sessions.walk[0] = content_leg(sessions, walk, way_back, last, 0)

    def deliver_from_source_on(self, path, way_back):
        """Have the content come from the source, at the end of a path, but on another way.

        Caches on this way may be put to afterwards.
        """
        sessions = self.sessions
        last = last_position(self.net.paths, path)
        walk = request_leg(sessions, sessions.walk[0], path, 0, last)
        walk = source_serves(sessions, walk, self.source, self.content)
        last = last_position(self.net.paths, way_back)
        sessions.walk[0] = content_leg(sessions, walk, way_back, last, 0)

    def pass_on(self, path, position):
        """Have the content, which was fetched there, come down a path from a position.

        Caches on this way may be put to afterwards.
        """
        sessions = self.sessions
        sessions.walk[0] = content_leg(sessions, sessions.walk[0], path, position, 0)

    def branch(self, path, position):
        """Have the content, which has come there, branch off down a path from a position.

        The receiver does not wait for it. Caches on this way may be put to afterwards.
        """
        sessions = self.sessions
        sessions.walk[0] = branch_leg(sessions, sessions.walk[0], path, position, 0)

    def ended(self, walk):
        """Return what a definition does that records the steps of its session itself."""
        if walk == AGAIN:
            return AGAIN
        self.sessions.walk[0] = walk
        return DONE
