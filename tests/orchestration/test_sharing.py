"""Who leads, who waits, and what becomes of states."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace

import pytest

from icarus.execution.cursor import Limit
from icarus.orchestration.campaign_states import CampaignStates
from icarus.orchestration.jobs import Job, Outcome
from icarus.orchestration.status import Status
from icarus.planning.limits import Limits
from icarus.planning.prefixes import Prefix

OK = Outcome(Status.OK)


@pytest.fixture
def campaign(tmp_path):
    """Four experiments: all share 10 s, the last two 20 s; and one that shares nothing."""
    prefixes = [
        Prefix((0, 1, 2, 3), Limit(10.0), "a" * 32),
        Prefix((2, 3), Limit(20.0), "b" * 32),
    ]
    plan = SimpleNamespace(ids=list("vwxyz"), prefixes=prefixes, barriers={}, limits=Limits())
    jobs = [
        Job(f"job-{i}", name, i, name, SimpleNamespace(replication=0))
        for i, name in enumerate("vwxyz")
    ]
    pending = deque(jobs)
    folder = tmp_path / "states"
    return SimpleNamespace(
        jobs=jobs,
        pending=pending,
        folder=folder,
        states=CampaignStates(plan, folder, jobs, pending),
        plan=plan,
    )


def started(campaign):
    """Take out what may start, as an orchestrator with room for all does."""
    jobs = [campaign.states.prepared(job) for job in campaign.pending]
    campaign.pending.clear()
    return jobs


def numbers(jobs):
    return [job.number for job in jobs]


def write(job, n=None):
    for shared in job.shared[:n]:
        shared.write("state")


def test_one_leads_and_the_others_follow_when_its_state_is_there(campaign):
    leader, alone = started(campaign)
    assert numbers([leader, alone]) == [0, 4]
    assert [one.until for one in leader.shared] == [10.0]
    assert alone.shared == ()
    campaign.states.refill(nothing_runs=False)
    assert not campaign.pending
    write(leader)
    campaign.states.refill(nothing_runs=False)
    # Of the last two, one leads on to what only they share.
    first, second = started(campaign)
    assert numbers([first, second]) == [1, 2]
    assert [one.until for one in second.shared] == [10.0, 20.0]
    write(second)
    campaign.states.ended(leader, OK)
    campaign.states.ended(second, OK)
    (last,) = started(campaign)
    assert last.number == 3
    assert len(list(campaign.folder.iterdir())) == 2
    campaign.states.ended(first, OK)
    campaign.states.ended(last, OK)
    assert not list(campaign.folder.iterdir())


@pytest.mark.parametrize("outcome", [Outcome(Status.FAILED), Outcome(Status.LOST), OK])
def test_nobody_waits_for_a_state_that_does_not_come(campaign, outcome):
    """Be it that the leader failed, or that what it wrote is not to be seen from here."""
    leader, _ = started(campaign)
    campaign.states.ended(leader, outcome)
    assert numbers(campaign.pending) == [1, 2]


def test_nobody_waits_where_nothing_runs(campaign):
    started(campaign)
    campaign.states.refill(nothing_runs=True)
    assert numbers(campaign.pending) == [1, 2, 3]


def test_what_is_there_from_an_earlier_run_is_used_at_once(campaign):
    leader, _ = started(campaign)
    write(leader)
    pending = deque(campaign.jobs[1:])
    CampaignStates(campaign.plan, campaign.folder, campaign.jobs[1:], pending)
    assert numbers(pending) == [1, 2, 4]


def test_what_was_stopped_keeps_its_states(campaign):
    leader, _ = started(campaign)
    write(leader)
    for job in campaign.jobs:
        campaign.states.ended(job, Outcome(Status.INTERRUPTED))
    assert len(list(campaign.folder.iterdir())) == 1
    campaign.states.close(goes_on=True)
    assert campaign.folder.exists()
    campaign.states.close(goes_on=False)
    assert not campaign.folder.exists()
