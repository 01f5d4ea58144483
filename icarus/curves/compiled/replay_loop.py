"""The request loop of one cache, compiled for each policy."""

from __future__ import annotations

__all__ = ["replay"]

_NEAR, _NEXT = 4, 2
"""Requests ahead of which what the policy looks up is fetched, and what that leads to."""


def replay(caches, contents, sizes, times, start, stop, missed):
    """Look contents up in cache 0 and insert those that it has not.

    Parameters
    ----------
    caches : NamedTuple
        The state of the policy.
    contents : ndarray of int32 or int64, shape (n_requests,)
    sizes : ndarray of int64, shape (n_requests,) or (0,)
        Bytes of requests.
    times : ndarray of float64, shape (n_requests,) or (0,)
        Seconds; without them one request comes in each.
    start, stop : int
        The requests to serve.
    missed : ndarray of int64, shape (2,)
        Misses and missed bytes, to which those of these requests are added.
    """
    places = caches.places()
    for i in range(start, stop):
        if i + _NEAR < stop:
            places.expect(0, contents[i + _NEAR])
        if places.fetches() and i + _NEXT < stop:
            places.fetch(0, contents[i + _NEXT])
        caches.set_time(times[i] if len(times) > 0 else float(i))
        content = contents[i]
        if not caches.get(0, content):
            caches.put(0, content)
            missed[0] += 1
            if len(sizes) > 0:
                missed[1] += sizes[i]
