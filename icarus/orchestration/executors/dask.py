"""Running jobs on the workers of a dask cluster.

The scheduler of the cluster hands each job to a worker, which runs it as a process of the pool
does and sends the outcome back. Nothing but this module needs the package ``distributed``.
"""

from __future__ import annotations

import asyncio
import logging
import pickle
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from icarus.core.bounded_calls import within
from icarus.errors import ClusterError
from icarus.orchestration.errortext import error_line, traceback_text
from icarus.orchestration.events import Running
from icarus.orchestration.executors.alarm import verdict
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.status import Status
from icarus.planning.limits import Limits
from icarus.planning.loading import SettingsSource

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["DaskExecutor", "cluster_address", "survey"]

logger = logging.getLogger("orchestration")

_PATIENCE = 10.0
"""Seconds within which a scheduler, or a worker that is asked for its versions, must answer."""
_GIVE_UP = 600.0
"""Seconds without any answer of the scheduler after which the campaign ends."""
_BRIEF = 0.4
"""Seconds that a scheduler has for each step of taking leave."""
_GRACE = 10.0
"""Seconds over a limit of time after which a job is given up whose worker should have ended it."""
_PER_THREAD = 2
"""Jobs under way for each thread of the cluster: one runs, one waits, so that none idles."""
_COUNT_EVERY = 3.0
"""Seconds between two counts of the workers."""
_FETCH_AGAIN = 0.2
"""Seconds until a result is asked for again that could not be fetched."""
_SCHEMES = ("dask", "tcp", "tls", "ucx")
_NOISY = ("distributed", "distributed.client", "distributed.core")
_THREAD = "cluster call"
_LOST = "; what ended is kept, and the same command goes on from there"


@dataclass
class _UnderWay:
    """A job under way."""

    job: Job
    future: Future
    worker: str = ""
    """The address of the worker that began it last; empty before."""
    began: float = 0.0
    """When its beginning was heard of, on the system's monotonic clock."""
    heard: float = 0.0
    """When anything was heard of it, on the same clock."""
    amount: int = 0
    phase: int = 0


class _Returned(NamedTuple):
    """What a task returned."""

    refusal: str
    """Why the worker did not take the job; empty if it did."""
    data: bytes
    """The pickled outcome."""


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
    address = cluster_address(executor)

    def connect() -> Client:
        return distributed.Client(
            address, timeout=_PATIENCE, set_as_default=False, direct_to_workers=False
        )

    try:
        # A little more, so that what it says itself is heard.
        return within(_PATIENCE + 2, connect, _THREAD)
    except (OSError, ValueError, TypeError) as error:
        # The innermost cause says what is wrong with the address or the network.
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = " ".join(str(cause).split()) or type(cause).__name__
        raise ClusterError(f"executor {executor}: no dask scheduler answers: {reason}") from error


def _close(client: Client) -> None:
    with suppress(Exception):
        within(_BRIEF, lambda: client.close(timeout=2), _THREAD)


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
            threads = within(_PATIENCE, client.nthreads, _THREAD)
            found = _asked(client, list(threads), versions_here)
        except OSError as error:
            raise ClusterError(f"executor {executor}: the cluster was lost: {error}") from error
    for worker, versions in sorted(found.items()):
        if versions is None:
            logger.warning(
                "worker %s does not answer; jobs that the scheduler gives to it wait for it", worker
            )
            continue
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


def _asked(client: Client, workers: list[str], question: Callable[[], Any]) -> dict[str, Any]:
    """Return what each worker answers; None for one that does not."""
    answers: dict[str, Any] = dict.fromkeys(workers)

    def ask(worker: str) -> None:
        with suppress(OSError):
            answers.update(client.run(question, workers=[worker], on_error="return"))

    threads = [threading.Thread(target=ask, args=(one,), daemon=True) for one in workers]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _PATIENCE
    for thread in threads:
        thread.join(max(deadline - time.monotonic(), 0))
    return dict(answers)


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
        Of these, the limits of time are enforced: by the worker when a job reports progress and,
        some seconds later, by giving up a job of which nothing is heard.

    Raises
    ------
    ClusterError
        If the cluster cannot be reached; from ``wait`` if its scheduler is lost.

    Notes
    -----
    Where a worker dies, the cluster starts its jobs again on others, as often as the scheduler's
    ``allowed-failures`` says; after that they are LOST, and ``MAX_RETRIES`` counts.
    """

    elsewhere: ClassVar[bool] = True

    def __init__(self, executor: str, source: SettingsSource | None, limits: Limits) -> None:
        from icarus.orchestration.executors.dask_worker import Terms, versions_here

        self._name = executor
        self._client = _connect(executor)
        self._campaign = f"icarus-{uuid.uuid4().hex}"
        level = logging.getLogger().getEffectiveLevel()
        self._terms = Terms(self._campaign, source, limits, level, versions_here())
        # What other threads have heard of: keys with reports or, at the end, with outcomes.
        self._heard: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._client.subscribe_topic(
            self._campaign, lambda event: self._heard.put((event[1][0], event[1][1:]))
        )
        self._tasks: dict[str, _UnderWay] = {}
        self._submitted = 0
        self._started: list[Job] = []
        self._ended: list[tuple[Job, Outcome]] = []
        self._room = 1
        self._limits = limits
        self._answered = time.monotonic()
        self._said_silent = False
        self._over = threading.Event()
        threading.Thread(target=self._count, name="cluster census", daemon=True).start()

    def _count(self) -> None:
        """Count the cluster's threads now and then, which also shows whether anybody answers.

        In a thread of its own, as there is no answer where the scheduler stands still.
        """
        while not self._over.is_set() and self._client.status == "running":
            # What is wrong with the cluster is found by ``wait``.
            with suppress(Exception):
                self._room = max(_PER_THREAD * sum(self._client.nthreads().values()), 1)
                self._answered = time.monotonic()
            self._over.wait(_COUNT_EVERY)

    def has_room(self) -> bool:
        """Return whether another job may be submitted now."""
        return len(self._tasks) < self._room

    def submit(self, job: Job) -> None:
        """Hand a job to the cluster."""
        from icarus.orchestration.executors.dask_worker import work

        try:
            data = pickle.dumps(job)
        except Exception as error:
            text = f"the job cannot be sent between processes: {error_line(error)}"
            outcome = Outcome(Status.FAILED, error=text, traceback=traceback_text(error))
            self._ended.append((job, outcome))
            return
        self._submitted += 1
        key = f"{self._campaign}-{self._submitted}"
        future = self._client.submit(
            work, data, self._terms, key, key=key, pure=False, retries=0, fifo_timeout=0
        )
        self._tasks[key] = _UnderWay(job, future)
        # Not by ``add_done_callback``: that fetches results one after another, so that one which
        # lies with a worker that stands still held up all others, and the end of this process.
        self._client.loop.add_callback(self._fetch, key, future)

    async def _fetch(self, key: str, future: Future) -> None:
        """Have it heard what became of a task, once it is known and what it returned is here."""
        until = time.monotonic() + _GIVE_UP
        while True:
            try:
                self._heard.put((key, _Returned(*await future)))
            except OSError as error:
                # It is no task that failed, but the way to what it returned. A scheduler that is
                # lost has all futures cancelled soon, with this as the reason.
                if future.status != "error" and time.monotonic() < until:
                    await asyncio.sleep(_FETCH_AGAIN)
                    continue
                self._heard.put((key, error))
            except BaseException as error:
                self._heard.put((key, error))
            return

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
        self._look_for_silence()
        self._enforce_limits()
        ended, self._ended = self._ended, []
        return ended

    def _look_for_silence(self) -> None:
        """Say once that the scheduler does not answer, and end the campaign if that lasts."""
        silent = time.monotonic() - self._answered
        if silent > _GIVE_UP:
            text = f"the scheduler has not answered for {silent:.0f} s"
            raise ClusterError(f"executor {self._name}: {text}{_LOST}")
        if silent > _PATIENCE + _COUNT_EVERY and not self._said_silent:
            self._said_silent = True
            logger.warning(
                "the scheduler does not answer; waiting %.0f s for it (stop twice to end at once)",
                _GIVE_UP - silent,
            )
        elif silent < _PATIENCE and self._said_silent:
            self._said_silent = False
            logger.warning("the scheduler answers again")

    def _enforce_limits(self) -> None:
        """Give up the jobs that are over a limit of time and whose workers did not end them."""
        now = time.monotonic()
        for key, task in list(self._tasks.items()):
            if not task.worker:
                continue
            age, silence = now - task.began - _GRACE, now - task.heard - _GRACE
            over = verdict(self._limits, age, silence)
            if over is not None:
                status, text = over
                logger.warning("%s: worker %s does not end it", task.job.label, task.worker)
                # In the background: nobody may be there to take it.
                self._client.cancel([task.future], asynchronous=True, force=True)
                began = time.time() - (now - task.began)
                error = f"{text}; worker {task.worker} did not end it"
                outcome = Outcome(status, error=error, started=began, duration=now - task.began)
                self._end(key, outcome)

    def _take(self, key: str, news: Any) -> None:
        task = self._tasks.get(key)
        if task is None:
            return
        match news:
            case amount, phase, worker:
                self._note(task, amount, phase, worker)
            case _Returned():
                self._end(key, self._outcome_returned(task, news))
            case _:
                self._end(key, self._outcome_of(task, news))

    def _note(self, task: _UnderWay, amount: int, phase: int, worker: str) -> None:
        from icarus.orchestration.executors.dask_worker import BEGUN

        task.heard = time.monotonic()
        if amount != BEGUN:
            task.amount, task.phase = amount, phase
            return
        if task.worker:
            logger.warning(
                "%s: worker %s was lost; started again on %s", task.job.label, task.worker, worker
            )
        task.worker, task.began, task.amount, task.phase = worker, time.monotonic(), 0, 0
        self._started.append(task.job)

    def _outcome_returned(self, task: _UnderWay, returned: _Returned) -> Outcome:
        if returned.refusal:
            raise ClusterError(_mismatch("that joined later", returned.refusal) + _LOST)
        try:
            outcome: Outcome = pickle.loads(returned.data)
        except BaseException as error:
            return self._outcome_of(task, error)
        return outcome

    def _outcome_of(self, task: _UnderWay, error: BaseException) -> Outcome:
        """Return what became of a job that no worker returned an outcome of."""
        from distributed import CancelledError
        from distributed.scheduler import KilledWorker

        duration = time.monotonic() - task.began if task.began else 0.0

        def ended(status: Status, text: str) -> Outcome:
            return Outcome(status, error=text, started=time.time() - duration, duration=duration)

        match error:
            case KilledWorker():
                text = f"its worker died, {error.last_worker.address} the last time"
                return ended(Status.LOST, text)
            case CancelledError():
                if getattr(error, "reason", "") == "scheduler-connection-lost":
                    raise self._scheduler_lost()
                return ended(Status.LOST, "somebody cancelled it on the cluster")
        return ended(Status.FAILED, f"it could not be run on the cluster: {error_line(error)}")

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
            Running(task.job, task.amount, now - task.began, task.phase)
            for task in self._tasks.values()
            if task.worker
        ]
        return sorted(running, key=lambda one: one.job.number)

    def interrupt(self) -> None:
        """Do nothing: ``wait`` returns in time by itself."""

    def close(self) -> None:
        """Have the cluster forget all jobs; those that run stop when they next report."""
        self._over.set()
        if self._tasks and self._client.status == "running":
            futures = [task.future for task in self._tasks.values()]
            with suppress(Exception):
                within(_BRIEF, lambda: self._client.cancel(futures, force=True), _THREAD)
        self._tasks.clear()
        _close(self._client)
