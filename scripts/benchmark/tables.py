"""What it takes to make and write tables of many simulations."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from icarus.results import ResultSet
from icarus.results.exporting import export
from scripts.benchmark.measuring import Row, attempted
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT", "made", "of_results"]

SIMULATIONS = 100_000


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each way to make a table of 10^5 simulations."""
    for what in ("tidy", "wide", "CSV"):
        yield attempted(made, what=what, number=1000 if options.quick else SIMULATIONS)


def made(what: str, number: int) -> Row:
    """Return what it takes to make a table: seconds, and of the process the most memory so far."""
    results = of_results(number)
    began, worked = time.perf_counter(), time.process_time()
    frame = results.to_frame(wide=what != "tidy")
    if what == "CSV":
        with tempfile.TemporaryDirectory() as folder:
            export(frame, Path(folder) / "table.csv")
    return {
        "what": what,
        "simulations": number,
        "rows": len(frame),
        "seconds": time.perf_counter() - began,
        "processor": time.process_time() - worked,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def of_results(number: int) -> ResultSet:
    """Return results of that many simulations, ten replications of each experiment."""
    results = ResultSet()
    values = np.random.default_rng(1).random((number, 2)).tolist()
    params: dict[str, dict[str, Any]] = {
        "strategy": {"name": "LCE"},
        "workload": {"name": "STATIONARY"},
    }
    for i, (ratio, latency) in enumerate(values):
        if i % 10 == 0:
            params = {**params, "workload": {"name": "STATIONARY", "alpha": 0.5 + i / number}}
        told = {"CACHE_HIT_RATIO": {"MEAN": ratio}, "LATENCY": {"MEAN": latency}}
        facts = {"job": f"{i:016x}", "replication": i % 10, "seed": {"entropy": 1}}
        results.add(params, told, facts)
    return results


SUBJECT = Subject(
    name="tables",
    title="Tables of pandas: what it takes to make one of many simulations",
    columns=(
        Column("table", "what"),
        Column("simulations", "simulations", ",d"),
        Column("rows", "rows", ",d"),
        Column("s", "seconds", ".2f"),
        Column("of the processor", "processor", ".2f"),
        Column("MB", "megabytes", ".0f"),
    ),
    measure=measure,
    y=("seconds",),
    label="seconds",
)
