"""A program that becomes another one, with signals as programs expect them and with a mark.

Workers of campaigns ignore the signals by which terminals and batch systems end whole groups, and
what they start would ignore them as well: it could not be asked to end. Only the process itself can
change that, before it becomes the other program. Likewise it has to bear its mark before it can
start anything. This takes some 10 ms. The file needs nothing but the standard library.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

__all__ = ["launching", "main"]

_DEFAULT = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGPIPE", "SIGXFSZ")
_PLAIN = "-"


def launching(argv: Sequence[str], told: int, mark: int | None, env: dict[str, str]) -> list[str]:
    """Return the command that becomes another.

    Parameters
    ----------
    argv : sequence of str
        The other.
    told : int
        A file that gets the number of the error if there can be no such process, and is closed.
    mark : int or None
        The value of the limit that marks it; see ``icarus.core.marks``.
    env : dict
        Its environment.
    """
    # Python itself may set this one.
    kept = env.get("LC_CTYPE")
    options = [str(told), _PLAIN if mark is None else str(mark), _PLAIN if kept is None else kept]
    return [sys.executable, "-I", "-S", __file__, *options, *argv]


def main(arguments: list[str]) -> None:
    """Become the program that the arguments behind the first three name."""
    told, mark, kept, *argv = arguments
    os.set_inheritable(int(told), False)
    try:
        if mark != _PLAIN:
            limit: Any = resource.RLIMIT_RTTIME
            with suppress(OSError, ValueError):
                resource.setrlimit(limit, (int(mark), resource.getrlimit(limit)[1]))
        for name in _DEFAULT:
            signal.signal(getattr(signal, name), signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.environ.pop("LC_CTYPE", None)
        if kept != _PLAIN:
            os.environ["LC_CTYPE"] = kept
        os.execvp(argv[0], argv)
    except OSError as error:
        os.write(int(told), str(error.errno).encode())
        os._exit(127)


if __name__ == "__main__":
    main(sys.argv[1:])
