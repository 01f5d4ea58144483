"""Measuring: each measurement in a process of its own, its repeats interleaved with its peer's.

Machines differ and one machine drifts, so a figure means something beside that of a peer which
was measured a moment before or after. Times are taken twice: wall-clock, and that which the
processor spent on the process, which other processes on the machine disturb less.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

__all__ = [
    "ICARUS",
    "PROJECT",
    "MeasurementError",
    "Runs",
    "Spent",
    "apart",
    "attempted",
    "command_seconds",
    "command_spent",
    "in_one_process",
    "interleaved",
    "peak_mb",
    "ratio",
    "timed",
]

PROJECT = Path(__file__).resolve().parents[2]
"""The root of the project."""

ICARUS = (sys.executable, "-c", "from icarus.main import main; main()")
"""The command line of Icarus, as its console script calls it."""

_in_one_process = False

Row = dict[str, Any]
"""Figures of one measurement by name, as they go into the JSON file."""


class MeasurementError(RuntimeError):
    """A measurement did not come to an end, or what it measured was wrong."""


class Spent(NamedTuple):
    """What one call took, in seconds."""

    wall: float
    cpu: float


class Runs(NamedTuple):
    """What repeated calls took."""

    spent: list[Spent]

    def rates(self, requests: int) -> Row:
        """Return requests per second: median, lowest and highest by CPU time, median by wall."""
        by_cpu = [requests / one.cpu for one in self.spent]
        return {
            "per_second": statistics.median(by_cpu),
            "lowest": min(by_cpu),
            "highest": max(by_cpu),
            "per_second_wall": statistics.median(requests / one.wall for one in self.spent),
            "runs": len(self.spent),
        }


def timed(call: Callable[[], Any]) -> tuple[Spent, Any]:
    """Call, and return what it took and what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = call()
    return Spent(time.perf_counter() - wall, time.process_time() - cpu), result


def interleaved(repeat: int, *calls: Callable[[], Any]) -> list[Runs]:
    """Time some calls in turn, `repeat` times each."""
    spent: list[list[Spent]] = [[] for _ in calls]
    for _ in range(repeat):
        for times, call in zip(spent, calls, strict=True):
            times.append(timed(call)[0])
    return [Runs(times) for times in spent]


def ratio(ours: Runs, theirs: Runs, requests: int = 1, their_requests: int = 1) -> float:
    """Return how many times as fast ours were: the median over pairs of neighbouring runs."""
    return statistics.median(
        (requests / one.cpu) / (their_requests / other.cpu)
        for one, other in zip(ours.spent, theirs.spent, strict=True)
    )


def peak_mb(process: int | str = "self") -> float:
    """Return the most memory that a process has had so far, in MB of 10^6 bytes.

    Parameters
    ----------
    process : int, optional
        Its number, where the system has /proc; by default it is this one.
    """
    try:
        # That of getrusage counts what the parent had when it started this process.
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024 / 1e6
    except (OSError, IndexError):
        if process != "self":
            raise
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak * (1 if sys.platform == "darwin" else 1024) / 1e6


def apart(function: Callable[..., Row], /, **arguments: Any) -> Row:
    """Call a function of a module in a new process, and return what it returns.

    Parameters
    ----------
    function : callable
        A function at the top of a module of this package. It returns what JSON can hold.
    **arguments
        What JSON can hold.

    Raises
    ------
    MeasurementError
        If it raised something; with what it printed.
    """
    where = f"{function.__module__}:{function.__name__}"
    done = subprocess.run(
        [sys.executable, "-m", __name__, where],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        cwd=PROJECT,
        env=environment(),
        check=False,
    )
    if done.returncode:
        raise MeasurementError(f"{where}({arguments}) failed:\n{done.stderr}")
    row: Row = json.loads(done.stdout.splitlines()[-1])
    return row


@contextmanager
def in_one_process(wanted: bool) -> Iterator[None]:
    """Have ``attempted`` start no processes meanwhile, which is quicker, but measures worse."""
    global _in_one_process
    _in_one_process = wanted
    try:
        yield
    finally:
        _in_one_process = False


def attempted(function: Callable[..., Row], /, **arguments: Any) -> Row:
    """Do as ``apart``, but where it fails return the arguments and, as ``error``, why."""
    try:
        return function(**arguments) if _in_one_process else apart(function, **arguments)
    except MeasurementError as error:
        return {**arguments, "error": str(error)}


def command_seconds(command: Sequence[str], cwd: Path | None = None, **variables: str) -> float:
    """Run a command and return the seconds that it took; MeasurementError if it fails."""
    return command_spent(command, cwd, **variables).wall


def command_spent(command: Sequence[str], cwd: Path | None = None, **variables: str) -> Spent:
    """Do as ``command_seconds``, and return what all its processes took of the processor, too."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment(**variables), check=False
    )
    if done.returncode:
        raise MeasurementError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    wall, after = time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(wall, cpu)


def environment(**variables: str) -> dict[str, str]:
    """Return the environment of measured processes: this project, one thread in each.

    They may keep byte code: where they may not, starting takes four times as long.
    """
    before = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([str(PROJECT), *([before] if before else [])])
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    own = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**own, "PYTHONPATH": path, **threads, **variables}


def _main() -> None:
    module, name = sys.argv[1].split(":")
    arguments = json.load(sys.stdin)
    row = getattr(importlib.import_module(module), name)(**arguments)
    print(json.dumps(row))


if __name__ == "__main__":
    _main()
