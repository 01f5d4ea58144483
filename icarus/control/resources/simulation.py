"""Simulations under control: paced, paused and changed while they run, and recorded."""

from __future__ import annotations

import json
import math
import queue
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, ClassVar, get_args

from icarus.control.attributes import Attribute
from icarus.control.resource import Resource, command
from icarus.control.traces import DeclaredTrace
from icarus.errors import ResourceError, SettingsError, TransitionError
from icarus.execution.compiled.engine_choice import EngineName
from icarus.execution.running import RunningSimulation
from icarus.planning.opening import ALL_COLLECTORS, open_simulation
from icarus.registry import register_resource
from icarus.results.resultset import jsonable
from icarus.util import Tree

__all__ = ["Simulation"]

_CUT = 0.02
"""Seconds between two cuts, about; at each of them changes can happen."""
_FIRST = 64
_MOST = 2**22
"""Requests between two cuts: at the beginning, and at most."""

_cutting = threading.Lock()
"""Simulations use global generators of random numbers while they advance, in turns."""


@register_resource("Simulation")
class Simulation(Resource):
    """A simulation that is steered while it runs.

    It runs in a thread, or step by step by the command ``advance``. What changes it happens at the
    next cut between two requests, and is recorded with the number of requests before it: the same
    experiment with ``timeline`` gives the same results to the bit. The results are those of its
    collectors, in the command ``results`` and, once it has ended, in its trace ``results.json``.
    """

    attributes: ClassVar[tuple[Attribute, ...]] = (
        Attribute(
            name="experiment",
            type=Any,
            required=True,
            help="the experiment, as in EXPERIMENT_QUEUE",
        ),
        Attribute(
            name="collectors",
            type=Any,
            default=ALL_COLLECTORS,
            help="what is measured, as DATA_COLLECTORS",
        ),
        Attribute(
            name="seed", type=int, help="SEED of the campaign; by default that of the controller"
        ),
        Attribute(
            name="replication",
            type=int,
            least=0,
            help="counted from 0; by default that of the controller",
        ),
        Attribute(
            name="engine",
            type=EngineName,
            default="auto",
            allowed=get_args(EngineName),
            help="which engine runs it",
        ),
        Attribute(
            name="by_steps",
            type=bool,
            default=False,
            help="whether it waits for the command advance instead of running to its end",
        ),
        Attribute(
            name="pace",
            type=float,
            least=1e-9,
            unit="simulated s/s",
            mutable="live",
            help="how fast its time passes; by default as fast as can be",
        ),
        Attribute(
            name="rate",
            type=float,
            default=1.0,
            least=1e-9,
            mutable="live",
            help="how many times as fast as the workload has them requests come",
        ),
    )
    traces: ClassVar[tuple[DeclaredTrace, ...]] = (
        DeclaredTrace("results.json", "what its collectors have measured"),
        DeclaredTrace("timeline.json", "its timeline, with all that has changed it"),
    )

    def __init__(self) -> None:
        self._run: RunningSimulation | None = None
        self._wishes: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._wish = threading.Event()
        self._gate = threading.Lock()
        self._open = False
        self._paused = False
        # Where it was told to go, if no request has come since.
        self._moment: float | None = None
        self._recorded: list[dict[str, Any]] = []

    def problems(self) -> list[str]:
        """Return what is wrong with the experiment."""
        if not isinstance(self.get("experiment"), Mapping):
            return [f"experiment should be a tree, found {self.get('experiment')!r:.60}"]
        return []

    # States.

    def do_deploy(self) -> None:
        """Check the experiment, and build what it needs."""
        conductor = self._conductor
        seed, replication = self.get("seed"), self.get("replication")
        try:
            with _cutting:
                self._run = open_simulation(
                    self.get("experiment"),
                    conductor.seed if seed is None else seed,
                    conductor.replication if replication is None else replication,
                    collectors=self.get("collectors"),
                    engine=self.get("engine"),
                )
        except SettingsError as error:
            texts = [one.removeprefix("EXPERIMENT_QUEUE[0].") for one in error.problems]
            raise ResourceError(*(f"experiment: {one}" for one in texts)) from None

    def do_start(self) -> None:
        """Begin, or go on after it was stopped."""
        if self.get("rate") != 1.0 and not self._recorded:
            self._happen({"event": "rate", "factor": self.get("rate")})

    def do_run(self) -> None:
        """Serve all requests, and do what is wished between them."""
        with self._gate:
            self._open = True
        step = _FIRST
        clock = _Clock()
        try:
            while not (self.stopping or self.running.finished):
                if self._paused or self.get("by_steps"):
                    clock.forget()
                    self._fulfil(wait=True)
                    continue
                self._fulfil(wait=False)
                if self.stopping or self._paused:
                    continue
                wait = clock.ahead(self.running.time, self.get("pace"))
                if wait > 0:
                    self._wish.wait(wait)
                    continue
                step = self._cut(step)
        finally:
            self._close()
        self._write()

    def _cut(self, step: int) -> int:
        """Serve some requests; return how many are to be served next time."""
        run = self.running
        pace = self.get("pace")
        if pace is not None and run.time > 0:
            # No more than come in the time of a cut, so that it is not ahead of its clock by much.
            step = min(step, int(run.requests / run.time * pace * _CUT) + 1)
        began = time.perf_counter()
        with _cutting:
            run.advance(requests=run.requests + step)
        self._moment = None
        self.alive()
        took = time.perf_counter() - began
        return min(max(int(step * min(_CUT / max(took, 1e-6), 4.0)), 1), _MOST)

    def do_stop(self) -> None:
        """Have it stop at the next cut."""
        self._wish.set()

    def _write(self) -> None:
        enabled = self._component.enabled
        if "results.json" in enabled:
            self._write_json("results.json", self.results())
        if "timeline.json" in enabled:
            self._write_json("timeline.json", self.timeline())

    def _write_json(self, name: str, value: Any) -> None:
        text = json.dumps(jsonable(value), indent=1)
        (self.folder / name).write_text(text + "\n", encoding="utf-8")

    # What is wished of it from other threads happens in its own, at the next cut.

    def _fulfil(self, *, wait: bool) -> None:
        if wait:
            self._wish.wait()
        self._wish.clear()
        while not self._wishes.empty():
            wish, future = self._wishes.get()
            try:
                future.set_result(wish())
            except BaseException as error:
                future.set_exception(error)

    def _close(self) -> None:
        with self._gate:
            self._open = False
        self._fulfil(wait=False)

    def _wished(self, wish: Callable[[], Any]) -> Any:
        future: Future[Any] = Future()
        with self._gate:
            if self._open:
                self._wishes.put((wish, future))
                self._wish.set()
            else:
                future = Future()
                self._at_once(wish, future)
        return future.result()

    def _at_once(self, wish: Callable[[], Any], future: Future[Any]) -> None:
        """Do it here, as the simulation stands still."""
        try:
            future.set_result(wish())
        except BaseException as error:
            future.set_exception(error)

    @property
    def running(self) -> RunningSimulation:
        """The simulation, once it is READY.

        Raises
        ------
        TransitionError
            Before that.
        """
        if self._run is None:
            raise TransitionError(f"{self.name} has no simulation before it is READY")
        return self._run

    def changed(self, name: str, old: Any, new: Any) -> None:
        """Have requests come at another rate, or its time pass at another pace."""
        if name == "rate":
            self.apply({"event": "rate", "factor": new})
        self._wish.set()

    def _happen(self, event: Mapping[str, Any]) -> int:
        run = self.running
        if run.finished:
            raise TransitionError(f"{self.name} has no requests any more that could be changed")
        given = {key: value for key, value in event.items() if key != "at"}
        # As it will be in the timeline, down to the time at which it happens.
        at = {"requests": run.requests} if self._moment is None else self._moment
        entry = {"at": at, **given}
        with _cutting:
            run.apply(entry)
        self._recorded.append(entry)
        return run.requests

    @command
    def apply(self, event: Mapping[str, Any]) -> int:
        """Have an event happen at the next cut, as in a timeline but without ``at``.

        Returns
        -------
        int
            How many requests were served before it.
        """
        return int(self._wished(lambda: self._happen(event)))

    @command
    def pause(self) -> int:
        """Have it stand still from the next cut on; return how many requests were served."""
        return int(self._wished(lambda: self._set_paused(True)))

    @command
    def go_on(self) -> int:
        """Have it go on after a pause; return how many requests were served."""
        return int(self._wished(lambda: self._set_paused(False)))

    def _set_paused(self, paused: bool) -> int:
        self._paused = paused
        return self.running.requests

    @command
    def advance(self, until: float | None = None, requests: int | None = None) -> int:
        """Serve requests up to a moment of simulated time, or a number of them in all.

        For a simulation ``by_steps``, or one that stands still.

        Returns
        -------
        int
            How many requests were served.
        """

        def step() -> int:
            if not (self.get("by_steps") or self._paused):
                raise TransitionError(f"{self.name} runs by itself; pause it before")
            run = self.running
            with _cutting:
                run.advance(
                    math.inf if until is None else until,
                    math.inf if requests is None else requests,
                )
            self._moment = until if run.time == until else None
            self.alive()
            return run.requests

        return int(self._wished(step))

    @command
    def results(self) -> Tree:
        """Return what its collectors have measured so far."""

        def measured() -> Tree:
            with _cutting:
                return self.running.results()

        return self._wished(measured)  # type: ignore[no-any-return]

    @command
    def timeline(self) -> list[dict[str, Any]]:
        """Return the timeline of its experiment, with all that has changed it."""
        given = dict(self.get("experiment").items()).get("timeline") or ()
        return [*map(dict, given), *map(dict, self._recorded)]

    @command
    def progress(self) -> dict[str, Any]:
        """Return simulated seconds and requests so far, and whether there are no more."""
        run = self.running
        return {"time": run.time, "requests": run.requests, "finished": run.finished}


class _Clock:
    """How far simulated time is ahead of the pace at which it is to pass."""

    def __init__(self) -> None:
        self._since: tuple[float, float, float] | None = None

    def forget(self) -> None:
        """Begin anew when it is asked next, as after a pause."""
        self._since = None

    def ahead(self, simulated: float, pace: float | None) -> float:
        """Return how many seconds to wait."""
        if pace is None:
            self.forget()
            return 0.0
        now = time.monotonic()
        if self._since is None or self._since[2] != pace:
            self._since = now, simulated, pace
        began, at, _ = self._since
        return (simulated - at) / pace - (now - began)
