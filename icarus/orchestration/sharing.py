"""States that the jobs of a campaign put aside and go on from.

Of jobs that begin alike one leads and puts the common state aside, and the others follow.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.states import Checkpoint, SharedState, remove_state, remove_states
from icarus.orchestration.status import Status
from icarus.planning.plan import Plan

__all__ = ["CampaignStates"]


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


class _SharedPrefixes:
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
        self._nodes = list(nodes.values())

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
        return self._release(node for node in self._nodes if node.waiting and node.is_there)

    def all_waiting(self) -> list[Job]:
        """Return all jobs that wait, as there is nobody left to wait for."""
        for node in self._nodes:
            node.given_up = True
        return self._release(self._nodes)

    def ended(self, job: Job, outcome: Outcome) -> list[Job]:
        """Take note that a job has ended; return those that may start because of it."""
        path = self._paths.get(job.number, [])
        for node in path:
            node.left.discard(job.number)
            if node.leader == job.number:
                node.leader = None
                # Where it could not be written, or cannot be seen from here, as on a machine of a
                # cluster without a common folder, nobody else would do better.
                node.given_up |= outcome.status is not Status.OK or not node.is_there
            if not node.left:
                remove_state(Path(node.state.path))
        return self._release(path)

    def _release(self, nodes: Iterable[_Node]) -> list[Job]:
        jobs = []
        for node in nodes:
            if node.leader is None or node.is_there:
                waiting, node.waiting = node.waiting, []
                jobs += [job for job in waiting if self._is_ready(job)]
        return jobs


class CampaignStates:
    """The states of a campaign.

    Parameters
    ----------
    plan : Plan
    folder : Path
        Where they are.
    jobs : iterable of Job
        What has not ended.
    pending : deque of Job
        What is to be started; jobs that are to wait for a state are taken out, and come back when
        it is there.
    """

    def __init__(self, plan: Plan, folder: Path, jobs: Iterable[Job], pending: deque[Job]) -> None:
        self._limits = plan.limits
        self._folder = folder
        self._pending = pending
        self._sharing = _SharedPrefixes(plan, folder, jobs) if plan.prefixes else None
        if self._sharing is not None:
            self._sharing.hold_back(pending)

    def refill(self, *, nothing_runs: bool) -> None:
        """Have jobs start whose states are there by now, or all if nobody is left to wait for."""
        if self._sharing is None or self._pending:
            return
        self._pending.extend(self._sharing.released())
        if nothing_runs and not self._pending:
            self._pending.extend(self._sharing.all_waiting())

    def prepared(self, job: Job) -> Job:
        """Return a job that knows where to put states aside, and what to go on from."""
        job = replace(job, checkpoint=self._checkpoint_of(job))
        return job if self._sharing is None else self._sharing.prepared(job)

    def _checkpoint_of(self, job: Job) -> Checkpoint | None:
        first, every = self._limits.checkpoint_first, self._limits.checkpoint_every
        if first is None:
            return None
        return Checkpoint(str(self._folder / job.id), job.id, first, every)

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Remove what nobody needs any more, and have those start that waited for a job."""
        if outcome.status in (Status.INTERRUPTED, Status.SKIPPED):
            # It runs when the campaign goes on, from where its states are.
            return
        if (checkpoint := self._checkpoint_of(job)) is not None:
            checkpoint.remove()
        if self._sharing is not None:
            self._pending.extend(self._sharing.ended(job, outcome))

    def remove_all(self) -> None:
        """Remove all states, also what processes that were killed left half done."""
        remove_states(self._folder)
