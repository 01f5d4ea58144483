"""What a job finds around it in its process, which later jobs are to find unchanged.

Users' code changes folders, masks and signal handlers, or calls libraries that do. Not put back
is what later jobs may rest on, as modules that a job imports for all of them may change it while
they are imported: ``sys.path``, and what modules keep for themselves.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import decimal
import gc
import locale
import logging
import os
import resource
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

__all__ = ["surroundings_restored"]

_SIGNALS = tuple(map(int, signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}))
_LIMITS = tuple(
    getattr(resource, name) for name in sorted(dir(resource)) if name.startswith("RLIMIT_")
)
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY


@contextmanager
def surroundings_restored() -> Iterator[None]:
    """Put everything back at the end that a job may have changed around it."""
    try:
        folder = os.open(".", _FOLDER)
    except OSError:
        folder = None
    before = [(restore, look()) for look, restore in _ASPECTS]
    try:
        yield
    finally:
        for restore, value in before:
            # What cannot be put back, such as a limit that needs privileges, must not cost more.
            with suppress(Exception):
                restore(value)
        if folder is not None:
            # By the folder itself, which may have been renamed or removed.
            with suppress(OSError):
                os.fchdir(folder)
            os.close(folder)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _handlers() -> list[Any]:
    # Of the module in C: that in Python takes 5 us for each, as it makes enumerations of them.
    return [_signal.getsignal(number) for number in _SIGNALS]


def _set_handlers(before: list[Any]) -> None:
    if threading.current_thread() is not threading.main_thread():
        return
    for number, handler, now in zip(_SIGNALS, before, _handlers(), strict=True):
        # None is one that was not set from Python.
        if handler is not None and now is not handler and now != handler:
            signal.signal(number, handler)


def _set_mask(before: set[signal.Signals]) -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _environment() -> dict[bytes, bytes]:
    # Not decoded, which takes 3 us for each variable.
    return dict(os.environ._data)  # type: ignore[attr-defined]


def _set_environment(before: dict[bytes, bytes]) -> None:
    if _environment() != before:
        for name in set(os.environb) - set(before):
            del os.environb[name]
        os.environb.update(before)


def _rlimits() -> list[tuple[int, int]]:
    return [resource.getrlimit(limit) for limit in _LIMITS]


def _set_rlimits(before: list[tuple[int, int]]) -> None:
    for limit, value in zip(_LIMITS, before, strict=True):
        now = resource.getrlimit(limit)
        if now != value:
            with suppress(ValueError, OSError):
                resource.setrlimit(limit, value)
                continue
            # The hard limit can be lowered only; the soft one goes back as far as it can.
            with suppress(ValueError, OSError):
                resource.setrlimit(limit, (min(value[0], now[1]), now[1]))


def _locale() -> str:
    return locale.setlocale(locale.LC_ALL)


def _set_locale(before: str) -> None:
    if _locale() != before:
        locale.setlocale(locale.LC_ALL, before)


def _affinity() -> set[int]:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _set_affinity(before: set[int]) -> None:
    if before and _affinity() != before:
        os.sched_setaffinity(0, before)


def _filters() -> tuple[Any, list[Any]]:
    return warnings.filters, list(warnings.filters)


def _set_filters(before: tuple[Any, list[Any]]) -> None:
    filters, entries = before
    if warnings.filters is not filters or warnings.filters != entries:
        warnings.filters = filters
        warnings.filters[:] = entries  # type: ignore[index]
        # So that what was shown or suppressed by other filters is looked at anew.
        warnings._filters_mutated()  # type: ignore[attr-defined]


def _logging() -> tuple[int, list[tuple[logging.Logger, Any]]]:
    # The list first: what logs meanwhile, in another thread, may add to it.
    loggers = [logging.root, *list(logging.root.manager.loggerDict.values())]
    return logging.root.manager.disable, [
        (one, (one.level, one.disabled, one.propagate, tuple(one.handlers), tuple(one.filters)))
        for one in loggers
        if isinstance(one, logging.Logger)
    ]


def _set_logging(before: tuple[int, list[tuple[logging.Logger, Any]]]) -> None:
    disabled, loggers = before
    if logging.root.manager.disable != disabled:
        logging.disable(disabled)
    for logger, (level, off, propagate, handlers, filters) in loggers:
        if logger.level != level:
            logger.setLevel(level)
        logger.disabled, logger.propagate = off, propagate
        if tuple(logger.handlers) != handlers:
            logger.handlers[:] = handlers
        if tuple(logger.filters) != filters:
            logger.filters[:] = filters


def _collector() -> tuple[bool, tuple[int, int, int]]:
    return gc.isenabled(), gc.get_threshold()


def _set_collector(before: tuple[bool, tuple[int, int, int]]) -> None:
    (gc.enable if before[0] else gc.disable)()
    gc.set_threshold(*before[1])


def _interpreter() -> tuple[Any, ...]:
    return (
        *(sys.getrecursionlimit(), sys.getswitchinterval(), sys.excepthook, sys.gettrace()),
        *(sys.getprofile(), threading.excepthook, socket.getdefaulttimeout()),
    )


def _set_interpreter(before: tuple[Any, ...]) -> None:
    if _interpreter() == before:
        return
    recursion, interval, sys.excepthook, trace, profile, threading.excepthook, timeout = before
    sys.setrecursionlimit(recursion)
    sys.setswitchinterval(interval)
    sys.settrace(trace)
    sys.setprofile(profile)
    socket.setdefaulttimeout(timeout)


def _numpy() -> tuple[dict[str, Any], Any, dict[str, Any]]:
    return dict(np.geterr()), np.geterrcall(), dict(np.get_printoptions())


def _set_numpy(before: tuple[dict[str, Any], Any, dict[str, Any]]) -> None:
    if _numpy() == before:
        return
    errors, call, printing = before
    np.seterr(**errors)
    np.seterrcall(call)
    np.set_printoptions(**printing)


_Aspect = tuple[Callable[[], Any], Callable[[Any], Any]]
_ASPECTS: tuple[_Aspect, ...] = (
    (_umask, os.umask),
    (_handlers, _set_handlers),
    (lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ()), _set_mask),
    (_environment, _set_environment),
    (_rlimits, _set_rlimits),
    (_locale, _set_locale),
    (_affinity, _set_affinity),
    (_filters, _set_filters),
    (_logging, _set_logging),
    (_collector, _set_collector),
    (_interpreter, _set_interpreter),
    (_numpy, _set_numpy),
    (lambda: decimal.getcontext().copy(), decimal.setcontext),
)
"""How each aspect is looked at before a job, and put back after it."""
