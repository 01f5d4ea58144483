"""States that the jobs of a campaign put aside and go on from, and barriers where they wait."""

from __future__ import annotations

import math
import tempfile
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from icarus.orchestration.barriers import Barriers
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.sharing import SharedPrefixes
from icarus.orchestration.states import Checkpoint, remove_states
from icarus.orchestration.status import Status
from icarus.planning.barriers import Barrier
from icarus.planning.plan import Plan

__all__ = ["CampaignStates"]


class CampaignStates:
    """The states of a campaign.

    Parameters
    ----------
    plan : Plan
    folder : Path or None
        Where they are; None for a folder of no campaign that is gone afterwards.
    jobs : iterable of Job
        What has not ended.
    pending : deque of Job
        What is to be started; jobs that are to wait for a state, or at a barrier, are taken out,
        and come back when they may go on.
    """

    def __init__(
        self, plan: Plan, folder: Path | None, jobs: Iterable[Job], pending: deque[Job]
    ) -> None:
        self._limits = plan.limits
        self._passing = tempfile.TemporaryDirectory(prefix="icarus-") if folder is None else None
        self._folder = Path(self._passing.name) if self._passing else Path(folder or "")
        self._keeps_checkpoints = folder is not None
        self._pending = pending
        self._is_idle = not (plan.prefixes or plan.barriers)
        self._sharing = SharedPrefixes(plan, self._folder)
        self._barriers = Barriers(plan, self._folder)
        self.take_up(jobs)

    def take_up(self, jobs: Iterable[Job]) -> None:
        """Have further jobs wait where they have to, which are among those to be started."""
        if self._is_idle:
            return
        jobs = list(jobs)
        for job in jobs:
            self._sharing.take_up(job)
            self._barriers.take_up(job)
        for job in jobs:
            self._forget_what_is_behind(job)
        new = {job.number for job in jobs}
        pending = list(self._pending)
        self._pending.clear()
        self._pending.extend(job for job in pending if job.number not in new or self._admits(job))

    def _forget_what_is_behind(self, job: Job) -> None:
        """Remove states that are behind a barrier which is done once more."""
        barrier = self._barriers.next_of(job)
        if barrier is not None:
            self._sharing.forget(job, barrier.number)

    def _admits(self, job: Job) -> bool:
        """Return whether a job may start; otherwise have it wait for what it needs."""
        if job.verdict is not None:
            return True
        barrier = self._barriers.next_of(job)
        if barrier is None:
            return self._sharing.is_ready(job, math.inf)
        if self._sharing.has_come_to(job, barrier.rests_at):
            self._barriers.wait(job)
            return False
        return self._sharing.is_ready(job, barrier.rests_at)

    def _admit(self, jobs: Iterable[Job]) -> None:
        self._pending.extend(job for job in jobs if self._admits(job))

    def refill(self, *, nothing_runs: bool) -> None:
        """Have jobs start whose states are there by now.

        If nobody is left to wait for, that is all who wait for a state, or else the one who does
        the next barrier.
        """
        if self._is_idle or self._pending:
            return
        self._admit(self._sharing.released())
        if nothing_runs and not self._pending:
            self._admit(self._sharing.all_waiting())
        if nothing_runs and not self._pending:
            leader = self._barriers.next_leader()
            if leader is not None:
                self._pending.append(leader)

    def prepared(self, job: Job) -> Job:
        """Return a job that knows where to put states aside, and what to go on from."""
        checkpoint = self._checkpoint_of(job)
        if self._is_idle:
            return replace(job, checkpoint=checkpoint)
        shared, barriers = self._sharing.states(job), self._barriers.before(job)
        return replace(job, checkpoint=checkpoint, shared=shared, barriers=barriers)

    def _checkpoint_of(self, job: Job) -> Checkpoint | None:
        first, every = self._limits.checkpoint_first, self._limits.checkpoint_every
        if first is None or not self._keeps_checkpoints:
            return None
        return Checkpoint(str(self._folder / job.id), job.id, first, every)

    def paused(self, job: Job) -> None:
        """Have a job wait that has come to a barrier, or all go on if it has done one."""
        released = self._sharing.stopped(job)
        barrier = self._barriers.next_of(job)
        if not (barrier and self._is_aside(job, barrier)):
            text = f"what it put aside in {self._folder} is not there, or cannot be read"
            if self._keeps_checkpoints:
                text += "; workers on other machines need the same folder"
            self._pending.append(replace(job, verdict=Outcome(Status.FAILED, error=text)))
        elif self._barriers.is_done_by(job):
            released += self._barriers.done_by(job)
        else:
            self._barriers.wait(job)
        self._admit(released)

    def _is_aside(self, job: Job, barrier: Barrier) -> bool:
        """Return whether what others need of a job is there, which has done its part."""
        if self._barriers.is_done_by(job):
            return self._barriers.is_aside(job)
        return self._sharing.has_come_to(job, barrier.rests_at)

    def ended(self, job: Job, outcome: Outcome) -> None:
        """Remove what nobody needs any more, and have those start that waited for a job."""
        if outcome.status in (Status.INTERRUPTED, Status.SKIPPED):
            # It runs when the campaign goes on, from where its states are.
            return
        if (checkpoint := self._checkpoint_of(job)) is not None:
            checkpoint.remove()
        if self._is_idle:
            return
        self._admit(self._sharing.stopped(job, failed=outcome.status is not Status.OK))
        self._pending.extend(self._barriers.ended(job, outcome))
        self._sharing.ended(job)

    def close(self, *, goes_on: bool) -> None:
        """Remove all states, unless the campaign is to go on from them.

        Also what processes that were killed left half done.
        """
        if self._passing is not None:
            self._passing.cleanup()
        elif not goes_on:
            remove_states(self._folder)
        else:
            with suppress(OSError):
                self._folder.rmdir()
