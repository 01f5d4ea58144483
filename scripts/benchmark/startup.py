"""How long commands take to start, and what compiling adds to a first run."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator

from scripts.benchmark.measuring import ICARUS, PROJECT, Row, command_seconds
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT"]

_QUICKSTART = str(PROJECT / "config" / "quickstart.py")
_ONE_SHORT_EXPERIMENT = (
    *("-c", "STRATEGIES=['LCE']", "-c", "NETWORK_CACHE=[0.02]", "-c", "N_REPLICATIONS=1"),
    *("-c", "N_WARMUP_REQUESTS=10", "-c", "N_MEASURED_REQUESTS=10"),
    *("-c", "PARALLEL_EXECUTION=False"),
)


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each command."""
    repeat = 1 if options.quick else options.repeat
    results = str(options.folder / "quickstart.pickle")
    run = (*ICARUS, "run", _QUICKSTART, "-q", "--overwrite", "--no-journal", "-r", results)
    first = (*run, *_ONE_SHORT_EXPERIMENT)
    cases = {
        "icarus --help": (*ICARUS, "--help"),
        "icarus list": (*ICARUS, "list"),
        "icarus run, one short experiment": first,
    }
    command_seconds(first)  # compiles, if need be
    for name, command in cases.items():
        yield _row(name, [command_seconds(command) for _ in range(repeat)])
    if options.quick:
        return
    warm = [command_seconds(run) for _ in range(2)][1:]
    yield _row("icarus run config/quickstart.py", warm)
    with tempfile.TemporaryDirectory(dir=options.folder) as empty:
        cold = command_seconds(run, ICARUS_CACHE_DIR=empty)
    yield _row("the same, kernels not compiled yet", [cold])
    yield _row("compiling alone: the difference", [cold - warm[0]])


def _row(name: str, seconds: list[float]) -> Row:
    return {
        "command": name,
        "seconds": statistics.median(seconds),
        "lowest_seconds": min(seconds),
        "highest_seconds": max(seconds),
        "runs": len(seconds),
    }


SUBJECT = Subject(
    name="startup",
    title="Starting and compiling",
    columns=(
        Column("command", "command"),
        Column("seconds", "seconds", ".2f"),
        Column("from", "lowest_seconds", ".2f"),
        Column("to", "highest_seconds", ".2f"),
    ),
    measure=measure,
    y=("seconds",),
    label="seconds",
)
