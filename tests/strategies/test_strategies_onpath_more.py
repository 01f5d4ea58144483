"""Strategies that leave one copy on the way back, and the one that partitions receivers."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from scipy.stats import chisquare
from strategy_harness import Network

from icarus.core.signatures import parameters
from icarus.core.values import check_value
from icarus.models.strategy import CacheLessForMore, Partition, RandomChoice

LINE = "r 1 2 3 4 s"
UP, DOWN = "r 1 2 3 4 s", "s 4 3 2 1 r"


class TestCacheLessForMore:
    # On the line, 5 positions from r: betweenness is i (5 - i) pairs of 10.
    def test_betweenness_is_that_of_the_whole_network(self):
        betweenness = Network(CacheLessForMore, LINE).strategy.betw
        assert betweenness == pytest.approx(
            {"r": 0, 1: 0.4, 2: 0.6, 3: 0.6, 4: 0.4, "s": 0}, abs=1e-12
        )

    def test_the_most_central_cache_nearest_the_receiver_keeps_the_copy(self):
        # 2 and 3 are as central; 2 is nearer.
        network = Network(CacheLessForMore, LINE)
        network.check(up=UP, down=DOWN, served="s", missed=[1, 2, 3, 4], stored=[2])
        # The serving node does not count: only 1 is left.
        network.check(up="r 1 2", down="2 1 r", served=2, missed=[1], stored=[1])
        network.check(up="r 1", down="1 r", served=1)

    def test_routers_without_a_cache_do_not_count(self):
        network = Network(CacheLessForMore, LINE, sizes={1: 1, 4: 1})
        network.check(up=UP, down=DOWN, served="s", missed=[1, 4], stored=[1])
        network = Network(CacheLessForMore, LINE, sizes={})
        network.check(up=UP, down=DOWN, served="s")

    def test_ties_that_rounding_hides_are_ties(self):
        # 1, 5 and 6 are crossed by as many paths, but their fractions are summed in other orders.
        walks = "1 2, 1 4, 2 3, 2 5, 3 6, 4 5 6, r 1, 6 s"
        network = Network(CacheLessForMore, walks, weights={(1, 2): 2})
        betweenness = network.strategy.betw
        assert betweenness[1] == pytest.approx(betweenness[5])
        summary = network.request()
        assert summary["cache_misses"] == [1, 4, 5, 6]
        assert network.controller.stored == [1]

    # Router 1 joins r and 2 only; 3 has four neighbours, of which a and b know each other.
    HUB = "r 1 2 3 s, 3 a, 3 b, a b, 2 c"

    def test_ego_betweenness_is_that_among_neighbours(self):
        network = Network(CacheLessForMore, self.HUB, use_ego_betw=True)
        for node in network.topology:
            ego = network.topology.subgraph([node, *network.topology.adj[node]])
            expected = nx.betweenness_centrality(ego)[node]
            assert network.strategy.betw[node] == pytest.approx(expected)
        # Router 1 is on the only path between its neighbours, 3 on 5 of the 6 between its own.
        assert network.strategy.betw[1] == pytest.approx(1)
        assert network.strategy.betw[3] == pytest.approx(5 / 6)
        network.check(up="r 1 2 3 s", down="s 3 2 1 r", served="s", missed=[1, 2, 3], stored=[1])

    def test_the_two_centralities_differ(self):
        network = Network(CacheLessForMore, self.HUB, ignored=1)
        network.request()
        # Pairs crossing 2: 2 + 8 + 4, crossing 3: 4 x 3 + 2, crossing 1: 6.
        assert network.strategy.betw[2] == pytest.approx(14 / 21)
        assert network.controller.stored == [2]


class Draws(np.random.Generator):
    """A generator whose next numbers are known."""

    def __init__(self, *numbers):
        super().__init__(np.random.PCG64(0))
        self.numbers = list(numbers)

    def random(self):
        return self.numbers.pop(0)


class TestRandomChoice:
    @pytest.mark.parametrize(
        ("draw", "chosen"), [(0.0, 4), (0.24, 4), (0.25, 3), (0.5, 2), (0.75, 1), (1 - 2**-53, 1)]
    )
    def test_one_cache_on_the_way_back_keeps_a_copy(self, draw, chosen):
        network = Network(RandomChoice, LINE, seed=Draws(draw))
        network.check(up=UP, down=DOWN, served="s", missed=[1, 2, 3, 4], stored=[chosen])

    def test_the_serving_node_is_not_among_them(self):
        network = Network(RandomChoice, LINE, seed=Draws(0.0, 0.99))
        network.fill(3)
        network.check(up="r 1 2 3", down="3 2 1 r", served=3, missed=[1, 2], stored=[2])
        network.check(up="r 1 2", down="2 1 r", served=2, missed=[1], stored=[1])

    def test_nothing_is_drawn_where_there_is_no_choice(self):
        network = Network(RandomChoice, LINE, seed=Draws(), sizes={})
        network.check(up=UP, down=DOWN, served="s")
        network = Network(RandomChoice, LINE, seed=Draws())
        network.fill(1)
        network.check(up="r 1", down="1 r", served=1)

    def test_all_are_equally_likely(self):
        network = Network(RandomChoice, LINE, seed=11, ignored=1)
        counts = dict.fromkeys((1, 2, 3, 4), 0)
        for _ in range(2000):
            network.request()
            (node,) = network.controller.stored
            counts[node] += 1
            network.model.cache[node].clear()
        assert chisquare(list(counts.values())).pvalue > 0.001

    def test_it_repeats_itself_with_the_same_seed(self):
        def trace(seed):
            network = Network(RandomChoice, LINE, sizes=1, seed=seed)
            return [network.request(k)["serving_node"] for k in "xyz" * 30]

        assert trace(1) == trace(1)
        assert trace(1) != trace(2)


class TestPartition:
    WALKS = "r 1 2 s, r2 1, 2 3"

    def network(self, **parameters):
        assignment = {"r": 3, "r2": 1}
        return Network(Partition, self.WALKS, cache_assignment=assignment, **parameters)

    def test_each_receiver_has_its_own_cache(self):
        network = self.network()
        network.check(
            up="r 1 2 3, 3 2 s", down="s 2 3, 3 2 1 r", served="s", missed=[3], stored=[3]
        )
        network.check(up="r 1 2 3", down="3 2 1 r", served=3)
        network.check(
            receiver="r2", up="r2 1 2 s", down="s 2 1 r2", served="s", missed=[1], stored=[1]
        )
        network.check(receiver="r2", up="r2 1", down="1 r2", served=1)

    def test_caches_on_the_way_are_not_asked(self):
        network = self.network()
        network.fill(1, 2)
        network.request()
        assert network.controller.asked == [3, "s"]

    def test_it_needs_an_assignment(self):
        with pytest.raises(ValueError, match="cache_assignment"):
            Network(Partition, self.WALKS)

    def test_a_receiver_without_a_cache_is_an_error(self):
        network = Network(Partition, self.WALKS, cache_assignment={"r2": 1})
        with pytest.raises(ValueError, match="'r'"):
            network.request()

    def test_it_takes_no_parameters(self):
        with pytest.raises(TypeError):
            self.network(unknown=1)


def test_settings_are_checked():
    use_ego_betw = parameters(CacheLessForMore)["use_ego_betw"].annotation
    assert check_value(use_ego_betw, True) == []
    assert check_value(use_ego_betw, "yes")
