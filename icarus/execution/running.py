"""A simulation under way, which can be advanced, changed, copied, put aside and taken up again."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from icarus.compiler import beside
from icarus.core.kinds import KINDS, conformed, is_built_in
from icarus.core.random_streams import root_seed, stream
from icarus.errors import EventError, NoKernelError, StateError
from icarus.execution.building import build_scenario
from icarus.execution.compiled.engine_choice import Demand, choose_engine, pair_of, requests_of
from icarus.execution.cursor import Limit
from icarus.execution.engine import EngineChosen, Heartbeat, Run
from icarus.execution.global_randomness import GlobalRandomness
from icarus.execution.parameters import Simulation
from icarus.execution.timeline import Schedule, TimelineEvent, check_event
from icarus.registry import NETWORK_EVENT
from icarus.scenarios.workload.event_batches import EventBatches, SameEvents
from icarus.scenarios.workload.receivers import receivers_of
from icarus.scenarios.workload.requests import is_native
from icarus.util import Tree

__all__ = ["RunningSimulation"]


class RunningSimulation:
    """A simulation under way.

    ``icarus.open_simulation`` returns one. The events of the experiment's timeline happen when they
    are due, as it is advanced. It can be pickled: what is taken up elsewhere goes on with the same
    bits.

    Parameters
    ----------
    simulation : Simulation
    heartbeat : callable, optional
        Told now and then how many requests have been processed.

    Attributes
    ----------
    between : callable or None
        Called with it, several times a second as a rule, when it can be put aside.
    taken_up : int
        Requests that had been served when it was taken up, of which nobody is told again.

    Raises
    ------
    NoKernelError
        If it was to run on the compiled engine and some part has no kernel.
    """

    def __init__(self, simulation: Simulation, heartbeat: Heartbeat | None = None) -> None:
        self._simulation = simulation
        self._heartbeat = heartbeat
        self._own = _all_built_in(simulation)
        given = simulation.params
        self._params = conformed(given if self._own else copy.deepcopy(given))
        self._root = root_seed(simulation.seed, simulation.replication)
        self._asked_for = self._params.get("engine") or simulation.engine
        self._schedule = Schedule(self._params.get("timeline") or ())
        # What happened at which time and after how many requests, to do it all again if need be.
        self._happened: list[tuple[float, int, list[TimelineEvent]]] = []
        choice = choose_engine(self._params, simulation.collectors, self._asked_for)
        if self._asked_for == "compiled" and choice.engine != self._asked_for:
            raise NoKernelError(f"it was to run on the compiled engine, but {choice.reason}")
        self._engine, self._reason = choice
        self._processed = self.taken_up = 0
        self.between: Callable[[RunningSimulation], None] | None = None
        self._begin()

    @property
    def time(self) -> float:
        """How far it has come, in seconds: the time of the last request, or what it went to."""
        return self._run.cursor.time

    @property
    def requests(self) -> int:
        """How many requests have been served, warm-up included."""
        return self._run.cursor.served

    @property
    def finished(self) -> bool:
        """Whether there are no more requests."""
        return self._run.cursor.finished

    @property
    def engine(self) -> str:
        """Which engine runs it."""
        return self._engine

    @property
    def engine_reason(self) -> str:
        """Why it is that one."""
        interpreted = self._run.engine.interpreted
        if not interpreted:
            return self._reason
        return (
            f"{self._reason}; {interpreted:,} of {self._processed:,} requests were interpreted "
            "before"
        )

    @property
    def view(self) -> Any:
        """The network as it is now, to be read only.

        On the compiled engine the caches in it are empty; ``cache_dump`` says what they hold.
        """
        return self._run.view

    def advance(self, until: float = math.inf, requests: float = math.inf) -> Self:
        """Serve further requests: by default all that are left.

        Parameters
        ----------
        until : float, optional
            Up to this moment, in seconds of simulated time: the first request at it or later is not
            served.
        requests : int, optional
            Up to this number of requests in all, if that comes sooner.

        Returns
        -------
        RunningSimulation
            Itself.

        Raises
        ------
        ValueError
            If one of them is no number.
        """
        for name, value in (("until", until), ("requests", requests)):
            if not isinstance(value, int | float | np.number) or math.isnan(value):
                raise ValueError(f"{name} should be a number, found {value!r}")
        return self._advance(Limit(float(until), float(requests)), inclusive=True)

    def _advance(self, limit: Limit, inclusive: bool) -> Self:
        while True:
            goal = self._schedule.limit(limit)
            self._go_to(goal)
            if self._run.cursor.finished or (not inclusive and goal == limit):
                return self
            due = self._schedule.due(self.time, self.requests)
            if not due:
                return self
            with self._randomness.entered():
                if self._run.cursor.next_time() is None:
                    return self
            self._happen(due)

    def advance_before(self, until: float, requests: float) -> Self:
        """Advance as by ``advance``, but have no events happen that are due at the end of it."""
        return self._advance(Limit(until, requests), inclusive=False)

    def follow(self, simulation: Simulation) -> bool:
        """Go on as another simulation, whose timeline is the same so far.

        Returns
        -------
        bool
            Whether it can: not where it needs the other engine.
        """
        own = _all_built_in(simulation)
        params = conformed(simulation.params if own else copy.deepcopy(simulation.params))
        choice = choose_engine(
            params, simulation.collectors, params.get("engine") or simulation.engine
        )
        if choice.engine != self._engine or own != self._own:
            return False
        self._simulation, self._params = simulation, params
        self._schedule = Schedule(params.get("timeline") or ())
        self._schedule.drop(sum(len(events) for _, _, events in self._happened))
        return True

    def apply(self, event: Mapping[str, Any]) -> Self:
        """Have an event happen now.

        Parameters
        ----------
        event : mapping
            As in a timeline, such as ``{"event": "link_down", "link": (3, 7)}``; ``at`` is of no
            meaning.

        Returns
        -------
        RunningSimulation
            Itself.

        Raises
        ------
        EventError
            If the network does not allow it, or something is wrong with its parameters.
        ComponentError
            If there is no such event.
        """
        if "event" in event:
            NETWORK_EVENT.resolve(event["event"])
        for place, text in check_event(event, self._params["workload"]):
            raise EventError(place, text)
        self._happen([TimelineEvent.of(event)])
        return self

    def results(self) -> Tree:
        """Return what collectors have measured so far, by their names; it can go on afterwards."""
        with self._randomness.entered():
            return self._run.results()

    def cache_dump(self, node: Any) -> list[Any] | None:
        """Return what the cache of a node holds, the content to be evicted next last.

        None without a cache.
        """
        return self._run.cache_dump(node)

    def fork(self) -> Self:
        """Return a copy of it, which goes its own way from here on.

        Raises
        ------
        StateError
            If a part cannot be copied, such as a function that is defined inside another one.
        """
        try:
            return pickle.loads(pickle.dumps(self, pickle.HIGHEST_PROTOCOL))  # type: ignore[no-any-return]
        except StateError:
            raise
        except Exception as error:
            raise StateError(f"the simulation cannot be put aside: {error}") from error

    def warn_of_nothing(self) -> None:
        """Say so if nothing was measured that somebody wanted to hear of."""
        self._run.warn_of_nothing()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_heartbeat": None, "_scenario": None, "between": None}

    def resume(self, heartbeat: Heartbeat | None) -> None:
        """Have somebody told of progress again, after it was taken up."""
        self._heartbeat = heartbeat
        self.taken_up = self.requests
        self._count(self.requests)

    def _pause(self) -> None:
        if self.between is not None:
            self.between(self)

    def _go_to(self, limit: Limit) -> None:
        try:
            with self._randomness.entered():
                self._run.advance(limit, self._count, self._pause)
            return
        except NoKernelError as error:
            if self._asked_for == "compiled":
                raise
            lacking = str(error)
        self._begin_interpreted(lacking)
        self._catch_up()
        with self._randomness.entered():
            self._run.advance(limit, self._count, self._pause)

    def _happen(self, events: list[TimelineEvent]) -> None:
        happened = self.time, self.requests, events
        try:
            with self._randomness.entered():
                self._run.apply(events)
            self._happened.append(happened)
            return
        except NoKernelError as error:
            if self._asked_for == "compiled":
                raise
            lacking = str(error)
        self._begin_interpreted(lacking)
        self._happened.append(happened)
        self._catch_up()

    def _catch_up(self) -> None:
        """Have all happen again that did."""
        with self._randomness.entered():
            for time, requests, events in self._happened:
                self._run.advance(Limit(requests=requests), self._count)
                self._run.advance(Limit(until=time), self._count)
                self._run.apply(events)

    def _begin(self) -> None:
        """Build everything, for the engine that was chosen if that can be."""
        self._randomness = self._own_randomness()
        with self._randomness.entered():
            topology, workload = self._build()
            if self._engine == "python":
                self._run = self._of(topology, workload)
                return
            self._scenario: tuple[Any, Any] | None = topology, workload
            try:
                if not is_native(workload):
                    workload = EventBatches(workload, receivers_of(topology))
                    self._scenario = topology, workload
                self._run = self._of(topology, workload)
                return
            except NoKernelError as error:
                if self._asked_for == "compiled":
                    raise
                lacking = str(error)
        self._begin_interpreted(lacking)

    def _begin_interpreted(self, lacking: str) -> None:
        """Begin anew on the python engine, as the other one lacks something."""
        self._engine, self._reason, self.taken_up = "python", lacking, 0
        scenario, self._scenario = self._scenario, None
        begun = None
        if scenario is not None and isinstance(scenario[1], EventBatches):
            topology, workload = scenario
            begun = workload.begun
            if begun is None:
                # The first events have been read, and nothing may give them a second time.
                with self._randomness.entered():
                    self._run = self._of(topology, workload)
                return
        self._randomness = self._own_randomness()
        with self._randomness.entered():
            topology, workload = self._build()
            if begun is not None:
                workload = SameEvents(workload, begun)
            self._run = self._of(topology, workload)

    def _own_randomness(self) -> GlobalRandomness:
        # Whoever steers it may have events of their own happen.
        return GlobalRandomness(self._root, legacy=not self._own or self._simulation.steered)

    def _build(self) -> tuple[Any, Any]:
        # A timeline changes the topology, which is then to be nobody else's.
        shared = self._own and not self._params.get("timeline") and not self._simulation.steered
        scenario = build_scenario(self._params, self._root, shared=shared)
        # Nothing is processed yet, but set-up may have taken long, and what follows may too.
        self._count(0)
        return scenario

    def _of(self, topology: Any, workload: Any) -> Run:
        own, together = requests_of(self._params["workload"]), self._simulation.pair_requests
        demand = Demand(own, own if together is None else together, pair_of(self._params))
        engine: EngineChosen = self._engine
        return Run(
            *(topology, workload, self._params.get("netconf") or {}, self._params["strategy"]),
            *(self._params["cache_policy"], self._simulation.collectors),
            strategy_seed=stream(self._root, "strategy"),
            policy_seed=stream(self._root, "cache_policy"),
            engine=engine,
            demand=None if self._asked_for == "compiled" else demand,
        )

    def _count(self, requests: int) -> None:
        self._processed = requests
        beside.tend()
        if self._heartbeat is not None:
            self._heartbeat(requests - self.taken_up)


def _all_built_in(simulation: Simulation) -> bool:
    """Return whether all components of a simulation are part of Icarus."""
    named = [(KINDS["collector"], name) for name in simulation.collectors]
    events = simulation.params.get("timeline") or ()
    named += [(KINDS["network_event"], event["event"]) for event in events]
    for section, given in simulation.params.items():
        if section in KINDS and given:
            named.append((KINDS[section], given["name"]))
    return all(is_built_in(kind.registry.resolve(name)) for kind, name in named)
