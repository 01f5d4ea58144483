"""Layouts of a network that are kept: networks that are again what they were, and others.

What the compiled engine keeps of them shows in no result.
"""

from __future__ import annotations

import pickle

import pytest
from comparison import COLLECTORS, assert_equal, assert_same_results

from icarus.execution.compiled import layouts
from icarus.execution.parameters import Simulation
from icarus.execution.running import RunningSimulation
from icarus.util import Tree

LINKS = [(0, 1), (1, 2), (0, 4)]
"""Of five routers, each of which has a link to each other one."""


def down(*link):
    return {"event": "link_down", "link": link}


def up(*link):
    return {"event": "link_up", "link": link}


def experiment(strategy="LCE", timeline=()):
    given = {"NRR": {"metacaching": "LCE"}}.get(strategy, {})
    return {
        "topology": {"name": "MESH", "n": 5, "m": 3},
        "workload": {
            "name": "STATIONARY",
            "n_contents": 100,
            "alpha": 0.8,
            "n_warmup": 100,
            "n_measured": 700,
        },
        "cache_placement": {"name": "UNIFORM", "network_cache": 0.3},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": strategy, **given},
        "cache_policy": {"name": "LRU"},
        "timeline": timeline,
    }


def links_that_come_and_go():
    events = [move(*link) for _ in range(3) for link in LINKS for move in (down, up)]
    return [{"at": {"requests": 110 + 35 * i}, **one} for i, one in enumerate(events)]


def opened(timeline=(), collectors=COLLECTORS):
    simulation = Simulation(
        Tree(experiment(timeline=timeline)), collectors, 1, 0, "compiled", steered=True
    )
    return RunningSimulation(simulation)


def layout_of(run):
    return run._run.engine._layouts.present


@pytest.mark.parametrize("strategy", ["LCE", "CL4M", "NRR", "HR_SYMM"])
@pytest.mark.parametrize(("most", "n_bytes"), [(0, 2**24), (1, 2**24), (32, 0), (32, 2**24)])
@pytest.mark.parametrize("window", [None, {"requests": 25}])
def test_results_do_not_depend_on_what_is_kept(strategy, most, n_bytes, window, monkeypatch):
    monkeypatch.setattr(layouts, "_MOST_KEPT", most)
    monkeypatch.setattr(layouts, "_MOST_BYTES", n_bytes)
    more = {} if window is None else {"TIMELINE": {"window": window}}
    given = experiment(strategy, links_that_come_and_go())
    assert_same_results(given, collectors={**COLLECTORS, **more})


def test_a_network_that_is_as_before_has_the_layout_that_it_had():
    run = opened().advance(requests=200)
    before = layout_of(run)
    used = int(before.sessions.used[0])
    run.apply(down(0, 1)).advance(requests=210)
    without = layout_of(run)
    assert without is not before
    assert without.descriptions.links is before.descriptions.links
    run.apply(up(1, 0))
    assert layout_of(run) is before
    assert int(before.sessions.used[0]) == used
    assert layout_of(run.apply(down(1, 2))) is not without
    assert layout_of(run.apply(up(1, 2)).apply(down(0, 1))) is without


@pytest.mark.parametrize(
    "change",
    [{"event": "node_down", "node": 3}, {"event": "rewire", "link": (0, 1), "to": (1, 7)}],
)
def test_a_network_that_differs_has_another_layout(change):
    run = opened().advance(requests=200)
    before = layout_of(run)
    assert layout_of(run.apply(change)) is not before


def test_a_link_with_another_delay_is_another():
    run = opened().advance(requests=200)
    before = layout_of(run)
    run.apply(down(0, 1))
    run.view.model.removed_links[0, 1]["delay"] = 77.0
    run.apply(up(0, 1))
    after = layout_of(run)
    assert after is not before
    assert after.descriptions.links is not before.descriptions.links
    assert 77.0 in after.descriptions.links.delay


def test_other_sizes_of_caches_leave_the_layout():
    run = opened().advance(requests=200)
    before = layout_of(run)
    assert layout_of(run.apply({"event": "resize", "factor": 2.0})) is before


def test_no_more_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(layouts, "_MOST_KEPT", 2)
    run = opened().advance(requests=200)
    first = layout_of(run)
    for link in LINKS * 2:
        run.apply(down(*link)).advance(requests=run.requests + 10)
        run.apply(up(*link)).advance(requests=run.requests + 10)
        assert layout_of(run) is first
    kept = run._run.engine._layouts
    assert len([*kept]) == 3
    assert next(iter(kept)) is first


def test_what_is_taken_up_again_knows_its_layouts():
    run = opened().advance(requests=200)
    n_kept = len([*run.apply(down(0, 1)).advance(requests=300)._run.engine._layouts])
    other = pickle.loads(pickle.dumps(run))
    for one in (run, other):
        one.apply(up(0, 1)).advance()
        assert len([*one._run.engine._layouts]) == n_kept == 2
    assert_equal(other.results(), run.results())


def test_results_in_the_middle_change_nothing_of_those_in_the_end():
    timeline = links_that_come_and_go()
    whole, other = (opened(timeline) for _ in range(2))
    for requests in range(90, 800, 50):
        other.advance(requests=requests).results()
    assert_equal(other.advance().results(), whole.advance().results())
