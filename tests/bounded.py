"""Running Python in a process of its own that may take only so much memory and time."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

__all__ = ["run_bounded"]

_PROJECT = Path(__file__).resolve().parents[1]
_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run_bounded(
    *arguments: object, memory: int, seconds: float, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run ``python ARGUMENTS``, such as ``-m icarus ...`` or ``-c CODE``, and return its end.

    Parameters
    ----------
    *arguments : object
        Of Python's command line.
    memory : int
        Bytes of address space that it may have; beyond it, allocations fail as they would on a
        machine that has no more. Python with Icarus, NumPy and Numba loaded takes some 1 GB.
    seconds : float
        Time that it may take; `subprocess.TimeoutExpired` is raised beyond it.
    cwd : Path, optional
    """
    environment = {**os.environ, "PYTHONPATH": str(_PROJECT), "COLUMNS": "200", "NO_COLOR": "1"}
    # Each thread of a numerical library reserves address space.
    environment |= dict.fromkeys(_THREADS, "1")
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        errors="backslashreplace",
        timeout=seconds,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (memory, memory)),
    )
