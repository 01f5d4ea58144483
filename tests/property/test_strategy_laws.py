"""What collectors count is what strategies do, on any network and whatever is requested.

The laws that every strategy obeys are in tests/testing.
"""

from __future__ import annotations

import itertools
import typing
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.core.signatures import parameters
from icarus.execution import (
    CacheHitRatioCollector,
    CollectorProxy,
    LatencyCollector,
    LinkLoadCollector,
    PathStretchCollector,
)
from icarus.registry import STRATEGY
from icarus.testing._networks import networks
from icarus.testing._watching import Watch, Witness

NEEDS_A_SPECIAL_NETWORK = {"HR_CLUSTER", "HR_EDGE_CACHE", "HR_ON_PATH"}
"""Strategies with clusters or local caches."""

STRATEGIES = sorted(
    name
    for name, strategy in STRATEGY.items()
    if strategy.__module__.startswith("icarus.") and name not in NEEDS_A_SPECIAL_NETWORK
)


def variants(strategy: Any) -> list[dict[str, Any]]:
    """Return values for the parameters that a strategy cannot do without."""
    choices: dict[str, list[Any]] = {}
    for name, parameter in list(parameters(strategy).items())[2:]:
        if parameter.required and typing.get_origin(parameter.annotation) is typing.Literal:
            choices[name] = list(typing.get_args(parameter.annotation))
        elif parameter.required:
            choices[name] = [0.5]
    values = itertools.product(*choices.values())
    return [dict(zip(choices, chosen, strict=True)) for chosen in values]


CASES = [
    pytest.param(STRATEGY[name], given, id="-".join([name, *map(str, given.values())]))
    for name in STRATEGIES
    for given in variants(STRATEGY[name])
]


policies = st.sampled_from(["LRU", "FIFO", "IN_CACHE_LFU", "RAND"])


@pytest.mark.parametrize(("strategy", "parameters_given"), CASES)
@settings(max_examples=25)
@given(network=networks(), policy=policies)
def test_the_counters_add_up(strategy, parameters_given, network, policy):
    topology, requests = network.topology, network.requests
    watch = Watch(strategy, parameters_given, network, policy)
    built_in = [
        collector(watch.view)
        for collector in (
            CacheHitRatioCollector,
            LatencyCollector,
            LinkLoadCollector,
            PathStretchCollector,
        )
    ]
    watch.controller.attach_collector(
        CollectorProxy(watch.view, [Witness(watch.events), *built_in])
    )
    served = Counter()
    latencies, stretches, carried = [], [], Counter()
    for receiver, content in requests:
        session = watch.request(receiver, content)
        ((server,),) = session.of("cache_hit", "server_hit")
        served[bool(session.of("cache_hit")), server] += 1
        hops = session.of("request_hop", "content_hop")
        latencies.append(sum(topology.edges[u, v]["delay"] for u, v, main in hops if main))
        shortest = len(watch.view.shortest_path(receiver, watch.view.content_source(content))) - 1
        stretches.append(len(hops) / (2 * shortest))
        carried.update({(u, v): 0 for u, v, _ in hops})
        for size, kind in ((150, "request_hop"), (1500, "content_hop")):
            for u, v, _ in session.of(kind):
                carried[u, v] += size

    ratio, latency, load, stretch = (collector.results() for collector in built_in)
    n = len(requests)
    hits = sum(number for (hit, _), number in served.items() if hit)
    assert ratio["MEAN"] == pytest.approx(hits / n)
    for hit, key in ((True, "PER_NODE_CACHE_HIT_RATIO"), (False, "PER_NODE_SERVER_HIT_RATIO")):
        assert ratio[key] == {node: number / n for (h, node), number in served.items() if h is hit}
    assert latency["MEAN"] == pytest.approx(sum(latencies) / n)
    assert stretch["MEAN"] == pytest.approx(sum(stretches) / n)
    for kind in ("internal", "external"):
        links = [link for link in carried if topology.edges[link]["type"] == kind]
        loads = load[f"PER_LINK_{kind.upper()}"]
        assert sorted(map(str, loads.keys())) == sorted(map(str, links))
        if n > 1:
            assert loads == {link: pytest.approx(carried[link] / (n - 1)) for link in links}
