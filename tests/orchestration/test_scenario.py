"""Single simulations run by hand."""

from __future__ import annotations

import copy
import logging

import networkx
import pytest

from icarus.orchestration import run_scenario
from icarus.util import Settings, Tree


@pytest.fixture
def settings():
    made = Settings()
    made["DATA_COLLECTORS"] = ["CACHE_HIT_RATIO", "LATENCY"]
    return made


def experiment(strategy="LCE"):
    return Tree(
        topology={"name": "PATH", "n": 4},
        workload={
            "name": "STATIONARY",
            "n_contents": 20,
            "alpha": 0.8,
            "n_warmup": 10,
            "n_measured": 50,
        },
        cache_placement={"name": "UNIFORM", "network_cache": 0.2},
        content_placement={"name": "UNIFORM"},
        strategy={"name": strategy},
        cache_policy={"name": "LRU"},
    )


def test_params_come_back_untouched_with_results_and_duration(settings):
    params = experiment()
    before = copy.deepcopy(params)
    returned, results, duration = run_scenario(settings, params, 1, 1)
    assert returned is params
    assert params == before
    assert isinstance(results, Tree)
    assert set(results.keys()) == {"CACHE_HIT_RATIO", "LATENCY"}
    assert isinstance(duration, float)
    assert duration > 0


def test_plain_dicts_and_collector_options_will_do(settings):
    settings["DATA_COLLECTORS"] = {"CACHE_HIT_RATIO": {"per_node": False}}
    params = experiment().dict()
    returned, results, _ = run_scenario(settings, params, 1, 1)
    assert returned is params
    assert list(results["CACHE_HIT_RATIO"].keys()) == ["MEAN"]


def test_the_number_is_the_replication(settings):
    params = experiment()
    params["workload"]["n_measured"] = 2000
    first, again, second = (run_scenario(settings, params, i, 2)[1] for i in (1, 1, 2))
    assert first == again
    assert first != second
    settings["SEED"] = 2
    assert run_scenario(settings, params, 1, 2)[1] != first


def test_the_engine_is_that_of_the_settings(settings, caplog):
    params = experiment()
    paths = dict(networkx.all_pairs_shortest_path(networkx.path_graph(4)))
    params["netconf"] = {"shortest_path": paths}
    settings["ENGINE"] = "compiled"
    assert run_scenario(settings, params, 1, 1) is None
    assert "compiled engine, but netconf: paths are given" in caplog.text
    settings["ENGINE"] = "python"
    assert run_scenario(settings, params, 1, 1) is not None


@pytest.mark.parametrize(
    ("section", "name"),
    [("strategy", "NO_SUCH"), ("topology", "NO_SUCH"), ("cache_policy", "NO_SUCH")],
)
def test_an_unknown_component_is_logged_and_gives_nothing(settings, caplog, section, name):
    params = experiment()
    params[section]["name"] = name
    with caplog.at_level(logging.INFO):
        assert run_scenario(settings, params, 1, 1) is None
    assert "NO_SUCH" in caplog.text
    assert any(record.levelno >= logging.ERROR for record in caplog.records)
    assert all(record.name.startswith("runner-") for record in caplog.records)


def test_an_unknown_collector_gives_nothing(settings):
    settings["DATA_COLLECTORS"] = ["NO_SUCH"]
    assert run_scenario(settings, experiment(), 1, 1) is None


def test_a_broken_parameter_gives_nothing(settings, caplog):
    params = experiment()
    params["topology"]["n"] = 1
    assert run_scenario(settings, params, 1, 1) is None
    assert "Traceback" in caplog.text
