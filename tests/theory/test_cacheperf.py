"""Models of caches against published figures, against laws and against simulated caches."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.models.cache import FifoCache, LruCache, RandEvictionCache
from icarus.tools import TruncatedZipfDist, cacheperf
from icarus.tools.cacheperf import (
    che_cache_hit_ratio,
    che_cache_hit_ratio_generalized,
    che_cache_hit_ratio_simplified,
    che_characteristic_time,
    che_characteristic_time_generalized,
    che_characteristic_time_simplified,
    che_p_in_func,
    che_per_content_cache_hit_ratio,
    che_per_content_cache_hit_ratio_generalized,
    che_per_content_cache_hit_ratio_simplified,
    fagin_cache_hit_ratio,
    fagin_characteristic_time,
    fagin_per_content_cache_hit_ratio,
    laoutaris_cache_hit_ratio,
    laoutaris_characteristic_time,
    laoutaris_per_content_cache_hit_ratio,
    numeric_cache_hit_ratio,
    numeric_cache_hit_ratio_2_layers,
    numeric_per_content_cache_hit_ratio,
    optimal_cache_hit_ratio,
    trace_driven_cache_hit_ratio,
)

ZIPF = TruncatedZipfDist(0.8, 100).pdf
POLICIES = [("LRU", {}), ("q-LRU", {"q": 0.1}), ("FIFO", {}), ("RANDOM", {})]

# By cache size: Fagin, Che with one time, Che with a time for each content, FIFO, q-LRU, optimal.
PUBLISHED = {
    40: {
        "fagin": (71.8990, 0.646082),
        "simplified": (72.2109, 0.645412),
        "che": (75.0655, 0.650202),
        "FIFO": (98.5465, 0.594100),
        "q-LRU": (288.476, 0.692916),
        "optimal": 0.743126,
    },
    10: {
        "fagin": (11.6225, 0.266405),
        "simplified": (11.7456, 0.263261),
        "che": (12.8348, 0.271769),
        "FIFO": (13.0900, 0.236059),
        "q-LRU": (68.2216, 0.344132),
        "optimal": 0.438275,
    },
}


def digits(value):
    """Half a unit of the last of six digits after the leading one's place."""
    return pytest.approx(value, rel=0, abs=0.5000001 * 10 ** (math.floor(math.log10(value)) - 5))


@st.composite
def popularities(draw):
    """A popularity vector of 3 to 60 contents, most popular first."""
    weights = draw(st.lists(st.floats(1e-6, 1), min_size=3, max_size=60))
    return np.sort(np.array(weights) / sum(weights))[::-1]


sizes = st.floats(0.01, 0.99)  # as a share of the largest size that a model takes


class TestPublished:
    @pytest.mark.parametrize("size", PUBLISHED)
    def test_one_cache(self, size):
        figures = PUBLISHED[size]
        time, ratio = figures["fagin"]
        assert fagin_characteristic_time(ZIPF, size) == digits(time)
        assert fagin_cache_hit_ratio(ZIPF, size) == digits(ratio)
        time, ratio = figures["simplified"]
        assert che_characteristic_time_simplified(ZIPF, size) == digits(time)
        assert che_cache_hit_ratio_simplified(ZIPF, size) == digits(ratio)
        time, ratio = figures["che"]
        assert che_characteristic_time(ZIPF, size)[0] == digits(time)
        assert che_cache_hit_ratio(ZIPF, size) == digits(ratio)
        assert optimal_cache_hit_ratio(ZIPF, size) == digits(figures["optimal"])

    @pytest.mark.parametrize("size", PUBLISHED)
    @pytest.mark.parametrize(("policy", "options"), [("FIFO", {}), ("q-LRU", {"q": 0.1})])
    def test_other_policies(self, size, policy, options):
        time, ratio = PUBLISHED[size][policy]
        assert che_characteristic_time_generalized(ZIPF, size, policy, **options) == digits(time)
        assert che_cache_hit_ratio_generalized(ZIPF, size, policy, **options) == digits(ratio)

    def test_time_of_the_least_popular(self):
        assert che_characteristic_time(ZIPF, 40)[-1] == digits(72.7800)

    @pytest.mark.parametrize(
        ("arguments", "time"),
        [
            ((0.8, 1000, 100), 121.0774),
            ((0.7, 1000, 100), 114.3159),
            ((0.8, 1000, 40), 45.0353),
            ((0.5, 1000, 50), 52.4414),
            ((0.7, 1000, 100, 2), 130.5845),
            ((0.5, 1000, 50, 2), 52.6821),
        ],
    )
    def test_laoutaris(self, arguments, time):
        assert laoutaris_characteristic_time(*arguments) == pytest.approx(time, abs=5.1e-5)

    def test_laoutaris_where_the_closed_form_of_the_cubic_went_wrong(self):
        assert laoutaris_characteristic_time(0.5, 100, 40) == pytest.approx(55.4, abs=0.05)


class TestChe:
    def test_by_hand(self):
        # Each of two others fills half of a cache of one: exp(-T / 3) = 1/2.
        uniform = [1 / 3] * 3
        assert che_characteristic_time(uniform, 1) == pytest.approx([3 * math.log(2)] * 3)
        assert che_per_content_cache_hit_ratio(uniform, 1) == pytest.approx([0.5] * 3)
        # One time for all: exp(-T / 3) = 2/3.
        assert che_characteristic_time_simplified(uniform, 1) == pytest.approx(3 * math.log(1.5))
        assert che_cache_hit_ratio_simplified(uniform, 1) == pytest.approx(1 / 3)

    @settings(deadline=None)  # the first call imports
    @given(pdf=popularities(), share=sizes)
    def test_each_time_solves_its_equation(self, pdf, share):
        size = share * (len(pdf) - 1)
        times = np.array(che_characteristic_time(pdf, size))
        for i, time in enumerate(times):
            others = np.delete(pdf, i)
            assert -np.expm1(-others * time).sum() == pytest.approx(size, rel=1e-9)
        assert (times >= size * (1 - 1e-12)).all()
        assert (np.diff(times) <= 1e-9 * times[0]).all()

    @pytest.mark.parametrize(("n", "size"), [(3, 0.01), (100, 98.5), (5000, 10), (5000, 4990)])
    def test_all_times_at_once_are_the_times_of_each(self, n, size):
        pdf = TruncatedZipfDist(0.8, n).pdf
        times = che_characteristic_time(pdf, size)
        for rank in (1, 2, n // 2 + 1, n):
            assert times[rank - 1] == pytest.approx(
                che_characteristic_time(pdf, size, rank), rel=1e-11
            )

    def test_probabilities_of_all_magnitudes(self):
        tiny = [1e-20 ** (i / 2) for i in range(1, 10)]
        pdf = [1 - sum(tiny), *tiny]
        times = che_characteristic_time(pdf, 7.9)
        assert times == pytest.approx([che_characteristic_time(pdf, 7.9, i) for i in range(1, 11)])

    def test_contents_that_are_never_requested(self):
        padded = np.append(ZIPF, [0.0, 0.0])
        assert che_per_content_cache_hit_ratio(padded, 40)[-2:] == [0, 0]
        assert che_cache_hit_ratio(padded, 40) == pytest.approx(che_cache_hit_ratio(ZIPF, 40))
        assert fagin_cache_hit_ratio(padded, 40) == pytest.approx(fagin_cache_hit_ratio(ZIPF, 40))

    def test_generalizes(self):
        assert che_cache_hit_ratio_generalized(ZIPF, 40) == che_cache_hit_ratio_simplified(ZIPF, 40)
        assert che_cache_hit_ratio_generalized(ZIPF, 40, "q-LRU", q=1) == pytest.approx(
            che_cache_hit_ratio_simplified(ZIPF, 40)
        )
        # Inserting ever more rarely keeps the most popular.
        assert che_cache_hit_ratio_generalized(ZIPF, 40, "q-LRU", q=1e-9) == pytest.approx(
            optimal_cache_hit_ratio(ZIPF, 40), abs=0.005
        )

    def test_the_function_of_a_policy(self):
        p_in = che_p_in_func("FIFO")
        assert p_in(np.array([0.5, 0.25]), 4.0).tolist() == pytest.approx([2 / 3, 1 / 2])

    def test_large_catalogues(self):
        pdf = TruncatedZipfDist(0.8, 100_000).pdf
        exact, simple = che_cache_hit_ratio(pdf, 1000), che_cache_hit_ratio_simplified(pdf, 1000)
        assert exact == pytest.approx(simple, abs=1e-4)


class TestLaws:
    @settings(deadline=None)  # the first call imports
    @given(pdf=popularities(), share=sizes)
    def test_simple_models(self, pdf, share):
        size = share * len(pdf)
        best = optimal_cache_hit_ratio(pdf, size)
        for model in [
            lambda: fagin_per_content_cache_hit_ratio(pdf, size),
            *(
                lambda policy=policy, options=options: che_per_content_cache_hit_ratio_generalized(
                    pdf, size, policy, **options
                )
                for policy, options in POLICIES
            ),
        ]:
            hits = np.array(model())
            assert ((hits >= 0) & (hits <= 1)).all()
            assert (np.diff(hits) <= 1e-12).all()
            assert hits.sum() == pytest.approx(size)
            assert pdf @ hits <= best + 1e-9

    @settings(deadline=None)  # the first call imports
    @given(pdf=popularities(), share=sizes)
    def test_exact_model(self, pdf, share):
        hits = np.array(che_per_content_cache_hit_ratio(pdf, share * (len(pdf) - 1)))
        assert ((hits >= 0) & (hits <= 1)).all()
        assert (np.diff(hits) <= 1e-9).all()

    @settings(deadline=None)  # the first call imports
    @given(pdf=popularities(), share=sizes)
    def test_a_larger_cache_hits_more(self, pdf, share):
        small, large = share * (len(pdf) - 1) / 2, share * (len(pdf) - 1)
        for model in (
            fagin_cache_hit_ratio,
            che_cache_hit_ratio,
            che_cache_hit_ratio_simplified,
            optimal_cache_hit_ratio,
        ):
            assert model(pdf, small) < model(pdf, large) + 1e-12

    @settings(deadline=None)  # the first call imports
    @given(pdf=popularities(), share=sizes)
    def test_policies_in_their_order(self, pdf, share):
        fifo, lru, q_lru = (
            che_cache_hit_ratio_generalized(pdf, share * len(pdf), policy, **options)
            for policy, options in [("FIFO", {}), ("LRU", {}), ("q-LRU", {"q": 0.5})]
        )
        assert fifo <= lru + 1e-9
        assert lru <= q_lru + 1e-9

    @settings(max_examples=50, deadline=None)
    @given(
        alpha=st.floats(0, 1.2),
        n=st.integers(10, 500),
        share=st.floats(0.01, 0.4),
        order=st.sampled_from([2, 3]),
    )
    def test_laoutaris(self, alpha, n, share, order):
        size = share * n
        try:
            hits = np.array(laoutaris_per_content_cache_hit_ratio(alpha, n, size, order))
        except ValueError:
            with pytest.raises(ValueError, match="no real root above the cache size"):
                laoutaris_characteristic_time(alpha, n, size, order)
            return
        assert laoutaris_characteristic_time(alpha, n, size, order) > size
        assert ((hits >= 0) & (hits <= 1)).all()
        assert (np.diff(hits) <= 1e-12).all()

    def test_limits(self):
        assert optimal_cache_hit_ratio(ZIPF, 100) == 1.0
        assert optimal_cache_hit_ratio([0.1, 0.6, 0.3], 1) == 0.6
        assert optimal_cache_hit_ratio([0.1, 0.6, 0.3], 1.5) == pytest.approx(0.75)
        for model in (fagin_cache_hit_ratio, che_cache_hit_ratio_simplified):
            assert model(ZIPF, 99.999) == pytest.approx(1, abs=1e-4)
            assert model(ZIPF, 1e-6) == pytest.approx(0, abs=1e-6)
            assert model([1.0], 0.5) == pytest.approx(0.5)

    def test_laoutaris_near_che_for_small_caches(self):
        pdf = TruncatedZipfDist(0.7, 1000).pdf
        assert laoutaris_cache_hit_ratio(0.7, 1000, 20) == pytest.approx(
            che_cache_hit_ratio_simplified(pdf, 20), rel=0.02
        )


class TestTargets:
    """From 0 for most functions, from 1 for three: as users of Icarus 0.8 have them."""

    @pytest.mark.parametrize(
        "model",
        [
            fagin_per_content_cache_hit_ratio,
            che_per_content_cache_hit_ratio,
            che_per_content_cache_hit_ratio_simplified,
        ],
    )
    def test_from_0(self, model):
        hits = model(ZIPF, 40)
        assert isinstance(hits, list)
        assert model(ZIPF, 40, target=0) == pytest.approx(hits[0])
        assert model(ZIPF, 40, target=99) == pytest.approx(hits[99])
        for wrong in (-1, 100):
            with pytest.raises(ValueError, match="from 0 to 99"):
                model(ZIPF, 40, target=wrong)

    @pytest.mark.parametrize(
        "model",
        [
            lambda **target: che_characteristic_time(ZIPF, 40, **target),
            lambda **target: laoutaris_per_content_cache_hit_ratio(0.8, 100, 10, **target),
            lambda **target: numeric_per_content_cache_hit_ratio(
                ZIPF, LruCache(40), 10, 1000, seed=1, **target
            ),
        ],
    )
    def test_from_1(self, model):
        values = model()
        assert model(target=1) == pytest.approx(values[0])
        assert model(target=100) == pytest.approx(values[99])
        for wrong in (0, 101):
            with pytest.raises(ValueError, match="from 1 to 100"):
                model(target=wrong)


class TestRefused:
    MODELS = (
        fagin_characteristic_time,
        fagin_per_content_cache_hit_ratio,
        fagin_cache_hit_ratio,
        che_characteristic_time,
        che_per_content_cache_hit_ratio,
        che_cache_hit_ratio,
        che_characteristic_time_simplified,
        che_per_content_cache_hit_ratio_simplified,
        che_cache_hit_ratio_simplified,
        che_cache_hit_ratio_generalized,
    )

    @pytest.mark.parametrize("model", MODELS)
    def test_impossible_caches_and_popularities(self, model):
        for size in (0, -1, 100, 1000, math.nan, math.inf):
            with pytest.raises(ValueError, match="cache_size must be above 0 and less than"):
                model(ZIPF, size)
        with pytest.raises(ValueError, match="must sum to 1"):
            model([0.5, 0.2, 0.2], 1)
        with pytest.raises(ValueError, match="empty"):
            model([], 1)
        with pytest.raises(ValueError, match="negative or not numbers"):
            model([1.5, -0.5, 0], 1)
        with pytest.raises(ValueError, match="vector"):
            model([[1.0]], 1)

    def test_a_cache_for_all_that_is_ever_requested(self):
        with pytest.raises(ValueError, match="less than 2"):
            che_cache_hit_ratio_simplified([0.5, 0.5, 0], 2)
        with pytest.raises(ValueError, match="see the simplified form"):
            che_cache_hit_ratio(ZIPF, 99)

    def test_optimal(self):
        with pytest.raises(ValueError, match="above 0"):
            optimal_cache_hit_ratio(ZIPF, 0)

    def test_policies(self):
        with pytest.raises(ValueError, match="did you mean 'FIFO'"):
            che_cache_hit_ratio_generalized(ZIPF, 10, "FIFFO")
        with pytest.raises(ValueError, match="needs q"):
            che_cache_hit_ratio_generalized(ZIPF, 10, "q-LRU")
        for q in (0, 1.5):
            with pytest.raises(ValueError, match="q must be above 0"):
                che_cache_hit_ratio_generalized(ZIPF, 10, "q-LRU", q=q)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((-1, 100, 10), "alpha"),
            ((0.8, 0, 10), "population"),
            ((0.8, 100, 100), "cache_size"),
            ((0.8, 100, 0), "cache_size"),
            ((0.8, 100, 10, 4), "order must be 2 or 3"),
            ((1.2, 1000, 400, 2), "no real root"),
        ],
    )
    def test_laoutaris(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            laoutaris_characteristic_time(*arguments)


class TestMeasured:
    @pytest.mark.parametrize(
        ("cache", "policy"),
        [
            (LruCache(100), "LRU"),
            (FifoCache(100), "FIFO"),
            (RandEvictionCache(100, seed=3), "RANDOM"),
        ],
    )
    def test_against_che(self, cache, policy):
        pdf = TruncatedZipfDist(0.8, 1000).pdf
        measured = numeric_cache_hit_ratio(pdf, cache, measure=100_000, seed=1)
        # Three standard errors are 0.005.
        assert measured == pytest.approx(
            che_cache_hit_ratio_generalized(pdf, 100, policy), abs=0.007
        )

    def test_single_contents_against_che(self):
        pdf = TruncatedZipfDist(1.0, 50).pdf
        measured = numeric_per_content_cache_hit_ratio(pdf, LruCache(10), measure=100_000, seed=1)
        expected = che_per_content_cache_hit_ratio_simplified(pdf, 10)
        assert measured == pytest.approx(np.array(expected), abs=0.04)

    def test_every_content_is_counted_by_itself(self):
        hits = numeric_per_content_cache_hit_ratio([0.5, 0.5, 0], LruCache(2), 100, 100, seed=1)
        assert hits.tolist() == [1, 1, 0]

    def test_seeds_are_private_and_decide(self):
        first, same, other = (
            numeric_cache_hit_ratio(ZIPF, LruCache(10), seed=seed) for seed in (1, 1, 2)
        )
        assert first == same != other

    def test_defaults(self):
        class Counting(LruCache):
            looked_up = 0

            def get(self, k):
                self.looked_up += 1
                return super().get(k)

        cache = Counting(3.0)
        numeric_cache_hit_ratio([0.25] * 4, cache)
        assert cache.looked_up == 40 * 4

    def test_two_layers(self):
        pdf = TruncatedZipfDist(0.8, 200).pdf
        hits = numeric_cache_hit_ratio_2_layers(pdf, LruCache(10), LruCache(40), seed=1)
        assert hits["total_hits"] == pytest.approx(hits["l1_hits"] + hits["l2_hits"])
        assert hits["l1_hits"] == numeric_cache_hit_ratio(pdf, LruCache(10), seed=1)
        assert hits["l2_hits"] > 0

    def test_two_layers_by_hand(self):
        # The first holds one content, the second both: whatever misses in the first is there.
        hits = numeric_cache_hit_ratio_2_layers([0.5, 0.5], LruCache(1), LruCache(2), 50, seed=1)
        assert hits["total_hits"] == 1
        assert 0 < hits["l1_hits"] < 1

    def test_requests_out_of_range(self):
        with pytest.raises(ValueError, match="warmup"):
            numeric_cache_hit_ratio(ZIPF, LruCache(10), warmup=-1)
        with pytest.raises(ValueError, match="measure"):
            numeric_cache_hit_ratio(ZIPF, LruCache(10), measure=0)

    def test_of_a_trace(self):
        requests = ["a", "b", "a", "c", "a", "b", "b", "a"]
        # Measured from the third on: a hit, c miss (evicts b), a hit, b miss, b hit, a hit.
        assert trace_driven_cache_hit_ratio(requests, LruCache(2)) == pytest.approx(4 / 6)
        assert trace_driven_cache_hit_ratio(requests, LruCache(2), warmup_ratio=0) == 4 / 8

    @pytest.mark.parametrize(
        ("requests", "ratio"), [(["a"], -0.1), (["a"], 1.1), (["a"], 1), ([], 0.5)]
    )
    def test_of_a_trace_that_leaves_nothing_to_measure(self, requests, ratio):
        with pytest.raises(ValueError, match=r"warmup_ratio|empty"):
            trace_driven_cache_hit_ratio(requests, LruCache(2), ratio)


def test_names_are_at_hand_in_the_package():
    from icarus import tools

    assert set(cacheperf.__all__) <= set(tools.__all__)
    assert "che_p_in_func" not in tools.__all__
