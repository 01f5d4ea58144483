"""Metering what this process and all that it starts use, while something goes on."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from icarus.metering.accounting import Account
from icarus.metering.samples import SampleFile, phase_at
from icarus.metering.sampling import Belongs, Reading
from icarus.metering.usage import NOTHING, Totals, less

if TYPE_CHECKING:
    from icarus.metering.machine_counters import MachineCounters

__all__ = ["INTERVAL", "SHARE", "Meter"]

logger = logging.getLogger("metering")

INTERVAL = 0.1
"""Seconds between two samples, where nobody says how many."""
SHARE = 0.01
"""Of a core, which sampling takes no more than; the interval is stretched until it does."""
_AIM = 0.9 * SHARE
_COSTS = 5
"""Samples, the median of which says what one costs: the first finds nothing in the caches."""
_WRITE = 1.0
"""Seconds after which samples are written at the latest."""


@contextmanager
def _signals_kept_off() -> Iterator[None]:
    """Have a thread that is started within the context get no signals.

    They are for the threads whose job it is to handle them. It has to have them blocked from its
    first moment, so it inherits that.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Meter:
    """Meters this process and all that it starts, within its context.

    Parameters
    ----------
    file : path, optional
        Where samples are written, of which a file that is there is replaced; by default they are
        not kept.
    interval : float, optional
        Seconds between two samples, 0.1 by default. It is stretched, and stays so, where sampling
        would take more than 1 % of a core.
    machine : bool, optional
        Whether each sample has the machine's counters, too.
    belongs : callable, optional
        Given the process id of a child of this process, whether it counts; by default all do.

    Attributes
    ----------
    interval : float
        Seconds between two samples that were kept.

    Notes
    -----
    Totals are the kernel's (``getrusage``, ``/proc/PID/io``), so that processes that lived for less
    than an interval are in them. Samples only show how it went, and find out how much memory
    there was at once. What the thread that takes them uses is taken off, and so is what threads of
    Python do that were there before.

    One meter serves one period; phases are begun, and totals asked for, from any thread. In a
    process that is forked meanwhile, it does nothing.

    Examples
    --------
    >>> from icarus.metering import Meter
    >>> with Meter() as meter:
    ...     with meter.phase("count"):
    ...         n = sum(range(1000))
    ...     with meter.phase("write"):
    ...         text = str(n)
    >>> list(meter.phases), meter.totals.usage.cpu_user <= 10 * meter.totals.duration
    (['count', 'write'], True)
    """

    def __init__(
        self,
        file: str | os.PathLike[str] | None = None,
        *,
        interval: float = INTERVAL,
        machine: bool = False,
        belongs: Belongs | None = None,
    ) -> None:
        if not interval > 0:
            raise ValueError(f"interval should be a number of seconds above 0, found {interval!r}")
        self.interval = float(interval)
        self._path = None if file is None else Path(file)
        self._with_machine = machine
        self._belongs = belongs
        self._file: SampleFile | None = None
        self._machine: MachineCounters | None = None
        self._thread: threading.Thread | None = None
        self._process: int | None = None
        """In which it meters."""
        self._running = False
        self._begins: list[float] = []
        self._names: list[str] = []
        """Of phases, and of what is none between them."""
        self._phases: dict[str, Totals] = {}
        self._used = NOTHING
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._written = 0.0

    def __enter__(self) -> Self:
        """Begin.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        if self._process is not None:
            raise RuntimeError("a meter serves one period")
        self._process = os.getpid()
        if self._with_machine:
            from icarus.metering.machine_counters import MachineCounters

            self._machine = MachineCounters()
        if self._path is not None:
            units = {} if self._machine is None else self._machine.units
            self._file = SampleFile(self._path, self.interval, units)
        self._account = Account(self._belongs)
        self._began = self._since = time.monotonic()
        self._running = True
        with self._lock, self._account.beside():
            self._note(self._began, self._account.read())
        thread = threading.Thread(target=self._sample, name="metering", daemon=True)
        # Where no more threads are to be had, totals do not need one.
        with suppress(RuntimeError), self._account.beside(), _signals_kept_off():
            thread.start()
            self._thread = thread
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_elsewhere():
            return
        self._stop.set()
        try:
            with self._lock:
                self._settle(time.monotonic(), "")
        finally:
            self._running = False
            if self._thread is not None:
                self._thread.join()
            if self._file is not None:
                with self._giving_up():
                    self._file.keep(self.interval)
            self._close_file()
            self._account.close()

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Begin a phase, and end the one before.

        Parameters
        ----------
        name : str
            Phases of one name count together; "" is none.

        Returns
        -------
        context manager
            It need not be used; at its end the phase ends, unless it has by then.
        """
        return self._until_left(self._begin(name))

    @contextmanager
    def _until_left(self, number: int) -> Iterator[None]:
        try:
            yield
        finally:
            if number == len(self._names):
                self._begin("")

    def _begin(self, name: str) -> int:
        """Begin a phase; return how many there were, this one included."""
        if self._is_elsewhere():
            return 0
        with self._lock:
            if self._running:
                now = time.monotonic()
                self._settle(now, name)
                self._begins.append(now)
                self._names.append(name)
            return len(self._names)

    def _is_elsewhere(self) -> bool:
        """Whether this is another process, that was forked from the one that is metered."""
        return os.getpid() != self._process

    @contextmanager
    def beside(self) -> Iterator[None]:
        """Have what this thread does within the context, and waits for, not count but as time.

        Meanwhile there are no samples.
        """
        if self._is_elsewhere() or not self._running:
            yield
            return
        with self._lock, self._account.beside(children=True):
            yield

    @property
    def totals(self) -> Totals:
        """What was used in all, up to now or to the end."""
        return self._up_to_now()[0]

    @property
    def phases(self) -> dict[str, Totals]:
        """What was used in each phase, in the order in which they first began.

        What was used in none of them is missing.
        """
        return self._up_to_now()[1]

    def _up_to_now(self) -> tuple[Totals, dict[str, Totals]]:
        if self._running and not self._is_elsewhere():
            with self._lock:
                self._settle(time.monotonic(), self._names[-1] if self._names else "")
        phases = {name: found for name, found in self._phases.items() if name}
        return sum(self._phases.values(), Totals()), phases

    def _settle(self, now: float, following: str) -> None:
        """Count what was used since the last time to the phase that went on."""
        if not self._running:
            return
        with self._account.beside():
            reading = self._account.read(anew=True)
            used = Totals(
                less(reading.usage, self._used),
                now - self._since,
                self._account.take_peak(),
                self._account.has_io,
            )
            name = phase_at(self._since, self._begins, self._names)
            self._phases[name] = self._phases.get(name, Totals()) + used
            self._used, self._since = reading.usage, now
            self._note(now, reading, following)

    def _sample(self) -> None:
        costs: deque[float] = deque(maxlen=_COSTS)
        due = time.monotonic()
        before = time.thread_time()
        with self._account.beside() as take_off:
            while True:
                # From when the last one was due, so that what it took adds nothing.
                due = max(due + self.interval, time.monotonic())
                if self._stop.wait(due - time.monotonic()):
                    return
                with self._lock:
                    if not self._running:
                        return
                    self._note(time.monotonic(), self._account.read())
                    take_off()
                now = time.thread_time()
                costs.append(now - before)
                before = now
                if len(costs) == _COSTS:
                    self.interval = max(self.interval, sorted(costs)[_COSTS // 2] / _AIM)

    def _note(self, now: float, reading: Reading, phase: str | None = None) -> None:
        """Have a sample in the file, tagged by what goes on at that time."""
        if self._file is None:
            return
        if phase is None:
            phase = phase_at(now, self._begins, self._names)
        machine = [] if self._machine is None else self._machine.read()
        with self._giving_up():
            self._file.add(now - self._began, phase, reading, machine)
            if now - self._written >= _WRITE:
                self._written = now
                self._file.flush()

    @contextmanager
    def _giving_up(self) -> Iterator[None]:
        """Go on without the file if it cannot be written any more."""
        try:
            yield
        except OSError as error:
            self._close_file()
            logger.warning("%s: no more samples are kept: %s", self._path, error.strerror or error)

    def _close_file(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None
