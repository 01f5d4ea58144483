"""What the journal of a campaign costs: each job, large results, and going on from it."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from icarus.orchestration.campaign import Keeping, prepared
from icarus.orchestration.events import CampaignStarted, Event, JobEnded, JobStarted
from icarus.orchestration.jobs import Job, Outcome, jobs_of
from icarus.orchestration.journal.schema import journal_of
from icarus.orchestration.journal.writer import Journal
from icarus.orchestration.kinds import Product
from icarus.orchestration.status import Status
from icarus.orchestration.worker import run_job
from icarus.planning.plan import make_plan
from icarus.util import Settings, Tree
from scripts.benchmark.measuring import ICARUS, MeasurementError, Row, command_seconds
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT"]

_REPLICATIONS = 10
_LARGE_MB = 200


def _settings(jobs: int) -> Settings:
    settings = Settings()
    queue = []
    for number in range(jobs // _REPLICATIONS):
        experiment = Tree()
        experiment["topology"] = {"name": "TREE", "k": 2, "h": 3}
        experiment["workload"] = {
            "name": "STATIONARY",
            "n_contents": 60,
            "alpha": 0.8 + number / 10**6,
            "n_warmup": 10,
            "n_measured": 30,
        }
        experiment["content_placement"] = {"name": "UNIFORM"}
        experiment["cache_placement"] = {"name": "UNIFORM", "network_cache": 0.1}
        experiment["strategy"] = {"name": "LCE"}
        experiment["cache_policy"] = {"name": "LRU"}
        queue.append(experiment)
    settings.EXPERIMENT_QUEUE = queue
    settings.N_REPLICATIONS = _REPLICATIONS
    return settings


def _of_a_job(job: Job) -> Product:
    value = run_job(job, lambda *done: None).value
    if value is None:
        raise MeasurementError(f"{job.label} has no results")
    return value


def _mark(marks: list[float], event: Event) -> None:
    marks.append(time.perf_counter())


def _finished(file: Path, jobs: int) -> tuple[float, float]:
    """Write the journal of a campaign that is finished; return seconds a job, by both clocks."""
    settings = _settings(jobs)
    plan = make_plan(settings)
    planned = jobs_of(plan)
    value = _of_a_job(planned[0])
    with Journal(journal_of(file)) as journal:
        journal.attach(settings)(CampaignStarted(plan, planned, 0))
        begin, processor = time.perf_counter(), time.process_time()
        for job in planned:
            journal(JobStarted(job))
            journal(JobEnded(job, Outcome(Status.OK, value, started=time.time(), duration=0.01)))
        wall = time.perf_counter() - begin
        return wall / jobs, (time.process_time() - processor) / jobs


def _large(file: Path) -> float:
    """Return how many MB a second of a result go into a journal."""
    settings = _settings(_REPLICATIONS)
    plan = make_plan(settings)
    planned = jobs_of(plan)
    array = np.random.default_rng(1).random(_LARGE_MB * 10**6 // 8)
    value = dataclasses.replace(_of_a_job(planned[0]), results=Tree({"X": {"Y": array}}))
    with Journal(journal_of(file)) as journal:
        journal.attach(settings)(CampaignStarted(plan, planned, 0))
        journal(JobStarted(planned[0]))
        begin = time.perf_counter()
        journal(JobEnded(planned[0], Outcome(Status.OK, value, started=time.time(), duration=1.0)))
        return _LARGE_MB / (time.perf_counter() - begin)


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each size of a campaign."""
    for jobs in (100,) if options.quick else (10_000, 100_000):
        file = options.folder / f"journal-{jobs}.pickle"
        wall, processor = _finished(file, jobs)
        status = (*ICARUS, "status", str(file))
        looks = [command_seconds(status) for _ in range(options.repeat)]
        begin = time.perf_counter()
        with prepared(_settings(jobs), file, Keeping()) as campaign:
            marks: list[float] = []
            campaign.orchestrator.subscribe(partial(_mark, marks))
            campaign.orchestrator.run()
            # The first event comes when jobs could start.
            resumed = marks[0] - begin
            campaign.write(campaign.orchestrator)
        yield {
            "jobs": jobs,
            "per_job_ms": 1e3 * wall,
            "per_job_processor_ms": 1e3 * processor,
            "large_mb_per_second": _large(options.folder / f"large-{jobs}.pickle"),
            "megabytes": journal_of(file).stat().st_size / 1e6,
            "status_seconds": statistics.median(looks),
            "resume_seconds": resumed,
            "written_seconds": time.perf_counter() - begin - resumed,
        }


SUBJECT = Subject(
    name="journal",
    title="The journal of a campaign",
    columns=(
        Column("jobs", "jobs", ","),
        Column("ms a job", "per_job_ms", ".2f"),
        Column("of them processor", "per_job_processor_ms", ".2f"),
        Column("MB", "megabytes", ".0f"),
        Column("MB/s of an array", "large_mb_per_second", ".0f"),
        Column("icarus status, s", "status_seconds", ".2f"),
        Column("resuming, s", "resume_seconds", ".1f"),
        Column("results, s", "written_seconds", ".1f"),
    ),
    measure=measure,
    x="jobs",
    y=("per_job_ms",),
    label="milliseconds a job",
)
