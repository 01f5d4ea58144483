"""Jobs that begin alike: one of them leads and puts the common state aside, the others follow."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.states import SharedState
from icarus.orchestration.status import Status
from icarus.planning.plan import Plan

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


class SharedPrefixes:
    """Lets jobs wait for the state that they go on from, and removes it when all have ended.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Where states are.
    jobs : iterable of Job
        What has not ended.
    """

    def __init__(self, plan: Plan, folder: Path, jobs: Iterable[Job]) -> None:
        self._folder = folder
        place = {identity: i for i, identity in enumerate(plan.ids)}
        prefixes = defaultdict(list)
        for prefix in plan.prefixes:
            for experiment in prefix.experiments:
                prefixes[experiment].append(prefix)
        nodes: dict[tuple[str, int], _Node] = {}
        self._paths: dict[int, list[_Node]] = {}
        for job in jobs:
            path = []
            for prefix in prefixes[place[job.experiment]]:
                key = prefix.key, job.task.replication
                if key not in nodes:
                    name = f"{prefix.key[:16]}-{job.task.replication}"
                    nodes[key] = _Node(SharedState(str(folder / name), name, *prefix.at))
                nodes[key].left.add(job.number)
                path.append(nodes[key])
            if path:
                self._paths[job.number] = path

    def hold_back(self, pending: deque[Job]) -> None:
        """Take those out of what is to be started that are to wait."""
        ready = [job for job in pending if self._is_ready(job)]
        pending.clear()
        pending.extend(ready)

    def _is_ready(self, job: Job) -> bool:
        """Return whether a job may start; otherwise note that it waits."""
        for node in self._paths.get(job.number, ()):
            if node.is_there or node.leader == job.number:
                continue
            if node.leader is not None:
                node.waiting.append(job)
                return False
            node.leader = job.number
        return True

    def prepared(self, job: Job) -> Job:
        """Return a job that knows which states it may go on from, or is to put aside."""
        path = self._paths.get(job.number)
        return job if path is None else replace(job, shared=tuple(node.state for node in path))

    def released(self) -> list[Job]:
        """Return jobs whose state has been put aside in the meantime."""
        return self._release(node for node in self._nodes() if node.waiting and node.is_there)

    def all_waiting(self) -> list[Job]:
        """Return all jobs that wait, as there is nobody left to wait for."""
        for node in self._nodes():
            node.given_up = True
        return self._release(self._nodes())

    def ended(self, job: Job, outcome: Outcome) -> list[Job]:
        """Take note that a job has ended; return those that may start because of it."""
        path = self._paths.get(job.number, [])
        for node in path:
            node.left.discard(job.number)
            if node.leader == job.number:
                node.leader = None
                node.given_up |= outcome.status is not Status.OK
            if not node.left:
                with suppress(OSError):
                    Path(node.state.path).unlink()
                with suppress(OSError):
                    self._folder.rmdir()
        return self._release(path)

    def _nodes(self) -> list[_Node]:
        return list({id(node): node for path in self._paths.values() for node in path}.values())

    def _release(self, nodes: Iterable[_Node]) -> list[Job]:
        jobs = []
        for node in nodes:
            if node.leader is None or node.is_there:
                waiting, node.waiting = node.waiting, []
                jobs += [job for job in waiting if self._is_ready(job)]
        return jobs
