"""Messages between the campaign and a process of its pool, over a pipe of their own.

The campaign's end never waits: a process that is stopped or killed in the middle of a message,
while a child of it holds the pipe open, keeps nobody waiting. A message is a list of parts, each
read into memory of its own, so that arrays arrive where they stay.
"""

from __future__ import annotations

import os
import pickle
import struct
from collections import deque
from collections.abc import Generator, Sequence
from multiprocessing.connection import Connection
from typing import Any

__all__ = ["Link", "packed", "unpacked"]

_COUNT = struct.Struct("!I")
_APART = 1 << 16
"""Bytes from which on a buffer is a part of its own, and not copied into the pickle."""
_AT_ONCE = 1 << 26
"""Bytes that the campaign reads before it looks at anything else."""
_MOST_PARTS = 512
"""Parts that one call of the system is given; Linux takes 1024."""

Part = bytes | bytearray | memoryview


def packed(value: Any) -> list[Part]:
    """Return a value as the parts of a message: its pickle, and large buffers beside it."""
    buffers: list[memoryview] = []

    def stays(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes >= _APART:
            buffers.append(raw)
        return raw.nbytes < _APART

    return [pickle.dumps(value, protocol=5, buffer_callback=stays), *buffers]


def unpacked(parts: Sequence[Part]) -> Any:
    """Return the value that ``packed`` made parts of."""
    return pickle.loads(parts[0], buffers=parts[1:])


class Link:
    """One end of a pipe.

    Parameters
    ----------
    end : Connection
        What ``Pipe`` returned.
    waits : bool
        Whether ``send`` and ``receive`` wait, as in the processes of the pool.
    """

    def __init__(self, end: Connection, *, waits: bool) -> None:
        self._end = end
        os.set_blocking(end.fileno(), waits)
        self._unsent: deque[memoryview] = deque()
        self._received: deque[list[bytearray]] = deque()
        self._assembly = self._assemble()
        self._wanted = memoryview(bytearray(next(self._assembly)))
        self._filled = 0

    def fileno(self) -> int:
        """Return the number of the pipe."""
        return self._end.fileno()

    @property
    def unsent(self) -> bool:
        """Whether some of a message is still to be sent."""
        return bool(self._unsent)

    def send(self, parts: Sequence[Part]) -> None:
        """Send a message, or as much of it as can be sent without waiting.

        Raises
        ------
        OSError
            If nobody has the other end.
        """
        views = [memoryview(part).cast("B") for part in parts]
        sizes = struct.pack(f"!{len(views)}Q", *(view.nbytes for view in views))
        self._unsent.append(memoryview(_COUNT.pack(len(views)) + sizes))
        self._unsent.extend(view for view in views if view.nbytes)
        self.send_on()

    def send_on(self) -> None:
        """Send more of what could not be sent before."""
        while self._unsent:
            try:
                sent = os.writev(self.fileno(), [*self._unsent][:_MOST_PARTS])
            except BlockingIOError:
                return
            while sent and sent >= self._unsent[0].nbytes:
                sent -= self._unsent.popleft().nbytes
            if sent:
                self._unsent[0] = self._unsent[0][sent:]

    def receive(self) -> list[bytearray]:
        """Wait for the next message and return it.

        Raises
        ------
        EOFError
            If there will be none.
        """
        while not self._received:
            self._read()
        return self._received.popleft()

    def received(self) -> list[list[bytearray]]:
        """Return the messages that are there, without waiting.

        Raises
        ------
        EOFError, OSError
            If there are none, and will be none.
        MemoryError
            If one does not fit in memory.
        """
        budget = _AT_ONCE
        try:
            while budget > 0:
                budget -= self._read()
        except BlockingIOError:
            pass
        except (EOFError, OSError):
            if not self._received:
                raise
        messages = list(self._received)
        self._received.clear()
        return messages

    def _read(self) -> int:
        number = os.readv(self.fileno(), [self._wanted[self._filled :]])
        if not number:
            raise EOFError
        self._filled += number
        while self._filled == self._wanted.nbytes:
            done = self._wanted.obj
            self._wanted = memoryview(bytearray(self._assembly.send(done)))
            self._filled = 0
        return number

    def _assemble(self) -> Generator[int, Any, None]:
        """Ask for so many bytes at a time, and make messages of them."""
        while True:
            (count,) = _COUNT.unpack((yield _COUNT.size))
            sizes = struct.unpack(f"!{count}Q", (yield 8 * count))
            parts = []
            for size in sizes:
                parts.append((yield size))
            self._received.append(parts)

    def close(self) -> None:
        """Close this end."""
        self._end.close()
