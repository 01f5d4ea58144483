"""Jobs and their outcomes: what goes to a worker, and what comes back."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from icarus.metering.setting import ResourceMetrics
from icarus.orchestration.kinds import Product, Task
from icarus.orchestration.states import Checkpoint, PassedBarrier, SharedState
from icarus.orchestration.status import Status
from icarus.plaintext import cut, one_line
from icarus.planning.job_kinds import kind_of
from icarus.registry import JOB_KIND
from icarus.results.labels import value_text

if TYPE_CHECKING:
    from icarus.planning.plan import Plan

__all__ = [
    "LONGEST_MESSAGE",
    "LONGEST_TRACEBACK",
    "Job",
    "Outcome",
    "job_id",
    "jobs_of",
    "siblings",
]

LONGEST_MESSAGE = 10_000
"""Characters that are kept of an error or of what a job logs."""
LONGEST_TRACEBACK = 100_000
_LONGEST_LABEL = 1_000
_NOTE = 100
"""Characters, and more, of the note that a text was cut."""


@dataclass(frozen=True)
class Job:
    """One unit of work, of which executors know no more than that it is a task to perform."""

    id: str
    """What it is recognised by, in any run of the same campaign."""
    experiment: str
    """Identity of the experiment that it is a part of."""
    number: int
    """Its place in the campaign, from 0."""
    label: str
    """What it is called on the screen."""
    task: Task
    """What is to be done; picklable."""
    verdict: Outcome | None = None
    """How it ends without being run, where that is known before."""
    folder: str | None = None
    """Where it may leave files."""
    checkpoint: Checkpoint | None = None
    """Where and how often it puts its state aside, if that is long and it can."""
    shared: tuple[SharedState, ...] = ()
    """States on its way that other jobs go on from, too."""
    barriers: tuple[PassedBarrier, ...] = ()
    """What it may pass only when all others have come to it."""
    part: int = 0
    """How many parts of it, from one barrier to the next, have been done."""
    metering: ResourceMetrics | None = None
    """How what it uses is metered; None if it is not."""


@dataclass(frozen=True)
class Outcome:
    """How a job ended. Workers return outcomes and never raise."""

    status: Status
    value: Product | None = None
    """What came of the task, if it is OK."""
    error: str = ""
    """What went wrong, in one line."""
    traceback: str = ""
    started: float = 0.0
    """When it started, in seconds since the epoch."""
    duration: float = 0.0
    """How long it ran, in seconds."""
    peak_memory: int = 0
    """The most memory its process had resident so far, in bytes."""
    messages: list[tuple[int, str, str]] = field(default_factory=list)
    """What it logged: level, logger and text."""
    output: str = ""
    """What it printed: the beginning and the end where that is much."""
    attempts: int = 1
    """How often the job was started, this time included; 0 if it never was."""
    origin: dict[str, Any] | None = None
    """Facts about the run that the job ended in, if that is an earlier one."""

    def __post_init__(self) -> None:
        """Keep no more of texts than somebody would read; a job may raise or log anything."""
        set_ = functools.partial(object.__setattr__, self)
        set_("error", _kept(self.error, LONGEST_MESSAGE))
        set_("traceback", _kept(self.traceback, LONGEST_TRACEBACK))
        if self.messages:
            kept = [
                (level, _kept(name, LONGEST_MESSAGE), _kept(text, LONGEST_MESSAGE))
                for level, name, text in self.messages
            ]
            set_("messages", kept)


def _kept(text: str, most: int) -> str:
    # Of a class of a user's own that is a kind of text, the text is kept.
    text = str.__str__(text)
    return text if len(text) <= most + _NOTE else cut(text, most)


def jobs_of(plan: Plan) -> list[Job]:
    """Return the jobs of a campaign: all replications of each experiment, in queue order.

    A job's id is made of its experiment's key (``icarus.planning.identity``) and of the number of
    the replication: it is the same in every run that would give the same result for it, and another
    one otherwise. What it does is for its kind to say.
    """
    varying = list(plan.varying())
    jobs: list[Job] = []
    each = zip(plan.experiments, plan.ids, plan.keys, plan.kinds, strict=True)
    for number, (experiment, identity, key, of_kind) in enumerate(each):
        label = _label(experiment, varying)
        kind: type[Task] = JOB_KIND[of_kind]
        veto = plan.vetoes.get(identity)
        verdict = None if veto is None else Outcome(Status.VETOED, error=veto, attempts=0)
        n_replications = plan.replications_of(identity)
        for replication in range(n_replications):
            jobs.append(
                Job(
                    experiment=identity,
                    id=job_id(key, replication),
                    number=len(jobs),
                    label=f"{label} #{replication + 1}" if n_replications > 1 else label,
                    task=kind.of(plan, number, replication),
                    verdict=verdict,
                )
            )
    return jobs


def job_id(key: str, replication: int) -> str:
    """Return the id of a job, given the key of its experiment."""
    return f"{key[:16]}-{replication}"


def siblings(job: str) -> str:
    """Return what the ids of all replications of an experiment begin with, given one of them."""
    return job.rpartition("-")[0]


def _label(experiment: Any, varying: list[tuple[str, ...]]) -> str:
    """Name an experiment by what tells it from the others."""
    for paths in (varying, [("strategy", "name"), ("topology", "name"), ("case", "name")]):
        parts = []
        for path in paths:
            value = experiment.getval(path)
            if value is not None:
                text = str(value) if path[-1] == "name" else f"{path[-1]}={value_text(value)}"
                parts.append(text)
        if parts:
            return one_line(" ".join(parts), _LONGEST_LABEL)
    return kind_of(experiment)
