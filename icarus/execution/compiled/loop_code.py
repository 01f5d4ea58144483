"""The code of the request loop for a strategy and a policy, and what is done until it is there.

The loop is the same function interpreted and compiled, over the same arrays. So a long simulation
begins at once, in the interpreter, while the compiler works beside it, and goes on compiled between
two batches of requests. A short one is left to the python engine.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from icarus.compiler import beside
from icarus.compiler.jit import (
    DISABLED,
    cache_folder,
    compiled_once,
    interpreted_so_far,
    is_compiled,
    note_interpreted,
)
from icarus.compiler.state_types import key_of
from icarus.compiler.storage import failed_since
from icarus.errors import NoKernelError
from icarus.execution.compiled import entries, request_loop
from icarus.execution.compiled.engine_choice import BREAK_EVEN, OUTLASTS, Demand

__all__ = ["LoopCode", "key_of"]

logger = logging.getLogger("compiler")

_AT_ONCE_INTERPRETED = 512
"""Requests between two reports of progress in the interpreter: some hundredths of a second."""

_LOOK = 0.25
"""Seconds between two looks for the code."""

_ready: set[str] = set()
"""Keys of what this process has compiled or loaded."""


class LoopCode:
    """The request loop, interpreted or compiled.

    Parameters
    ----------
    arguments : tuple
        What the loop is called with, which decides by its types which code is needed; the states of
        strategy, network and caches come first.
    what : str
        What the log calls it.
    kept : bool
        Whether its code is kept on disk.

    Attributes
    ----------
    run_requests : callable
        The loop as it is to be called now.
    interpreted : int
        Requests that were served in the interpreter.
    """

    def __init__(self, arguments: tuple[Any, ...], what: str, *, kept: bool) -> None:
        self._arguments = arguments
        self._what = what
        self._kept = kept
        compiled = entries.run_requests if kept else entries.run_requests_unkept
        self._compiled: Callable[..., int] = compiled
        self.run_requests: Callable[..., int] = compiled
        self.interpreted = 0
        self._interpreting = False
        self._own = 0.0
        self._began = self._looked = 0.0
        self.key = key_of(arguments[:3])

    @property
    def wish(self) -> beside.Wish:
        """What to ask the compiler for."""
        return beside.wish_for(self.key, request_loop.run_requests, self._arguments, self._what)

    @property
    def is_missing(self) -> bool:
        """Whether another process could have it ready, and it is not."""
        return self._kept and not DISABLED and not is_compiled(self.key)

    def prepare(self, use: Callable[[], object], demand: Demand | None) -> None:
        """Have the code loaded if it is there, and asked for or compiled if it is worth it.

        Parameters
        ----------
        use : callable
            Calls the loop without effect.
        demand : Demand or None
            What it is needed for; None if it is to be compiled first, whatever that takes.

        Raises
        ------
        NoKernelError
            If it is not there, and the simulation is done sooner without. Requests that are served
            without it are remembered, so that it is compiled when there were many.
        """
        if DISABLED or self.key in _ready:
            return
        if demand is None or (self._kept and is_compiled(self.key)):
            self._compile(use)
        elif self._kept and cache_folder() is not None:
            self._do_without(demand)
        elif demand.together < BREAK_EVEN:
            raise NoKernelError("compiling would take longer")
        else:
            self._compile(use)

    def go_on(self, use: Callable[[], object], demand: Demand | None) -> None:
        """Have the code loaded for a simulation that has begun, which cannot change its engine.

        Where it is missing, the loop is interpreted while it is compiled beside.
        """
        if DISABLED or self.key in _ready:
            return
        if demand is None or not self._kept or is_compiled(self.key) or cache_folder() is None:
            self._compile(use)
            return
        beside.ask(replace(self.wish, use=demand.use, urgent=True))
        self._own = 0.0
        self._began = self._looked = time.monotonic()
        self._begin_interpreted()

    def _compile(self, use: Callable[[], object]) -> None:
        """Have it compiled in this process, or loaded."""
        with compiled_once(self.key) if self._kept else nullcontext(True) as missing:
            if missing:
                often = "once" if self._kept else "by each process"
                logger.info("compiling %s; this is done %s", self._what, often)
            begin = time.perf_counter()
            use()
            if missing:
                logger.debug("compiled %s in %.1f s", self._what, time.perf_counter() - begin)
        _ready.add(self.key)

    def _do_without(self, demand: Demand) -> None:
        lasts = demand.own >= OUTLASTS
        wish = replace(self.wish, use=demand.use, urgent=lasts)
        asked = False
        if lasts or demand.together + interpreted_so_far(self.key) >= BREAK_EVEN:
            asked = beside.ask(wish)
        if not lasts:
            note_interpreted(self.key, demand.own)
            raise NoKernelError("compiling would take longer")
        if not asked:
            raise NoKernelError("its code cannot be compiled")
        # What nobody knows the length of may be there only once, and is not begun again.
        self._own = demand.own if demand.own < float("inf") else 0
        self._began = self._looked = time.monotonic()
        self._begin_interpreted()

    def _begin_interpreted(self) -> None:
        self._interpreting = True
        self.run_requests = request_loop.run_requests

    def paced(self, batches: Iterable[Any]) -> Iterator[Any]:
        """Yield the same requests, in small batches while there is no code.

        Raises
        ------
        NoKernelError
            If there will be none, and the python engine is done sooner.
        """
        for batch in batches:
            first, n_requests = 0, len(batch.time)
            while self._interpreting and first < n_requests:
                last = min(first + _AT_ONCE_INTERPRETED, n_requests)
                yield batch.part(first, last)
                self.interpreted += last - first
                first = last
                self._look()
            if first < n_requests or n_requests == 0:
                yield batch.part(first, n_requests)

    def _look(self) -> None:
        """See whether the code is there by now."""
        now = time.monotonic()
        if now - self._looked < _LOOK:
            return
        self._looked = now
        beside.tend()
        if is_compiled(self.key):
            self._go_on_compiled()
        elif failed_since(self.key, time.time() - (now - self._began)):
            # The python engine is about twice as fast as this loop, but begins with the first.
            if self.interpreted < self._own / 2:
                raise NoKernelError("its code could not be compiled")
            self._looked = float("inf")

    def _go_on_compiled(self) -> None:
        self._interpreting = False
        self.run_requests = self._compiled
        _ready.add(self.key)
