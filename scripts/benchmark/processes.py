"""A campaign of many short simulations, on one process and on two."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path

from scripts.benchmark.measuring import ICARUS, PROJECT, Row, Spent, command_spent
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT"]

EXPERIMENTS, REPLICATIONS, REQUESTS = 100, 100, 1000

SETTINGS = """
from collections import deque

from icarus.util import Tree

PARALLEL_EXECUTION = {processes} > 1
N_PROCESSES = {processes}
N_REPLICATIONS = {replications}
DATA_COLLECTORS = ["CACHE_HIT_RATIO", "LATENCY", "LINK_LOAD", "PATH_STRETCH"]
EXPERIMENT_QUEUE = deque(
    Tree(
        topology={{"name": "GEANT"}},
        workload={{
            "name": "STATIONARY",
            "n_contents": 10_000,
            "alpha": 0.5 + i / 100,
            "n_warmup": {requests} // 4,
            "n_measured": {requests} - {requests} // 4,
        }},
        cache_placement={{"name": "UNIFORM", "network_cache": 0.01}},
        content_placement={{"name": "UNIFORM"}},
        strategy={{"name": "LCE"}},
        cache_policy={{"name": "LRU"}},
    )
    for i in range({experiments})
)
"""


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for one process and one for two."""
    experiments, replications = (4, 5) if options.quick else (EXPERIMENTS, REPLICATIONS)
    jobs = experiments * replications
    files = {}
    for processes in (1, 2):
        files[processes] = options.folder / f"campaign{processes}.py"
        files[processes].write_text(
            SETTINGS.format(
                processes=processes,
                experiments=experiments,
                replications=replications,
                requests=REQUESTS,
            ),
            encoding="utf-8",
        )
    # Runs of the two are interleaved; the first, which may compile, does not count.
    _campaign(files[1], ["-c", "N_REPLICATIONS=1"])
    spent: dict[int, list[Spent]] = {1: [], 2: []}
    for _ in range(1 if options.quick else min(options.repeat, 3)):
        for processes, file in files.items():
            spent[processes].append(_campaign(file, []))
    alone = statistics.median(one.wall for one in spent[1])
    for processes, runs in spent.items():
        taken = [one.wall for one in runs]
        median = statistics.median(taken)
        yield {
            "processes": processes,
            "jobs": jobs,
            "requests_of_a_job": REQUESTS,
            "seconds": median,
            "lowest_seconds": min(taken),
            "highest_seconds": max(taken),
            "jobs_per_second": jobs / median,
            "speed_up": alone / median,
            "cpu_ms_of_a_job": statistics.median(one.cpu for one in runs) / jobs * 1e3,
        }


def _campaign(file: Path, options: list[str]) -> Spent:
    results = file.with_suffix(".pickle")
    command = [*ICARUS, "run", str(file), "-q", "-r", str(results)]
    taken = command_spent([*command, "--overwrite", *options], cwd=PROJECT)
    for left in file.parent.glob(f"{results.name}*"):
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    return taken


SUBJECT = Subject(
    name="processes",
    title=f"Campaigns of short simulations: {REQUESTS:,} requests each, GEANT, LCE, LRU",
    columns=(
        Column("processes", "processes"),
        Column("jobs", "jobs", ","),
        Column("seconds", "seconds", ".1f"),
        Column("from", "lowest_seconds", ".1f"),
        Column("to", "highest_seconds", ".1f"),
        Column("jobs/s", "jobs_per_second", ",.0f"),
        Column("speed-up", "speed_up", ".2f"),
        Column("processor, ms/job", "cpu_ms_of_a_job", ".2f"),
    ),
    measure=measure,
    x="processes",
    y=("jobs_per_second",),
    label="jobs per second",
)
