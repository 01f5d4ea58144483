"""Distributions against their probabilities, intervals against worked examples."""

from __future__ import annotations

import math
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from icarus.tools import (
    DiscreteDist,
    TruncatedZipfDist,
    cdf,
    means_confidence_interval,
    pdf,
    proportions_confidence_interval,
)


class TestDiscreteDist:
    def test_properties(self):
        dist = DiscreteDist([0.5, 0.25, 0.25])
        assert len(dist) == 3
        assert dist.pdf.tolist() == [0.5, 0.25, 0.25]
        assert dist.cdf.tolist() == [0.5, 0.75, 1.0]

    def test_the_last_cumulated_probability_is_exactly_1(self):
        assert DiscreteDist([0.1] * 10).cdf[-1] == 1.0
        assert DiscreteDist([0.3335, 0.3335, 0.3335]).cdf[-1] == 1.0

    @pytest.mark.parametrize("pdf", [[0.5, 0.4], [0.6, 0.6], [], [1.5, -0.5], [math.nan, 1.0]])
    def test_what_is_no_distribution_is_refused(self, pdf):
        with pytest.raises(ValueError, match="pdf"):
            DiscreteDist(pdf)

    def test_a_matrix_is_refused(self):
        with pytest.raises(ValueError, match="vector"):
            DiscreteDist([[0.5, 0.5]])

    def test_the_argument_is_neither_changed_nor_shared(self):
        given_pdf = np.array([0.5, 0.5])
        dist = DiscreteDist(given_pdf)
        given_pdf[0] = 7
        assert dist.pdf.tolist() == [0.5, 0.5]

    @pytest.mark.parametrize(
        "dist", [TruncatedZipfDist(0.8, 50, seed=1), DiscreteDist([0.02] * 50, seed=1)]
    )
    def test_arrays_can_be_shuffled_in_place_and_draws_stay(self, dist):
        before = dist.pdf.copy()
        cumulated = dist.cdf.copy()
        np.random.default_rng(1).shuffle(dist.pdf)
        dist.pdf[0] *= 1
        assert sorted(dist.pdf) == sorted(before)
        assert (dist.cdf == cumulated).all()
        dist.cdf[:] = dist.cdf[::-1].copy()[::-1]
        fresh = TruncatedZipfDist(0.8, 50)
        assert fresh.pdf[0] == max(fresh.pdf)
        assert dist.pdf is dist.pdf
        assert set(dist.sample(20_000)) == set(range(1, 51))

    def test_draws_are_python_ints_and_fit_the_probabilities(self):
        dist = DiscreteDist([0.2, 0.0, 0.8], seed=3)
        draws = [dist.rv() for _ in range(5000)]
        assert {type(draw) for draw in draws} == {int}
        assert set(draws) == {1, 3}
        assert chisquare([draws.count(1), draws.count(3)], [1000, 4000]).pvalue > 0.001

    def test_one_by_one_and_many_at_once_are_the_same_draws(self):
        one, many = (DiscreteDist([0.1, 0.6, 0.3], seed=5) for _ in range(2))
        assert [one.rv() for _ in range(100)] == many.sample(100).tolist()

    def test_global_generators_are_left_alone(self):
        state = np.random.get_state()[1].copy()  # noqa: NPY002
        DiscreteDist([0.5, 0.5], seed=1).sample(10)
        assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


class TestTruncatedZipfDist:
    def test_worked_example(self):
        # 1 + 1/2 + 1/3 = 11/6
        dist = TruncatedZipfDist(alpha=1, n=3)
        assert dist.pdf == pytest.approx([6 / 11, 3 / 11, 2 / 11])
        assert dist.cdf == pytest.approx([6 / 11, 9 / 11, 1])
        assert dist.alpha == 1

    def test_alpha_0_is_uniform(self):
        assert TruncatedZipfDist(alpha=0, n=4).pdf.tolist() == [0.25] * 4

    @pytest.mark.parametrize("wrong", [{"alpha": -0.1}, {"alpha": math.nan}, {"n": 0}, {"n": -1}])
    def test_out_of_range(self, wrong):
        with pytest.raises(ValueError, match="must be"):
            TruncatedZipfDist(**wrong)

    @pytest.mark.parametrize("alpha", [0, 0.5, 0.8, 1, 1.2])
    @pytest.mark.parametrize("n", [50, 3000])
    def test_samples_fit_the_probabilities(self, alpha, n):
        dist = TruncatedZipfDist(alpha, n, seed=11)
        draws = dist.sample(200_000)
        assert draws.dtype == np.int64
        assert draws.min() >= 1
        assert draws.max() <= n
        counts = np.bincount(draws, minlength=n + 1)[1:]
        assert chisquare(counts, dist.pdf * len(draws)).pvalue > 0.001

    @given(n=st.sampled_from([3, 5000]), parts=st.lists(st.integers(0, 50), max_size=8))
    def test_draws_do_not_depend_on_how_they_are_split(self, n, parts):
        dist = TruncatedZipfDist(0.8, n)
        rng = np.random.default_rng(1)
        split = [value for size in parts for value in dist.sample(size, rng).tolist()]
        assert split == dist.sample(sum(parts), np.random.default_rng(1)).tolist()


class TestMeansConfidenceInterval:
    def test_worked_example(self):
        # s = sqrt(5/3), t(0.975, 3) = 3.18245: 3.18245 * 1.29099 / 2
        mean, half_width = means_confidence_interval([1, 2, 3, 4])
        assert mean == 2.5
        assert half_width == pytest.approx(2.05426, abs=1e-5)

    def test_more_confidence_is_wider(self):
        narrow, wide = (means_confidence_interval([1, 2, 4], level)[1] for level in (0.9, 0.99))
        assert narrow < wide

    def test_equal_samples_have_width_0(self):
        assert means_confidence_interval([0.1] * 3) == (0.1, 0.0)
        assert means_confidence_interval(deque([7])) == (7.0, 0.0)

    def test_no_samples_give_nan_in_silence(self):
        assert all(math.isnan(value) for value in means_confidence_interval([]))
        assert all(math.isnan(value) for value in proportions_confidence_interval([]))

    @pytest.mark.parametrize("confidence", [0, 1, -1, 95, math.nan])
    def test_confidence_out_of_range(self, confidence):
        with pytest.raises(ValueError, match="confidence"):
            means_confidence_interval([1, 2], confidence)
        with pytest.raises(ValueError, match="confidence"):
            proportions_confidence_interval([1, 0], confidence)

    def test_covers_the_true_mean_as_often_as_it_says(self):
        samples = np.random.default_rng(4).normal(10, 2, size=(2000, 3))
        intervals = [means_confidence_interval(row) for row in samples]
        covered = sum(abs(mean - 10) <= half_width for mean, half_width in intervals)
        assert covered / 2000 == pytest.approx(0.95, abs=0.015)


def test_proportions_confidence_interval():
    # p = 0.2, sqrt(0.2 * 0.8 / 100) = 0.04, z(0.975) = 1.95996
    p, half_width = proportions_confidence_interval([True] * 20 + [False] * 80, 0.95)
    assert p == pytest.approx(0.2)
    assert half_width == pytest.approx(0.0783986)
    with pytest.raises(ValueError, match="0 or 1"):
        proportions_confidence_interval([1, 2], 0.95)


class TestEmpirical:
    @pytest.mark.parametrize("kind", [list, deque, np.array])
    def test_cdf(self, kind):
        values, probabilities = cdf(kind([2, 1, 2, 4]))
        assert values.tolist() == [1, 2, 4]
        assert probabilities.tolist() == [0.25, 0.75, 1.0]

    @given(st.lists(st.floats(-1e6, 1e6), min_size=1))
    def test_cdf_ends_in_exactly_1(self, data):
        values, probabilities = cdf(data)
        assert probabilities[-1] == 1.0
        assert (np.diff(values) > 0).all()

    def test_bins_of_pdf_include_their_upper_edge(self):
        # Bins [0, 1], (1, 2], (2, 3], (3, 4]: 1 falls into the first.
        centres, density = pdf([0, 1, 1, 4], 4)
        assert centres.tolist() == [0.5, 1.5, 2.5, 3.5]
        assert density.tolist() == [0.75, 0, 0, 0.25]

    @given(st.lists(st.integers(-100, 100), min_size=1), st.integers(1, 20))
    def test_pdf_integrates_to_1(self, data, n_bins):
        centres, density = pdf(data, n_bins)
        width = ((max(data) - min(data)) or 1) / n_bins
        assert len(centres) == n_bins
        assert density.sum() * width == pytest.approx(1)

    def test_what_cannot_be_done_is_a_type_error(self):
        for data, n_bins in (([], 3), ([1, 2], 0), ([1, 2], 2.5)):
            with pytest.raises(TypeError):
                pdf(data, n_bins)
        with pytest.raises(TypeError):
            cdf([])
