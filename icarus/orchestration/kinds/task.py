"""What every kind of job is: a task that a worker runs, and the product that comes of it.

The orchestrator knows no more of a job than this. A kind is a class derived from ``Task``, entered
in the registry ``JOB_KIND`` under the section by which experiments are known to be of it.
"""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np

from icarus.core.kinds import COMPONENT_SECTIONS
from icarus.core.random_streams import root_seed, stream
from icarus.errors import ComponentError, suggestion
from icarus.execution.global_randomness import legacy_random_state
from icarus.metering import Meter
from icarus.orchestration.kinds.differing import first_difference
from icarus.orchestration.kinds.files import JobFolder
from icarus.orchestration.states import Checkpoint, PassedBarrier, SharedState
from icarus.planning.job_kinds import SIMULATION
from icarus.registry import JOB_KIND, Check
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.planning.plan import Plan

__all__ = [
    "REQUESTS",
    "TAKEN_UP",
    "JobContext",
    "Paused",
    "Product",
    "Report",
    "Task",
    "register_job_kind",
]

REQUESTS = "requests"
"""The unit that rates are told in."""

_OF_SIMULATIONS = (*COMPONENT_SECTIONS, "timeline", "netconf", "engine", "desc", SIMULATION)
"""Sections that no other kind can be known by."""

TAKEN_UP = "requests_taken_up"
"""The fact of how many requests of a simulation were served before it was taken up."""

Report = Callable[[int, int], None]
"""Called with the amount done so far and the number of the phase, from 1; 0 where there is none."""


@dataclass(frozen=True)
class Product:
    """What came of a task.

    Parameters
    ----------
    results : mapping
        Nested mappings, which become a Tree: a collector's or another group's name, and in it
        metrics by name. Tables and plots find them there.
    amount : int, optional
        How much was done, in the unit of the task's kind.
    facts : mapping, optional
        What else is to be kept beside the results, in their metadata.

    Attributes
    ----------
    files : dict
        What the task left in the folder of its job: size in bytes and digest of each file, by its
        path in the folder. It is filled in once the task has ended.
    """

    results: Tree
    amount: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Any] = field(default_factory=dict)

    @property
    def amount_here(self) -> int:
        """How much of it this job did itself, and not an earlier run, or another job for it."""
        return self.amount - int(self.facts.get(TAKEN_UP, 0))

    def __post_init__(self) -> None:
        if not isinstance(self.results, Mapping):
            raise TypeError(
                f"results of a product should be a mapping, found {type(self.results).__name__}"
            )
        if not isinstance(self.results, Tree):
            object.__setattr__(self, "results", Tree(self.results))


class Paused(Product):
    """What a task returns that has come to a barrier: it goes on when it is started again."""


class JobContext:
    """What a task can ask of where it runs.

    Parameters
    ----------
    report : callable, optional
        Told of progress.
    phases : sequence of str, optional
        Names of the task's phases.
    folder : path, optional
        Where the job may leave files; it need not be there.
    checkpoint : Checkpoint, optional
        Where a task that can be put aside in the middle does so.
    shared : tuple of SharedState, optional
        States on its way that other tasks go on from, too, in order.
    barriers : tuple of PassedBarrier, optional
        Where it has to wait for others, in order.
    part : int, optional
        How many parts of it, from one barrier to the next, have been done.

    Attributes
    ----------
    meter : Meter or None
        What meters the job, and is told of its phases, where ``RESOURCE_METRICS`` asks for that.
    beside : callable
        Makes the context within which progress is told, which others may make use of to do work
        that is none of the job's.
    """

    def __init__(
        self,
        report: Report | None = None,
        phases: tuple[str, ...] = (),
        folder: str | None = None,
        checkpoint: Checkpoint | None = None,
        shared: tuple[SharedState, ...] = (),
        barriers: tuple[PassedBarrier, ...] = (),
        part: int = 0,
    ) -> None:
        self.checkpoint = checkpoint
        self.shared = shared
        self.barriers = barriers
        self._report = report
        self._phases = phases
        self._amount = self._phase = 0
        self._folder = JobFolder(folder, goes_on=part > 0)
        self.meter: Meter | None = None
        self.beside: Callable[[], AbstractContextManager[None]] = nullcontext

    def report(self, amount: int) -> None:
        """Tell how much has been done so far, in the unit of the kind.

        To be called now and then: it is the sign of life that ``STALL_TIMEOUT`` goes by, and where
        a job without a process of its own is stopped.
        """
        self._amount = int(amount)
        self._tell()

    def enter(self, phase: str) -> None:
        """Tell that a phase begins, one of those that ``Task.phases`` names.

        Raises
        ------
        ValueError
            If there is no such phase.
        """
        if phase not in self._phases:
            raise ValueError(f"the task has no phase {phase!r}; {suggestion(phase, self._phases)}")
        self._phase = self._phases.index(phase) + 1
        if self.meter is not None:
            self.meter.phase(phase)
        self._tell()

    def _tell(self) -> None:
        if self._report is not None:
            with self.beside():
                self._report(self._amount, self._phase)

    @property
    def folder(self) -> Path:
        """A folder for the files that the job is to leave behind, empty when first asked for.

        Raises
        ------
        OSError
            If there can be none, as where a campaign writes no results file.
        """
        return self._folder.path()

    @contextmanager
    def working_folder(self) -> Iterator[Path]:
        """Give the folder, or one for the time being where no results file is written."""
        try:
            folder = self.folder.absolute()
        except FileNotFoundError:
            with tempfile.TemporaryDirectory(prefix="icarus-job-") as place:
                yield Path(place)
        else:
            yield folder

    def files(self) -> dict[str, Any]:
        """Return size and digest of each file in the folder, by its path there."""
        return self._folder.listed()


@dataclass(frozen=True)
class Task:
    """One replication of one experiment, as it is sent to a worker; the root of all kinds.

    A kind overrides ``run``, and whatever else is another than here. Instances must be picklable.

    Parameters
    ----------
    params : Tree
        The experiment, as the settings give it.
    seed : int
        ``SEED`` of the campaign.
    replication : int
        Counted from 0.

    Attributes
    ----------
    kind : str
        The section that makes an experiment one of this kind; set by ``register_job_kind``.
    unit : str
        What progress is counted in, in the plural.
    is_metered : bool
        Whether what it uses is metered, also where ``RESOURCE_METRICS`` does not ask for that.
    """

    params: Tree
    seed: int = 1
    replication: int = 0

    kind: ClassVar[str] = ""
    unit: ClassVar[str] = "steps"
    is_metered: ClassVar[bool] = False

    @property
    def phases(self) -> tuple[str, ...]:
        """Names of the phases that the task goes through, in order; by default none.

        They are asked for where the campaign runs, and entered by ``JobContext.enter``.
        """
        return ()

    def run(self, context: JobContext) -> Product:
        """Do the work and return what comes of it.

        Whatever it raises is the failure of this one job; ``icarus.Cancel`` ends it as CANCELLED.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to run")

    def perform(self, context: JobContext) -> Product:
        """Run as executors do: on a copy of its own, and with global generators that are seeded."""
        with legacy_random_state(root_seed(self.seed, self.replication)):
            return copy.deepcopy(self).run(context)

    def rng(self) -> np.random.Generator:
        """Return a generator of random numbers, the same for each task of one replication.

        It depends on ``SEED`` and the replication and on nothing else, so that experiments are
        compared on the same draws.
        """
        return np.random.default_rng(stream(root_seed(self.seed, self.replication), "task"))

    def facts(self) -> dict[str, Any]:
        """Return what tells this task from others beside its parameters, seed and replication.

        It is kept with the job, and given to ``restored``: texts, numbers, lists and dicts of them.
        """
        return {}

    @classmethod
    def of(cls, plan: Plan, experiment: int, replication: int) -> Self:
        """Return the task of one replication of an experiment, counted from 0, of a plan."""
        return cls(plan.experiments[experiment], plan.seed, replication)

    @classmethod
    def restored(
        cls,
        params: Tree,
        seed: int,
        replication: int,
        facts: Mapping[str, Any],
        campaign: Mapping[str, Any],
    ) -> Self:
        """Return the task that was kept with its facts, and those of the campaign that ran it."""
        return cls(params, seed, replication)

    @staticmethod
    def difference(before: Tree, now: Tree) -> str | None:
        """Return how results differ from those that the same task gave before; None if not at all.

        A kind whose results are never quite the same, as times are, compares the others only.
        """
        return first_difference(before, now)


def register_job_kind(
    section: str,
    task: type[Task],
    check: Callable[[Tree], Iterable[str | tuple[str, str]]] | None = None,
    *,
    override: bool = False,
) -> type[Task]:
    """Have experiments with a section of this name run as jobs of a kind of one's own.

    Parameters
    ----------
    section : str
        The section, at the top of the experiment's tree, that tells of the kind.
    task : class
        Derived from ``Task``.
    check : callable, optional
        Called with each experiment of the kind before anything runs; it returns what is wrong with
        it: texts, or pairs of a place in the tree, such as ``"sum.numbers"``, and a text.
    override : bool, optional
        Whether another kind may be replaced.

    Returns
    -------
    class
        The task.

    Raises
    ------
    ComponentError
        If the class is no task, the section belongs to simulations, or another kind has it.
    """
    if not (isinstance(task, type) and issubclass(task, Task)):
        raise ComponentError(
            f"job kind {section!r}: should be a class derived from icarus.orchestration.Task, "
            f"found {task!r}"
        )
    if section in _OF_SIMULATIONS:
        raise ComponentError(
            f"job kind {section!r}: simulations have a section of this name; choose another"
        )
    if task.kind and task.kind != section and "kind" in vars(task):
        raise ComponentError(
            f"job kind {section!r}: {task.__qualname__} is that of {task.kind!r} already; derive "
            "another class from it"
        )
    JOB_KIND.add(section, task, override=override, check=cast(Check | None, check))
    task.kind = section
    return task
