"""Calls that are waited for no longer than some time."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["within"]

_T = TypeVar("_T")


def within(seconds: float, call: Callable[[], _T], name: str) -> _T:
    """Call in another thread and return what comes of it; signals are heeded meanwhile.

    Parameters
    ----------
    seconds : float
    call : callable
    name : str
        Of the thread.

    Raises
    ------
    TimeoutError
        If it takes longer. It is then left to itself.
    """
    # No SimpleQueue: its ``get`` waits for ever if its time is over when the handler of a signal
    # returns.
    kept: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue()

    def run() -> None:
        try:
            kept.put((call(), None))
        except BaseException as error:
            kept.put((None, error))

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        value, error = kept.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    result: _T = value
    return result
