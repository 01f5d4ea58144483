"""How long one waits for results where nothing is compiled yet, and where all is."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmark.measuring import ICARUS, PROJECT, Row, command_spent
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["NOTE_FIRST", "SUBJECT"]

_QUICKSTART = (PROJECT / "config" / "quickstart.py").read_text(encoding="utf-8")

NOTE_FIRST = """
from pathlib import Path


def note_first(event):
    first = Path(__file__).with_suffix(".first")
    if not first.exists():
        first.touch()


HOOKS = {"after_job": note_first}
"""
"""What settings end with whose first result is to be noted, by a file beside them."""

_FIVE_POLICIES = """
trace = Path(__file__).with_suffix(".txt")
trace.write_text("".join(f"{i * i % 9973 % 1000}\\n" for i in range(20_000)))
N_REPLICATIONS = 1
EXPERIMENT_QUEUE = d.product(
    {
        **base,
        "workload": {"name": "TRACE_DRIVEN", "reqs_file": str(trace), "n_warmup": 0},
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.2},
        "strategy": {"name": "LCE"},
    },
    {"cache_policy.name": ["LRU", "FIFO", "SLRU", "RAND", "IN_CACHE_LFU"]},
)
"""

_ONE = ("-c", "STRATEGIES=['LCE']", "-c", "NETWORK_CACHE=[0.02]", "-c", "N_REPLICATIONS=1")


def _of(warmup: int, measured: int) -> tuple[str, ...]:
    return (*_ONE, "-c", f"N_WARMUP_REQUESTS={warmup}", "-c", f"N_MEASURED_REQUESTS={measured}")


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each campaign, with an empty folder of compiled code and with a full one."""
    repeat = 1 if options.quick else min(options.repeat, 3)
    cases: dict[str, tuple[str, tuple[str, ...]]] = {
        "one experiment of 2,000 requests": ("", _of(1000, 1000)),
        "five policies on a trace of 20,000 requests": (_FIVE_POLICIES, ()),
    }
    if not options.quick:
        cases |= {
            "config/quickstart.py": ("", ()),
            "one experiment of 3 x 10^6 requests": ("", _of(10**6, 2 * 10**6)),
            "one experiment of 10^8 requests": ("", _of(10**6, 99 * 10**6)),
        }
    for name, (more, overrides) in cases.items():
        file = options.folder / "waiting.py"
        file.write_text(_QUICKSTART + NOTE_FIRST + more, encoding="utf-8")
        compiled = (*overrides, "-c", "ENGINE=compiled")
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            empty = [_run(file, overrides, Path(folder) / str(i)) for i in range(repeat)]
            _run(file, compiled, Path(folder) / "full")
            full = [_run(file, compiled, Path(folder) / "full") for _ in range(repeat)]
        yield {"campaign": name, "empty": _median(empty), "full": _median(full), "runs": repeat}


def _run(file: Path, overrides: tuple[str, ...], folder: Path) -> dict[str, float]:
    """Return seconds to the first result and to the end, and those of the processor."""
    first = file.with_suffix(".first")
    first.unlink(missing_ok=True)
    results = str(file.with_suffix(".pickle"))
    command = (*ICARUS, "run", str(file), "-q", "--overwrite", "--no-journal", "-r", results)
    begin = time.time()
    spent = command_spent((*command, *overrides), ICARUS_CACHE_DIR=os.fspath(folder))
    waited = first.stat().st_mtime - begin
    return {"first": waited, "seconds": spent.wall, "cpu": spent.cpu}


def _median(runs: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(run[name] for run in runs) for name in runs[0]}


SUBJECT = Subject(
    name="waiting",
    title="Waiting for results: seconds where nothing is compiled yet, and where all is",
    columns=(
        Column("campaign", "campaign"),
        Column("first result", "empty.first", ".1f"),
        Column("all", "empty.seconds", ".1f"),
        Column("processor", "empty.cpu", ".1f"),
        Column("compiled: first", "full.first", ".1f"),
        Column("all", "full.seconds", ".1f"),
        Column("processor", "full.cpu", ".1f"),
    ),
    measure=measure,
    y=("empty.seconds",),
    label="seconds",
)
