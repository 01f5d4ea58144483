"""Files without a name, in memory where the system has that, which processes can share.

They need neither ``/dev/shm`` nor a folder for temporary files, which containers may lack or
forbid to write to.
"""

from __future__ import annotations

import os
import tempfile
from multiprocessing import context, reduction
from typing import Any

__all__ = ["MemoryFile"]


class MemoryFile:
    """An open file without a name, which can be given to a process that is being started.

    Parameters
    ----------
    name : str
        What the system is to list it as.

    Raises
    ------
    OSError
        If there cannot be one.
    """

    def __init__(self, name: str) -> None:
        if hasattr(os, "memfd_create"):
            self.fd = os.memfd_create(name)
        else:
            with tempfile.TemporaryFile(prefix=name) as file:
                self.fd = os.dup(file.fileno())

    def __getstate__(self) -> Any:
        context.assert_spawning(self)
        return reduction.DupFd(self.fd)

    def __setstate__(self, state: Any) -> None:
        self.fd = state.detach()

    def close(self) -> None:
        """Let go of it here; it is there for as long as any process has it."""
        os.close(self.fd)
