"""What was measured over time, by hand on ``a -- 1 -- 2 -- s`` and against single requests.

Links take 1, 2 and 4 ms; the cache is at 1; 2 -- s is external. A request is 100 bytes and a
content 1,000, unless it is said how large they are. A miss takes 14 ms and 2 internal hops each way
and 1 external one, a hit 2 ms and 1 internal hop each way.
"""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import ENGINES, begun, experiment, register

from icarus import open_simulation
from icarus.errors import SettingsError
from icarus.execution import windows
from icarus.execution.collectors.timeline import TimelineCollector
from icarus.registry import DATA_COLLECTOR

NAN = math.nan
COLUMNS = ["START", "END", "FIRST", "REQUESTS", "HIT_RATIO", "SERVED", "LATENCY"]
BYTES = ["BYTE_HIT_RATIO", "BYTES_FROM_ORIGINS"]
LOADS = ["LINK_LOAD_INTERNAL", "LINK_LOAD_EXTERNAL"]
REQUESTS = "ax ax ay ax aw"
"""A miss, a hit, a miss, a hit, a miss, at 1, 2, 3, 4 and 5 s."""

engines = pytest.mark.parametrize("engine", ENGINES)


@pytest.fixture(autouse=True)
def own_components(monkeypatch):
    register(monkeypatch)


def on_line(requests=REQUESTS, window=2, timeline=(), engine="python", **workload):
    params = experiment(requests, timeline, **workload)
    params["topology"] = {"name": "TEST_LINE"}
    given_ = {"window": window, "req_size": 100, "content_size": 1000}
    return begun(params, engine, {"TIMELINE": given_})


def told(run, columns=COLUMNS):
    """Return the columns of the results, each as a list."""
    results = run.results()["TIMELINE"]
    return [results[name].tolist() for name in columns]


def same(found, expected):
    np.testing.assert_array_equal(np.array(found), np.array(expected, dtype=float))


@engines
@pytest.mark.parametrize("size", [1, 2, 5])
def test_windows_of_time(size, engine):
    """They begin at 0, 2 and 4 s; what the last one measures ends with the last request."""
    run = on_line(engine=engine, size=size).advance()
    same(
        told(run),
        [
            *([0, 2, 4], [2, 4, 5], [0, 1, 3], [1, 2, 2]),
            *([0, 0.5, 0.5], [1, 1, 1], [14, 8, 8]),
        ],
    )
    # From the first request on: 1 s, 2 s and 1 s.
    carried = [2 * 1100, (1 + 2) * 1100, (1 + 2) * 1100]
    same(
        told(run, LOADS),
        [
            [carried[0] / 1 / 4, carried[1] / 2 / 4, carried[2] / 1 / 4],
            [1100 / 1 / 2, 1100 / 2 / 2, 1100 / 1 / 2],
        ],
    )
    assert run.results()["TIMELINE"]["WINDOW"] == "seconds"
    assert run.results()["TIMELINE"]["EVENTS"] == []


@engines
@pytest.mark.parametrize("size", [1, 2, 5])
def test_windows_of_requests(size, engine):
    """In the last one no time passes."""
    run = on_line(window={"requests": 2}, engine=engine, size=size).advance()
    same(
        told(run),
        [
            *([1, 3, 5], [2, 4, 5], [0, 2, 4], [2, 2, 1]),
            *([0.5, 0.5, 0], [1, 1, 1], [8, 8, 14]),
        ],
    )
    same(told(run, LOADS), [[3300 / 4, 3300 / 4, NAN], [1100 / 2, 1100 / 2, NAN]])
    assert run.results()["TIMELINE"]["WINDOW"] == "requests"


WARM_UP = {
    # Number of requests of the warm-up: begins of windows, their first requests, their numbers.
    (2, 1): ([2, 4], [1, 3], [2, 2]),
    (2, 2): ([2, 4], [1, 3], [1, 2]),
    (2, 3): ([4], [3], [2]),
    (2, 5): ([], [], []),
    ("two", 1): ([2, 3, 5], [0, 2, 4], [1, 2, 1]),
    ("two", 2): ([3, 5], [2, 4], [2, 1]),
    ("two", 3): ([4, 5], [2, 4], [1, 1]),
    ("two", 5): ([], [], []),
}


@engines
@pytest.mark.parametrize(("window", "n_warmup"), WARM_UP)
def test_windows_begin_with_the_first_request_that_is_measured(window, n_warmup, engine):
    """At multiples of their length all the same."""
    length = 2 if window == 2 else {"requests": 2}
    run = on_line(window=length, engine=engine, n_warmup=n_warmup).advance()
    columns = told(run, ["START", "FIRST", "REQUESTS"])
    assert tuple(columns) == WARM_UP[window, n_warmup]


@engines
def test_windows_without_requests(engine):
    requests = [(1.0, "a", "x"), (7.5, "a", "x")]
    run = on_line(requests, engine=engine).advance()
    same(
        told(run),
        [
            *([0, 2, 4, 6], [2, 4, 6, 7.5], [0, 1, 1, 1], [1, 0, 0, 1]),
            *([0, NAN, NAN, 1], [1, NAN, NAN, 1], [14, NAN, NAN, 2]),
        ],
    )
    same(told(run, LOADS), [[2200 / 4, 0, 0, 1100 / 1.5 / 4], [1100 / 2, 0, 0, 0]])


@engines
def test_a_request_at_the_end_of_a_window_is_in_the_next_one(engine):
    requests = [(time, "a", "x") for time in (0.0, 1.0, 2.0, 2.0, 4.0)]
    run = on_line(requests, engine=engine).advance()
    assert told(run, ["START", "REQUESTS"]) == [[0, 2, 4], [2, 2, 1]]
    run = on_line(requests, window=0.1, engine=engine).advance()
    starts, numbers = told(run, ["START", "REQUESTS"])
    assert len(starts) == 41
    found = [(round(start, 6), n) for start, n in zip(starts, numbers, strict=True) if n]
    assert found == [(0, 1), (1, 1), (2, 2), (4, 1)]


@engines
def test_sizes_of_contents(engine):
    sizes = {"v": 1, "w": 30, "x": 10, "y": 20, "z": 1}
    run = on_line(window={"requests": 3}, engine=engine, bytes_of=sizes).advance()
    # x, x and y within 2 s, x and w within 1 s.
    internal = [2 * 110 + 110 + 2 * 120, 110 + 2 * 130]
    same(
        told(run, LOADS),
        [[internal[0] / 2 / 4, internal[1] / 4], [(110 + 120) / 2 / 2, 130 / 2]],
    )
    # A miss and a hit of x and a miss of y; a hit of x and a miss of w.
    same(told(run, BYTES), [[10 / 40, 10 / 40], [30, 30]])


@engines
def test_without_sizes_there_are_no_ratios_of_bytes(engine):
    results = on_line(engine=engine).advance().results()["TIMELINE"]
    assert not set(BYTES) & results.keys()


@engines
def test_sizes_are_known_where_no_session_is_measured(engine):
    sizes = dict.fromkeys("vwxyz", 7)
    run = on_line(engine=engine, bytes_of=sizes, n_warmup=5).advance()
    assert told(run, BYTES) == [[], []]


@engines
def test_failures_and_the_links_that_there_are(engine):
    """Two internal ways are left when the second window ends; no request passes them in the third.

    In the fourth one the link is back.
    """
    timeline = [
        {"at": 3.5, "event": "link_down", "link": [1, 2]},
        {"at": {"requests": 5}, "event": "link_up", "link": [1, 2]},
    ]
    run = on_line("ax ax ay ax aw av", timeline=timeline, engine=engine).advance()
    same(
        told(run, ["REQUESTS", "HIT_RATIO", "SERVED", "LATENCY"]),
        [[1, 2, 2, 1], [0, 0.5, NAN, 0], [1, 1, 0, 1], [14, 8, NAN, 14]],
    )
    same(
        told(run, LOADS),
        [[2200 / 4, 3300 / 2 / 2, 0, NAN], [1100 / 2, 1100 / 2 / 2, 0, NAN]],
    )
    assert run.results()["TIMELINE"]["EVENTS"] == [
        (3.5, 3, "link_down 1-2"),
        (5.0, 5, "link_up 1-2"),
    ]


@engines
def test_what_is_applied_is_noted(engine):
    run = on_line(engine=engine).advance(requests=2)
    run.apply({"event": "mark", "text": "here"}).advance(until=4.5).apply({"event": "flush"})
    assert run.results()["TIMELINE"]["EVENTS"] == [(2.0, 2, "here"), (4.5, 4, "flush")]


@engines
@pytest.mark.parametrize("window", [2, {"requests": 2}])
def test_results_in_the_middle(window, engine):
    """The window that goes on is told of as far as it is, and goes on."""
    run = on_line(window=window, engine=engine)
    assert told(run, ["REQUESTS"]) == [[]]
    assert told(run.advance(requests=3), ["REQUESTS"]) == ([[1, 2]] if window == 2 else [[2, 1]])
    run.advance(requests=4).fork().advance()
    whole = on_line(window=window, engine=engine).advance()
    same(told(run.advance(), COLUMNS + LOADS), told(whole, COLUMNS + LOADS))


@engines
def test_too_many_windows(engine, monkeypatch):
    monkeypatch.setattr(windows, "_MOST", 5)
    assert len(told(on_line(window=1, engine=engine).advance())[0]) == 5
    requests = [(1.0, "a", "x"), (7.5, "a", "x")]
    with pytest.raises(ValueError, match="there are more than 5 windows; make them longer"):
        on_line(requests, window=1, engine=engine).advance()


class Second(TimelineCollector):
    """Another one."""


@engines
def test_one_collector_counts_by_windows(engine, monkeypatch):
    monkeypatch.setitem(DATA_COLLECTOR, "TEST_SECOND", Second)
    params = experiment(REQUESTS)
    with pytest.raises(ValueError, match="only one collector may count by windows, found"):
        begun(params, engine, {"TIMELINE": {}, "TEST_SECOND": {}})


@pytest.mark.parametrize("window", [0, -1, {"requests": 0}, {"requests": 1.5}, {"request": 1}, "1"])
def test_lengths_that_cannot_be(window):
    with pytest.raises(SettingsError, match="window"):
        open_simulation(experiment(REQUESTS), collectors={"TIMELINE": {"window": window}})


# --- against single requests

THINGS = [{"link": [1, 2]}, {"link": [2, "s"]}, {"node": "t"}]


def alternating(drawn):
    """Return events in which each thing goes down and up in turn."""
    down = []
    for number, thing in sorted(drawn, key=lambda one: one[0]):
        way = "up" if thing in down else "down"
        down.remove(thing) if thing in down else down.append(thing)
        yield {"at": {"requests": number}, "event": f"{next(iter(thing))}_{way}", **thing}


@engines
def test_sums_over_single_requests(engine):
    @settings(max_examples=40)
    @given(
        st.lists(
            st.tuples(st.integers(0, 8), st.sampled_from("ab"), st.sampled_from("vwxyz")),
            max_size=40,
        ),
        st.lists(st.tuples(st.integers(0, 40), st.sampled_from(THINGS)), max_size=6),
        st.sampled_from([0.5, 1.75, 5, {"requests": 1}, {"requests": 3}, {"requests": 100}]),
        st.integers(0, 10),
        st.integers(1, 7),
        st.none() | st.lists(st.integers(1, 10**12), min_size=1, max_size=9),
    )
    def law(gaps, drawn, window, n_warmup, size, bytes_of):
        time, requests = 0.0, []
        for gap, receiver, content in gaps:
            time += gap / 4
            requests.append((time, receiver, content))
        params = experiment(requests, list(alternating(drawn)), n_warmup=n_warmup, size=size)
        params["workload"]["bytes_of"] = bytes_of
        counted = {"CACHE_HIT_RATIO": {"content_hits": True}}
        collectors = {"TIMELINE": {"window": window}, "TEST_SEEN": {}, **counted}
        run = begun(params, engine, collectors).advance()
        results, rows = run.results()["TIMELINE"], run.results()["TEST_SEEN"]["ROWS"]
        hits = run.results()["CACHE_HIT_RATIO"]
        sized = bytes_of is not None and bool(requests)
        assert ("PER_CONTENT_BYTE_HIT_RATIO" in hits) == sized
        sizes = [(bytes_of or [0])[i % len(bytes_of or [0])] for i in range(len(requests))]
        rows = [(*row, size) for row, size in zip(rows, sizes[n_warmup:], strict=True)]
        if sized:
            assert hits["PER_CONTENT_BYTE_HIT_RATIO"] == _by_content(rows)
        assert len(rows) == max(len(requests) - n_warmup, 0)
        parts = defaultdict(list)
        for number, row in enumerate(rows, n_warmup):
            by_time = not isinstance(window, dict)
            parts[row[0] // window if by_time else number // window["requests"]].append(row)
        numbers = range(int(min(parts)), int(max(parts)) + 1) if parts else []
        columns = [_summed(parts[number]) for number in numbers]
        names = ("REQUESTS", "HIT_RATIO", "SERVED", "LATENCY")
        names += tuple(BYTES) if sized else ()
        for name, column in zip(names, zip(*columns, strict=True), strict=False):
            np.testing.assert_allclose(results[name], column, rtol=1e-12, err_msg=name)
        assert len(results["REQUESTS"]) == len(columns)

    law()


def _by_content(rows):
    """Return the share of each content's bytes that caches served."""
    served = defaultdict(lambda: [0, 0])
    for *_, content, server, _, size in rows:
        if server is not None:
            served[content][server in (1, 2)] += size
    return {content: cached / (cached + origin) for content, (origin, cached) in served.items()}


def _summed(rows):
    hits = sum(server in (1, 2) for *_, server, _, _ in rows)
    latencies = [latency for *_, latency, _ in rows if latency is not None]
    served = len(latencies)
    from_caches, from_sources = (
        sum(
            size
            for *_, server, _, size in rows
            if server is not None and (server in (1, 2)) == cached
        )
        for cached in (True, False)
    )
    in_all = from_caches + from_sources
    return (
        len(rows),
        hits / served if served else NAN,
        served / len(rows) if rows else NAN,
        sum(latencies) / served if served else NAN,
        from_caches / in_all if in_all else NAN,
        from_sources if served else NAN,
    )
