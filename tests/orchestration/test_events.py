"""Events, essential subscribers, jobs known from earlier and jobs that come while others run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from icarus.errors import SettingsError
from icarus.orchestration import (
    CampaignEnded,
    CampaignStarted,
    JobEnded,
    Orchestrator,
    Outcome,
    Status,
)
from icarus.orchestration.jobs import jobs_of
from icarus.util import Settings, Tree

EXECUTORS = pytest.mark.parametrize("executor", ["serial", "pool"])


def campaign(n_replications=3, *, executor="serial", **options):
    settings = Settings()
    settings["DATA_COLLECTORS"] = ["LATENCY"]
    settings["N_REPLICATIONS"] = n_replications
    settings["N_PROCESSES"] = 2
    settings["START_METHOD"] = "fork"
    settings["EXPERIMENT_QUEUE"] = [
        Tree(
            topology={"name": "PATH", "n": 4},
            workload={
                "name": "STATIONARY",
                "n_contents": 20,
                "alpha": 0.8,
                "n_measured": 50,
                "n_warmup": 0,
            },
            cache_placement={"name": "UNIFORM", "network_cache": 0.2},
            content_placement={"name": "UNIFORM"},
            strategy={"name": "LCE"},
            cache_policy={"name": "LRU"},
        )
    ]
    return Orchestrator(settings, executor=executor, **options)


def outcomes_of(orchestrator):
    """Run a campaign; return its outcomes by job id."""
    outcomes = {}

    def note(event):
        if isinstance(event, JobEnded):
            outcomes[event.job.id] = event.outcome

    orchestrator.subscribe(note)
    orchestrator.run()
    return outcomes


def answers(orchestrator):
    return [
        (facts["status"], results.dict())
        for (_, results), facts in zip(
            orchestrator.results, orchestrator.results.metadata, strict=True
        )
    ]


@EXECUTORS
def test_known_jobs_count_and_are_not_run_again(executor):
    whole = campaign(executor=executor)
    outcomes = outcomes_of(whole)
    first, second, third = sorted(outcomes)
    known = {first: outcomes[first], third: Outcome(Status.FAILED, error="broken")}
    rest = campaign(executor=executor, known=known)
    started = []
    rest.subscribe(lambda e: started.append(e) if isinstance(e, CampaignStarted) else None)
    assert list(outcomes_of(rest)) == [second]
    assert started[0].known == 2
    assert [job.id for job in started[0].jobs] == [first, second, third]
    assert rest.counts == {Status.OK: 2, Status.FAILED: 1}
    assert answers(rest) == answers(whole)[:2]
    assert [facts["error"] for _, facts in rest.results.failures] == ["broken"]
    assert rest.snapshot().requests == 50


@EXECUTORS
def test_a_campaign_of_which_all_is_known(executor):
    whole = campaign(executor=executor)
    again = campaign(executor=executor, known=outcomes_of(whole))
    assert outcomes_of(again) == {}
    assert answers(again) == answers(whole)


@pytest.mark.parametrize("status", [Status.INTERRUPTED, Status.SKIPPED, Status.VETOED])
def test_what_was_not_run_to_an_end_runs_again(status):
    first = next(iter(outcomes_of(campaign())))
    assert len(outcomes_of(campaign(known={first: Outcome(status)}))) == 3


@EXECUTORS
def test_essential_subscribers_come_first_and_before_a_job_counts(executor):
    orchestrator = campaign(executor=executor)
    told = []
    orchestrator.subscribe(lambda e: told.append(("other", e, orchestrator.n_success)))
    orchestrator.subscribe(
        lambda e: told.append(("essential", e, orchestrator.n_success)), essential=True
    )
    orchestrator.run()
    assert [who for who, _, _ in told] == ["essential", "other"] * (len(told) // 2)
    assert all(a is b for (_, a, _), (_, b, _) in zip(told[::2], told[1::2], strict=True))
    ends = [(who, ok) for who, event, ok in told if isinstance(event, JobEnded)]
    assert ends == [
        ("essential", 0), ("other", 1), ("essential", 1), ("other", 2), ("essential", 2),
        ("other", 3),
    ]  # fmt: skip


@EXECUTORS
@pytest.mark.parametrize("kind", ["CampaignStarted", "JobStarted", "Progress", "JobEnded"])
def test_an_essential_subscriber_that_fails_ends_the_campaign(executor, kind):
    orchestrator = campaign(20, executor=executor)
    others = []

    def fail(event):
        late = not isinstance(event, JobEnded) or event.job.number == 3
        if type(event).__name__ == kind and late:
            raise OSError("no space left")

    orchestrator.subscribe(fail, essential=True)
    orchestrator.subscribe(others.append)
    with pytest.raises(OSError, match="no space left"):
        orchestrator.run()
    assert orchestrator.counts.total() == 20
    assert set(orchestrator.counts) <= {Status.OK, Status.INTERRUPTED}
    assert orchestrator.counts[Status.INTERRUPTED] >= 1
    if kind == "JobEnded":
        status = {facts["replication"]: "?" for _, facts in orchestrator.results.failures}
        assert 3 in status, "what was not recorded does not count"
    assert isinstance(others[-1], CampaignEnded)
    assert len([e for e in others if isinstance(e, JobEnded)]) == 20


@EXECUTORS
def test_a_source_may_add_jobs_as_others_end(executor):
    class UntilFive:
        """Two jobs, and one more for each that ends until there are five."""

        def __init__(self, plan):
            self.jobs = jobs_of(replace(plan, n_replications=5))
            self.asked = []

        def first(self):
            self.given = 2
            return self.jobs[:2]

        def after(self, job, outcome):
            self.asked.append((job.number, outcome.status))
            self.given += 1
            return self.jobs[self.given - 1 : self.given]

    fixed = campaign(5)
    outcomes = outcomes_of(fixed)
    sources = []

    def source(plan):
        sources.append(UntilFive(plan))
        return sources[-1]

    growing = campaign(2, executor=executor, source=source)
    outcomes_of(growing)
    assert growing.n_exp == growing.counts[Status.OK] == 5
    assert sorted(sources[0].asked) == [(i, Status.OK) for i in range(5)]
    assert answers(growing) == answers(fixed)
    # All that such a source adds may be known, too.
    known = campaign(2, executor=executor, source=source, known=outcomes)
    assert outcomes_of(known) == {}
    assert answers(known) == answers(fixed)


def test_an_executor_that_does_not_exist():
    with pytest.raises(SettingsError, match="'pol': unknown; did you mean 'pool'"):
        campaign(executor="pol")
