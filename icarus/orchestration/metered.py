"""Metering jobs, and what it adds to their results."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from icarus.metering import Meter
from icarus.metering.group import groups_of
from icarus.metering.setting import ResourceMetrics
from icarus.orchestration.ending import Family
from icarus.orchestration.jobs import Job
from icarus.orchestration.kinds.task import JobContext, Product
from icarus.util import Tree

__all__ = ["SAMPLES", "metered", "with_resources"]

logger = logging.getLogger("metering")

SAMPLES = "samples.csv"
"""The file of samples in the folder of a job."""


@contextmanager
def metered(job: Job, context: JobContext, family: Family | None) -> Iterator[Meter]:
    """Meter what a job does within the context, and have its phases noted.

    Parameters
    ----------
    job : Job
        One with ``metering``. Where it has a folder, samples are kept there.
    context : JobContext
        What the task is given.
    family : Family or None
        What knows which processes the job has started; by default all children are its own.
    """
    how = job.metering or ResourceMetrics()
    belongs = None if family is None else family.owns
    with Meter(
        _file(job, context), interval=how.interval, machine=how.machine, belongs=belongs
    ) as meter:
        context.meter = meter
        if family is None or not family.leads:
            # In the campaign's process, reports are where it does its own work.
            context.beside = meter.beside
        yield meter


def _file(job: Job, context: JobContext) -> Path | None:
    if job.folder is None:
        return None
    try:
        # Each part between barriers has a file of its own.
        file = context.folder / (f"{job.part + 1}-{SAMPLES}" if job.part else SAMPLES)
        file.touch()
    except OSError as error:
        logger.warning("no samples are kept: %s: %s", job.folder, error.strerror or error)
        return None
    return file


def with_resources(product: Product, meter: Meter) -> Product:
    """Return a product with what its job used among the results.

    Raises
    ------
    ValueError
        If the task has results of that name.
    """
    groups = groups_of(meter.totals, meter.phases)
    if taken := groups.keys() & product.results.keys():
        raise ValueError(
            f"its results have a group {min(taken)}, which RESOURCE_METRICS fills in; give the "
            "group another name, or leave RESOURCE_METRICS off"
        )
    return replace(product, results=Tree({**product.results, **groups}))
