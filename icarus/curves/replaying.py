"""One cache of any policy on a trace that is in memory: the policy's one definition, compiled.

States are made of NumPy arrays and loops hold no lock of the interpreter, so that threads replay
one trace through many caches at once and share its arrays.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, NamedTuple

import numpy as np

from icarus.compiler.jit import (
    DISABLED,
    compiled_once,
    generic_entry_point,
    is_compiled,
    unkept_entry_point,
)
from icarus.compiler.state_types import is_foreign, key_of
from icarus.core.random_streams import root_seed, stream, with_seed
from icarus.core.signatures import accepts_seed
from icarus.curves.compiled import replay_loop
from icarus.curves.decoded import DecodedTrace
from icarus.errors import SettingsError
from icarus.policies.cache import definition_of, lacking
from icarus.policies.next_uses import NextUses, next_uses
from icarus.policies.room import Room
from icarus.policies.wrapped import WrappedCache, clock_of, wrapping_of
from icarus.registry import CACHE_POLICY

__all__ = ["Misses", "PolicyAsked", "SharedTrace", "replay"]

logger = logging.getLogger("compiler")

_replay = generic_entry_point(replay_loop.replay)
_replay_unkept = unkept_entry_point(replay_loop.replay)

_ENTERED = 2**18
"""Requests for which policies that keep records make room at once."""

_ready: set[str] = set()
_compiling = threading.Lock()


class PolicyAsked(NamedTuple):
    """A policy with its parameters."""

    name: str
    """As the registry has it."""
    parameters: Mapping[str, Any]
    """Those that are given, and what goes around caches: ``insert`` and ``ttl``."""
    label: str
    """As it was asked for."""

    @property
    def reads_trace(self) -> bool:
        """Whether it is to be told all requests beforehand, and nobody says which."""
        return "trace" not in self.parameters and reads_trace(CACHE_POLICY[self.name])


class Misses(NamedTuple):
    """What one cache missed."""

    requests: int
    n_bytes: int
    """0 where sizes are unknown."""


class SharedTrace:
    """A trace, and what several caches that see the future want to know of it.

    Parameters
    ----------
    trace : DecodedTrace
    """

    def __init__(self, trace: DecodedTrace) -> None:
        self.trace = trace
        self._lock = threading.Lock()
        self._next_uses: NextUses | None = None

    @property
    def next_uses(self) -> NextUses:
        """Where each content is requested next; found once."""
        with self._lock:
            if self._next_uses is None:
                names = range(self.trace.n_contents)
                self._next_uses = next_uses(self.trace.contents, names)
            return self._next_uses


def reads_trace(policy: Any) -> bool:
    """Return whether a policy, given its class, has a parameter ``trace`` of all its requests."""
    from icarus.core.kinds import settable_parameters

    return "trace" in settable_parameters("cache_policy", policy)


def replay(shared: SharedTrace, asked: PolicyAsked, size: int, seed: int = 1) -> Misses:
    """Return what a cache misses of a trace.

    Parameters
    ----------
    shared : SharedTrace
        The trace.
    asked : PolicyAsked
        The policy. One that is no definition but a Python class is interpreted.
    size : int
        How many contents fit.
    seed : int, optional
        Where random numbers come from, as ``SEED`` in settings. Caches of all sizes draw the same.

    Raises
    ------
    SettingsError
        If there is no such cache of this size.
    """
    parameters = dict(asked.parameters)
    if asked.reads_trace:
        parameters["trace"] = shared.next_uses
    policy = CACHE_POLICY[asked.name]
    source = stream(root_seed(seed, 0), "cache_policy")
    wrapping = wrapping_of(policy, parameters, source, clock_of())
    if lacking(policy, parameters) is not None:
        return _interpreted(shared, policy, parameters, size, source, wrapping)
    if accepts_seed(policy):
        parameters["seed"] = np.random.default_rng(parameters.get("seed", source))
    room = Room([size], range(shared.trace.n_contents))
    try:
        caches = definition_of(policy).new(room, **policy.settled((), parameters))
    except ValueError as error:
        # Such as more segments than contents fit.
        raise SettingsError([f"policy {asked.label}, a cache of {size}: {error}"]) from error
    if wrapping is not None:
        caches = wrapping.around(caches, room)
    return _compiled(shared.trace, caches, asked.label)


def _compiled(trace: DecodedTrace, caches: Any, label: str) -> Misses:
    sizes = np.zeros(0, dtype=np.int64) if trace.sizes is None else trace.sizes
    times = np.zeros(0) if trace.times is None else trace.times
    missed = np.zeros(2, dtype=np.int64)
    loop: Any = _replay_unkept if is_foreign(caches) else _replay
    _prepare(loop, (caches, trace.contents, sizes, times), missed, label)
    for start in range(0, trace.n_requests, _ENTERED):
        stop = min(start + _ENTERED, trace.n_requests)
        if hasattr(caches, "reserve"):
            caches = caches.reserve(stop - start)
        loop(caches, trace.contents, sizes, times, start, stop, missed)
    return Misses(int(missed[0]), int(missed[1]))


def _prepare(loop: Any, arguments: tuple[Any, ...], missed: np.ndarray, label: str) -> None:
    """Have the loop compiled or loaded; one thread does it, and one process for all."""
    key = f"replay-{key_of(arguments)}"
    if DISABLED or key in _ready:
        return
    with _compiling:
        if key in _ready:
            return
        kept = loop is _replay
        if not (kept and is_compiled(key)):
            logger.info("compiling %s; this is done %s", label, "once" if kept else "each time")
        with compiled_once(key) if kept else nullcontext():
            loop(*arguments, 0, 0, missed)
        _ready.add(key)


def _interpreted(
    shared: SharedTrace,
    policy: Any,
    parameters: dict[str, Any],
    size: int,
    seed: Any,
    wrapping: Any,
) -> Misses:
    """Do as ``replay``, for a policy that is a Python class."""
    trace = shared.trace
    if "trace" in parameters and isinstance(parameters["trace"], NextUses):
        parameters["trace"] = trace.contents.tolist()
    cache = policy(size, **with_seed(policy, parameters, seed))
    if wrapping is not None:
        cache = WrappedCache(cache, wrapping)
    requests = n_bytes = 0
    times = range(trace.n_requests) if trace.times is None else trace.times.tolist()
    for i, content in enumerate(trace.contents.tolist()):
        if wrapping is not None:
            wrapping.clock.now[0] = times[i]
        if not cache.get(content):
            cache.put(content)
            requests += 1
            n_bytes += 0 if trace.sizes is None else int(trace.sizes[i])
    return Misses(requests, n_bytes)
