"""What a worker of a dask cluster does for a campaign.

A worker is a process that others started, which may serve several campaigns and others' tasks.
Jobs use state of the whole process, such as registries and log handlers, so only one runs at a
time, however many threads there are.
"""

from __future__ import annotations

import functools
import logging
import os
import pickle
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from icarus.core.marks import Mark
from icarus.orchestration.ending import Family, Guardian
from icarus.orchestration.errortext import error_line, traceback_text
from icarus.orchestration.executors.alarm import OverLimit, Watch
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.kinds.task import Report
from icarus.orchestration.output import Output
from icarus.orchestration.provenance import versions_used
from icarus.orchestration.status import Status
from icarus.orchestration.stops import JobStopped
from icarus.orchestration.worker import run_job
from icarus.planning.limits import Limits
from icarus.planning.loading import SettingsSource, execute_settings
from icarus.registry import JOB_KIND, REGISTRIES, Check, load_components

__all__ = ["BEGUN", "Terms", "differing", "versions_here", "work"]

BEGUN = -1
"""Told in place of an amount when a job begins."""
_QUIET = 1.0
"""Seconds between two reports on a job."""
_LOOK = 0.1
"""Seconds between two looks at whether the job is still wanted."""

_REGISTRIES = (*REGISTRIES, JOB_KIND)

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Terms:
    """What holds for all jobs of a campaign."""

    topic: str
    """Where to report progress to."""
    source: SettingsSource | None
    """The settings module, to be executed for the components it defines or imports."""
    limits: Limits
    log_level: int
    """Least level of messages to send back."""
    versions: dict[str, str]
    """Of Icarus, Python and libraries, where the campaign was started."""


@dataclass
class _Components:
    """The components that are registered in this process, and whose they are."""

    pristine: list[tuple[dict[str, Any], dict[str, Check]]] = field(default_factory=list)
    source: SettingsSource | None = None

    def become(self, source: SettingsSource | None) -> None:
        """Execute a settings module, unless it was the last one; forget those of others."""
        if not self.pristine:
            load_components()
            self.pristine = [(dict(one), dict(one.checks)) for one in _REGISTRIES]
        if source == self.source:
            return
        self.source = None
        for registry, (components, checks) in zip(_REGISTRIES, self.pristine, strict=True):
            dict.clear(registry)
            dict.update(registry, components)
            registry.checks = dict(checks)
        if source is not None:
            execute_settings(source)
        self.source = source


_components = _Components()


class _Unwanted(JobStopped):
    """Raised inside a job whose campaign was stopped or has died."""


def versions_here() -> dict[str, str]:
    """Return the versions that results depend on."""
    versions = versions_used()
    # Icarus runs on any of one minor version alike.
    versions["python"] = ".".join(versions["python"].split(".")[:2])
    return versions


def differing(wanted: dict[str, str], found: dict[str, str]) -> str:
    """Return in words how versions differ; empty if they do not."""
    return ", ".join(
        f"{name} is {found.get(name, 'absent')}, not {wanted.get(name, 'absent')}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    )


def work(data: bytes, terms: Terms, key: str) -> tuple[str, bytes]:
    """Run a job on a worker; return why it was refused, if it was, and its pickled outcome.

    Parameters
    ----------
    data : bytes
        The pickled job.
    terms : Terms
    key : str
        The key of the task.
    """
    from distributed import get_worker

    refusal = differing(terms.versions, versions_here())
    if refusal:
        return refusal, b""
    worker = get_worker()
    with _one_at_a_time, _level(terms.log_level):
        worker.log_event(terms.topic, [key, BEGUN, 0, worker.address])
        outcome = _outcome(data, terms, _Reports(worker, terms.topic, key))
    try:
        return "", pickle.dumps(outcome)
    except BaseException as error:
        text = f"its result cannot be sent between processes: {error_line(error)}"
        trace = traceback_text(error)
        failed = Outcome(Status.FAILED, error=text, traceback=trace, output=outcome.output)
        return "", pickle.dumps(failed)


def _outcome(data: bytes, terms: Terms, report: Report) -> Outcome:
    began = time.time()
    try:
        _components.become(terms.source)
    except Exception as error:
        text = "the settings module could not be executed in a worker process"
        return Outcome(Status.FAILED, error=text, traceback=traceback_text(error))
    watch = Watch(terms.limits)

    def heartbeat(amount: int, phase: int) -> None:
        watch.beat()
        report(amount, phase)

    try:
        job: Job = pickle.loads(data)
    except BaseException as error:
        text = f"the job cannot be read in a worker process: {error_line(error)}"
        return Outcome(Status.FAILED, error=text, traceback=traceback_text(error))
    output = _place_for_output()
    try:
        return run_job(job, heartbeat, output, _family())
    except JobStopped as stop:
        status, text = Status.INTERRUPTED, ""
        if isinstance(stop, OverLimit):
            status, text = stop.status, str(stop)
        printed = "" if output is None else output.text()
        return Outcome(status, error=text, started=began, duration=watch.age, output=printed)


@functools.cache
def _family() -> Family:
    """Return what sees to the end of what jobs start, also if this worker is killed."""
    mark = Mark.new()
    Guardian(mark).start()
    return Family(mark)


@functools.cache
def _place_for_output() -> Output | None:
    """Return where what jobs print goes; the worker's own log goes on where it went."""
    try:
        output = Output()
        own = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    except OSError:
        return None
    for logger in [logging.root, *logging.root.manager.loggerDict.values()]:
        for handler in logger.handlers if isinstance(logger, logging.Logger) else ():
            if getattr(handler, "stream", None) in (sys.stdout, sys.stderr):
                cast(logging.StreamHandler[Any], handler).setStream(own)
    output.start_trimming()
    return output


class _Reports:
    """Tells of the progress of a job now and then, and ends it when nobody wants it any more."""

    def __init__(self, worker: Any, topic: str, key: str) -> None:
        self._worker = worker
        self._topic = topic
        self._key = key
        self._told = self._looked = time.monotonic()

    def __call__(self, amount: int, phase: int) -> None:
        now = time.monotonic()
        if now - self._looked >= _LOOK:
            self._looked = now
            task = self._worker.state.tasks.get(self._key)
            if task is None or task.state != "executing":
                raise _Unwanted
        if now - self._told >= _QUIET:
            self._told = now
            self._worker.log_event(self._topic, [self._key, amount, phase, self._worker.address])


@contextmanager
def _level(level: int) -> Iterator[None]:
    """Have messages of `level` and above collected, as in a process of the pool."""
    root = logging.getLogger()
    before = root.level
    root.setLevel(level)
    try:
        yield
    finally:
        root.setLevel(before)
