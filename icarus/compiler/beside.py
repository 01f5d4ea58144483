"""The compiler in a process of its own, beside those that run simulations.

What needs code asks for it and goes on in the interpreter meanwhile; the code is kept on disk,
where everybody finds it. Nothing here raises where no process can be had, or one dies: then nobody
will compile, and a note says so.
"""

from __future__ import annotations

import atexit
import logging
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import numpy as np

from icarus.core.marks import lifted

__all__ = ["CompilerProcess", "Wish", "ask", "forward_to", "instead", "tend", "wish_for"]

logger = logging.getLogger("compiler")

_PACKAGE = str(Path(__file__).resolve().parents[2])

_MAIN = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from icarus.compiler.compiling import main; main(int(sys.argv[2]), int(sys.argv[3]))"
)


@dataclass(frozen=True)
class Wish:
    """Code that somebody would like to have."""

    key: str
    """What the note on disk that it is there is called."""
    module: str
    function: str
    """What is to be compiled, and where it is."""
    arguments: bytes
    """Arguments of the types that it is for, pickled, with arrays that have no elements."""
    what: str = ""
    """What the log calls it; nothing where it is not worth a word."""
    use: str = ""
    """What the requests that need it are counted by."""
    urgent: bool = False
    """Whether somebody has begun what only ends in time with the code."""


def wish_for(
    key: str, function: Callable[..., Any], arguments: tuple[Any, ...], what: str = ""
) -> Wish:
    """Return a wish for the code of a function, for arguments of the types of those given."""
    blanks = pickle.dumps(tuple(map(_blank, arguments)))
    return Wish(key, function.__module__, function.__name__, blanks, what)


def _blank(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return np.zeros((0,) * value.ndim, dtype=value.dtype)
    if type(value) is tuple:
        return tuple(map(_blank, value))
    if isinstance(value, tuple):
        return type(value)(*map(_blank, value))
    return value


class CompilerProcess:
    """Has what is asked for compiled, one after the other, in a process that is started for it.

    Parameters
    ----------
    worth : callable, optional
        From a wish to what it is worth: the one worth most comes first, and none that is worth
        nothing now. By default all are worth the same.
    """

    def __init__(self, worth: Callable[[Wish], float] = lambda wish: 1.0) -> None:
        self._worth = worth
        self._wishes: dict[str, Wish] = {}
        self._taken_up: set[str] = set()
        self._failed: set[str] = set()
        self._told: set[str] = set()
        self._current: Wish | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Connection | None = None

    @property
    def is_running(self) -> bool:
        """Whether there is a process, so that it need not be started first."""
        return self._process is not None

    def ask(self, wish: Wish) -> bool:
        """Ask for code; return whether it will be compiled if it is worth it."""
        if wish.key in self._failed:
            return False
        known = self._wishes.get(wish.key)
        if wish.key in self._taken_up:
            return True
        if known is None or (wish.urgent and not known.urgent):
            what = wish.what or ("" if known is None else known.what)
            self._wishes[wish.key] = replace(wish, what=what)
        return True

    def tend(self) -> None:
        """Take note of what is compiled, and have the next begun."""
        if self._current is not None and not self._ended(self._current):
            return
        while self._wishes:
            wish = max(self._wishes.values(), key=self._worth)
            if self._worth(wish) <= 0:
                break
            if self._began(wish):
                return
        self.close()

    def _began(self, wish: Wish) -> bool:
        from icarus.compiler.storage import forget_interpreted, is_compiled

        del self._wishes[wish.key]
        self._taken_up.add(wish.key)
        if is_compiled(wish.key):
            return False
        try:
            if self._end is None:
                self._start()
            assert self._end is not None
            self._end.send_bytes(pickle.dumps(wish))
        except OSError as error:
            self._fail(wish, str(error))
            return False
        self._current = wish
        # Should it be broken off, as many requests are to come again before the next try.
        forget_interpreted(wish.key)
        self._tell(wish)
        return True

    def _tell(self, wish: Wish) -> None:
        if not wish.what or wish.what in self._told:
            return
        self._told.add(wish.what)
        waiting = {one.what for one in self._wishes.values() if one.what and self._worth(one) > 0}
        number = len(self._told)
        logger.info(
            "compiling %s (%d of %d); jobs go on meanwhile",
            *(wish.what, number, number + len(waiting - self._told)),
        )

    def _ended(self, wish: Wish) -> bool:
        """Return whether the process is through with what it was sent."""
        problem = ""
        try:
            if self._end is None or not self._end.poll():
                return False
            problem = self._end.recv_bytes().decode()
        except (OSError, EOFError):
            self.close()
            problem = "the compiler's process died"
        self._current = None
        if problem:
            self._fail(wish, problem)
        return True

    def _fail(self, wish: Wish, problem: str) -> None:
        from icarus.compiler.storage import note_failure

        self._failed.add(wish.key)
        note_failure(wish.key)
        what = wish.what or wish.function
        logger.debug("%s is not compiled, jobs go on without: %s", what, problem)

    def _start(self) -> None:
        self._end, theirs = Pipe()
        try:
            # It serves all jobs, also where one asks for it that runs in this process.
            with lifted():
                self._process = subprocess.Popen(
                    # -P: nothing is imported from the current folder.
                    [
                        *(sys.executable, "-P", "-c", _MAIN, _PACKAGE),
                        *(str(theirs.fileno()), str(os.getpid())),
                    ],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    # Signals of the terminal are not for it; it ends when this process does.
                    start_new_session=True,
                )
        except BaseException:
            self._end.close()
            self._end = None
            raise
        finally:
            theirs.close()

    def close(self) -> None:
        """End the process, whatever it does; what it has compiled is kept."""
        if self._end is not None:
            self._end.close()
            self._end = None
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def forget(self) -> None:
        """Leave the process to the one that has started it, from which this one was forked."""
        if self._end is not None:
            with suppress(OSError):
                self._end.close()
        if self._process is not None:
            # So that nobody waits for what is no child of this process.
            self._process.returncode = 0
        self._end = self._process = None


_current: CompilerProcess | None = None
_forward: Callable[[Wish], None] | None = None
_asked: dict[tuple[str, bool], float] = {}
"""When this process has passed a wish on."""


def ask(wish: Wish) -> bool:
    """Ask for code; return whether somebody will compile it if it is worth it."""
    from icarus.compiler.storage import cache_folder, failed_since

    global _current
    if cache_folder() is None:
        return False
    if _forward is None:
        if _current is None:
            _current = CompilerProcess()
        return _current.ask(wish)
    if (wish.key, wish.urgent) not in _asked:
        _asked[wish.key, wish.urgent] = time.time()
        _forward(wish)
    return not failed_since(wish.key, _asked[wish.key, wish.urgent])


def tend() -> None:
    """Take note of what is compiled beside this process; to be called now and then."""
    if _current is not None:
        _current.tend()


def instead(process: CompilerProcess | None) -> None:
    """Have all that is asked for in this process compiled by one process, or again by its own."""
    global _current
    if _current is not None:
        _current.close()
    _current = process


def forward_to(other: Callable[[Wish], None] | None) -> None:
    """Have wishes of this process passed on, to be compiled beside another one."""
    global _forward
    _forward = other
    _asked.clear()


def _forget() -> None:
    global _current, _forward
    if _current is not None:
        _current.forget()
    _current = _forward = None
    _asked.clear()


os.register_at_fork(after_in_child=_forget)
atexit.register(lambda: instead(None))
