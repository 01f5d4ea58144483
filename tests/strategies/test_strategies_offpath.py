"""Nearest replica routing: the nearest copy serves, wherever it is."""

from __future__ import annotations

import pytest
from strategy_harness import Network

from icarus.models.strategy import NearestReplicaRouting
from icarus.planning.validation import SectionChecker
from icarus.registry import STRATEGY

# Router 4 hangs off the way from r to s.
WALKS = "r 1 2 3 s, 2 4"


def nrr(metacaching="LCE", walks=WALKS, **parameters):
    return Network(NearestReplicaRouting, walks, metacaching=metacaching, **parameters)


def test_the_origin_serves_what_nobody_has_and_no_cache_is_asked():
    network = nrr()
    network.check(up="r 1 2 3 s", down="s 3 2 1 r", served="s", stored=[3, 2, 1])
    assert network.controller.asked == ["s"]
    network.check(up="r 1", down="1 r", served=1)


def test_a_cache_off_the_way_to_the_origin_serves():
    # 4 is 3 hops from r, s is 4.
    network = nrr()
    network.fill(4)
    network.check(up="r 1 2 4", down="4 2 1 r", served=4, stored=[2, 1])


def test_lcd_leaves_a_copy_at_the_first_cache():
    network = nrr("LCD")
    network.check(up="r 1 2 3 s", down="s 3 2 1 r", served="s", stored=[3])
    network.check(up="r 1 2 3", down="3 2 1 r", served=3, stored=[2])
    network.check(up="r 1 2", down="2 1 r", served=2, stored=[1])
    network.check(up="r 1", down="1 r", served=1)


def test_lcd_passes_over_routers_without_a_cache():
    network = nrr("LCD", sizes={1: 1})
    network.check(up="r 1 2 3 s", down="s 3 2 1 r", served="s", stored=[1])


def test_near_is_meant_in_delay_and_the_way_in_weight():
    # From 2, router 4 is at delay 50, s at 2 + 1; a missing delay counts 1.
    network = nrr(delays={(2, 4): 50, (2, 3): 2})
    network.fill(4)
    network.check(up="r 1 2 3 s", down="s 3 2 1 r", served="s", stored=[3, 2, 1])


def test_lce_stores_only_where_the_content_is_absent():
    # s is near in delay by way of 5, but weights route over 1, 2 and 3, where 2 has a copy.
    far = {(1, 2): 10, (2, 3): 10}
    cheap = {(1, 5): 9, (5, 3): 9}
    network = nrr(walks="r 1 2 3 s, 1 5 3", delays=far, weights=cheap)
    network.fill(2)
    network.check(up="r 1 2 3 s", down="s 3 2 1 r", served="s", stored=[3, 1])
    network = nrr("LCD", walks="r 1 2 3 s, 1 5 3", delays=far, weights=cheap, sizes={1: 1, 2: 1})
    network.fill(2)
    # LCD goes by position alone.
    network.check(up="r 1 2 3 s", down="s 3 2 1 r", served="s", stored=[2])


@pytest.mark.parametrize(("walks", "nearest"), [("r 1 2, 1 3, 2 s", 2), ("r 1 3, 1 2, 2 s", 3)])
def test_of_equally_near_copies_the_first_in_the_topology_serves(walks, nearest):
    network = nrr(walks=walks)
    network.fill(3, 2)
    assert network.request()["serving_node"] == nearest


def test_links_without_delay_are_links():
    network = nrr(delays={(2, 4): 0, (2, 1): 0, (1, "r"): 0, (2, 3): 0})
    network.fill(3, 4)
    assert network.request()["serving_node"] == 3
    network.model.cache[3].clear()
    for node in (1, 2):
        network.model.cache[node].clear()
    assert network.request()["serving_node"] == 4


def test_distances_are_those_at_construction():
    network = nrr()
    network.fill(4)
    network.topology.edges[2, 4]["delay"] = 1000
    assert network.request()["serving_node"] == 4


def test_a_source_named_0_counts():
    network = Network(NearestReplicaRouting, "r 1 2 0", metacaching="LCE")
    del network.model.cache[0]
    network.model.source_node[0] = {"x"}
    network.model.content_source["x"] = 0
    network.check(up="r 1 2 0", down="0 2 1 r", served=0, stored=[2, 1])


def test_a_content_that_nobody_has_is_an_error():
    with pytest.raises(RuntimeError, match="'unknown'"):
        nrr().request("unknown")


def test_wrong_options_are_refused():
    with pytest.raises(ValueError, match=r"metacaching .* 'LCF'; did you mean 'LCE'\?|LCD"):
        nrr("LCF")
    with pytest.raises(ValueError, match=r"implementation .* 'approx_3'; did you mean 'approx_"):
        nrr(implementation="approx_3")
    with pytest.raises(TypeError, match="metacaching"):
        Network(NearestReplicaRouting, WALKS)


@pytest.mark.parametrize("implementation", ["approx_1", "approx_2"])
def test_approximations_do_not_exist_yet(implementation):
    network = nrr(implementation=implementation, radius=2, ignored=1)
    with pytest.raises(NotImplementedError, match=implementation):
        network.request()
    section = {"name": "NRR", "metacaching": "LCE", "implementation": implementation}
    ((_, problem),) = SectionChecker().check("strategy", section).problems
    assert implementation in problem


def test_settings_are_checked():
    def problems(**section):
        return SectionChecker().check("strategy", {"name": "NRR", **section}).problems

    assert STRATEGY["NRR"] is NearestReplicaRouting
    assert problems(metacaching="LCD", radius=3) == []
    assert problems()[0][0] == "metacaching"
    assert problems(metacaching="LRU")[0][0] == "metacaching"
    assert problems(metacaching="LCE", radius=-1)[0][0] == "radius"
