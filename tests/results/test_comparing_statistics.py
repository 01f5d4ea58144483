"""What ``compare`` says of chance: against SciPy, against definitions, and against chance."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from icarus.results import ResultSet, compare
from icarus.results._differences import Samples, differences, holm
from icarus.results.comparing import Method, Verdict

# The step-down method, by hand.


def test_holm_by_hand():
    # Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, 0.04 x 1, none below the one before it.
    p = np.array([[0.01, 0.04], [0.03, 0.005]])
    assert holm(p).round(9).tolist() == [[0.03, 0.06], [0.06, 0.02]]
    assert holm(np.array([0.6, np.nan, 0.5])).tolist()[0::2] == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_holm_is_the_closure_of_bonferroni(p):
    # Marcus, Peritz and Gabriel: a hypothesis is rejected if all intersections with it are.
    subsets = [
        subset
        for size in range(1, len(p) + 1)
        for subset in itertools.combinations(range(len(p)), size)
    ]
    closed = [
        min(1.0, max(len(s) * min(p[j] for j in s) for s in subsets if i in s))
        for i in range(len(p))
    ]
    assert holm(np.array(p)).tolist() == pytest.approx(closed)


# Student's and Welch's tests.


def samples(values):
    """Samples of experiments, `values` of shape (n_experiments, n_metrics, n)."""
    n_experiments, n_metrics, n = values.shape
    return Samples(
        values.transpose(0, 2, 1).reshape(-1, n_metrics), np.repeat(np.arange(n_experiments), n)
    )


@pytest.mark.parametrize("n", [2, 3, 10])
@pytest.mark.parametrize("paired", [True, False])
def test_tests_and_intervals_are_those_of_scipy(n, paired):
    rng = np.random.default_rng(n)
    a = rng.normal(5, 2, (4, 3, n))
    b = a * rng.uniform(0.5, 1.5) + rng.normal(0, 1, a.shape)
    if not paired:
        b = np.concatenate([b, rng.normal(0, 5, (4, 3, 2))], axis=2)
    for one in (a, b):
        one[1, 2, 0] = np.nan
    found = differences(samples(a), samples(b), np.full(4, paired), 0.1)
    for place in itertools.product(range(4), range(3)):
        x, y = a[place], b[place]
        x, y = x[~np.isnan(x)], y[~np.isnan(y)]
        if len(x) < 2:
            assert np.isnan(found.p[place])
            continue
        told = stats.ttest_rel(y, x) if paired else stats.ttest_ind(y, x, equal_var=False)
        assert found.p[place] == pytest.approx(told.pvalue)
        low, high = told.confidence_interval(0.9)
        assert found.difference[place] == pytest.approx((low + high) / 2)
        assert found.half_width[place] == pytest.approx((high - low) / 2)
        assert found.mean_a[place] == pytest.approx(x.mean())
        assert found.mean_b[place] == pytest.approx(y.mean())


def test_pairs_and_others_side_by_side():
    # Pairs come first, whichever experiment they are of.
    a = Samples(np.array([[1.0], [2.0], [4.0], [1.0], [2.0], [9.0]]), np.array([1, 1, 1, 0, 0, 0]))
    b = Samples(np.array([[1.5], [2.4], [4.6], [5.0], [7.0]]), np.array([1, 1, 1, 0, 0]))
    found = differences(a, b, np.array([False, True]), 0.05)
    assert found.p[0, 0] == pytest.approx(
        stats.ttest_ind([5.0, 7.0], [1.0, 2.0, 9.0], equal_var=False).pvalue
    )
    assert found.p[1, 0] == pytest.approx(stats.ttest_rel([1.5, 2.4, 4.6], [1.0, 2.0, 4.0]).pvalue)


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5),
    st.floats(1e-3, 1e3),
    st.sampled_from([True, False]),
)
def test_nothing_differs_from_itself(values, factor, paired):
    a = samples(np.array(values).reshape(1, 1, -1))
    found = differences(a, a, np.array([paired]), 0.05)
    assert found.difference[0, 0] == 0
    assert found.exact[0, 0] or found.p[0, 0] == 1
    # What differs by rounding alone is the same.
    rounded = Samples(a.values * factor / factor, a.experiments)
    assert differences(a, rounded, np.array([paired]), 0.05).difference[0, 0] == 0


# Without any spread.


def campaigns(a, b, seed_b=1):
    """Two campaigns of one metric: `a` and `b` have the values of experiments in rows."""
    made = []
    for values, seed in ((a, 1), (b, seed_b)):
        results = ResultSet()
        for number, row in enumerate(values):
            for replication, value in enumerate(row):
                results.add(
                    {"cache": {"size": number}},
                    {"LATENCY": {"MEAN": float(value)}},
                    {"replication": replication, "seed": {"entropy": seed}},
                )
        made.append(results)
    return made


@pytest.mark.parametrize("seed_b", [1, 2])
def test_a_metric_that_no_replication_changes_is_compared_exactly(seed_b):
    # As where a trace is replayed by strategies that draw nothing.
    rows = compare(*campaigns([[3, 3], [5, 5]], [[3, 3], [6, 6]], seed_b)).rows
    assert [row.test for row in rows] == [Method.EXACT, Method.EXACT]
    assert [row.verdict for row in rows] == [Verdict.SAME, Verdict.DIFFER]
    assert rows[1].interval == (1, 1)
    assert math.isnan(rows[1].p)


def test_the_mean_of_equal_values_is_their_value():
    assert (0.1 + 0.1 + 0.1) / 3 != 0.1
    (row,) = compare(*campaigns([[0.1, 0.1, 0.1]], [[0.3, 0.3, 0.3]])).rows
    assert (row.mean_a, row.mean_b) == (0.1, 0.3)


def test_a_shift_by_one_amount_is_more_than_chance():
    a = np.array([[70.13, 74.92, 71.38, 69.55, 72.71]])
    (row,) = compare(*campaigns(a, a + 5 * a.std())).rows
    assert row.test is Method.PAIRED
    assert row.verdict is Verdict.DIFFER
    assert row.p < 1e-6
    low, high = row.interval
    assert low < 5 * a.std() < high


def test_equal_differences_of_whole_numbers_may_be_chance():
    # Values are 1 apart, so that a spread of 1 / sqrt(12) would not show.
    (row,) = compare(*campaigns([[3, 4]], [[4, 5]])).rows
    assert row.p == pytest.approx(2 * stats.t.sf(math.sqrt(12 * 2), 1))
    assert row.verdict is Verdict.SAME
    # Of values that come in finer steps elsewhere, the same says more.
    rows = compare(*campaigns([[3, 4], [0.5, 0.51]], [[4, 5], [0.5, 0.53]])).rows
    assert rows[0].p == pytest.approx(2 * stats.t.sf(math.sqrt(12 * 2) * 100, 1))


def test_equal_values_on_both_sides_of_a_metric_that_varies_elsewhere():
    (row, _) = compare(*campaigns([[3, 3, 3], [1, 2, 3]], [[4, 4, 4], [1, 2, 3]], 2)).rows
    # Variances of 1 / 12 that do not show: 4 degrees of freedom.
    assert row.test is Method.WELCH
    assert row.p == pytest.approx(2 * stats.t.sf(1 / math.sqrt(2 / 12 / 3), 4))


def test_p_is_corrected_for_all_comparisons_before_it_counts():
    a = np.random.default_rng(1).normal(100, 1, (20, 5))
    b = a.copy()
    b[0] += np.array([1.0, 2.0, 3.0, 1.5, 2.5])
    alone = compare(*campaigns(a[:1], b[:1]))
    assert 0.05 / 20 < alone.rows[0].p < 0.05
    assert alone.verdict is Verdict.DIFFER
    among_others = compare(*campaigns(a, b))
    assert among_others.rows[0].p == pytest.approx(alone.rows[0].p)
    assert among_others.rows[0].p_holm == pytest.approx(20 * alone.rows[0].p)
    assert among_others.verdict is Verdict.SAME


# Chance itself.

_TRIALS = 1000


def wrong_in(draw, paired):
    """How many of the trials find any difference where there is none."""
    rng = np.random.default_rng(20)
    wrong = 0
    for _ in range(_TRIALS):
        a, b = draw(rng, 4)
        found = differences(
            samples(a[:, np.newaxis]), samples(b[:, np.newaxis]), np.full(4, paired), 0.05
        )
        exactly = found.exact & (found.difference != 0)
        wrong += bool((exactly | (holm(found.p) <= 0.05)).any())
    return wrong


def with_common_requests(rng, n_experiments):
    common = rng.normal(100, 5, (1, 5))
    return [common + rng.normal(0, 1, (n_experiments, 5)) for _ in range(2)]


def of_other_spread(rng, n_experiments):
    return rng.normal(100, 1, (n_experiments, 4)), rng.normal(100, 5, (n_experiments, 9))


def shares_of_few_requests(rng, n_experiments):
    return [rng.binomial(50, 0.5, (n_experiments, 2)) / 50 for _ in range(2)]


@pytest.mark.parametrize(
    ("draw", "paired"),
    [(with_common_requests, True), (of_other_spread, False), (shares_of_few_requests, True),
     (shares_of_few_requests, False)],
)  # fmt: skip
def test_any_difference_is_found_by_chance_at_most_as_often_as_alpha_says(draw, paired):
    wrong = wrong_in(draw, paired)
    # More than this has a probability of 1 in 1,000 where the true rate is alpha.
    assert wrong <= stats.binom.ppf(0.999, _TRIALS, 0.05)


def test_where_there_is_one_comparison_alpha_is_kept_and_intervals_cover():
    rng = np.random.default_rng(3)
    n = 4000
    a, b = rng.normal(0, 1, (2, n, 1, 6))
    found = differences(samples(a), samples(b + 0.7), np.full(n, True), 0.05)
    covered = (np.abs(found.difference - 0.7) <= found.half_width).sum()
    low, high = stats.binom.interval(0.999, n, 0.95)
    assert low <= covered <= high
    null = differences(samples(a), samples(b), np.full(n, True), 0.05)
    low, high = stats.binom.interval(0.999, n, 0.05)
    assert low <= (null.p <= 0.05).sum() <= high


def test_many_experiments_and_metrics():
    rng = np.random.default_rng(4)
    shape = 1000, 10, 5
    a = rng.normal(100, 1, shape)
    b = a + rng.normal(0, 0.1, shape)
    b[7, 3] += 10
    a[11, 4] = b[11, 4] = 7.0
    found = differences(samples(a), samples(b), np.full(1000, True), 0.05)
    rejected = np.argwhere(holm(found.p) <= 0.05)
    assert rejected.tolist() == [[7, 3]]
    assert found.p[11, 4] == 1
