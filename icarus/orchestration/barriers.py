"""Barriers of walks: what is done alone, once for all jobs that come through it.

Jobs gather before a barrier. When all others have come to one, too, or have ended, one of those
that wait for the first barrier does it, by itself, and all of them go on. The barriers behind come
next, before those of other options: depth first, as in nested loops.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.states import PassedBarrier, SharedState, remove_state
from icarus.planning.barriers import Barrier
from icarus.planning.plan import Plan

__all__ = ["Barriers"]


@dataclass
class _Gate:
    """A barrier, with those that come through it."""

    place: tuple[str, int]
    """What it is recognised by, and the replication."""
    state: SharedState
    left: dict[int, Job] = field(default_factory=dict)
    """Jobs that have not ended, by number."""
    waiting: dict[int, Job] = field(default_factory=dict)
    """Of these, the ones that have come to it."""
    behind: dict[tuple[str, int], _Gate] = field(default_factory=dict)
    is_open: bool = False
    leader: int | None = None
    """Who does it."""


class Barriers:
    """The barriers of a campaign.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Where is put what comes of them.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self._place = {identity: i for i, identity in enumerate(plan.ids)}
        self._first: dict[tuple[str, int], _Gate] = {}
        self._paths: dict[int, list[tuple[Barrier, _Gate]]] = {}

    def take_up(self, job: Job) -> None:
        """Have a job wait at the barriers on its way."""
        gates = self._first
        path = []
        for barrier, key in self._plan.barriers.get(self._place[job.experiment], ()):
            place = key, job.task.replication
            if place not in gates:
                gates[place] = self._gate(barrier, *place)
            gate = gates[place]
            gate.left[job.number] = job
            path.append((barrier, gate))
            gates = gate.behind
        if path:
            self._paths[job.number] = path

    def _gate(self, barrier: Barrier, key: str, replication: int) -> _Gate:
        name = f"{key[:16]}-{replication}"
        path = self._folder / name
        if barrier.again:
            # An earlier run may have come through it, and what it did may be gone.
            remove_state(path)
        state = SharedState(str(path), name, required=True, lasting=not barrier.again)
        return _Gate((key, replication), state, is_open=path.exists())

    def next_of(self, job: Job) -> Barrier | None:
        """Return the next barrier that a job may not pass yet; None if there is none."""
        return next((one for one, gate in self._path(job) if not gate.is_open), None)

    def is_done_by(self, job: Job) -> bool:
        """Return whether a job is to do the barrier that it has come to."""
        return any(gate.leader == job.number for _, gate in self._path(job))

    def wait(self, job: Job) -> None:
        """Have a job wait that has come to a barrier."""
        gate = next(gate for _, gate in self._path(job) if not gate.is_open)
        gate.waiting[job.number] = job

    def before(self, job: Job) -> tuple[PassedBarrier, ...]:
        """Return the barriers on the way of a job, and which of them it is to do."""
        return tuple(
            PassedBarrier(barrier.number, gate.state, gate.leader == job.number)
            for barrier, gate in self._path(job)
        )

    def next_leader(self) -> Job | None:
        """Return who is to do the next barrier, as all have come to one; None if none is left."""
        for gate in self._in_order(self._first):
            if gate.waiting and not gate.is_open:
                gate.leader = min(gate.waiting)
                return gate.waiting[gate.leader]
        return None

    def is_aside(self, job: Job) -> bool:
        """Return whether what came of the barrier that a job has done can be seen from here."""
        return Path(self._led_by(job).state.path).exists()

    def done_by(self, job: Job) -> list[Job]:
        """Take note that a job has done its barrier; return those that may go on."""
        gate = self._led_by(job)
        gate.leader, gate.is_open = None, True
        released, gate.waiting = gate.waiting, {}
        return list(released.values())

    def ended(self, job: Job, outcome: Outcome) -> list[Job]:
        """Take note that a job has ended.

        Returns
        -------
        list of Job
            If it failed to do a barrier, all others behind it, which end in the same way.
        """
        alike: list[Job] = []
        if self.is_done_by(job):
            gate = self._led_by(job)
            gate.leader = None
            others = [one for one in gate.left.values() if one.number != job.number]
            # Whoever did it: each would have ended like this if it had been alone.
            verdict = replace(outcome, output="", messages=[], duration=0.0)
            alike = [replace(one, verdict=verdict) for one in others]
            gate.waiting = {}
        gates = self._first
        for _, gate in self._path(job):
            gate.left.pop(job.number, None)
            gate.waiting.pop(job.number, None)
            if not gate.left:
                gates.pop(gate.place, None)
                remove_state(Path(gate.state.path))
            gates = gate.behind
        return alike

    def _path(self, job: Job) -> list[tuple[Barrier, _Gate]]:
        return self._paths.get(job.number, [])

    def _led_by(self, job: Job) -> _Gate:
        return next(gate for _, gate in self._path(job) if gate.leader == job.number)

    def _in_order(self, gates: dict[tuple[str, int], _Gate]) -> Iterator[_Gate]:
        for gate in gates.values():
            yield gate
            yield from self._in_order(gate.behind)
