"""What each event does, in examples that are worked out by hand, and when events happen.

The network and its latencies are those of ``small_networks``: 14 ms from receiver a to source s by
1 and 2, 58 by 1, 3 and 2; 2 from the cache at 1, 6 from that at 2; 104 from b to s, 146 and 192
from a and b to source t.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_networks import ENGINES, begun, done, experiment, listed, register, served

from icarus.errors import EventError
from icarus.scenarios.workload import StationaryWorkload

FAILED = (None, None)
S, S_LONG, T = ("s", 14.0), ("s", 58.0), ("t", 146.0)
AT_1, AT_2 = (1, 2.0), (2, 6.0)

pytestmark = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture(autouse=True)
def own_components(monkeypatch):
    register(monkeypatch)


def at(when, name, **parameters):
    return {"at": when, "event": name, **parameters}


def outcome(requests, timeline, engine, **parts):
    """Return what became of requests, and what the caches at 1 and 2 hold in the end."""
    run = done(requests, timeline, engine, **parts)
    return served(run), [run.cache_dump(1), run.cache_dump(2)]


# --- links


def test_paths_avoid_a_link_that_is_down(engine):
    timeline = [at(2.5, "link_down", link=[1, 2])]
    rows, caches = outcome("ax ay aw ax aw", timeline, engine)
    assert rows == [S, S, S_LONG, S_LONG, AT_1]
    assert caches == [["w", "x"], ["x", "w"]]


def test_a_cache_on_the_detour_serves(engine):
    """The content x is at 2 only by then, which is reached by 3."""
    timeline = [at(1.5, "flush", node=1), at(1.5, "link_down", link=(2, 1))]
    assert outcome("ax ax", timeline, engine) == ([S, (2, 50.0)], [["x"], ["x"]])


def test_requests_fail_whose_source_is_out_of_reach(engine):
    """No cache is asked, so that x stays behind y; what t has is served."""
    timeline = [at(2.5, "link_down", link=[2, "s"])]
    rows, caches = outcome("ax ay ax bx bz az", timeline, engine)
    assert rows == [S, S, FAILED, FAILED, ("t", 192.0), T]
    assert caches == [["z", "y"], ["y", "x"]]


def test_a_link_is_as_before_when_it_is_up_again(engine):
    timeline = [at(2.5, "link_down", link=[1, 2]), at(3.5, "link_up", link=[2, 1])]
    rows, caches = outcome("ax ay aw av aw", timeline, engine)
    assert rows == [S, S, S_LONG, S, AT_1]
    assert caches == [["w", "v"], ["v", "w"]]


def test_a_link_that_is_rewired_keeps_its_delay(engine):
    """From 1 straight to s by the link of 2 ms: 6 ms from a, and nothing passes 2."""
    timeline = [at(1.5, "rewire", link=[1, 2], to=[1, "s"])]
    rows, caches = outcome("ax aw bw", timeline, engine)
    assert rows == [S, ("s", 6.0), ("s", 104.0)]
    assert caches == [["w", "x"], ["w", "x"]]


# --- nodes


@pytest.mark.parametrize(("contents", "then"), [("kept", AT_2), ("lost", S)])
def test_a_router_that_was_away_returns(contents, then, engine):
    """Without 2 nobody reaches s."""
    timeline = [at(2.5, "node_down", node=2, contents=contents), at(4.5, "node_up", node=2)]
    rows, caches = outcome("ax ay az bx ax", timeline, engine)
    assert rows == [S, S, T, FAILED, then]
    assert caches == [["x", "z"], ["x", "y"] if contents == "kept" else ["x"]]


def test_others_go_on_while_a_router_is_away(engine):
    timeline = [at(2.5, "node_down", node=1)]
    run = done("ax ay bx ax bw", timeline, engine)
    assert served(run) == [S, S, (2, 96.0), FAILED, ("s", 104.0)]
    assert run.cache_dump(1) is None
    assert run.cache_dump(2) == ["w", "x"]


def test_without_its_source_a_content_is_not_to_be_had(engine):
    """Not even from a cache."""
    timeline = [at(2.5, "node_down", node="s"), at(5.5, "node_up", node="s")]
    rows, caches = outcome("ax ay ax bx az ax", timeline, engine)
    assert rows == [S, S, FAILED, FAILED, T, AT_2]
    assert caches == [["x", "z"], ["x", "y"]]


def test_what_a_receiver_asks_for_while_it_is_away_fails(engine):
    timeline = [at(1.5, "node_down", node="a"), at(3.5, "node_up", node="a")]
    rows, caches = outcome("ax ay bx ay", timeline, engine)
    assert rows == [S, FAILED, (2, 96.0), S]
    assert caches == [["y", "x"], ["y", "x"]]


def test_strategies_know_the_network_as_it_is(engine):
    """Contents are divided between the caches that are there: all of them are at 2."""
    timeline = [at(0.5, "node_down", node=1)]
    run = done("bv bw bx by bv bw bx by", timeline, engine, strategy="HR_SYMM", sizes=(4, 4))
    assert served(run) == [("s", 104.0)] * 4 + [(2, 96.0)] * 4
    assert run.cache_dump(2) == ["y", "x", "w", "v"]


# --- caches


@pytest.mark.parametrize(("node", "then"), [({"node": 1}, AT_2), ({"node": 2}, AT_1), ({}, S)])
def test_a_flush(node, then, engine):
    rows, caches = outcome("ax ax", [at(1.5, "flush", **node)], engine)
    assert rows == [S, then]
    assert caches == [["x"], [] if node == {"node": 2} else ["x"]]


def test_a_cache_that_is_away_is_flushed_as_well(engine):
    timeline = [
        *(at(1.5, "node_down", node=2), at(1.5, "flush", node=2), at(1.5, "node_up", node=2)),
        at(1.5, "flush", node=1),
    ]
    assert outcome("ax ax", timeline, engine)[0] == [S, S]


def test_the_least_valuable_contents_leave_a_cache_that_shrinks(engine):
    timeline = [at(3.5, "resize", node=1, size=1)]
    rows, caches = outcome("ax ay aw aw ay", timeline, engine, sizes=(3, 3))
    assert rows == [S, S, S, AT_1, AT_2]
    assert caches == [["y"], ["y", "w", "x"]]


def test_a_cache_that_grows_keeps_what_it_has(engine):
    timeline = [at(2.5, "resize", node=1, size=3)]
    rows, caches = outcome("ax ay aw av", timeline, engine, sizes=(1, 1))
    assert rows == [S] * 4
    assert caches == [["v", "w", "y"], ["v"]]


def test_all_caches_get_a_multiple_of_their_size(engine):
    timeline = [at(4.5, "resize", factor=0.5)]
    rows, caches = outcome("ax ay aw av av ay", timeline, engine, sizes=(2, 4))
    assert rows == [*[S] * 4, AT_1, S]
    assert caches == [["y"], ["y", "v"]]


def test_a_cache_that_is_away_gets_its_size_as_well(engine):
    timeline = [
        *(at(2.5, "node_down", node=1), at(2.5, "resize", node=1, size=1)),
        at(2.5, "node_up", node=1),
    ]
    assert outcome("ax ay", timeline, engine)[1] == [["y", "x"]] * 2
    assert outcome("ax ay ax", timeline, engine) == ([S, S, AT_2], [["x"], ["x", "y"]])


# --- requests


def times(run):
    return [row[0] for row in run.results()["TEST_SEEN"]["ROWS"]]


def test_requests_come_faster_and_at_their_own_rate_again(engine):
    """Twice as fast from 2.5 to 3: what was due at 3.5 of the workload's time is due then."""
    timeline = [at(2.5, "rate", factor=2), at(3, "rate", factor=1)]
    run = done("ax ay aw ax az ax", timeline, engine)
    assert times(run) == [1, 2, 2.75, 3.5, 4.5, 5.5]
    assert served(run) == served(done("ax ay aw ax az ax", [], engine))


def test_requests_come_more_slowly(engine):
    run = done("ax ay aw", [at({"requests": 1}, "rate", factor=0.25)], engine)
    assert times(run) == [1, 5, 9]


def drawn(timeline, engine, **workload):
    """Return a simulation of requests that are drawn, at its end."""
    params = {
        "topology": {"name": "TREE", "k": 2, "h": 2},
        "workload": {
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": 0.8,
            "n_warmup": 0,
            "n_measured": 300,
            **workload,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.2},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": "LCE"},
        "cache_policy": {"name": "LRU"},
        "timeline": timeline,
    }
    return begun(params, engine).advance()


def columns(run):
    """Return times, receivers and contents of all requests."""
    rows = run.results()["TEST_SEEN"]["ROWS"]
    return [[row[place] for row in rows] for place in range(3)]


def test_a_rate_bends_the_clock_only(engine):
    timeline = [at({"requests": 100}, "rate", factor=4), at({"requests": 200}, "rate", factor=1)]
    before, after = columns(drawn([], engine)), columns(drawn(timeline, engine))
    assert after[1:] == before[1:]
    assert after[0][:100] == before[0][:100]
    gaps, bent = np.diff(before[0]), np.diff(after[0])
    np.testing.assert_allclose(bent[100:199], gaps[100:199] / 4, rtol=1e-9)
    np.testing.assert_allclose(bent[200:], gaps[200:], rtol=1e-9)


def changed_contents(engine, changes, moment=120):
    """Return the contents before and after a change, of the same requests with and without it."""
    timeline = [at({"requests": moment}, "popularity", **changes)]
    plain, run = columns(drawn([], engine)), columns(drawn(timeline, engine))
    assert run[:2] == plain[:2]
    assert run[2][:moment] == plain[2][:moment]
    return plain[2][moment:], run[2][moment:]


def test_contents_are_promoted(engine):
    """The ranks that are drawn stay the same: 5 and 3 come first, the others follow."""
    plain, promoted = changed_contents(engine, {"promote": [5, 3]})
    by_rank = [5, 3, 1, 2, 4, *range(6, 21)]
    assert promoted == [by_rank[rank - 1] for rank in plain]


@pytest.mark.parametrize("share", [0.3, 1])
def test_contents_change_their_ranks_among_one_another(share, engine):
    plain, shuffled = changed_contents(engine, {"shuffle": share})
    pairs = set(zip(plain, shuffled, strict=True))
    assert len(pairs) == len(set(plain)) == len(set(shuffled))
    moved = sum(one != other for one, other in pairs)
    assert 0 < moved <= round(share * 20)


def test_the_exponent_changes(engine):
    """With an exponent of 40 only the most popular content is left."""
    _, contents = changed_contents(engine, {"alpha": 40})
    assert set(contents) == {1}
    _, contents = changed_contents(engine, {"alpha": 40, "promote": [7]})
    assert set(contents) == {7}


def test_popularity_does_not_depend_on_batches(engine, monkeypatch):
    timeline = [
        at({"requests": 50}, "popularity", alpha=0.2, shuffle=0.5),
        at(120.5, "popularity", promote=[20]),
        at({"requests": 64}, "popularity", shuffle=1),
        at({"requests": 128}, "popularity", alpha=1.5),
    ]
    at_once = columns(drawn(timeline, engine))
    original = StationaryWorkload.batches
    for size in (1, 7, 64):
        monkeypatch.setattr(
            StationaryWorkload, "batches", lambda self, size=size: original(self, size)
        )
        assert columns(drawn(timeline, engine)) == at_once


def test_a_mark_does_nothing(engine):
    timeline = [at(2.5, "mark", text="half"), at(2.5, "mark")]
    plain = outcome("ax ay aw", [], engine)
    assert outcome("ax ay aw", timeline, engine) == plain


# --- moments


@pytest.mark.parametrize(
    ("moment", "first_missed"),
    [
        (0, 0),
        (1.0, 0),
        (1.5, 1),
        (2, 1),
        (2.5, 2),
        (3, 2),
        (3.5, 4),
        (99, None),
        *(({"requests": number}, number) for number in range(5)),
        ({"requests": 5}, None),
        ({"requests": 99}, None),
    ],
)
@pytest.mark.parametrize("size", [1, 2, 5])
def test_an_event_precedes_the_first_request_at_or_after_it(moment, first_missed, size, engine):
    """The third and the fourth request come at the same time."""
    requests = [(time, "a", "x") for time in (1.0, 2.0, 3.0, 3.0, 4.0)]
    rows, caches = outcome(requests, [at(moment, "link_down", link=["a", 1])], engine, size=size)
    number = 5 if first_missed is None else first_missed
    assert rows == [S, AT_1, AT_1, AT_1, AT_1][:number] + [FAILED] * (5 - number)
    assert caches == ([["x"], ["x"]] if number else [[], []])


@pytest.mark.parametrize("moment", [4, 7.5, {"requests": 3}])
def test_what_is_due_after_the_last_request_never_happens(moment, engine):
    """Nor does it fail."""
    timeline = [at(moment, "flush"), at(moment, "link_up", link=[1, 2])]
    assert outcome("ax ay aw", timeline, engine)[1] == [["w", "y"], ["w", "y"]]


def test_events_of_one_moment_keep_their_order(engine):
    down, up = at(1.5, "link_down", link=[1, 2]), at(1.5, "link_up", link=[1, 2])
    assert outcome("ax ay", [down, up], engine)[0] == [S, S]
    with pytest.raises(EventError, match="has not been taken down"):
        outcome("ax ay", [up, down], engine)
    small, large = at(1.5, "resize", size=1), at(1.5, "resize", size=3)
    assert outcome("ax ay aw", [large, small], engine, sizes=(2, 2))[1] == [["w"], ["w"]]
    assert outcome("ax ay aw", [small, large], engine)[1] == [["w", "y", "x"]] * 2


def test_later_events_may_be_listed_first(engine):
    timeline = [at(3.5, "link_up", link=[1, 2]), at(1.5, "link_down", link=[1, 2])]
    assert outcome("ax ay aw av", timeline, engine)[0] == [S, S_LONG, S_LONG, S]


def happened(timeline, engine, size, **workload):
    params = experiment("ax ay aw ax", timeline, size=size, **workload)
    run = begun(params, engine, {"TIMELINE": {"window": 10}}).advance()
    return run.results()["TIMELINE"]["EVENTS"]


def test_numbers_of_requests_come_before_later_moments(engine):
    """Whatever the batches: the second request is at 2 s, and the next one at 3."""
    timeline = [at(2.5, "mark", text="time"), at({"requests": 2}, "mark", text="number")]
    expected = [(2.0, 2, "number"), (2.5, 2, "time")]
    for size in (1, 2, 3, 4):
        assert happened(timeline, engine, size) == expected


def test_nor_do_they_depend_on_how_requests_are_given(engine):
    timeline = [at(2.5, "mark", text="time"), at({"requests": 2}, "mark", text="number")]
    params = experiment("ax ay aw ax", timeline)
    params["workload"] = {"name": "TEST_EVENTS", "requests": listed("ax ay aw ax")}
    run = begun(params, engine, {"TIMELINE": {"window": 10}}).advance()
    assert run.results()["TIMELINE"]["EVENTS"] == [(2.0, 2, "number"), (2.5, 2, "time")]


def test_a_rate_is_bent_where_it_was_asked_for(engine):
    """At the second request, not at the moment that comes later."""
    timeline = [at(2.5, "mark"), at({"requests": 2}, "rate", factor=0.5)]
    for size in (1, 2, 3, 4):
        params = experiment("ax ay aw ax", timeline, size=size)
        assert times(begun(params, engine).advance()) == [1, 2, 4, 6]


def test_texts_of_events(engine):
    timeline = [
        at(1.5, "link_down", link=[1, 2]),
        at(1.5, "rewire", link=[1, 3], to=[1, "s"]),
        at({"requests": 1}, "node_down", node="b", contents="lost"),
        at(2.5, "resize", node=1, size=3),
        at(2.5, "mark", text="now"),
        at(2.5, "mark"),
    ]
    assert happened(timeline, engine, 2) == [
        (1.0, 1, "node_down b contents=lost"),
        (1.5, 1, "link_down 1-2"),
        (1.5, 1, "rewire 1-3 to 1-s"),
        (2.5, 2, "resize 1 size=3"),
        (2.5, 2, "now"),
        (2.5, 2, "mark"),
    ]


# --- what a network does not allow

BAD = {
    "an unknown link": ({"event": "link_down", "link": (1, "t")}, "link"),
    "an unknown node": ({"event": "node_down", "node": 99}, "node"),
    "no cache": ({"event": "flush", "node": 3}, "node"),
    "a link that is up": ({"event": "link_up", "link": (1, 2)}, "link"),
    "a node that is up": ({"event": "node_up", "node": 2}, "node"),
    "a link that is there": ({"event": "rewire", "link": (1, 2), "to": (1, 3)}, "to"),
    "both ends the same": ({"event": "rewire", "link": (1, 2), "to": (3, 3)}, "to"),
    "no node to go to": ({"event": "rewire", "link": (1, 2), "to": (1, 99)}, "to"),
    "no size": ({"event": "resize", "node": 1}, "event"),
}


@pytest.mark.parametrize("event", BAD)
def test_an_event_that_cannot_be_changes_nothing(event, engine):
    """Whoever steers by hand may go on."""
    given, parameter = BAD[event]
    run = begun(experiment("ax ay aw ax ax"), engine).advance(requests=3)
    with pytest.raises(EventError) as raised:
        run.apply(given)
    assert raised.value.parameter == parameter
    assert "\n" not in str(raised.value)
    plain = done("ax ay aw ax ax", [], engine)
    run.advance()
    assert served(run) == served(plain)
    assert [run.cache_dump(node) for node in (1, 2)] == [plain.cache_dump(node) for node in (1, 2)]


def test_caches_are_resized_together_or_not_at_all(engine):
    """Three segments do not fit into a cache of 2, which 2 would have."""

    def outcome_of(*events):
        params = experiment("ax ay aw av ax ay aw", sizes=(12, 6))
        params["cache_policy"] = {"name": "SLRU", "segments": 3}
        run = begun(params, engine).advance(requests=4)
        for event in events:
            with pytest.raises(EventError, match="size: the cache of node 2: segments"):
                run.apply(event)
        run.advance()
        sizes = [cache.maxlen for cache in run.view.model.cache.values()]
        return served(run), run.cache_dump(1), run.cache_dump(2), sizes

    assert outcome_of({"event": "resize", "factor": 0.3}) == outcome_of()


# --- laws


def test_an_inverse_at_the_same_moment_changes_nothing(engine):
    plain = columns(drawn([], engine)), drawn([], engine).cache_dump(1)

    @given(st.integers(0, 300), st.sampled_from([(0, 1), (1, 3), (2, 5)]), st.booleans())
    def law(number, link, by_node):
        event = {"node": link[1]} if by_node else {"link": link}
        kind = "node" if by_node else "link"
        moment = {"requests": number}
        run = drawn(
            [at(moment, f"{kind}_down", **event), at(moment, f"{kind}_up", **event)], engine
        )
        assert (columns(run), run.cache_dump(1)) == plain

    law()
