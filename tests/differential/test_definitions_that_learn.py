"""Definitions of users whose fields change while requests are served, on networks that change."""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import pytest
from comparison import assert_equal

from icarus.execution.parameters import Simulation
from icarus.execution.running import RunningSimulation
from icarus.registry import STRATEGY
from icarus.strategies import AGAIN, DONE, define_strategy
from icarus.util import Tree


class EverySecond(NamedTuple):
    """Every second request that is served has copies left everywhere."""

    count: np.ndarray

    @classmethod
    def new(cls, network: Any) -> Self:
        return cls(np.zeros(1, dtype=np.int64))

    def serve(self, request, path):
        self.count[0] += 1
        served_at = request.look_up_on(path)
        if self.count[0] % 2 == 0:
            for position in range(served_at - 1, 0, -1):
                request.put(path, position)
        request.round_trip(path, served_at)


class EverySecondFromTheStart(EverySecond):
    """It goes on counting when the network changes."""

    def renewed(self, network):
        return self


class EverySecondThatAsksItself(NamedTuple):
    """The same, that looks its path up by itself, and counts before it does anything else."""

    count: np.ndarray

    @classmethod
    def new(cls, network: Any) -> Self:
        return cls(np.zeros(1, dtype=np.int64))

    def process(self, request):
        path = request.path_to_source()
        if request.lacks(path):
            return AGAIN
        self.count[0] += 1
        served_at = request.look_up_on(path)
        if self.count[0] % 3 == 0:
            for position in range(served_at - 1, 0, -1):
                request.put(path, position)
        request.round_trip(path, served_at)
        return DONE


DEFINITIONS = {
    "TEST_ANEW": EverySecond,
    "TEST_RENEWED": EverySecondFromTheStart,
    "TEST_PROCESS": EverySecondThatAsksItself,
}


@pytest.fixture(autouse=True, scope="module")
def registered():
    for name, definition in DEFINITIONS.items():
        define_strategy(name)(definition)
    yield
    for name in DEFINITIONS:
        del STRATEGY[name]


def results(strategy, engine, timeline):
    experiment = Tree(
        topology={"name": "TREE", "k": 2, "h": 3},
        workload={
            "name": "STATIONARY", "n_contents": 200, "alpha": 0.8, "n_warmup": 0,
            "n_measured": 3001, "rate": 50.0,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.3},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy},
        cache_policy={"name": "LRU"},
        timeline=timeline,
    )  # fmt: skip
    collectors = {"CACHE_HIT_RATIO": {"content_hits": True}, "TIMELINE": {"window": 10.0}}
    return RunningSimulation(Simulation(experiment, collectors, 1, 0, engine)).advance().results()


@pytest.mark.parametrize("strategy", DEFINITIONS)
def test_engines_agree_on_what_they_have_learnt(strategy):
    timeline = [
        {"at": 20.01, "event": "link_down", "link": [0, 1]},
        {"at": 40, "event": "link_up", "link": [0, 1]},
    ]
    python, compiled = (results(strategy, engine, timeline) for engine in ("python", "compiled"))
    assert (python["TIMELINE"]["SERVED"] < 1).any()
    assert_equal(compiled, python)


def test_what_is_renewed_is_not_what_is_made_anew():
    timeline = [{"at": {"requests": 1101}, "event": "link_down", "link": [1, 3]}]
    timeline += [{"at": {"requests": 2001}, "event": "link_up", "link": [1, 3]}]
    anew, renewed = (
        results(name, "compiled", timeline)["TIMELINE"]["HIT_RATIO"].tolist()
        for name in ("TEST_ANEW", "TEST_RENEWED")
    )
    assert anew[:2] == renewed[:2]
    assert anew != renewed
