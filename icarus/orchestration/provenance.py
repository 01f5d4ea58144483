"""Where a result comes from: what is kept beside it so that it can be understood and repeated."""

from __future__ import annotations

import functools
import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from icarus.core.random_streams import STREAMS, root_seed, stream
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.kinds.task import REQUESTS, Product
from icarus.planning.plan import Plan
from icarus.release import version as icarus_version
from icarus.results.resultset import ResultSet
from icarus.util import Settings

__all__ = ["add_to_results", "campaign_facts", "job_facts", "versions_used"]

_LIBRARIES = ("numpy", "numba", "scipy", "networkx", "fnss", "topohub")
"""Packages that a result may depend on."""


@functools.cache
def _versions() -> dict[str, str]:
    versions = {"icarus": icarus_version, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            versions[library] = version(library)
        except PackageNotFoundError:
            continue
    return versions


def campaign_facts(plan: Plan, settings: Settings) -> dict[str, Any]:
    """Return what holds for all results of a campaign."""
    source = settings.source
    return {
        "versions": _versions(),
        "host": platform.node(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "command": list(sys.argv),
        "settings_path": None if source is None else source.path,
        "settings_text": None if source is None else source.text,
        "overrides": {} if source is None else source.overrides,
        "seed": plan.seed,
        "n_replications": plan.n_replications,
        "collectors": plan.collectors,
    }


@functools.cache
def _seed_facts(seed: int, replication: int) -> dict[str, Any]:
    root = root_seed(seed, replication)
    streams = {name: list(stream(root, name).spawn_key) for name in STREAMS}
    return {"entropy": root.entropy, "streams": streams}


def job_facts(job: Job, outcome: Outcome, campaign: dict[str, Any]) -> dict[str, Any]:
    """Return what is to be known of one job.

    `campaign` holds for jobs that did not end in an earlier run.

    The seed is given as entropy and keys of the replication's ``numpy.random.SeedSequence``.
    """
    task = job.task
    facts: dict[str, Any] = {
        "job": job.id,
        "experiment": job.experiment,
        "kind": task.kind,
        "task": task.facts(),
        "replication": task.replication,
        "status": str(outcome.status),
        "seed": _seed_facts(task.seed, task.replication),
        "started": outcome.started,
        "duration": outcome.duration,
        "attempts": outcome.attempts,
        "peak_memory": outcome.peak_memory,
        "messages": outcome.messages,
        "campaign": outcome.origin or campaign,
    }
    product = outcome.value
    if product is not None:
        facts |= product.facts
        facts |= _amount_facts(task.unit, product, outcome.duration)
        if product.files:
            facts["files"] = dict(product.files)
    else:
        facts |= {"error": outcome.error, "traceback": outcome.traceback}
    return facts


def _amount_facts(unit: str, product: Product, duration: float) -> dict[str, Any]:
    if unit != REQUESTS:
        return {"amount": product.amount, "unit": unit}
    rate = product.amount_here / duration if duration else None
    return {"n_requests": product.amount, "requests_per_second": rate}


def versions_used() -> dict[str, str]:
    """Return the versions of all that a result may depend on: Icarus, Python and libraries."""
    return dict(_versions())


def add_to_results(
    results: ResultSet, job: Job, outcome: Outcome, campaign: dict[str, Any]
) -> None:
    """Enter what became of a job into results, or into their failures, with the facts of it."""
    facts = job_facts(job, outcome, campaign)
    if outcome.value is not None:
        results.add(job.task.params, outcome.value.results, facts)
    else:
        results.add_failure(job.task.params, facts)
