"""How functions that Python calls are compiled, and their code kept on disk.

What these call is plain Python; see ``plain_code`` for what the compiler makes of it.
"""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from numba.core.errors import NumbaError

from icarus.compiler import beside
from icarus.compiler import prefetching as prefetching  # has the compiler know it
from icarus.compiler.plain_code import INLINED, OPTIONS
from icarus.compiler.storage import (
    cache_folder,
    compiled_once,
    interpreted_so_far,
    is_compiled,
    keep_in,
    note_interpreted,
)

__all__ = [
    "DISABLED",
    "INLINED",
    "OPTIONS",
    "cache_folder",
    "compiled_once",
    "entry_point",
    "generic_entry_point",
    "impatiently",
    "interpreted_so_far",
    "is_compiled",
    "note_interpreted",
    "unkept_entry_point",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])

DISABLED = bool(numba.config.DISABLE_JIT)
"""Whether kernels run as the Python that they are written in (``NUMBA_DISABLE_JIT=1``)."""


_impatient = False


@contextmanager
def impatiently() -> Iterator[None]:
    """Have everything compiled when it is first called, as where its speed is to be measured."""
    global _impatient
    before, _impatient = _impatient, True
    try:
        yield
    finally:
        _impatient = before


@functools.cache
def _callable_form(function: Callable[..., Any]) -> Callable[..., Any]:
    return cast(Callable[..., Any], numba.njit(**OPTIONS)(function))


def entry_point(
    function: Callable[..., Any],
    patience: float = 0,
    *,
    seconds: Callable[..., float] | None = None,
    meanwhile: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """Return a compiled form of a function that Python calls; its code is kept on disk.

    Parameters
    ----------
    function : callable
        A function that is always called with arguments of the same types.
    patience : float, optional
        Seconds for which the interpreter runs it before it is compiled: if that is what compiling
        takes, no more than twice the time is lost, however often the function is called. It is
        compiled beside this process where that is possible, and interpreted until then.
    seconds : callable, optional
        From the arguments to about how long the interpreter takes for them; for what takes longer
        than `patience` the function is compiled at once.
    meanwhile : callable, optional
        What the interpreter runs in its place.
    """
    compiled = generic_entry_point(function)
    if DISABLED:
        return compiled
    interpreted = meanwhile or function
    called = False
    left = patience

    def goes_on(args: tuple[Any, ...]) -> bool:
        if left > 0:
            return seconds is None or seconds(*args) <= patience
        return patience > 0 and beside.ask(beside.wish_for(function.__name__, function, args))

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        nonlocal called, left
        if called:
            return compiled(*args)
        if not (_impatient or is_compiled(function.__name__)) and goes_on(args):
            began = time.perf_counter()
            result = interpreted(*args)
            left -= time.perf_counter() - began
            return result
        with compiled_once(function.__name__):
            result = compiled(*args)
        called = True
        return result

    return call


def generic_entry_point(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a compiled form of a function that is called with arguments of many types.

    Its first call for each type is to be made within ``compiled_once``.
    """
    if DISABLED:
        return function
    compiled = numba.njit(**OPTIONS)(function)
    folder = cache_folder()
    kept = None if folder is None else keep_in(folder, function)
    if kept is not None:
        compiled._cache = kept
    return cast(Callable[..., Any], compiled)


def unkept_entry_point(function: _Function) -> _Function:
    """Return a compiled form of a function whose code each process makes for itself.

    Parameters
    ----------
    function : callable
        A function that calls kernels of a user's own, whose text nobody watches for changes.

    Raises
    ------
    TypeError
        When it is called, if these kernels cannot be compiled.
    """
    if DISABLED:
        return function
    compiled = _callable_form(function)

    @functools.wraps(function)
    def call(*args: Any) -> Any:
        try:
            return compiled(*args)
        except NumbaError as error:
            states = ", ".join(type(one).__name__ for one in args if isinstance(one, tuple))
            raise TypeError(
                f"kernels cannot be compiled for {states}: {_essence(str(error))}"
            ) from error

    return cast(_Function, call)


def _essence(message: str) -> str:
    """Return the innermost part of what Numba says of code that it cannot compile, and where."""
    innermost = re.split(r"Failed in nopython mode pipeline \(step: [^)]*\)", message)[-1]
    reason = " ".join(re.split(r"\n\s*(?:During:|File \")", innermost)[0].split())
    place = re.search(r"^\s*File \"(.+)\", line (\d+)", innermost, re.MULTILINE)
    return reason if place is None else f"{Path(place[1]).name}, line {place[2]}: {reason}"
