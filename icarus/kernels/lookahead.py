"""Having memory fetched that requests some places ahead will need.

What a request looks up first is known before its turn: where its content originates, and its
places in the indexes of the caches on its path. Measured on GEANT with LCE and LRU over 300,000
contents: 5.2 million requests/s instead of 3.6 before other improvements; the larger the
tables, the more.
"""

from __future__ import annotations

from numba.core.types import BaseNamedTuple
from numba.extending import overload

from icarus.kernels.index import HashedIndex, Slots, expect
from icarus.kernels.jit import INLINED, kernel
from icarus.kernels.network import content_source
from icarus.kernels.paths import cache_at, known_path, last_position
from icarus.kernels.policies.lines import Lines
from icarus.kernels.prefetch import prefetch

__all__ = ["look_ahead"]

_FAR, _NEAR = 12, 4
"""Requests ahead, for what is needed to find the rest, and for the rest."""


@kernel
def look_ahead(net, caches, receivers, requests, i, stop):
    """Have fetched what requests after `i` will need."""
    if i + _FAR < stop and len(net.source_of) > 0:
        prefetch(net.source_of, requests.content[i + _FAR])
    if i + _NEAR < stop:
        content = requests.content[i + _NEAR]
        _expect_content(net, caches, receivers[requests.receiver[i + _NEAR]], content)


def _expect_content(net, caches, receiver, content):
    """Do nothing; compiled, it says that a request for a content will come from a receiver."""


@kernel
def _expect_row(slots, content):
    expect(slots, 0, content)


@kernel
def _expect_on_path(net, slots, receiver, content):
    path = known_path(net.paths, receiver, content_source(net, content))
    if path >= 0:
        for position in range(1, last_position(net.paths, path)):
            cache = cache_at(net.paths, path, position)
            if cache >= 0:
                expect(slots, cache, content)


@overload(_expect_content, jit_options=INLINED)
def _compiled_expect_content(net, caches, receiver, content):
    # Policies keep their slots under one of two names; what has none is not helped.
    if not isinstance(caches, BaseNamedTuple):
        return None
    fields = dict(zip(caches.fields, caches.types, strict=True))
    slots = fields.get("slots")
    lines = fields.get("lines")
    if isinstance(lines, BaseNamedTuple) and lines.instance_class is Lines:
        if _is_hashed(lines.types[lines.fields.index("slots")]):
            return lambda net, caches, receiver, content: _expect_on_path(
                net, caches.lines.slots, receiver, content
            )
        return lambda net, caches, receiver, content: _expect_row(caches.lines.slots, content)
    if isinstance(slots, BaseNamedTuple) and slots.instance_class is Slots:
        if _is_hashed(slots):
            return lambda net, caches, receiver, content: _expect_on_path(
                net, caches.slots, receiver, content
            )
        return lambda net, caches, receiver, content: _expect_row(caches.slots, content)
    return lambda net, caches, receiver, content: None


def _is_hashed(slots):
    return slots.types[slots.fields.index("index")].instance_class is HashedIndex
