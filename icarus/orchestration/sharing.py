"""Of jobs that begin alike one leads and puts the common state aside, and the others follow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from icarus.orchestration.jobs import Job
from icarus.orchestration.states import SharedState, remove_state
from icarus.planning.plan import Plan
from icarus.planning.prefixes import Prefix

__all__ = ["SharedPrefixes"]


@dataclass
class _Node:
    """A state that several jobs go on from."""

    state: SharedState
    left: set[int] = field(default_factory=set)
    """Numbers of jobs that have not ended."""
    leader: int | None = None
    """Who is to put it aside."""
    waiting: list[Job] = field(default_factory=list)
    given_up: bool = False
    """Whether everybody does without it, as whoever led has failed."""

    @property
    def is_there(self) -> bool:
        """Whether nobody has to wait for it."""
        return self.given_up or Path(self.state.path).exists()

    def give_up(self) -> None:
        """Have nobody wait for it any more, unless nobody can do without it."""
        self.given_up = not self.state.required


class SharedPrefixes:
    """Lets jobs wait for the state that they go on from, and removes it when all have ended.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Where states are.
    """

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._folder = folder
        self._place = {identity: i for i, identity in enumerate(plan.ids)}
        self._prefixes: dict[int, list[Prefix]] = defaultdict(list)
        for prefix in plan.prefixes:
            for experiment in prefix.experiments:
                self._prefixes[experiment].append(prefix)
        self._nodes: dict[tuple[str, int], _Node] = {}
        self._paths: dict[int, list[_Node]] = {}

    def take_up(self, job: Job) -> None:
        """Have a job go on from the states on its way, or put them aside."""
        path = []
        for prefix in self._prefixes[self._place[job.experiment]]:
            key = prefix.key, job.task.replication
            if key not in self._nodes:
                name = f"{prefix.key[:16]}-{job.task.replication}"
                state = SharedState(str(self._folder / name), name, *prefix.at, prefix.required)
                self._nodes[key] = _Node(state)
            self._nodes[key].left.add(job.number)
            path.append(self._nodes[key])
        if path:
            self._paths[job.number] = path

    def states(self, job: Job) -> tuple[SharedState, ...]:
        """Return the states on the way of a job, in order."""
        return tuple(node.state for node in self._path(job))

    def forget(self, job: Job, first: float) -> None:
        """Remove the states on the way of a job from this stage on, as they are made anew."""
        for node in self._path(job):
            if node.state.requests >= first:
                remove_state(Path(node.state.path))

    def has_come_to(self, job: Job, amount: float) -> bool:
        """Return whether what a job does up to there has been done; always, if that is nothing."""
        at = (node for node in self._path(job) if node.state.requests == amount)
        return not amount or next(at).is_there

    def is_ready(self, job: Job, end: float) -> bool:
        """Return whether a job may start and go up to `end`; otherwise note that it waits."""
        for node in self._path(job):
            if node.state.requests > end:
                break
            if node.is_there or node.leader == job.number:
                continue
            if node.leader is not None:
                node.waiting.append(job)
                return False
            node.leader = job.number
        return True

    def released(self) -> list[Job]:
        """Return jobs whose state has been put aside in the meantime."""
        return self._release(node for node in self._nodes.values() if node.waiting)

    def all_waiting(self) -> list[Job]:
        """Return all jobs that wait, as there is nobody left to wait for."""
        for node in self._nodes.values():
            node.give_up()
        return self._release(self._nodes.values())

    def stopped(self, job: Job, *, failed: bool = False) -> list[Job]:
        """Take note that a job is not under way any more; return those that waited for it."""
        path = self._path(job)
        for node in path:
            if node.leader == job.number:
                node.leader = None
                # Where it could not be written, or cannot be seen from here, as on a machine of a
                # cluster without a common folder, nobody else would do better.
                if failed or not node.is_there:
                    node.give_up()
        return self._release(path)

    def ended(self, job: Job) -> None:
        """Remove the states that nobody needs any more, as this job has ended."""
        for node in self._path(job):
            node.left.discard(job.number)
            if not node.left:
                remove_state(Path(node.state.path))

    def _path(self, job: Job) -> list[_Node]:
        return self._paths.get(job.number, [])

    def _release(self, nodes: Iterable[_Node]) -> list[Job]:
        """Return those that have waited and need no longer. Whether they may start is open."""
        jobs = []
        for node in nodes:
            if node.leader is None or node.is_there:
                waiting, node.waiting = node.waiting, []
                jobs += waiting
        return jobs
