"""The request loop: one function, compiled for each pair of a strategy and a policy."""

from __future__ import annotations

from icarus.execution.compiled.lookahead import look_ahead
from icarus.verbs.network import AGAIN, content_source
from icarus.verbs.path_table import NEED_NOTHING, UNREACHABLE
from icarus.verbs.request import Request
from icarus.verbs.sessions import (
    NOT_MEASURED,
    content_leg,
    end_session,
    fail_session,
    request_leg,
    start_session,
)

__all__ = ["run_requests"]


def run_requests(
    strategy, net, caches, sessions, notes, receivers, requests, first, stop, most_steps
):
    """Serve the requests from `first` on, up to `stop`.

    Parameters
    ----------
    strategy, net, caches, sessions : NamedTuple
        The states of the strategy, the network, the caches and what is measured.
    notes : Notes
        What is noted of every request, if anything is.
    receivers : ndarray of int32, shape (n_receivers,)
        Nodes by receiver.
    requests : RequestBatch of ndarrays
        Sizes and writes are of shape (0,) where there are none.
    first, stop : int
        Positions in the batch.
    most_steps : int
        Steps that one session may enter.

    Returns
    -------
    int
        The first request that was not served: `stop`, unless room or a path is missing.
    """
    for i in range(first, stop):
        if len(notes.evicted) > 0:
            # No strategy puts a content into one cache twice for one request.
            most = caches.measure().most_gone(len(net.node_of))
            if notes.used[0] + most > len(notes.evicted):
                return i
            notes.evicted_before[i] = notes.used[0]
        look_ahead(net, caches, receivers, requests, i, stop)
        # Most policies do nothing with it, and nothing of this is left in their code.
        caches.set_time(requests.time[i])
        if len(requests.size) > 0:
            caches.set_size(requests.size[i])
            sessions.requested[0] = requests.size[i]
        caches.set_measured(requests.measured[i])
        content = requests.content[i]
        source = content_source(net, content)
        receiver = receivers[requests.receiver[i]]
        walk = NOT_MEASURED
        if requests.measured[i]:
            if sessions.used[0] + most_steps > len(sessions.count):
                return i
            walk = start_session(sessions, receiver, source)
        sessions.walk[0] = walk
        request = Request(net, caches, sessions, receiver, source, content, walk)
        if len(requests.write) > 0 and requests.write[i]:
            outcome = _write(request)
        else:
            outcome = strategy.process(request)
        if outcome == AGAIN:
            if net.paths.need[0] != UNREACHABLE:
                return i
            # Nothing has been done for it so far.
            net.paths.need[0] = NEED_NOTHING
            sessions.walk[0] = fail_session(sessions, walk)
        if len(notes.walk) > 0:
            notes.walk[i] = sessions.walk[0]
        end_session(sessions, sessions.walk[0], requests.size[i] if len(requests.size) > 0 else 0)
    return stop


def _write(request):
    """Take a content from a receiver to its origin and remove all copies that caches have."""
    net, sessions = request.net, request.sessions
    path = request.path_to_source()
    if request.lacks(path):
        return AGAIN
    last = request.last(path)
    walk = content_leg(sessions, sessions.walk[0], path, 0, last)
    walk = request_leg(sessions, walk, path, last, 0)
    for cache in range(len(net.node_of)):
        request.caches.remove(cache, request.content)
    return request.ended(walk)
