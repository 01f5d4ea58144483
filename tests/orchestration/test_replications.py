"""Replicating until results are precise: where it stops, and that nothing else decides about it."""

from __future__ import annotations

import logging
import math
import random
import statistics
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from icarus.errors import SettingsError
from icarus.orchestration import (
    CampaignStarted,
    JobEnded,
    JobsAdded,
    JobStarted,
    Orchestrator,
    Outcome,
    Progress,
    Status,
)
from icarus.orchestration.kinds import Product
from icarus.orchestration.replicating import PreciseJobs, State
from icarus.planning.plan import make_plan
from icarus.util import Settings, Tree

METRIC = "LATENCY.MEAN"
HOW = {
    "serial": {"executor": "serial"},
    "two processes": {"executor": "pool"},
}


def an_experiment(alpha=0.8, strategy="LCE", n_measured=60, **options):
    return Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": alpha,
            "n_measured": n_measured,
            "n_warmup": 10,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy, **options},
        cache_policy={"name": "LRU"},
    )


def settings_of(replications, queue=None, **more):
    chosen = Settings()
    chosen["REPLICATIONS"] = replications
    chosen["DATA_COLLECTORS"] = ["LATENCY", "CACHE_HIT_RATIO"]
    chosen["EXPERIMENT_QUEUE"] = queue or [an_experiment(alpha) for alpha in (0.4, 0.8, 1.2)]
    chosen["N_PROCESSES"] = 2
    chosen["START_METHOD"] = "fork"
    for name, value in more.items():
        chosen[name] = value
    return chosen


def until(share, least=5, most=50, metric=METRIC):
    return {"min": least, "max": most, "until": {metric: share}}


def answers(orchestrator):
    """All that must not depend on how a campaign was run, to the last bit."""
    return [
        (params, results, facts["job"], facts["campaign"]["imprecise"])
        for (params, results), facts in zip(
            orchestrator.results, orchestrator.results.metadata, strict=True
        )
    ]


def run(replications, queue=None, *, executor="serial", known=None, **more):
    orchestrator = Orchestrator(
        settings_of(replications, queue, **more), executor=executor, known=known
    )
    outcomes = {}

    def note(event):
        if isinstance(event, JobEnded):
            outcomes[event.job.id] = event.outcome

    orchestrator.subscribe(note)
    orchestrator.run()
    assert orchestrator.n_exp == orchestrator.counts.total()
    return orchestrator, outcomes


def stop_by(values, share, least, most):
    """Return after how many values one stops, by the textbook."""
    for n in range(least, most):
        mean, deviation = statistics.fmean(values[:n]), statistics.stdev(values[:n])
        if stats.t.ppf(0.975, n - 1) * deviation / math.sqrt(n) <= share * abs(mean):
            return n
    return most


@pytest.fixture(scope="module")
def fifty():
    """The results of 50 replications, each experiment's in their order."""
    orchestrator, _ = run(50)
    values = [results.getval(["LATENCY", "MEAN"]) for _, results in orchestrator.results]
    return [values[i : i + 50] for i in range(0, 150, 50)]


@pytest.mark.parametrize("share", [0.05, 0.02, 0.01])
def test_it_stops_where_an_independent_calculation_does(fifty, share):
    expected = [stop_by(values, share, 5, 50) for values in fifty]
    orchestrator, _ = run(until(share))
    per_experiment = Counter(p["workload"]["alpha"] for p, _ in orchestrator.results)
    assert [per_experiment[alpha] for alpha in (0.4, 0.8, 1.2)] == expected
    if share == 0.05:
        # Or the test would be none: neither at the least nor at the most.
        assert any(5 < n < 50 for n in expected)
    values = [results.getval(["LATENCY", "MEAN"]) for _, results in orchestrator.results]
    assert values == [value for all_, n in zip(fifty, expected, strict=True) for value in all_[:n]]


def test_results_are_the_same_on_any_executor_and_after_any_break():
    rule = until(0.03, least=3, most=20)
    reference, outcomes = run(rule)
    assert len(reference.results) > 9
    pooled, pooled_outcomes = run(rule, executor="pool")
    assert answers(pooled) == answers(reference)
    assert pooled_outcomes.keys() == outcomes.keys()
    shuffled = random.Random(4)
    for executor in ("serial", "pool"):
        for share in (0.0, 0.3, 0.8, 1.0):
            some = shuffled.sample(sorted(outcomes), round(share * len(outcomes)))
            known = {job: outcomes[job] for job in some}
            resumed, rest = run(rule, executor=executor, known=known)
            assert answers(resumed) == answers(reference)
            assert rest.keys() == outcomes.keys() - known.keys(), "each job runs once"


def test_known_outcomes_beyond_the_stop_do_not_count():
    _, all_ = run(20)
    rule = until(0.05, least=3, most=20)
    reference, outcomes = run(rule)
    assert len(outcomes) < len(all_)
    resumed, rest = run(rule, known=all_)
    assert rest == {}
    assert answers(resumed) == answers(reference)


@pytest.mark.parametrize("executor", ["serial", "pool"])
def test_all_jobs_are_announced_before_they_start(executor):
    rule = until(0.02, least=3, most=12)
    reference, outcomes = run(rule)
    # As where replications failed in an earlier run and are to run again: later ones are known.
    gaps = {job: outcome for i, (job, outcome) in enumerate(outcomes.items()) if i % 4}
    orchestrator = Orchestrator(settings_of(rule), executor=executor, known=gaps)
    announced, started, known = [], [], 0

    def note(event):
        nonlocal known
        if isinstance(event, CampaignStarted | JobsAdded):
            announced.extend(job.id for job in event.jobs)
            known += event.known
        elif isinstance(event, JobStarted):
            assert event.job.id in announced
            started.append(event.job.id)

    orchestrator.subscribe(note, essential=True)
    orchestrator.run()
    assert sorted(announced) == sorted(outcomes)
    assert sorted(started) == sorted(outcomes.keys() - gaps.keys())
    assert known == len(gaps)
    assert answers(orchestrator) == answers(reference)


def test_a_larger_maximum_runs_only_what_is_new():
    queue = [an_experiment(0.4), an_experiment(0.8)]
    first, outcomes = run(until(1e-6, least=2, most=4), queue)
    assert len(outcomes) == 8
    second, rest = run(until(1e-6, least=2, most=6), queue, known=outcomes)
    assert len(rest) == 4
    assert len(second.results) == 12
    assert [r for _, r in second.results][:4] == [r for _, r in first.results][:4]


def test_those_at_the_maximum_are_named(caplog):
    caplog.set_level(logging.INFO, "orchestration")
    queue = [an_experiment(0.8), an_experiment(1.2, "NO_CACHE")]
    # Without caches all paths to the one source are equally long: the latency does not vary.
    orchestrator, _ = run(until(1e-9, least=2, most=4), queue)
    assert len(orchestrator.results) == 4 + 2
    (line,) = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert "LCE" in line
    assert "after 4 replications: LATENCY.MEAN is " in line
    assert "1 of 2 experiments are precise" in caplog.text
    facts = orchestrator.results.metadata[-1]
    assert facts["campaign"]["replications"] == {"min": 2, "max": 4, "until": {METRIC: 1e-9}}
    (imprecise,) = facts["campaign"]["imprecise"]
    assert imprecise["experiment"] == orchestrator.results.metadata[0]["experiment"]
    assert (imprecise["state"], imprecise["replications"]) == ("MAXIMUM", 4)


def test_a_collector_stands_for_all_its_numbers():
    counts = {}
    for metric in ("LINK_LOAD.MEAN_INTERNAL", "LINK_LOAD.MEAN_EXTERNAL", "link_load"):
        rule = until(0.2, least=3, most=30, metric=metric)
        ran, _ = run(rule, [an_experiment()], DATA_COLLECTORS=["LINK_LOAD"])
        counts[metric] = len(ran.results)
    *each, together = counts.values()
    assert together >= max(each) > min(each)


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_a_metric_that_there_is_not_stops_at_the_minimum(how, caplog):
    orchestrator, _ = run(until(0.05, least=3, metric="LATENCY.MEEN"), **how)
    assert len(orchestrator.results) == 9
    assert caplog.text.count("unknown metric 'LATENCY.MEEN'; did you mean 'LATENCY.MEAN'") == 3
    imprecise = orchestrator.results.metadata[0]["campaign"]["imprecise"]
    assert [one["state"] for one in imprecise] == ["UNMEASURED"] * 3


def test_nothing_measured_is_no_number(caplog):
    orchestrator, _ = run(until(0.05, least=2, most=9), [an_experiment(n_measured=0)])
    assert len(orchestrator.results) == 2
    assert "no number" in caplog.text


def test_what_the_jobs_are_planned_to_be_grows():
    queue = [an_experiment(0.4), an_experiment(0.8)]
    orchestrator = Orchestrator(settings_of(until(1e-9, least=2, most=5), queue), executor="serial")
    events = []
    orchestrator.subscribe(events.append)
    orchestrator.run()
    started = next(event for event in events if isinstance(event, CampaignStarted))
    assert len(started.jobs) == 4
    planned = [event.snapshot.planned for event in events if isinstance(event, Progress)]
    assert planned == sorted(planned)
    assert orchestrator.snapshot().planned == orchestrator.snapshot().ended == 10


@pytest.mark.parametrize("executor", ["serial", "pool"])
def test_a_campaign_that_is_stopped_goes_on_to_the_same_results(executor):
    rule = until(0.02, least=3, most=12)
    reference, outcomes = run(rule)
    orchestrator = Orchestrator(settings_of(rule), executor=executor)
    ended = {}

    def note(event):
        if isinstance(event, JobEnded) and event.outcome.status is Status.OK:
            ended[event.job.id] = event.outcome
            if len(ended) == 11:
                orchestrator.drain()

    orchestrator.subscribe(note)
    orchestrator.run()
    assert orchestrator.n_exp == orchestrator.counts.total()
    assert orchestrator.counts[Status.INTERRUPTED] >= 1
    states = [one["state"] for one in orchestrator.results.metadata[0]["campaign"]["imprecise"]]
    assert "OPEN" in states
    resumed, rest = run(rule, known=ended, executor=executor)
    assert answers(resumed) == answers(reference)
    assert rest.keys() == outcomes.keys() - ended.keys()


def test_a_number_means_the_same_as_n_replications():
    by_number, outcomes = run(3)
    plain = settings_of(None)
    plain["N_REPLICATIONS"] = 3
    other = Orchestrator(plain, executor="serial")
    other.run()
    assert [r for _, r in by_number.results] == [r for _, r in other.results]
    assert len(outcomes) == 9


def test_what_a_hook_vetoes_is_not_replicated_further():
    def refuse(event):
        return "not this one" if event.job.label.endswith("#2") else None

    orchestrator, _ = run(until(1e-9, least=3, most=9), HOOKS={"before_job": refuse})
    assert orchestrator.counts == {Status.OK: 6, Status.VETOED: 3}


# What a source decides, without running anything.


def outcome_of(value):
    """The outcome of a job that measured `value`; None for a failure."""
    if value is None:
        return Outcome(Status.FAILED, error="broken on purpose")
    results = Tree(LATENCY={"MEAN": value})
    return Outcome(Status.OK, value=Product(results, 10))


def decided(rule, series, order):
    """Return the replications and state of each experiment; outcomes come in a random order."""
    plan = make_plan(settings_of(rule, [an_experiment(0.1 * i) for i in range(len(series))]))
    source = PreciseJobs(plan)
    waiting = list(source.first())
    while waiting:
        job = waiting.pop(order.randrange(len(waiting)))
        value = series[job.number // rule["max"]][job.number % rule["max"]]
        waiting += source.after(job, outcome_of(value))
    return source.states(), source.facts()


@settings(max_examples=60, deadline=None)
@given(
    series=st.lists(
        st.lists(
            st.one_of(st.none(), st.just(math.nan), st.floats(-1, 12), st.sampled_from([3.0, 4.0])),
            min_size=8,
            max_size=8,
        ),
        min_size=1,
        max_size=4,
    ),
    least=st.integers(2, 8),
    share=st.floats(0.001, 0.9),
    seed=st.integers(0, 2**32),
)
def test_the_order_in_which_outcomes_come_decides_nothing(series, least, share, seed):
    rule = until(share, least, 8)
    alone = [decided(rule, [one], random.Random(0))[0][0] for one in series]
    together, facts = decided(rule, series, random.Random(seed))
    assert together == alone
    assert decided(rule, series, random.Random(seed + 1)) == (together, facts)
    for (state, n), values in zip(together, series, strict=True):
        there = [value for value in values[:n] if value is not None and math.isfinite(value)]
        assert least <= n <= 8
        assert state is not State.OPEN
        if state is State.PRECISE:
            assert len(there) >= least
        if state is State.UNMEASURED:
            assert not there
            assert n == least


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5.0, 5.0, 5.0], (State.PRECISE, 3)),
        ([0.0, 0.0, 0.0], (State.PRECISE, 3)),  # equal values are precise, whatever they are
        ([-1.0, 0.0, 1.0, -1.0, 0.0, 1.0], (State.MAXIMUM, 6)),  # a share of 0 is 0
        ([None, 5.0, 5.0, 5.0], (State.PRECISE, 4)),
        ([math.nan, 5.0, 5.0, 5.0], (State.PRECISE, 4)),
        ([None, None, None], (State.UNMEASURED, 3)),
        ([math.nan, math.nan, math.nan], (State.UNMEASURED, 3)),
        ([5.0, None, None, None, None, None], (State.MAXIMUM, 6)),
        ([5.0, 5.0, None, None, None, 5.0], (State.PRECISE, 6)),
    ],
)
def test_failures_and_odd_values(values, expected):
    padded = [*values, *[None] * (6 - len(values))]
    assert decided(until(0.05, 3, 6), [padded], random.Random(1))[0] == [expected]


# Settings.


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (0, "REPLICATIONS: should be greater than or equal to 1, found 0; it is a number, or a"),
        ("10", "REPLICATIONS: should be a valid integer, found '10'"),
        (True, "REPLICATIONS: should be a valid integer, found True"),
        ({"min": 3}, r"REPLICATIONS\['until'\]: missing; for which metrics"),
        ({"until": {}}, r"REPLICATIONS\['until'\]: empty"),
        ({"until": 0.05}, r"REPLICATIONS\['until'\]: should be a valid dictionary, found 0.05"),
        ({**until(0.1), "mx": 3}, "REPLICATIONS: unknown key 'mx'; did you mean 'max'?"),
        (until(0.1, least=1), r"REPLICATIONS\['min'\]: should be greater than or equal to 2"),
        (until(0.1, most=2.5), r"REPLICATIONS\['max'\]: should be a valid integer"),
        (until(0.1, 9, 8), "REPLICATIONS: 'min', 9, is more than 'max', 8"),
        (until(0), r"\['until'\]\['LATENCY.MEAN'\]: should be greater than 0"),
        (until(5), r"\['until'\]\['LATENCY.MEAN'\]: should be less than 1"),
        (until(math.nan), r"\['until'\]\['LATENCY.MEAN'\]: "),
        (
            until(0.1, metric="LATENCI.MEAN"),
            "no collector 'LATENCI' in DATA_COLLECTORS; did you mean 'LATENCY'?",
        ),
        (until(0.1, metric="MEAN"), "no collector 'MEAN' in DATA_COLLECTORS; known: CACHE_HIT_"),
    ],
)
def test_what_is_wrong_with_the_setting(value, message):
    with pytest.raises(SettingsError, match=message) as caught:
        make_plan(settings_of(value))
    assert len(caught.value.problems) == 1


def test_both_settings_are_too_many():
    both = settings_of(until(0.1), N_REPLICATIONS=3)
    with pytest.raises(SettingsError, match="REPLICATIONS: given beside N_REPLICATIONS"):
        make_plan(both)
    # Settings that were looked at once are still good.
    one = settings_of(until(0.1))
    assert make_plan(one) == make_plan(one)
    one.freeze()
    assert make_plan(one).n_replications == 5
    neither = settings_of(None)
    assert make_plan(neither).n_replications == 1


def test_the_plan_says_so():
    lines = make_plan(settings_of(until(0.05))).describe()
    assert "replications:  5 to 50, until LATENCY.MEAN is known to 5 %" in lines
    assert "jobs:          15 to 150" in lines


def test_only_plans_with_a_rule_have_such_jobs():
    plan = make_plan(settings_of(until(0.05)))
    with pytest.raises(ValueError, match="fixed number"):
        PreciseJobs(replace(plan, replications=None))
