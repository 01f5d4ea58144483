"""Running jobs on the workers of a dask cluster.

The scheduler of the cluster hands each job to a worker, which runs it as a process of the pool
does and sends the outcome back. Nothing but this module needs the package ``distributed``.
"""

from __future__ import annotations

import logging
import pickle
import queue
import time
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from icarus.errors import ClusterError
from icarus.limits import Limits
from icarus.orchestration.events import Running
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.status import Status
from icarus.settings import SettingsSource

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskExecutor", "cluster_address", "survey"]

logger = logging.getLogger("orchestration")

_PATIENCE = 10.0
"""Seconds within which a scheduler must answer."""
_PER_THREAD = 2
"""Jobs under way for each thread of the cluster: one runs, one waits, so that none idles."""
_COUNT_EVERY = 3.0
"""Seconds between two counts of the workers."""
_SCHEMES = ("dask", "tcp", "tls", "ucx")
_NOISY = ("distributed", "distributed.client", "distributed.core")
_LOST = "; what ended is kept, and the same command goes on from there"


@dataclass
class _Task:
    """A job under way."""

    job: Job
    future: Future
    worker: str = ""
    """The address of the worker that began it last; empty before."""
    began: float = 0.0
    """When its beginning was heard of, on the system's monotonic clock."""
    requests: int = 0


def cluster_address(executor: str) -> str | None:
    """Return the address of the scheduler that the name of an executor means, None for others.

    Raises
    ------
    ClusterError
        If it has the form of an address, but lacks a part.
    """
    scheme, found, rest = executor.partition("://")
    if not found or scheme not in _SCHEMES:
        return None
    host, _, port = rest.rpartition(":")
    if not host or not port.isdigit():
        raise ClusterError(
            f"executor {executor!r}: should be {scheme}://HOST:PORT; the usual port is 8786"
        )
    return f"{'tcp' if scheme == 'dask' else scheme}://{rest}"


@contextmanager
def _connection(executor: str) -> Iterator[Client]:
    client = _connect(executor)
    try:
        yield client
    finally:
        _close(client)


def _connect(executor: str) -> Client:
    """Return a client of the cluster.

    Raises
    ------
    ClusterError
        If the package for it is missing, or there is no answer.
    """
    try:
        import distributed
    except ImportError:
        raise ClusterError(
            f"executor {executor}: needs the package distributed; "
            "install it with: pip install distributed"
        ) from None
    # What it has to say about a lost scheduler is said here, in one line.
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        return distributed.Client(
            cluster_address(executor),
            timeout=_PATIENCE,
            set_as_default=False,
            direct_to_workers=False,
        )
    except (OSError, ValueError, TypeError) as error:
        # The innermost cause says what is wrong with the address or the network.
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise ClusterError(f"executor {executor}: no dask scheduler answers: {reason}") from error


def _close(client: Client) -> None:
    with suppress(Exception):
        client.close(timeout=2)


def survey(executor: str) -> int:
    """Return how many jobs a cluster can run at a time, once it is known to be usable.

    Raises
    ------
    ClusterError
        If it cannot be reached, or a worker would not give the results of this process.
    """
    from icarus.orchestration.executors.dask_worker import differing, versions_here

    here = versions_here()
    with _connection(executor) as client:
        try:
            threads = client.nthreads()
            found = client.run(versions_here, on_error="return")
        except OSError as error:
            raise ClusterError(f"executor {executor}: the cluster was lost: {error}") from error
    for worker, versions in sorted(found.items()):
        if not isinstance(versions, dict):
            raise ClusterError(f"worker {worker}: Icarus does not run there: {versions}")
        problem = differing(here, versions)
        if problem:
            raise ClusterError(_mismatch(worker, problem))
    if not threads:
        logger.warning("%s has no workers yet; jobs wait for them", executor)
    for worker, number in threads.items():
        if number > 1:
            logger.warning(
                "worker %s has %d threads, of which one is used; start workers with --nthreads 1",
                worker,
                number,
            )
    return max(len(threads), 1)


def _mismatch(worker: str, problem: str) -> str:
    return (
        f"worker {worker}: {problem}; results might differ, so install the same versions "
        "everywhere and restart the workers"
    )


class DaskExecutor:
    """Runs jobs on the workers of a dask cluster.

    Parameters
    ----------
    executor : str
        The address of the scheduler, such as ``dask://host:8786``.
    source : SettingsSource or None
        The settings module, executed once in each worker.
    limits : Limits
        Of these, the limits of time are enforced, when a job reports progress.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached; from ``wait`` if its scheduler is lost.

    Notes
    -----
    Where a worker dies, the cluster starts its jobs again on others, as often as the scheduler's
    ``allowed-failures`` says; after that they are LOST, and ``MAX_RETRIES`` counts.
    """

    def __init__(self, executor: str, source: SettingsSource | None, limits: Limits) -> None:
        from icarus.orchestration.executors.dask_worker import Terms, versions_here

        self._name = executor
        self._client = _connect(executor)
        self._campaign = f"icarus-{uuid.uuid4().hex}"
        level = logging.getLogger().getEffectiveLevel()
        self._terms = Terms(self._campaign, source, limits, level, versions_here())
        # What other threads have heard of: keys with reports or, at the end, with outcomes.
        self._heard: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._client.subscribe_topic(
            self._campaign, lambda event: self._heard.put((event[1][0], event[1][1:]))
        )
        self._tasks: dict[str, _Task] = {}
        self._submitted = 0
        self._started: list[Job] = []
        self._ended: list[tuple[Job, Outcome]] = []
        self._room = 1
        self._counted = -_COUNT_EVERY

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""
        now = time.monotonic()
        if now - self._counted >= _COUNT_EVERY and self._client.status == "running":
            self._counted = now
            # What is wrong with the cluster is found by ``wait``.
            with suppress(OSError):
                self._room = max(_PER_THREAD * sum(self._client.nthreads().values()), 1)
        return len(self._tasks) < self._room

    def submit(self, job: Job) -> None:
        """Hand a job to the cluster."""
        from icarus.orchestration.executors.dask_worker import work

        try:
            data = pickle.dumps(job)
        except Exception as error:
            text = f"the job cannot be sent between processes: {type(error).__name__}: {error}"
            outcome = Outcome(Status.FAILED, error=text, traceback=traceback.format_exc())
            self._ended.append((job, outcome))
            return
        self._submitted += 1
        key = f"{self._campaign}-{self._submitted}"
        future = self._client.submit(
            work, data, self._terms, key, key=key, pure=False, retries=0, fifo_timeout=0
        )
        self._tasks[key] = _Task(job, future)
        future.add_done_callback(lambda done: self._heard.put((key, _fetched(done))))

    def started(self) -> list[Job]:
        """Return the jobs that a worker has begun since the last call."""
        started, self._started = self._started, []
        return started

    def wait(self, timeout: float) -> list[tuple[Job, Outcome]]:
        """Return the jobs that ended, after at most `timeout` seconds or when one has started."""
        with suppress(queue.Empty):
            key, news = self._heard.get(timeout=0 if self._ended else timeout)
            self._take(key, news)
            while True:
                self._take(*self._heard.get_nowait())
        if self._client.status != "running":
            raise self._scheduler_lost()
        ended, self._ended = self._ended, []
        return ended

    def _take(self, key: str, news: Any) -> None:
        task = self._tasks.get(key)
        if task is None:
            return
        match news:
            case requests, worker:
                self._note(task, requests, worker)
            case BaseException():
                self._end(key, self._outcome_of(task, news))
            case _:
                self._end(key, news)

    def _note(self, task: _Task, requests: int, worker: str) -> None:
        from icarus.orchestration.executors.dask_worker import BEGUN

        if requests != BEGUN:
            task.requests = requests
            return
        if task.worker:
            logger.warning(
                "%s: worker %s was lost; started again on %s", task.job.label, task.worker, worker
            )
        task.worker, task.began, task.requests = worker, time.monotonic(), 0
        self._started.append(task.job)

    def _outcome_of(self, task: _Task, error: BaseException) -> Outcome:
        """Return what became of a job that no worker returned an outcome of."""
        from distributed import CancelledError
        from distributed.scheduler import KilledWorker

        duration = time.monotonic() - task.began if task.began else 0.0

        def ended(status: Status, text: str) -> Outcome:
            return Outcome(status, error=text, started=time.time() - duration, duration=duration)

        match error:
            case ClusterError():
                raise error
            case KilledWorker():
                text = f"its worker died, {error.last_worker.address} the last time"
                return ended(Status.LOST, text)
            case CancelledError():
                if getattr(error, "reason", "") == "scheduler-connection-lost":
                    raise self._scheduler_lost()
                return ended(Status.LOST, "somebody cancelled it on the cluster")
        text = f"{type(error).__name__}: {' '.join(str(error).split())}"
        return ended(Status.FAILED, f"it could not be run on the cluster: {text}")

    def _scheduler_lost(self) -> ClusterError:
        return ClusterError(f"executor {self._name}: the scheduler was lost{_LOST}")

    def _end(self, key: str, outcome: Outcome) -> None:
        task = self._tasks.pop(key)
        task.future.release()
        self._ended.append((task.job, outcome))

    def running(self) -> list[Running]:
        """Return the jobs that a worker is working on."""
        now = time.monotonic()
        running = [
            Running(task.job, task.requests, now - task.began)
            for task in self._tasks.values()
            if task.worker
        ]
        return sorted(running, key=lambda one: one.job.number)

    def interrupt(self) -> None:
        """Do nothing: ``wait`` returns in time by itself."""

    def close(self) -> None:
        """Have the cluster forget all jobs; those that run stop when they next report."""
        if self._tasks and self._client.status == "running":
            with suppress(Exception):
                self._client.cancel([task.future for task in self._tasks.values()], force=True)
        self._tasks.clear()
        _close(self._client)


def _fetched(future: Future) -> Outcome | BaseException:
    """Return the outcome that a task gave, or what was raised in place of it."""
    try:
        refusal, data = future.result(timeout=60)
        if refusal:
            return ClusterError(_mismatch("that joined later", refusal) + _LOST)
        outcome: Outcome = pickle.loads(data)
    except BaseException as error:
        return error
    return outcome
