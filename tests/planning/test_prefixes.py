"""What is found to be common to experiments with timelines."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus import stages as s
from icarus.errors import SettingsError
from icarus.planning.outline import Outline
from icarus.planning.prefixes import prefixes_of
from icarus.planning.walk_prefixes import prefixes_of_walks
from icarus.util import Tree

BASE = {
    "topology": {"name": "PATH", "n": 3},
    "workload": {"name": "STATIONARY", "n_contents": 9, "alpha": 1, "rate": 1000.0},
    "content_placement": {"name": "UNIFORM"},
    "strategy": {"name": "LCE"},
    "cache_policy": {"name": "LRU"},
}


def experiments(*timelines, **more):
    return [Tree({**BASE, **more, "timeline": timeline}) for timeline in timelines]


def found(queue):
    return [
        (one.experiments, *one.at)
        for one in prefixes_of(queue, range(len(queue)), {"LATENCY": {}}, 1)
    ]


def flush(at):
    return {"at": at, "event": "flush"}


def mark(at, text="x"):
    return {"at": at, "event": "mark", "text": text}


def test_experiments_without_timelines_share_nothing():
    assert found(experiments([], None)) == []
    assert found([Tree(BASE), Tree(BASE)]) == []


def test_all_before_the_first_difference():
    queue = experiments([flush(60)], [mark(60)], [])
    assert found(queue) == [((0, 1, 2), 60.0, math.inf)]


def test_a_common_event_belongs_to_it():
    queue = experiments([flush(60), mark(90)], [flush(60), mark(95)])
    assert found(queue) == [((0, 1), 90.0, math.inf)]


def test_events_of_the_moment_of_the_difference_do_not():
    queue = experiments([flush(60), mark(60, "a")], [flush(60), mark(60, "b")])
    assert found(queue) == [((0, 1), 60.0, math.inf)]


def test_those_that_go_on_together_share_more():
    queue = experiments([], [flush(60)], [flush(60), mark(80)], [mark(70)])
    assert sorted(found(queue)) == [
        ((0, 1, 2, 3), 60.0, math.inf),
        ((0, 3), 70.0, math.inf),
        ((1, 2), 80.0, math.inf),
    ]


def test_moments_in_requests():
    queue = experiments([flush({"requests": 50_000})], [])
    assert found(queue) == [((0, 1), math.inf, 50_000)]


def test_what_is_soon_done_is_not_shared():
    assert found(experiments([flush(19)], [])) == []
    assert found(experiments([flush({"requests": 19_999})], [])) == []


def test_moments_of_both_kinds_are_left_alone():
    """Only a run tells which of them comes first."""
    queue = experiments([flush(60), mark({"requests": 70_000})], [flush(60)])
    assert found(queue) == []


def test_other_experiments_share_nothing():
    one, other = experiments([flush(60)])[0], experiments([], strategy={"name": "LCD"})[0]
    assert found([one, other]) == []


def test_what_is_told_in_words_and_the_engine():
    queue = [*experiments([flush(60)], desc="one"), *experiments([], desc="two")]
    assert found(queue) == [((0, 1), 60.0, math.inf)]
    queue = [*experiments([flush(60)], engine="python"), *experiments([])]
    assert found(queue) == []


timelines = st.lists(
    st.builds(lambda at, what: (flush if what else mark)(at), st.integers(30, 34), st.booleans()),
    max_size=4,
)


@given(st.lists(timelines, min_size=2, max_size=7))
def test_members_agree_before_and_differ_there(drawn):
    queue = experiments(*drawn)
    for prefix in prefixes_of(queue, range(len(queue)), {}, 1):
        before, there = set(), set()
        for place in prefix.experiments:
            ordered = sorted(drawn[place], key=lambda event: event["at"])
            before.add(repr([event for event in ordered if event["at"] < prefix.at.until]))
            there.add(repr([event for event in ordered if event["at"] == prefix.at.until]))
        assert len(before) == 1
        assert len(there) > 1
        # Nobody is left out who could go on from it.
        for place, timeline in enumerate(drawn):
            ordered = sorted(timeline, key=lambda event: event["at"])
            if repr([e for e in ordered if e["at"] < prefix.at.until]) in before:
                assert place in prefix.experiments


@given(st.lists(timelines, min_size=2, max_size=6))
def test_keys_tell_states_apart(drawn):
    queue = experiments(*drawn)
    prefixes = prefixes_of(queue, range(len(queue)), {}, 1)
    assert len({one.key for one in prefixes}) == len(prefixes)
    again = prefixes_of(queue, range(len(queue)), {}, 2)
    assert not {one.key for one in prefixes} & {one.key for one in again}


def do(state, option, ctx): ...


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4))
def test_walks_share_the_inner_nodes_of_their_trie(sizes):
    stages = [s.stage(do, list(range(n)), name=f"stage {i}") for i, n in enumerate(sizes)]
    walks = list(s.walks(*stages))
    prefixes = prefixes_of_walks(walks, range(len(walks)), 1, share=True)
    expected = {}
    for depth in range(1, len(sizes)):
        if sizes[depth] > 1:
            for place, walk in enumerate(walks):
                chosen = tuple(walk["walk"].values())[:depth]
                expected.setdefault((depth, chosen), []).append(place)
    assert [(one.at.requests, one.experiments) for one in prefixes] == [
        (depth, tuple(places)) for (depth, _), places in expected.items()
    ]
    assert len({one.key for one in prefixes}) == len(prefixes)
    assert (
        prefixes_of_walks(list(s.walks(*stages, share=False)), range(len(walks)), 1, share=True)
        == []
    )


def test_the_tree_of_stages_is_one_of_walks():
    with pytest.raises(SettingsError, match="--tree: there are no walks in this campaign"):
        Outline(None, None, {}, []).tree()
