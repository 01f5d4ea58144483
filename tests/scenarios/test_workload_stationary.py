"""The stationary workload: its distributions, and that it repeats itself exactly."""

from __future__ import annotations

import itertools
import math

import fnss
import numpy as np
import pytest
from scipy.stats import chi2_contingency, chisquare, kstest

from icarus.registry import WORKLOAD
from icarus.scenarios.workload import BATCH_SIZE, StationaryWorkload, Workload


def star(degrees=(1, 3, 2, 3)):
    """A source "s" and routers around it, router i with a receiver "ri" and degrees[i] leaves."""
    topology = fnss.Topology()
    for i, degree in enumerate(degrees):
        topology.add_edge(f"r{i}", i)
        topology.add_edge(i, "s")
        fnss.add_stack(topology, f"r{i}", "receiver", {})
        fnss.add_stack(topology, i, "router", {})
        for leaf in range(degree):
            topology.add_edge(i, (i, leaf))
    fnss.add_stack(topology, "s", "source", {})
    return topology


def make(topology=None, **kwargs):
    kwargs = {"n_contents": 20, "alpha": 0.8, "n_warmup": 100, "n_measured": 200, **kwargs}
    return StationaryWorkload(star() if topology is None else topology, **kwargs)


def columns(workload, *size):
    """Return time, receiver, content and measured of all requests, as one tuple of bytes."""
    batches = list(workload.batches(*size))
    return tuple(
        np.concatenate(field).tobytes() for field in itertools.islice(zip(*batches, strict=True), 4)
    )


def test_is_registered():
    assert WORKLOAD["STATIONARY"] is StationaryWorkload


def test_attributes():
    workload = make(rate=12.0, beta=0.5, unknown="ignored")
    assert isinstance(workload, Workload)
    assert workload.contents == range(1, 21)
    assert (workload.n_contents, workload.alpha, workload.beta) == (20, 0.8, 0.5)
    assert (workload.rate, workload.n_warmup, workload.n_measured) == (12.0, 100, 200)
    assert workload.n_requests == 300
    assert workload.zipf.alpha == 0.8
    assert len(workload.zipf) == 20


def test_batches_are_arrays_of_the_stated_types():
    batches = list(make(n_measured=BATCH_SIZE).batches())
    assert [len(batch.time) for batch in batches] == [BATCH_SIZE, 100]
    for batch in batches:
        types = [column.dtype for column in batch[:4]]
        assert types == [np.float64, np.int32, np.int64, bool]
        assert batch.size is None


def test_events():
    events = list(make(seed=1))
    assert len(events) == 300
    assert [event["log"] for _, event in events] == [False] * 100 + [True] * 200
    for time, event in events:
        assert list(event) == ["receiver", "content", "log"]
        assert type(time) is float
        assert type(event["content"]) is int
        assert type(event["log"]) is bool
        assert 1 <= event["content"] <= 20
        assert event["receiver"] in ("r0", "r1", "r2", "r3")


@pytest.mark.parametrize("seed", [None, 7, np.random.SeedSequence(7), np.random.default_rng(7)])
def test_each_iteration_starts_afresh(seed):
    workload = make(seed=seed)
    assert list(workload) == list(workload)
    assert columns(workload) == columns(workload)


def test_a_seed_decides_everything_and_is_not_used_up():
    sequence = np.random.SeedSequence(5, spawn_key=(1, 2))
    one, again = make(seed=sequence), make(seed=sequence)
    assert columns(one) == columns(again)
    assert sequence.n_children_spawned == 0
    assert columns(make(seed=5)) == columns(make(seed=np.random.SeedSequence(5)))
    different = [make(seed=seed) for seed in (5, 6, sequence, None, None)]
    assert len({columns(workload) for workload in different}) == 5


def test_two_workloads_from_one_generator_differ():
    rng = np.random.default_rng(1)
    assert columns(make(seed=rng)) != columns(make(seed=rng))


def test_times_receivers_and_contents_have_streams_of_their_own():
    base = next(make(seed=2).batches())
    other = next(make(seed=2, alpha=0, beta=1.0).batches())
    assert (base.time == other.time).all()
    assert (base.content != other.content).any()
    assert (base.time == next(make(seed=2, rate=2.0).batches()).time * 2).all()


def test_times_receivers_and_contents_are_independent():
    workload = make(n_contents=4, alpha=0.5, beta=0.5, n_measured=50_000, seed=1)
    batches = list(workload.batches())
    gaps = np.diff(np.concatenate([batch.time for batch in batches]), prepend=0)
    receivers = np.concatenate([batch.receiver for batch in batches])
    contents = np.concatenate([batch.content for batch in batches])
    quartiles = np.searchsorted(np.quantile(gaps, [0.25, 0.5, 0.75]), gaps)
    for one, other in itertools.combinations((quartiles, receivers, contents), 2):
        table = np.bincount(one * 4 + other, minlength=16).reshape(4, 4)
        assert chi2_contingency(table).pvalue > 0.001


@pytest.mark.parametrize("alpha", [0, 0.5, 0.8, 1, 1.2])
def test_contents_follow_zipf(alpha):
    workload = make(alpha=alpha, n_contents=50, n_measured=200_000, seed=11)
    contents = np.concatenate([batch.content for batch in workload.batches()])
    expected = np.arange(1, 51) ** -float(alpha)
    expected *= len(contents) / expected.sum()
    assert chisquare(np.bincount(contents, minlength=50), expected).pvalue > 0.001


def test_arrivals_are_a_poisson_process():
    workload = make(rate=4.0, n_measured=100_000, seed=1)
    times = np.concatenate([batch.time for batch in workload.batches()])
    gaps = np.diff(times, prepend=0)
    assert times[0] > 0
    assert gaps.mean() == pytest.approx(1 / 4, rel=0.02)
    assert kstest(gaps, "expon", args=(0, 1 / 4)).pvalue > 0.001


class TestReceivers:
    @staticmethod
    def counts(beta):
        """Requests of each receiver, over ten seeds."""
        batches = (
            batch
            for seed in range(10)
            for batch in make(beta=beta, n_measured=100_000, seed=seed).batches()
        )
        return sum(np.bincount(batch.receiver, minlength=4) for batch in batches)

    def test_in_the_order_of_the_topology(self):
        assert make().receivers == ["r0", "r1", "r2", "r3"]

    def test_uniform_without_skew(self):
        assert chisquare(self.counts(beta=0)).pvalue > 0.001

    def test_ranked_by_the_degree_of_their_neighbour(self):
        # The routers have 1, 3, 2 and 3 leaves; ties stay in the order of the topology.
        assert make(beta=1).receivers == ["r1", "r3", "r2", "r0"]

    def test_zipf_over_that_ranking(self):
        counts = self.counts(beta=1)
        # 1 + 1/2 + 1/3 + 1/4 = 25/12
        expected = np.array([12, 6, 4, 3]) / 25 * counts.sum()
        assert chisquare(counts, expected).pvalue > 0.001

    def test_there_must_be_some(self):
        with pytest.raises(ValueError, match="no receivers"):
            make(fnss.line_topology(3))


@pytest.mark.parametrize(
    "wrong",
    [
        {"alpha": -0.1},
        {"alpha": math.nan},
        {"beta": -1},
        {"rate": 0},
        {"rate": -1.0},
        {"rate": math.inf},
        {"n_contents": 0},
        {"n_warmup": -1},
        {"n_measured": -1},
    ],
)
def test_out_of_range(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make(**wrong)


def test_no_requests_at_all():
    workload = make(n_warmup=0, n_measured=0)
    assert list(workload) == []
