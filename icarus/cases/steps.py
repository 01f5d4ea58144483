"""One run of a case: its resources set up, its steps done, and all of it released."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np

from icarus.cases.checks import SET_UP, Means, means_of
from icarus.control import ExperimentController
from icarus.core.bounded_calls import within
from icarus.core.durations import seconds_of
from icarus.design.case_models import CaseStep
from icarus.design.case_reading import SHARED
from icarus.design.placeholders import filled
from icarus.errors import CaseError, IcarusError
from icarus.orchestration.errortext import error_line
from icarus.orchestration.kinds import JobContext
from icarus.orchestration.status import Status

__all__ = ["SET_UP", "CaseRun", "StepRecord"]

logger = logging.getLogger("case")


@dataclass
class StepRecord:
    """How a step ended."""

    id: str
    status: Status = Status.SKIPPED
    reason: str = ""
    started: float | None = None
    """Seconds since 1970; None if it was not."""
    duration: float = 0.0
    outputs: tuple[str, ...] = ()
    """Files that it left, in the folder of the run."""


class CaseRun:
    """One run of a case.

    Parameters
    ----------
    case : mapping
        The section ``case`` of the experiment: its name, and parameters.
    details : mapping
        The section ``details``: resources and steps.
    folder : Path
        Where its files stay.
    data : Path
        An empty folder where the steps work.
    seed, replication : int
    context : JobContext
        Told of each step.

    Attributes
    ----------
    done : list of StepRecord
        Of all steps, those that were skipped included.
    results : dict
        By step: its status, and what its command returned.
    failure : str
        Why the run failed; empty if it did not.
    """

    def __init__(
        self,
        case: Mapping[str, Any],
        details: Mapping[str, Any],
        folder: Path,
        data: Path,
        seed: int,
        replication: int,
        context: JobContext,
    ) -> None:
        self._case, self._folder, self._data = case, folder, data
        self._seed, self._replication, self._context = seed, replication, context
        self._resources = dict(details.get("resources", {}))
        shared = Path(details["folder"], SHARED).absolute()
        given: dict[str, Any] = {"data": str(data), "shared": str(shared), "run": replication + 1}
        given["python"] = sys.executable
        self._values = {**case, **given}
        self.done: list[StepRecord] = []
        self.results: dict[str, Any] = {}
        self.failure = ""
        self._n_done = 0

    def perform(self, steps: Sequence[CaseStep]) -> None:
        """Do the steps, up to one that fails and may not."""
        self.done = [StepRecord(step.id) for step in steps]
        before = self._shared()
        self._perform(steps)
        written = sorted(name for name, _ in before ^ self._shared())
        if written and not self.failure:
            # What other runs read would be another thing from now on.
            self.failure = f"{SHARED}/{written[0]} is for all runs, and one of the steps wrote it"

    def _shared(self) -> set[tuple[str, tuple[int, int]]]:
        """Return what files all runs share, with size and time of the last change."""
        root = Path(self._values["shared"])
        found = ((path, path.stat()) for path in root.rglob("*") if path.is_file())
        return {
            (path.relative_to(root).as_posix(), (told.st_size, told.st_mtime_ns))
            for path, told in found
        }

    def _perform(self, steps: Sequence[CaseStep]) -> None:
        self._context.enter(SET_UP)
        with ExperimentController(
            self._case["name"],
            folder=self._folder / "resources",
            seed=self._seed,
            replication=self._replication,
            report=lambda _: self._context.report(self._n_done),
        ) as ec:
            try:
                self._set_up(ec)
            except IcarusError as error:
                self.failure = f"{SET_UP}: {error}"
                return
            for step, record in zip(steps, self.done, strict=True):
                self._context.enter(step.id)
                self._do(ec, step, record)
                self._n_done += 1
                self._context.report(self._n_done)
                if self.failure:
                    break

    def _set_up(self, ec: ExperimentController) -> None:
        """Have all resources of the case started, or what else they are when nothing more comes."""
        for name, entry in self._resources.items():
            attributes = filled(entry.get("attributes", {}), self._values)
            ec.register_resource(entry["type"], name=name, **attributes)
        if self._resources:
            ec.deploy()
            reports = ec.wait_started(list(self._resources))
            for name, one in reports.items():
                if one.outcome not in (None, Status.OK):
                    raise CaseError(f"{name}: {one.reason}")

    def _do(self, ec: ExperimentController, step: CaseStep, record: StepRecord) -> None:
        record.started, began = time.time(), time.monotonic()
        returned: Any = None
        found: dict[str, Any] = {}
        try:
            returned = self._returned_by(ec, step)
            found, record.outputs = self._harvest(step)
            record.status = Status.OK
        except Exception as error:
            record.status = Status.TIMEOUT if isinstance(error, TimeoutError) else Status.FAILED
            record.reason = str(error) if isinstance(error, IcarusError) else error_line(error)
            logger.warning("step %s: %s: %s", step.id, record.status, record.reason)
            if not step.may_fail:
                self.failure = f"step {step.id}: {record.reason}"
        record.duration = time.monotonic() - began
        logger.info("step %s: %s, %.3f s", step.id, record.status, record.duration)
        self.results[step.id] = {"STATUS": str(record.status)}
        for told in (returned, found):
            for group, metrics in _as_metrics(told).items():
                name = f"{step.id}.{group}" if group else step.id
                self.results[name] = {**self.results.get(name, {}), **metrics}

    def _returned_by(self, ec: ExperimentController, step: CaseStep) -> Any:
        means = means_of(step.model_dump(), self._resources)
        given = filled(step.parameters, self._values)
        seconds = None if step.timeout is None else seconds_of(step.timeout)
        if not means.is_own:
            return _bounded(seconds, lambda: ec.call(step.resource, step.command, **given))
        attributes = {name: value for name, value in given.items() if name in means.attributes}
        if "cwd" in means.attributes:
            attributes.setdefault("cwd", str(self._data))
        # Its failure is the step's, and whether that ends the run is for the step to say.
        attributes.setdefault("critical", False)
        ec.register_resource(step.resource, name=step.id, **attributes)
        try:
            return self._of_own(ec, step, means, given, seconds)
        finally:
            ec.release(step.id)

    def _of_own(
        self,
        ec: ExperimentController,
        step: CaseStep,
        means: Means,
        given: Mapping[str, Any],
        seconds: float | None,
    ) -> Any:
        if means.command is not None:
            arguments = {name: given[name] for name in given if name in means.arguments}
            return _bounded(seconds, lambda: ec.call(step.id, step.command, **arguments))
        ec.deploy(step.id)
        reports = ec.wait_finished(step.id, timeout=seconds)
        report = reports[step.id]
        if report.outcome is None:
            raise TimeoutError(f"longer than {seconds:g} s")
        if report.outcome is not Status.OK:
            raise CaseError(report.reason)
        # What it has measured is what comes of it, if it measures anything.
        return ec.call(step.id, "results") if "results" in means.resource.commands() else None

    def _harvest(self, step: CaseStep) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Keep the files that a step was to leave; return the metrics in them, and their paths.

        Raises
        ------
        CaseError
            If one is missing, or has no metrics that was to have some.
        """
        kept: list[str] = []
        metrics: dict[str, Any] = {}
        for output in step.outputs:
            found = [path for path in sorted(self._data.glob(output.path)) if path.is_file()]
            if not found and output.required:
                raise CaseError(f"it left no {output.path!r} in its data folder")
            for path in found:
                target = self._folder / "artifacts" / step.id / path.relative_to(self._data)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
                kept.append(target.relative_to(self._folder).as_posix())
                if output.metrics:
                    metrics |= _metrics_in(path)
        return metrics, tuple(kept)

    def write(self, path: Path) -> None:
        """Write down, as JSON, how each step ended."""
        told = [dataclasses.asdict(record) for record in self.done]
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


def _bounded(seconds: float | None, call: Callable[[], Any]) -> Any:
    """Return what a call returns; TimeoutError if it takes longer, when it is left to itself."""
    if seconds is None:
        return call()
    try:
        return within(seconds, call, "step")
    except TimeoutError:
        raise TimeoutError(f"longer than {seconds:g} s") from None


def _metrics_in(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise CaseError(f"{path.name}: should be JSON with metrics: {error}") from None
    if not isinstance(told, dict):
        raise CaseError(f"{path.name}: should be a JSON object with metrics by name")
    return told


def _as_metrics(value: Any) -> dict[str, dict[str, Any]]:
    """Return what a command returned as metrics by name, in groups; "" is that of the step."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = {name.upper(): one for name, one in dataclasses.asdict(value).items()}
    if not isinstance(value, Mapping):
        value = {"VALUE": str(value) if isinstance(value, Path) else value}
    groups: dict[str, dict[str, Any]] = {"": {}}
    for name, one in value.items():
        if isinstance(one, Mapping):
            groups[str(name)] = dict(one.items())
        elif isinstance(one, Number | np.ndarray | str):
            groups[""][str(name)] = one
    return groups
