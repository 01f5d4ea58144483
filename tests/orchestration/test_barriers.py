"""Barriers of walks: who waits for whom, whatever is done first and whatever fails."""

from __future__ import annotations

import itertools
import random
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus import Cancel
from icarus import stages as s
from icarus.orchestration import JobEnded, JobPaused, JobStarted, Orchestrator, orchestrator
from icarus.orchestration.jobs import jobs_of
from icarus.orchestration.worker import run_job
from icarus.planning.plan import make_plan
from icarus.util import Settings

LOG = []
"""What was done, in order: name, options so far, replication; for barriers those of barriers."""


def begin(ctx):
    return []


def fate(option):
    if option == "raises":
        raise ValueError("on purpose")
    if option == "cancels":
        raise Cancel("enough")


def work(state, option, ctx):
    state.append(option)
    LOG.append(("stage", tuple(state), tuple(ctx.messages.values()), ctx.replication))
    fate(option)


def gate(option, ctx):
    message = (*(ctx.messages or {"": ()}).values(),)[-1] + (option,)
    LOG.append(("barrier", message, ctx.replication))
    fate(option)
    ctx.report(f"AT {len(message)}", ctx.rng.random())
    return message


def last(state, ctx):
    LOG.append(("stage", tuple(state), tuple(ctx.messages.values()), ctx.replication))
    return {"GOT": {"STATE": list(state), "MESSAGES": list(ctx.messages.values())}}


class InAnyOrder:
    """Runs jobs at once that are under way together, in an order that is drawn."""

    elsewhere = True

    def __init__(self, draw, room):
        self.draw, self.room = draw, room
        self.jobs, self.begun, self.most = [], [], 0

    def has_room(self):
        return len(self.jobs) < self.room

    def submit(self, job):
        self.jobs.append(job)
        self.begun.append(job)
        self.most = max(self.most, len(self.jobs))
        alone = [one for one in self.jobs if any(barrier.to_do for barrier in one.barriers)]
        assert not alone or len(self.jobs) == 1, "something runs beside a barrier"

    def started(self):
        begun, self.begun = self.begun, []
        return begun

    def wait(self, timeout):
        job = self.jobs.pop(self.draw.randrange(len(self.jobs)))
        return [(job, run_job(job, lambda amount, phase: None))]

    def running(self):
        return []

    def interrupt(self):
        pass

    def close(self):
        pass


def campaign(queue, draw=None, room=3, subscriber=None, **given_):
    """Return the orchestrator of a campaign that has run, and the executor."""
    LOG.clear()
    settings = Settings()
    for name, value in {"EXPERIMENT_QUEUE": queue, **given_}.items():
        settings[name] = value
    executor = InAnyOrder(draw or random.Random(1), room)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(orchestrator, "make_executor", lambda *given_: executor)
        run = Orchestrator(settings)
        if subscriber is not None:
            run.subscribe(subscriber)
        with tempfile.TemporaryDirectory() as folder:
            run.states = Path(folder) / "states"
            run.run()
            assert not run.states.exists(), (run.counts, list(run.states.iterdir()))
    assert run.counts.total() == run.n_exp
    if settings["REPLICATIONS"] is None:
        assert run.n_exp == len(queue) * settings["N_REPLICATIONS"]
    return run, executor


def expected(stages, replications, options=(), depth=0):
    """Yield what is done between barriers, and the barriers, as nested loops have it.

    ``options`` are those of barriers so far.
    """
    part = list(itertools.takewhile(lambda one: one[0] == "stage", stages[depth:]))
    before = [one for one in stages[:depth] if one[0] == "stage"]
    messages = tuple(options[: n + 1] for n in range(len(options)))
    done = Counter(
        ("stage", (*start, *more), messages, replication)
        for length in range(1, len(part) + 1)
        for start in itertools.product(*(range(n) for _, n in before))
        for more in itertools.product(*(range(n) for _, n in part[:length]))
        for replication in replications
    )
    yield done
    depth += len(part)
    if depth < len(stages):
        for option in range(stages[depth][1]):
            for replication in replications:
                yield "barrier", (*options, option), replication
                yield from expected(stages, [replication], (*options, option), depth + 1)


def made(stages, **given_):
    kinds = {"stage": (s.stage, work), "barrier": (s.barrier, gate)}
    return s.walks(
        *(
            kinds[kind][0](kinds[kind][1], list(range(n)), name=f"{kind} {place}")
            for place, (kind, n) in enumerate(stages)
        ),
        start=begin,
        **given_,
    )


shapes = st.lists(
    st.tuples(st.sampled_from(["stage", "stage", "barrier"]), st.integers(1, 3)),
    min_size=1,
    max_size=5,
)


@given(shapes, st.integers(1, 2), st.integers(1, 4), st.randoms(use_true_random=False))
def test_all_is_done_in_the_order_of_nested_loops(stages, replications, room, draw):
    """Each beginning once, each barrier once and alone, with what was returned in its branch."""
    walks = made(stages)
    run, _ = campaign(walks, draw, room, N_REPLICATIONS=replications)
    assert len(run.results) == len(walks) * replications
    log = list(LOG)
    for step in expected(stages, list(range(replications))):
        if isinstance(step, tuple):
            assert log.pop(0) == step
        else:
            n = step.total()
            assert Counter(log[:n]) == step
            del log[:n]
    assert not log


@pytest.mark.parametrize("share", [True, False])
def test_results_are_those_of_walks_alone(share):
    stages = [("stage", 2), ("barrier", 2), ("stage", 3), ("barrier", 1), ("stage", 2)]
    walks = made(stages, share=share)
    run, executor = campaign(walks, N_REPLICATIONS=2)
    assert executor.most == 3
    found = {facts["job"]: tree for tree, facts in results_of(run)}
    for walk in walks:
        alone, _ = campaign([walk], N_REPLICATIONS=2)
        for tree, facts in results_of(alone):
            assert tree == found.pop(facts["job"])
    assert not found


def results_of(run):
    each = zip(run.results, run.results.metadata, strict=True)
    return [(tree, facts) for (_, tree), facts in each]


def statuses(run):
    """Return the status of each walk, by its options, and what the failed ones say."""
    found = {tuple(p["walk"].values()): "OK" for p, _ in run.results}
    for params, facts in run.results.failures:
        found[tuple(params["walk"].values())] = facts["status"]
    return found, Counter(facts["error"] for _, facts in run.results.failures)


@pytest.mark.parametrize(
    ("bad", "status", "error"),
    [("raises", "FAILED", "ValueError: on purpose"), ("cancels", "CANCELLED", "enough")],
)
def test_what_fails_at_a_barrier_fails_for_all_behind_it(bad, status, error):
    stages = (
        *(s.stage(work, [1, 2]), s.barrier(gate, [3, bad, 4], name="S")),
        *(s.stage(work, [5, 6], name="more"), s.barrier(gate, [7, 8], name="T"), s.stage(last)),
    )
    run, _ = campaign(s.walks(*stages, start=begin))
    found, errors = statuses(run)
    assert {options: one for options, one in found.items() if one != "OK"} == {
        (a, bad, b, c): status for a in (1, 2) for b in (5, 6) for c in (7, 8)
    }
    assert errors == {error: 8}
    # It was tried once, and what comes behind it not at all.
    assert [one for one in LOG if one[0] == "barrier" and bad in one[1]] == [("barrier", (bad,), 0)]
    assert not [one for one in LOG if one[0] == "stage" and any(bad in m for m in one[2])]


def test_replications_that_are_added_wait_as_well():
    stages = s.stage(work, [1, 2]), s.barrier(drawn_each_time, [3, 4]), s.stage(told)
    until = {"min": 2, "max": 5, "until": {"WALK.VALUE": 0.001}}
    run, _ = campaign(s.walks(*stages, start=begin), REPLICATIONS=until)
    assert len(run.results) == 4 * 5
    values = {}
    for (params, tree), facts in zip(run.results, run.results.metadata, strict=True):
        key = params["walk"]["drawn_each_time"], facts["replication"]
        values.setdefault(key, set()).add(tree["WALK"]["VALUE"])
    # All walks of a replication got the same, also where they came one after another.
    assert len(values) == 10
    assert all(len(one) == 1 for one in values.values())
    assert len(set().union(*values.values())) == 10


def drawn_each_time(option, ctx):
    return ctx.rng.random()


def told(state, ctx):
    return ctx.messages["drawn_each_time"]


def test_walks_that_fail_before_a_barrier_do_not_come_to_it():
    stages = (
        *(s.stage(work, [1, "raises", "cancels"]), s.barrier(gate, [3, 4])),
        s.stage(work, [5, "raises"], name="more"),
    )
    run, _ = campaign(s.walks(*stages, start=begin))
    found, _ = statuses(run)
    assert Counter(found.values()) == {"OK": 2, "FAILED": 6, "CANCELLED": 4}
    assert [one for one in LOG if one[0] == "barrier"] == [
        ("barrier", (3,), 0),
        ("barrier", (4,), 0),
    ]


def test_nobody_does_a_barrier_that_nobody_comes_to():
    stages = s.stage(work, ["raises"]), s.barrier(gate, [3, 4]), s.stage(last)
    run, _ = campaign(s.walks(*stages, start=begin))
    assert not [one for one in LOG if one[0] == "barrier"]
    only = s.walks(
        *(s.stage(work, [1, 2]), s.barrier(gate, [3, 4]), s.stage(last)),
        start=begin,
        where=lambda options: "no fours" if options["gate"] == 4 else None,
    )
    run, _ = campaign(only)
    assert [one[1] for one in LOG if one[0] == "barrier"] == [(3,)]
    assert Counter(statuses(run)[0].values()) == {"OK": 2, "VETOED": 2}


def test_walks_of_unequal_shape_share_barriers():
    once = s.barrier(gate, [3, 4])
    queue = [
        *s.walks(s.stage(work, [1, 2]), once, s.stage(last), start=begin),
        *s.walks(once, s.stage(work, [5, 6, 7]), start=begin),
        # Without barriers it comes before all.
        *s.walks(s.stage(work, [8]), start=begin),
    ]
    run, _ = campaign(queue, random.Random(3))
    assert len(run.results) == 11
    barriers = [place for place, one in enumerate(LOG) if one[0] == "barrier"]
    assert [LOG[place] for place in barriers] == [("barrier", (3,), 0), ("barrier", (4,), 0)]
    assert sorted(one[1] for one in LOG[: barriers[0]]) == [(1,), (2,), (8,)]
    between = [one[1:3] for one in LOG[barriers[0] + 1 : barriers[1]]]
    assert sorted(between) == [((n,), ((3,),)) for n in (1, 2, 5, 6, 7)]


def test_what_cannot_be_put_aside_fails_with_its_reason():
    stages = s.stage(unpicklable), s.barrier(gate, [3]), s.stage(last)
    run, _ = campaign(s.walks(*stages, start=begin))
    ((_, facts),) = run.results.failures
    assert facts["status"] == "FAILED"
    assert "unpicklable.<locals>.<lambda>" in facts["error"]
    run, _ = campaign(s.walks(s.barrier(returns_a_lambda), s.stage(work, [1, 2]), start=begin))
    assert [facts["status"] for _, facts in run.results.failures] == 2 * ["FAILED"]
    assert not [one for one in LOG if one[0] == "stage"]


def unpicklable(state, ctx):
    state.append(lambda: None)


def returns_a_lambda(ctx):
    return lambda: None


def test_random_numbers_of_stages_and_barriers_differ():
    stages = [s.stage(draws, name="a"), s.stage(draws, name="b"), s.barrier(drawn, name="c")]
    run, _ = campaign(s.walks(*stages, s.stage(draws, name="d"), start=draws_first))
    ((_, tree),) = run.results
    found = tree["WALK"].values()
    assert len(set(found)) == len(list(found)) == 5


def draws_first(ctx):
    ctx.report("FIRST", ctx.rng.random())
    return []


def draws(state, ctx):
    state.append(1)
    ctx.report(f"DRAW {len(state)}", ctx.rng.random())


def drawn(ctx):
    ctx.report("AT BARRIER", ctx.rng.random())


def test_what_all_parts_of_a_walk_used_is_told():
    stages = s.stage(burns, [0.03], name="a"), s.barrier(burns_alone, name="b")
    walks = s.walks(*stages, s.stage(burns, [0.02, 0.04], name="c"), start=begin)
    run, _ = campaign(walks, RESOURCE_METRICS=True)
    first, second = (tree for _, tree in run.results)
    groups = ["RESOURCES", "RESOURCES.a", "RESOURCES.b", "RESOURCES.c"]
    # Whoever was first to come has done what is done once.
    assert [one for one in first.keys() if one in groups] == groups  # noqa: SIM118
    assert [one for one in second.keys() if one in groups] == ["RESOURCES", "RESOURCES.c"]  # noqa: SIM118
    for tree in (first, second):
        parts = [tree[name] for name in groups[1:] if name in tree]
        for metric in ("CPU", "DURATION"):
            assert sum(part[metric] for part in parts) <= tree["RESOURCES"][metric] + 1e-9
    # What was burnt, less what the sampler used of that, where the machine is busy.
    assert first["RESOURCES.a"]["CPU"] >= 0.025
    assert first["RESOURCES.b"]["CPU"] >= 0.04
    assert second["RESOURCES.c"]["CPU"] >= 0.03


def burns(state, seconds, ctx):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def burns_alone(ctx):
    burns(None, 0.05, ctx)


def test_who_is_told_of_what():
    told = []

    class Told:
        def __call__(self, event):
            if isinstance(event, JobStarted | JobPaused | JobEnded):
                told.append((type(event).__name__, event.job.number))

    walks = s.walks(
        *(s.stage(work, [1]), s.barrier(gate, [3, 4]), s.stage(work, [5], name="more")),
        start=begin,
    )
    campaign(walks, room=1, subscriber=Told())
    # The first one does what comes before the barriers, and each does one.
    assert told == [
        *(("JobStarted", 0), ("JobPaused", 0)),
        *(("JobStarted", 0), ("JobPaused", 0), ("JobStarted", 0), ("JobEnded", 0)),
        *(("JobStarted", 1), ("JobPaused", 1), ("JobStarted", 1), ("JobEnded", 1)),
    ]


def test_972_walks_are_those_of_nested_loops():
    """3^5 x 2^2 options; a condition vetoes exactly the walks that it means."""
    sizes = [3, 2, 3, 3, 2, 3, 3]
    stages = [s.stage(work, list(range(n)), name=f"stage {i}") for i, n in enumerate(sizes)]
    walks = s.walks(
        *stages,
        start=begin,
        where=lambda options: "even" if sum(options.values()) % 2 == 0 else None,
    )
    assert list(walks.sizes.values()) == sizes
    loops = list(itertools.product(*map(range, sizes)))
    assert [tuple(walk["walk"].values()) for walk in walks] == loops
    settings = Settings()
    settings["EXPERIMENT_QUEUE"] = walks
    jobs = jobs_of(make_plan(settings))
    assert len({job.id for job in jobs}) == 972
    vetoed = [job.verdict is not None for job in jobs]
    assert vetoed == [sum(options) % 2 == 0 for options in loops]
