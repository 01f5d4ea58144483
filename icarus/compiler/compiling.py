"""What runs in the compiler's process: it compiles what it is sent, until nobody is there."""

from __future__ import annotations

import importlib
import inspect
import logging
import os
import pickle
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from numba import typeof

from icarus.compiler.beside import Wish
from icarus.compiler.jit import compiled_once, generic_entry_point

__all__ = ["main"]

_LOOK = 0.2
"""Seconds between two looks at whether the parent is there."""


def main(descriptor: int, parent: int) -> None:
    """Compile what comes over a pipe, and answer each with what went wrong, if anything.

    Parameters
    ----------
    descriptor : int
        The number of the pipe.
    parent : int
        The process at its other end, without which this one ends.
    """
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # Should memory run out, this is what can be done without.
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("800")
    heard = _Heard()
    logging.getLogger().addHandler(heard)
    end = Connection(descriptor)
    with suppress(EOFError, OSError):
        while True:
            wish = pickle.loads(end.recv_bytes())
            problem = ""
            try:
                _compile(wish, heard)
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
            end.send_bytes(problem.encode(errors="replace"))


def _end_with(parent: int) -> None:
    # By looks and not by the pipe: processes forked from the parent may hold its other end.
    while os.getppid() == parent:
        time.sleep(_LOOK)
    os._exit(0)


def _compile(wish: Wish, heard: _Heard) -> None:
    arguments = pickle.loads(wish.arguments)
    function = inspect.unwrap(getattr(importlib.import_module(wish.module), wish.function))
    compiled: Any = generic_entry_point(function)
    heard.messages.clear()
    with compiled_once(wish.key) as missing:
        if missing:
            compiled.compile(tuple(map(typeof, arguments)))
            if heard.messages:
                # It could not be kept, so there must be no note that it is.
                raise OSError(heard.messages[0])


class _Heard(logging.Handler):
    """Keeps what is warned of."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
