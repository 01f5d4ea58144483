"""What metering takes: of a core while it samples, and of each job."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from icarus.metering import Meter
from icarus.metering.setting import ResourceMetrics
from icarus.orchestration.jobs import jobs_of
from icarus.orchestration.worker import run_job
from icarus.planning.plan import make_plan
from icarus.util import Settings
from scripts.benchmark.experiments import MAPS, network_experiment
from scripts.benchmark.measuring import Row, attempted
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT", "of_jobs", "of_sampling"]

REQUESTS = 1000
"""Of a job, as in campaigns of many short simulations."""

_WORKS = "import time\nwhile True: sum(range(1000)); time.sleep(0.001)"


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each number of processes that are sampled, and one for short jobs."""
    for processes in (1, 2, 5):
        seconds = 1.0 if options.quick else 10.0
        yield attempted(of_sampling, processes=processes, seconds=seconds)
    yield attempted(of_jobs, requests=REQUESTS, repeat=5 if options.quick else 300)


def of_sampling(processes: int, seconds: float) -> Row:
    """Return the share of a core that sampling takes, this process being one of those."""
    others = [subprocess.Popen([sys.executable, "-S", "-c", _WORKS]) for _ in range(processes - 1)]
    try:
        with tempfile.TemporaryDirectory() as folder, Meter(Path(folder) / "s.csv") as meter:
            time.sleep(0.5)
            before, begin = _spent_by_the_sampler(), time.monotonic()
            time.sleep(seconds)
            share = (_spent_by_the_sampler() - before) / (time.monotonic() - begin)
    finally:
        for one in others:
            one.kill()
            one.wait()
    return {
        "what": f"sampling of {processes} process{'es' if processes > 1 else ''}",
        "processes": processes,
        "percent": 100 * share,
        "interval": meter.interval,
    }


def _spent_by_the_sampler() -> float:
    (thread,) = (one for one in threading.enumerate() if one.name == "metering")
    assert thread.ident is not None
    return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


def of_jobs(requests: int, repeat: int) -> Row:
    """Return the milliseconds of a job, as it runs in a process of the pool, with and without."""
    settings = Settings()
    experiment = network_experiment(MAPS["GEANT"], requests=requests, n_contents=10_000)
    settings["EXPERIMENT_QUEUE"] = [experiment]
    job = jobs_of(make_plan(settings))[0]
    spent: dict[str, list[float]] = {"off": [], "totals": [], "on": []}
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "off": job,
            "totals": replace(job, metering=ResourceMetrics()),
            "on": replace(job, metering=ResourceMetrics(), folder=f"{folder}/job"),
        }
        for number in range(repeat + 1):
            for name, way in ways.items():
                begin = time.perf_counter()
                outcome = run_job(way, lambda amount, phase: None)
                taken = time.perf_counter() - begin
                assert outcome.value is not None, outcome.error
                # The first loads what all need.
                if number:
                    spent[name].append(taken)
    median = {name: statistics.median(taken) * 1e3 for name, taken in spent.items()}
    return {"what": f"a job of {requests:,} requests", "ms": median}


SUBJECT = Subject(
    name="metering",
    title="Metering: what sampling takes at 0.1 s, and what a short job takes with it and without",
    columns=(
        Column("what", "what"),
        Column("% of a core", "percent", ".2f"),
        Column("interval, s", "interval", ".2f"),
        Column("not metered, ms", "ms.off", ".2f"),
        Column("totals alone", "ms.totals", ".2f"),
        Column("with samples", "ms.on", ".2f"),
    ),
    measure=measure,
    y=("percent",),
    label="per cent of a core",
)
