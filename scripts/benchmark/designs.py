"""How long a large design takes to be counted, planned and begun."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from icarus import design as d
from scripts.benchmark.measuring import (
    ICARUS,
    PROJECT,
    MeasurementError,
    Row,
    apart,
    environment,
    peak_mb,
    timed,
)
from scripts.benchmark.subject import Column, Options, Subject
from scripts.benchmark.waiting import NOTE_FIRST

__all__ = ["SUBJECT", "described"]

_POINTS, _MANY, _LOOKED_UP = 10**5, 10**9, 1000

_SETTINGS = """
from icarus import design as d

PARALLEL_EXECUTION = True
N_PROCESSES = 2
DATA_COLLECTORS = ["CACHE_HIT_RATIO"]

BASE = {{
    "topology": {{"name": "GEANT"}},
    "workload": {{"name": "STATIONARY", "n_contents": 1000, "n_warmup": 10, "n_measured": 10}},
    "content_placement": {{"name": "UNIFORM"}},
    "cache_placement": {{"name": "UNIFORM"}},
}}
EXPERIMENT_QUEUE = d.product(
    BASE,
    {{
        "workload.alpha": d.linspace(0.4, 1.2, {side}),
        "cache_placement.network_cache": d.linspace(0.01, 0.1, {side}),
        "strategy.name": ["LCE", "LCD", "EDGE", "PROB_CACHE", "CL4M"],
        "cache_policy.name": ["LRU", "FIFO"],
    }},
)
"""


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for a design that is only described, and one for a campaign of one."""
    yield {"what": f"{_MANY:.0e} points, counted and described", **apart(described, points=_MANY)}
    side = 10 if options.quick else round((_POINTS / 10) ** 0.5)
    runs = [_begun(side, options.folder) for _ in range(1 if options.quick else 3)]
    row = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
    yield {"what": f"{10 * side * side:,} points, from the command to the first result", **row}


def described(points: int) -> Row:
    """Return what a design of three axes takes that holds `points`, and finding one of them."""
    n_k, n_h = 250, 400
    others = points // (n_k * n_h)
    empty = peak_mb()

    def describe() -> d.Design:
        axes = {
            "topology.k": d.range(1, n_k),
            "topology.h": d.range(1, n_h),
            "workload.alpha": d.linspace(0.1, 1.0, others),
        }
        design = d.product({}, axes, where={"flat": "h <= k"})
        found, right = design.counts(), others * n_k * (n_k + 1) // 2
        if (found.points, found.admitted, found.exact) != (points, right, True):
            raise MeasurementError(f"{found} instead of {right} of {points} points")
        return design

    spent, design = timed(describe)
    memory = peak_mb() - empty
    step = len(design) // _LOOKED_UP
    found, _ = timed(lambda: [design[i * step] for i in range(_LOOKED_UP)])
    return {"seconds": spent.cpu, "mb": memory, "point_ms": found.cpu / _LOOKED_UP * 1e3}


def _begun(side: int, folder: Path) -> dict[str, float]:
    """Start a campaign, end it at its first result, and return what that took."""
    file = folder / "design.py"
    file.write_text(_SETTINGS.format(side=side) + NOTE_FIRST, encoding="utf-8")
    first = file.with_suffix(".first")
    first.unlink(missing_ok=True)
    results = str(file.with_suffix(".pickle"))
    command = (*ICARUS, "run", str(file), "-q", "--overwrite", "--no-journal", "-r", results)
    begin = time.perf_counter()
    campaign = subprocess.Popen(
        command, cwd=PROJECT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        while not first.exists():
            if campaign.poll() is not None:
                errors = campaign.communicate()[1].decode()
                raise MeasurementError(f"{' '.join(command)} ended before its first job:\n{errors}")
            time.sleep(0.01)
        seconds = time.perf_counter() - begin
        memory = peak_mb(campaign.pid)
    finally:
        campaign.kill()
        campaign.wait()
    return {"seconds": seconds, "mb": memory}


SUBJECT = Subject(
    name="designs",
    title="Large designs",
    columns=(
        Column("what", "what"),
        Column("seconds", "seconds", ".2f"),
        Column("MB", "mb", ".1f"),
        Column("ms to find a point", "point_ms", ".3f"),
    ),
    measure=measure,
    y=("seconds",),
    label="seconds",
)
