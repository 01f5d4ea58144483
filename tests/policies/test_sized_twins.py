"""What holds of every slow twin of a policy for contents with sizes, and rules worked by hand."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from twins import SIZED_TWINS
from twins.sized import SizedTwin

CAPACITY = 24

ITEMS = st.integers(0, 12)
SIZES = st.integers(1, 9)
CALLS = st.lists(
    st.one_of(
        st.tuples(st.just("request"), ITEMS, SIZES),
        st.tuples(st.just("put"), ITEMS, SIZES),
        st.tuples(st.just("resize"), ITEMS, SIZES),
        st.tuples(st.just("remove"), ITEMS),
    ),
    max_size=80,
)


def new(policy: str, capacity: int = CAPACITY, **parameters: Any) -> SizedTwin:
    if policy == "RAND":
        parameters["seed"] = np.random.default_rng(1)
    if policy in ("S3_FIFO", "QD_LP_FIFO", "CLOCK2Q_PLUS"):
        parameters.setdefault("small", 0.3)
    return SIZED_TWINS[policy](capacity, **parameters)


def request(twin: SizedTwin, k: Any, size: int = 1) -> bool:
    if twin.get(k):
        return True
    twin.put(k, size)
    return False


def evicted_by(twin: SizedTwin, call: tuple[Any, ...]) -> list[Any]:
    """Do what `call` says; return what the twin says was evicted for it."""
    kind, k, *size = call
    if kind == "remove":
        cached = twin.has(k)
        assert twin.remove(k) is cached
        assert not twin.has(k)
        return []
    if kind == "resize":
        return twin.resize_item(k, *size) if twin.has(k) else []
    if kind == "request" and twin.get(k):
        return list(getattr(twin, "evicted_by_hit", []))
    return twin.put(k, *size)


@pytest.mark.parametrize("policy", sorted(SIZED_TWINS))
@given(calls=CALLS)
def test_what_fits_is_cached_and_what_leaves_is_told(policy, calls):
    twin = new(policy)
    for call in calls:
        before = dict(twin.sizes)
        evicted = evicted_by(twin, call)
        assert twin.used == sum(twin.sizes.values()) <= CAPACITY
        assert sorted(twin.dump()) == sorted(twin.sizes)
        kind, k = call[:2]
        gone = set(before) - set(twin.sizes)
        assert gone - ({k} if kind == "remove" else set()) <= set(evicted)
        assert len(evicted) == len(set(evicted))
        assert not set(evicted) & set(twin.sizes)
        assert set(evicted) <= set(before) | {k}
        assert set(twin.sizes) <= set(before) | {k}
        if kind == "resize" and k in twin.sizes:
            assert twin.sizes[k] == call[2]


@pytest.mark.parametrize("policy", sorted(SIZED_TWINS))
@given(calls=CALLS)
def test_looking_without_asking_changes_nothing(policy, calls):
    asked, left = new(policy), new(policy)
    for call in calls:
        for k in range(13):
            assert asked.has(k) == left.has(k)
        asked.dump()
        assert evicted_by(asked, call) == evicted_by(left, call)
    assert asked.dump() == left.dump()


@pytest.mark.parametrize("policy", sorted(SIZED_TWINS))
def test_what_is_larger_than_the_cache_is_refused(policy):
    twin = new(policy)
    request(twin, "a")
    before = twin.dump()
    twin.get("large")
    assert twin.put("large", CAPACITY + 1) == []
    assert twin.dump() == before


@pytest.mark.parametrize("policy", ["S3_FIFO", "QD_LP_FIFO", "CLOCK2Q_PLUS", "TWO_Q", "ARC"])
def test_a_removed_content_leaves_no_ghost(policy):
    def after(forget: bool) -> int:
        twin = new(policy)
        for k in (0, 1, 2, 0, 1, 2, *range(3, 60)):
            request(twin, k)
        latest, ghost, *_ = [k for k in range(59, -1, -1) if not twin.has(k)]
        request(twin, latest)
        if forget:
            assert twin.remove(ghost) is False
        request(twin, ghost)
        return twin.dump().index(ghost)

    # A ghost that comes back enters the part that dump has first, a newcomer the other one.
    assert after(forget=False) == 0 < after(forget=True)


class TestRules:
    """Small cases worked by hand from the published rules."""

    def test_lru_makes_room_for_sizes(self):
        twin = new("LRU", 10)
        assert [twin.put(k, size) for k, size in (("a", 4), ("b", 3), ("c", 3))] == [[], [], []]
        assert twin.get("a")
        assert twin.put("d", 5) == ["b", "c"]
        assert twin.dump() == ["d", "a"]
        assert twin.put("e", 11) == []

    def test_a_content_that_grows_may_leave_itself(self):
        twin = new("FIFO", 10)
        for k in "abc":
            twin.put(k, 3)
        assert twin.resize_item("a", 9) == ["a"]
        assert twin.resize_item("c", 11) == ["b", "c"]
        assert (twin.used, twin.dump()) == (0, [])

    def test_mru_evicts_the_most_recent_before_storing(self):
        twin = new("MRU", 2)
        twin.put("a")
        twin.put("b")
        assert twin.get("a")
        assert twin.put("c") == ["a"]
        assert twin.put("d") == ["c"]

    def test_clock_gives_one_round_for_each_hit_that_counts(self):
        twin = new("CLOCK", 2, bits=2)
        twin.put("a")
        twin.put("b")
        for _ in range(5):
            twin.get("a")  # counts three
        twin.get("b")
        assert twin.put("c") == ["b"]
        assert twin.put("d") == ["c"]
        assert twin.put("e") == ["a"]

    def test_clock_newcomers_may_start_with_a_round(self):
        twin = new("CLOCK", 2, initial=1)
        twin.put("a")
        twin.put("b")
        twin.put("c")  # a and b lost their rounds, then a went
        assert twin.dump() == ["c", "b"]
        assert twin.put("d") == ["b"]

    def test_the_hand_of_sieve_goes_on_where_it_was(self):
        twin = new("SIEVE", 4)
        for k in "abcd":
            twin.put(k)
        twin.get("a")
        assert twin.put("e") == ["b"]  # the hand is at c
        twin.get("c")
        assert twin.put("f") == ["d"]  # the hand is at e
        assert twin.dump() == ["f", "e", "c", "a"]
        twin.remove("e")  # the hand is at f
        twin.put("g")
        assert twin.put("h") == ["f"]

    def test_two_q_stores_in_the_main_queue_what_comes_back(self):
        twin = new("TWO_Q", 4, **{"in": 0.5, "out": 0.5})
        for k in "abcde":
            twin.put(k)
        assert twin.put("a") == ["b"]  # A1in has more than its share
        assert twin.dump() == ["a", "e", "d", "c"]
        assert twin.put("x", 3) == []  # larger than A1in

    def test_two_q_evicts_from_the_main_queue_while_a1in_has_no_more_than_its_share(self):
        twin = new("TWO_Q", 4, **{"in": 0.5, "out": 0.5})
        for k in "abcdeaf":
            twin.put(k)
        twin.remove("d")
        assert twin.put("b") == []
        assert twin.dump() == ["b", "a", "f", "e"]
        assert twin.put("g") == ["a"]

    def test_arc_learns_from_ghosts(self):
        twin = new("ARC", 4)
        for k in "abcd":
            twin.put(k)
        twin.get("a")
        twin.get("b")
        assert twin.put("e") == ["c"]  # T1: d, e; B1: c
        assert twin.put("c") == ["d"]  # p is 1
        assert twin.dump() == ["c", "b", "a", "e"]
        assert twin.put("f") == ["a"]  # |T1| is not above p
        twin.remove("c")
        assert twin.put("c") == []
        assert twin.dump() == ["b", "c", "f", "e"]  # nothing of it was left

    def test_s4lru_lifts_by_a_segment_and_evicts_from_the_lowest(self):
        twin = new("S4LRU", 4, segments=2)
        for k in "abcd":
            twin.put(k)
        assert twin.dump() == ["d", "c", "b", "a"]  # a and b are in the lowest
        assert twin.get("a")
        assert twin.dump() == ["a", "d", "c", "b"]
        assert twin.put("e") == ["b"]
        assert twin.put("x", 3) == []

    def test_lfu_evicts_what_reached_the_least_count_first(self):
        twin = new("LFU", 3)
        for k in "abc":
            twin.put(k)
        for k in "cab":
            twin.get(k)
        assert twin.put("d") == ["c"]
        assert twin.put("e") == ["d"]

    def test_lfuda_ages_what_is_no_longer_asked_for(self):
        twin = new("LFUDA", 2)
        twin.put("a")
        twin.get("a")
        twin.get("a")  # 3
        twin.put("b")  # 1
        assert twin.put("c") == ["b"]  # 2
        assert twin.put("d") == ["c"]  # 3, younger than that of a
        assert twin.put("e") == ["a"]

    def test_lru_k_evicts_first_what_has_fewer_than_k_requests(self):
        twin = new("LRU_K", 3)
        for k in "abc":
            twin.put(k)
        for k in "ab":
            twin.get(k)
        assert twin.put("d") == ["c"]
        twin.get("d")
        twin.get("a")  # the last but one of a is older than that of d, and younger than that of b
        assert twin.put("e") == ["b"]

    def test_lru_k_takes_up_histories_again(self):
        twin = new("LRU_K", 2, retain=1)
        for k in "abc":
            twin.put(k)
        assert twin.put("a") == ["b"]  # its second request
        assert twin.put("d") == ["c"]
        assert twin.put("b") == ["d"]
        twin.remove("d")
        assert twin.put("d") == ["b"]  # the first one

    def test_k_lru_stores_what_is_asked_for_again(self):
        twin = new("K_LRU", 2, names=1)
        assert [request(twin, k) for k in "aababb"] == [False, False, False, True, False, False]
        assert twin.dump() == ["b", "a"]

    def test_s3_fifo_moves_what_was_hit_twice_and_remembers_what_was_not(self):
        twin = new("S3_FIFO", 10, small=0.2)
        for k in "abcdefghij":
            twin.put(k)  # a and b in the small queue, all others in the main one
        twin.get("a")
        twin.get("a")
        assert twin.put("k") == ["b"]  # a has moved, the main one is over its share
        assert twin.put("b") == ["c"]
        assert twin.dump() == ["b", "a", *"jihgfed", "k"]

    def test_s3_fifo_counts_three_hits_in_the_main_queue(self):
        twin = new("S3_FIFO", 10, small=0.2)
        for k in "abcdefghij":
            twin.put(k)
        for k in "aacccccddeeffgghhiijj":
            twin.get(k)
        assert twin.put("k") == ["b"]  # a has moved
        twin.get("a")
        twin.get("a")
        assert twin.put("l") == ["d"]  # c went round thrice, and has nothing left
        assert twin.put("b") == ["k"]
        assert twin.put("m") == ["e"]

    @pytest.mark.parametrize("policy", ["S3_FIFO", "QD_LP_FIFO", "CLOCK2Q_PLUS"])
    def test_what_fills_the_small_queue_enters_the_main_one_alone(self, policy):
        twin = new(policy, 10, small=0.2)
        assert twin.put("y", 3) == []
        assert not twin.has("y")
        for k in "abcdefghij":
            twin.put(k)
        assert twin.put("x", 2) == ["a", "b"]  # room is made all the same
        assert not twin.has("x")
        assert twin.put("a", 2) == []
        assert twin.dump()[0] == "a"

    def test_qd_lp_fifo_fills_by_its_small_queue(self):
        twin = new("QD_LP_FIFO", 10, small=0.2)
        for k in "abcdefghij":
            twin.put(k)
        twin.get("a")
        assert twin.put("k") == ["b"]
        assert twin.dump() == ["a", *"kjihgfedc"]
        assert twin.put("b") == ["c"]
        assert twin.dump() == ["b", "a", *"kjihgfed"]

    def test_clock2q_plus_takes_no_account_of_hits_soon_after_entering(self):
        twin = new("CLOCK2Q_PLUS", 20, small=0.2)  # hits count after two newcomers
        twin.put("a")
        twin.get("a")
        twin.put("b")
        twin.put("c")
        twin.get("b")
        for k in range(17):
            twin.put(k)
        assert twin.put("x") == ["a"]
