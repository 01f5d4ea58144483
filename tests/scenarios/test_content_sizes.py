"""Sizes that workloads make up: their laws, and that a content has one size only."""

import math
import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import icarus.scenarios.workload.content_sizes as module
from icarus.core.hashing import salted_hash, salted_hashes
from icarus.registry import TOPOLOGY_FACTORY, WORKLOAD
from icarus.scenarios.workload import StationaryWorkload, YCSBWorkload
from icarus.scenarios.workload.content_sizes import ContentSizes
from icarus.scenarios.workload.size_laws import size_law, size_problems

SALT = 0x1234_5678_9ABC_DEF1
LAWS = {
    "UNIFORM": ({"low": 3, "high": 11}, stats.randint(3, 12)),
    "LOGNORMAL": ({"median": 10_000, "sigma": 1.5}, stats.lognorm(1.5, scale=10_000)),
    "EXPONENTIAL": ({"mean": 5000}, stats.expon(scale=5000)),
    "PARETO": (
        {"shape": 1.2, "low": 1000, "high": 10**7},
        stats.truncpareto(1.2, 10**4, scale=1000),
    ),
}


def sizes(law, n=1000, **kwargs):
    return ContentSizes(law, n, SALT, **kwargs)


def tree():
    return TOPOLOGY_FACTORY["TREE"](k=2, h=2)


def column(workload, *size):
    return np.concatenate([batch.size for batch in workload.batches(*size)])


@given(st.lists(st.integers(0, 2**62), min_size=1), st.integers(1, 2**63 - 1))
def test_hashes_of_many_are_those_of_each(numbers, salt):
    found = salted_hashes(np.array(numbers, np.int64), salt)
    assert found.tolist() == [salted_hash(number, salt) for number in numbers]


@pytest.mark.parametrize("name", LAWS)
class TestLaws:
    def test_quantiles_are_those_of_scipy(self, name):
        parameters, law = LAWS[name]
        u = np.linspace(0.001, 0.999, 997)
        found = size_law({"dist": name, **parameters}).quantile(u)
        np.testing.assert_allclose(found, law.ppf(u), rtol=1e-9)

    def test_the_mean_is_that_of_scipy(self, name):
        parameters, law = LAWS[name]
        assert size_law({"dist": name, **parameters}).mean == pytest.approx(law.mean(), rel=1e-9)

    def test_a_size_is_the_rounded_quantile_of_a_hash(self, name):
        parameters, law = LAWS[name]
        for i, size in enumerate(sizes({"dist": name, **parameters}).of(np.arange(200)).tolist()):
            u = (salted_hash(i, SALT) >> 11) / 2**53
            assert size == max(1, round(law.ppf(u)))

    def test_sizes_follow_the_law(self, name):
        parameters, law = LAWS[name]
        drawn = sizes({"dist": name, **parameters}).of(np.arange(20_000))
        for quantile in (0.1, 0.5, 0.9):
            share = np.mean(drawn <= law.ppf(quantile))
            assert share == pytest.approx(law.cdf(law.ppf(quantile)), abs=0.015)


def test_the_ends_of_a_uniform_law_are_as_likely_as_the_middle():
    drawn = sizes({"dist": "UNIFORM", "low": 1, "high": 3}).of(np.arange(30_000))
    assert set(drawn.tolist()) == {1, 2, 3}
    assert np.bincount(drawn)[1:].tolist() == pytest.approx([10_000] * 3, rel=0.03)


def test_a_pareto_law_of_shape_1_has_a_mean():
    mean = size_law({"dist": "PARETO", "shape": 1, "low": 1, "high": 1000}).mean
    assert mean == pytest.approx(math.log(1000) / (1 - 1 / 1000))


class TestEmpirical:
    def test_shares_are_those_of_the_file(self, tmp_path):
        path = tmp_path / "sizes.csv"
        path.write_text("# size,share\n500,3\n100,1\n\n900,0\n")
        law = {"dist": "EMPIRICAL", "path": str(path)}
        drawn = sizes(law).of(np.arange(40_000))
        assert set(drawn.tolist()) == {100, 500}
        assert np.mean(drawn == 100) == pytest.approx(0.25, abs=0.01)
        assert size_law(law).mean == pytest.approx(400)

    @pytest.mark.parametrize(
        ("text", "line", "part"),
        [
            ("5,1\n3\n", 2, "should be a size and a share, found '3'"),
            ("x,1\n", 1, "should be two numbers"),
            ("0,1\n", 1, "the size should be from 1 to 2**53, found 0"),
            ("5,-1\n", 1, "the share should be 0 or more, found -1"),
            ("5,0\n", None, "no size has a share above 0"),
        ],
    )
    def test_broken_lines(self, tmp_path, text, line, part):
        path = tmp_path / "sizes.csv"
        path.write_text(text)
        (problem,) = size_problems({"dist": "EMPIRICAL", "path": str(path)})
        place = f"{path}:{line}" if line else str(path)
        assert problem.startswith(f"content_size.path: {place}: ")
        assert part in problem

    def test_a_changed_file_is_read_again(self, tmp_path):
        path = tmp_path / "sizes.csv"
        law = {"dist": "EMPIRICAL", "path": str(path)}
        path.write_text("5,1\n")
        assert sizes(law).of(np.arange(3)).tolist() == [5, 5, 5]
        path.write_text("x,1\n")
        stamp = path.stat().st_mtime_ns + 10**9
        os.utime(path, ns=(stamp, stamp))
        with pytest.raises(ValueError, match="two numbers"):
            sizes(law)


LAW = {"dist": "LOGNORMAL", "median": "10 kB", "sigma": 2}


class TestContents:
    @given(st.lists(st.integers(0, 10**12 - 1), max_size=40), st.integers(1, 7))
    def test_any_batching_gives_the_same_sizes(self, numbers, at_once):
        own = ContentSizes(LAW, 10**12, SALT, 0.3)
        contents = np.array(numbers, np.int64)
        parts = [own.of(contents[i : i + at_once]) for i in range(0, len(contents), at_once)]
        assert own.of(contents).tolist() == [size for part in parts for size in part.tolist()]

    def test_the_sum_is_exact_up_to_a_number_and_then_the_mean_counts(self, monkeypatch):
        own = sizes(LAW, 70_000)
        assert own.total == int(own.of(np.arange(70_000)).sum())
        monkeypatch.setattr(module, "SUMMED_UP_TO", 69_999)
        assert sizes(LAW, 70_000).total == round(70_000 * own.mean)
        assert sizes(1500, 10**12).total == 1500 * 10**12

    def test_sizes_are_one_byte_at_least(self):
        drawn = sizes({"dist": "LOGNORMAL", "median": 1, "sigma": 3}).of(np.arange(1000))
        assert drawn.min() == 1
        assert drawn.dtype == np.int64

    @pytest.mark.parametrize("r", [-0.7, 0.5, 0.9])
    def test_sizes_are_correlated_with_ranks(self, r):
        drawn = sizes(LAW, 20_000, rank_correlation=r).of(np.arange(20_000))
        spearman = stats.spearmanr(np.arange(20_000), drawn).statistic
        assert spearman == pytest.approx(6 / math.pi * math.asin(r / 2), abs=0.02)
        # The law is the same all the same.
        assert np.median(drawn) == pytest.approx(10_000, rel=0.05)

    def test_full_correlation_sorts(self):
        up = sizes(LAW, 1000, rank_correlation=1).of(np.arange(1000))
        down = sizes(LAW, 1000, rank_correlation=-1).of(np.arange(1000))
        assert (np.diff(up) >= 0).all()
        assert (np.diff(down) <= 0).all()
        assert up[0] < up[-1]

    def test_impossible_correlations(self):
        with pytest.raises(ValueError, match="from -1 to 1, found 1"):
            sizes(LAW, rank_correlation=1.5)


class TestStationary:
    def workload(self, **kwargs):
        given = {"n_contents": 1000, "alpha": 0.8, "n_warmup": 100, "n_measured": 5000, "seed": 3}
        return StationaryWorkload(tree(), **{**given, **kwargs})

    def test_requests_are_those_without_sizes(self):
        for plain, sized in zip(
            self.workload().batches(), self.workload(content_size=7).batches(), strict=True
        ):
            assert plain.size is None
            assert set(sized.size.tolist()) == {7}
            for name in ("time", "receiver", "content", "measured"):
                assert (getattr(plain, name) == getattr(sized, name)).all()

    def test_a_content_has_one_size_in_any_batching(self):
        workload = self.workload(content_size=LAW)
        whole = column(workload)
        assert (column(workload, 17) == whole).all()
        contents = np.concatenate([batch.content for batch in workload.batches()])
        known = dict(zip(contents.tolist(), whole.tolist(), strict=True))
        assert all(known[c] == s for c, s in zip(contents.tolist(), whole.tolist(), strict=True))
        assert len(set(known.values())) > 500

    def test_other_seeds_give_other_sizes(self):
        one, other = (self.workload(content_size=LAW, seed=s) for s in (1, 2))
        assert one.catalogue_bytes != other.catalogue_bytes
        again = self.workload(content_size=LAW, seed=1)
        assert one.catalogue_bytes == again.catalogue_bytes

    def test_a_million_million_contents(self):
        workload = self.workload(n_contents=10**12, content_size=LAW)
        assert column(workload).min() >= 1
        assert workload.catalogue_bytes == pytest.approx(10**16 * math.exp(2), rel=1e-12)

    def test_popularity_that_changes_leaves_sizes_alone(self):
        workload = self.workload(content_size=LAW)
        requests = workload.batches()
        batch = next(requests)
        contents = requests.set_popularity(1000, shuffle=1.0)
        assert not (contents == batch.content[-1000:]).all()
        assert (requests.sizes_of(contents) == workload.sizes.of(contents)).all()

    def test_more_bytes_than_can_be_counted(self):
        with pytest.raises(ValueError, match="more than can be counted"):
            self.workload(content_size=2**53)

    def test_a_correlation_needs_sizes(self):
        with pytest.raises(ValueError, match="needs content_size"):
            self.workload(size_rank_correlation=0.5)


class TestYcsb:
    def workload(self, mix="A", **kwargs):
        return YCSBWorkload(mix, 500, 100, 2000, seed=3, topology=tree(), **kwargs)

    @pytest.mark.parametrize("mix", "ABCDE")
    def test_records_have_sizes(self, mix):
        workload = self.workload(mix, content_size=LAW)
        for batch in workload.batches():
            assert (batch.size == workload.sizes.of(batch.content)).all()
        assert workload.catalogue_bytes == int(workload.sizes.of(np.arange(500)).sum())

    def test_new_records_have_no_rank(self):
        message = "in workload D a record is popular as long as it is new"
        with pytest.raises(ValueError, match=message):
            self.workload("D", content_size=7, size_rank_correlation=0.5)
        given = {"workload": "D", "content_size": 7, "size_rank_correlation": 0.5}
        (problem,) = WORKLOAD.checks["YCSB"](given)
        assert message in problem


@pytest.mark.parametrize(
    ("law", "problems"),
    [
        (0, ["content_size should be from 1 to 2**53 bytes, found 0"]),
        (
            {"low": 3},
            [
                "content_size.dist: missing; known: EMPIRICAL, EXPONENTIAL, LOGNORMAL, PARETO, "
                "UNIFORM"
            ],
        ),
        (
            {"dist": "LOGNORML"},
            ["content_size.dist: unknown distribution 'LOGNORML'; did you mean 'LOGNORMAL'?"],
        ),
        (
            {"dist": "LOGNORMAL", "mediam": 3, "sigma": -1},
            [
                "content_size.mediam: LOGNORMAL has no such parameter; did you mean 'median'?",
                "content_size.median: missing; LOGNORMAL needs it",
                "content_size.sigma should be greater than or equal to 0, found -1",
            ],
        ),
        (
            {"dist": "UNIFORM", "low": 5, "high": 3},
            ["content_size.high should be at least low, 5, found 3"],
        ),
        (
            {"dist": "PARETO", "shape": 1, "low": 5, "high": 5},
            ["content_size.high should be above low, 5, found 5"],
        ),
        (
            {"dist": "EMPIRICAL", "path": "/nofile"},
            ["content_size.path: /nofile: there is no such file"],
        ),
    ],
)
def test_mistakes(law, problems):
    assert size_problems(law) == problems
    for name in ("STATIONARY", "YCSB"):
        assert WORKLOAD.checks[name]({"content_size": law}) == problems
