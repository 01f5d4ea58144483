"""The p-value of the Zipf fit, whose ranks come from the counts that it tests."""

from __future__ import annotations

import numpy as np
import pytest

from icarus.cli.trace_reports import info_lines
from icarus.tools import zipf_fit


def counts(popularity, n_requests, seed):
    weights = np.asarray(popularity, dtype=float)
    drawn = np.random.default_rng(seed).multinomial(n_requests, weights / weights.sum())
    return np.sort(drawn[drawn > 0])[::-1]


def zipf(alpha, n):
    return np.arange(1, n + 1) ** -float(alpha)


@pytest.mark.parametrize(
    ("alpha", "n_contents", "n_requests"),
    [(0, 300, 30_000), (0, 500, 1000), (0.8, 300, 30_000), (1.2, 2000, 5000)],
)
def test_p_values_of_zipf_requests_are_spread_evenly(alpha, n_contents, n_requests):
    # Uniform requests are Zipf ones of exponent 0. Contents that nobody requested are not seen.
    p = [zipf_fit(counts(zipf(alpha, n_contents), n_requests, seed))[1] for seed in range(24)]
    assert 0.3 < np.mean(p) < 0.7
    assert min(p) < 0.3
    assert max(p) > 0.7


@pytest.mark.parametrize(
    "popularity",
    [
        np.random.default_rng(1).lognormal(size=1000),
        np.exp(-np.arange(1000) / 200),
        np.repeat([10, 1], [100, 900]),
    ],
)
def test_others_are_rejected(popularity):
    assert zipf_fit(counts(popularity, 100_000, 1))[1] < 1e-3


def test_it_is_the_same_each_time_and_of_any_order():
    requests = counts(zipf(0.7, 200), 5000, 1)
    state = np.random.get_state()[1].copy()  # noqa: NPY002 - which nothing is to touch
    assert zipf_fit(requests) == zipf_fit(requests[::-1], need_sorting=True)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


@pytest.mark.parametrize("few", [[1, 0], [3, 2], [1, 1], [2, 1, 1], [10**12, 1, 0], [10**15, 5]])
def test_few_counts_have_a_p_value(few):
    _, p = zipf_fit(few)
    assert 0 <= p <= 1


def test_many_contents_are_not_tested(monkeypatch):
    monkeypatch.setattr("icarus.traces.zipf_fit.MOST_TESTED", 2)
    assert np.isnan(zipf_fit([3, 2, 1])[1])


def test_infinite_frequencies():
    with pytest.raises(ValueError, match="finite"):
        zipf_fit([np.inf, 1])


def test_what_is_printed(tmp_path):
    path = tmp_path / "t.txt"
    path.write_text("a\nb\na\nb\n")
    assert "0.000 (all contents are requested about equally often)" in info_lines(path)[7]
    path.write_text("a\n" * 300 + "b\n" * 290 + "c\n" * 2 + "d\n")
    assert "(p < 0.001)" in info_lines(path)[7]
