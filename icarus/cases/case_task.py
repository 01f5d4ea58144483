"""The kind of experiments that are cases: steps on resources."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from icarus.cases.checks import check
from icarus.cases.records import write_environment
from icarus.cases.steps import SET_UP, CaseRun
from icarus.core.durations import seconds_of
from icarus.design.case_models import CaseStep
from icarus.errors import Cancel, CaseError
from icarus.logformat import LogFile
from icarus.orchestration.kinds import JobContext, Product, Task
from icarus.planning.job_kinds import CASE
from icarus.registry import JOB_KIND
from icarus.util import Tree

if TYPE_CHECKING:
    from icarus.planning.plan import Plan

__all__ = ["CaseTask"]

_TICK = 1.0
"""Seconds between two signs of life while a run cools down."""


@dataclass(frozen=True)
class CaseTask(Task):
    """One run of one case."""

    is_last: bool = True
    """Whether no other run follows, for which the machine would have to cool down."""

    kind: ClassVar[str] = CASE
    unit: ClassVar[str] = "steps"
    is_metered: ClassVar[bool] = True

    @classmethod
    def of(cls, plan: Plan, experiment: int, replication: int) -> Self:
        """Return the task of one run of a case of a plan."""
        last = plan.most_of(plan.ids[experiment]) - 1
        params = plan.experiments[experiment]
        return cls(params, plan.seed, replication, is_last=replication >= last)

    @property
    def phases(self) -> tuple[str, ...]:
        """Setting up, and the steps in their order."""
        return (SET_UP, *(step["id"] for step in self.params["details"]["steps"]))

    def run(self, context: JobContext) -> Product:
        """Do the steps; CaseError if one failed that may not, Cancel if a program is missing."""
        for program in self.params["details"].get("requires") or ():
            if shutil.which(program) is None:
                raise Cancel(f"needs the program {program}, which is not installed")
        case, details = self.params[CASE].dict(), self.params["details"].dict()
        with context.working_folder() as folder, _log(folder / "log.txt"):
            data = folder / "data"
            data.mkdir()
            write_environment(folder / "env.json", self.seed, self.replication)
            run = CaseRun(case, details, folder, data, self.seed, self.replication, context)
            try:
                run.perform([CaseStep.model_validate(dict(step)) for step in details["steps"]])
            finally:
                run.write(folder / "steps.json")
                shutil.rmtree(data, ignore_errors=True)
        if run.failure:
            raise CaseError(run.failure)
        self._cool_down(seconds_of(details.get("cooldown", 0)), context)
        return Product(Tree(run.results), len(self.phases) - 1)

    def _cool_down(self, seconds: float, context: JobContext) -> None:
        end = time.monotonic() + (0.0 if self.is_last else seconds)
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _TICK))
            context.report(len(self.phases) - 1)


@contextmanager
def _log(path: Path) -> Iterator[None]:
    """Have what is logged meanwhile be in a file, what goes as it should nowhere else."""
    handler = LogFile(path)
    loggers = [logging.getLogger(name) for name in ("case", "control")]
    before = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.DEBUG)
        one.addFilter(_quieter)
        # Those of the root are others while a job tells of its progress.
        one.addHandler(handler)
    try:
        yield
    finally:
        for one, level in zip(loggers, before, strict=True):
            one.removeHandler(handler)
            one.removeFilter(_quieter)
            one.setLevel(level)
        handler.close()


def _quieter(record: logging.LogRecord) -> bool:
    """Have what is no warning be told to those only who want to know everything."""
    if record.levelno == logging.INFO:
        record.levelno, record.levelname = logging.DEBUG, logging.getLevelName(logging.DEBUG)
    return True


def _check(experiment: Tree) -> list[tuple[str, str]]:
    return check(experiment)


JOB_KIND.add(CASE, CaseTask, check=_check)  # type: ignore[arg-type]
