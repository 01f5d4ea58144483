"""The interface of Icarus 0.8: every module, name, signature and registry id that must be there.

A signature that is stated here must be an opening of the one that is there: the same
parameters, by name and in order, with the same defaults. Beyond them there may be further
ones that need not be given, and a parameter that was required may have become optional.
What is stated is in ``api_table``.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

import fnss
import pytest
from api_table import (
    ATTRIBUTES,
    BY_PATH,
    EXPORTS,
    IDS,
    MODULES,
    PROPERTIES,
    SIGNATURES,
    STRICT,
)

from icarus import registry
from icarus.planning.settings import DEFAULTS


def cases(table: Mapping[str, str | Iterable[str]]) -> list[Any]:
    """Return the module and name, and the signature where there is one, of all in a table."""
    found = []
    for module, names in table.items():
        for name in names.split() if isinstance(names, str) else names:
            stated = (names[name],) if isinstance(names, dict) else ()
            found.append(pytest.param(module, name, *stated, id=f"{module}.{name}"))
    return found


def resolve(module: str, name: str) -> Any:
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    return found


def signature(parameters: str) -> inspect.Signature:
    return inspect.signature(eval(f"lambda {parameters}: None"))


def differences(actual: inspect.Signature, stated: inspect.Signature) -> list[str]:
    """Return in what `actual` cannot be called as `stated` can."""
    empty, kinds = inspect.Parameter.empty, inspect.Parameter
    there = [p for p in actual.parameters.values() if p.kind is kinds.POSITIONAL_OR_KEYWORD]
    found = []
    asked = []
    for parameter in stated.parameters.values():
        if parameter.kind in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD):
            if parameter.kind not in {p.kind for p in actual.parameters.values()}:
                found.append(f"it does not take {parameter}")
            continue
        asked.append(parameter)
    for position, parameter in enumerate(asked):
        if position >= len(there) or there[position].name != parameter.name:
            found.append(f"parameter {position} is not {parameter.name!r}")
            break
        default = there[position].default
        if parameter.default is empty or default == parameter.default:
            continue
        # An empty list or dict may have become an empty tuple, or None.
        if parameter.default in ([], {}) and default is not empty and not default:
            continue
        found.append(f"the default of {parameter.name!r} is {default!r}")
    variadic = (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
    names = {parameter.name for parameter in asked}
    found += [
        f"it needs {parameter.name!r} too"
        for parameter in actual.parameters.values()
        if parameter.name not in names
        and parameter.default is empty
        and parameter.kind not in variadic
    ]
    return found


@pytest.mark.parametrize("module", MODULES)
def test_module(module):
    importlib.import_module(module)


@pytest.mark.parametrize(("module", "name"), cases(EXPORTS))
def test_export(module, name):
    assert name in importlib.import_module(module).__all__
    resolve(module, name)


@pytest.mark.parametrize("module", EXPORTS)
def test_star_import(module):
    namespace: dict[str, Any] = {}
    exec(f"from {module} import *", namespace)
    assert set(importlib.import_module(module).__all__) <= set(namespace)


@pytest.mark.parametrize(("module", "name"), cases(BY_PATH))
def test_name_by_path(module, name):
    resolve(module, name)


@pytest.mark.parametrize(("module", "name", "parameters"), cases(SIGNATURES))
def test_signature(module, name, parameters):
    actual = inspect.signature(resolve(module, name))
    owner, _, method = name.rpartition(".")
    if owner and inspect.isfunction(inspect.getattr_static(resolve(module, owner), method)):
        own = list(actual.parameters.values())[1:]  # without self
        actual = actual.replace(parameters=own)
    assert differences(actual, signature(parameters)) == []


@pytest.mark.parametrize(("module", "name"), cases(PROPERTIES))
def test_property(module, name):
    assert isinstance(resolve(module, name), property)


@pytest.mark.parametrize(("kind", "name"), cases(IDS))
def test_registered_component(kind, name):
    component = getattr(registry, kind)[name]
    assert callable(component)


@pytest.mark.parametrize("kind", IDS)
def test_registries_are_dicts(kind):
    assert isinstance(getattr(registry, kind), dict)


def test_collectors_have_the_names_of_their_results():
    for name in IDS["DATA_COLLECTOR"].split():
        assert registry.DATA_COLLECTOR[name].name == name


@pytest.mark.parametrize(("kind", "name"), cases({"STRATEGY": STRICT}))
def test_strict_strategies(kind, name):
    parameters = inspect.signature(getattr(registry, kind)[name]).parameters.values()
    assert inspect.Parameter.VAR_KEYWORD not in {parameter.kind for parameter in parameters}


def test_events_of_the_proxy():
    from icarus.execution import CollectorProxy

    events = (
        *("start_session", "cache_hit", "cache_miss", "server_hit", "request_hop"),
        *("content_hop", "end_session", "results"),
    )
    assert sorted(CollectorProxy.EVENTS) == sorted(events)


def small_network():
    from icarus.scenarios import topology_path, uniform_cache_placement, uniform_content_placement

    topology = topology_path(n=4)
    uniform_cache_placement(topology, cache_budget=4)
    uniform_content_placement(topology, [1, 2], seed=1)
    return topology


MODEL_ATTRIBUTES = (
    *("topology", "shortest_path", "content_source", "source_node", "link_type", "link_delay"),
    *("cache", "local_cache", "removed_nodes", "removed_links", "removed_sources"),
    *("removed_caches", "removed_local_caches", "disconnected_neighbors"),
)


@pytest.mark.parametrize(
    ("module", "attribute"), cases({"icarus.execution.NetworkModel": MODEL_ATTRIBUTES})
)
def test_attributes_of_the_model(module, attribute):
    from icarus.execution import NetworkModel

    model = NetworkModel(small_network(), {"name": "LRU"})
    assert hasattr(model, attribute)


def test_attributes_of_view_controller_and_strategy():
    from icarus.execution import NetworkController, NetworkModel, NetworkView
    from icarus.models import NoCache

    model = NetworkModel(small_network(), {"name": "LRU"})
    view, controller = NetworkView(model), NetworkController(model)
    assert view.model is model
    assert controller.model is model
    assert controller.session is None
    assert controller.collector is None
    strategy = NoCache(view, controller)
    assert (strategy.view, strategy.controller) == (view, controller)


def small_ring():
    from icarus.scenarios import (
        clustered_hashrouting_cache_placement,
        topology_ring,
        uniform_content_placement,
    )

    topology = topology_ring(n=6)
    clustered_hashrouting_cache_placement(topology, 12, n_clusters=2, policy="node_const")
    uniform_content_placement(topology, [1, 2], seed=1)
    return topology


def instance(what: str) -> Any:
    """Build one of the things that ``api_table`` states attributes of."""
    from icarus import execution, models, scenarios, util
    from icarus.orchestration import Orchestrator
    from icarus.results import ResultSet

    if what.startswith("strategy "):
        model = execution.NetworkModel(small_ring(), {"name": "LRU"})
        options = {"intra_routing": "SYMM"} if what.endswith("HR_CLUSTER") else {}
        view, controller = execution.NetworkView(model), execution.NetworkController(model)
        return registry.STRATEGY[what.split()[1]](view, controller, **options)
    view = object()
    settings = util.Settings()
    settings.EXPERIMENT_QUEUE = [
        {
            "topology": {"name": "PATH", "n": 4},
            "workload": {"name": "STATIONARY", "n_contents": 10, "alpha": 0.8},
            "content_placement": {"name": "UNIFORM"},
            "strategy": {"name": "NO_CACHE"},
            "cache_policy": {"name": "NULL"},
        }
    ]
    caches = [models.LruCache(2)]
    return {
        "STATIONARY": lambda: scenarios.StationaryWorkload(small_ring(), 10, 0.8),
        "YCSB": lambda: scenarios.YCSBWorkload("A", 10, 1, 1),
        "SLRU": lambda: models.SegmentedLruCache(4),
        "SHARD": lambda: models.ShardedCache(4),
        "ARRAY": lambda: models.ArrayCache(caches),
        "PATH": lambda: models.PathCache(caches),
        "k hits": lambda: models.insert_after_k_hits_cache(models.LruCache(2), memory=3),
        "key and value": lambda: models.keyval_cache(models.LruCache(2)),
        "time to live": lambda: models.ttl_cache(models.LruCache(2), lambda: 0),
        "LinkedSet": lambda: models.LinkedSet([1, 2]),
        "node of LinkedSet": lambda: models.LinkedSet([1, 2])._top,
        "DUMMY": lambda: execution.DummyCollector(view),
        "proxy": lambda: execution.CollectorProxy(view, [execution.DummyCollector(view)]),
        "Orchestrator": lambda: Orchestrator(settings),
        "ResultSet": ResultSet,
        "IcnTopology": small_ring,
    }[what]()


@pytest.mark.parametrize(("what", "attribute"), cases(ATTRIBUTES))
def test_attributes_of_instances(what, attribute):
    assert hasattr(instance(what), attribute)


def test_classes_that_others_derive_from():
    from icarus import scenarios, tools, util
    from icarus.execution import collectors
    from icarus.models import Cache, LruCache, Strategy, strategy

    assert issubclass(util.Tree, dict)
    assert issubclass(scenarios.IcnTopology, fnss.Topology)
    assert issubclass(tools.TruncatedZipfDist, tools.DiscreteDist)
    assert issubclass(LruCache, Cache)
    assert issubclass(strategy.Edge, Strategy)
    assert issubclass(collectors.CollectorProxy, collectors.DataCollector)


def test_results_of_icarus_0_8_name_these_classes():
    from icarus.results.readwrite import ResultSet
    from icarus.util import Tree

    assert {"_results", "attr"} <= set(vars(ResultSet()))
    assert Tree.__module__ == "icarus.util"


def test_general_settings():
    assert DEFAULTS["PARALLEL_EXECUTION"] is False
    assert DEFAULTS["N_REPLICATIONS"] == 1
    assert DEFAULTS["RESULTS_FORMAT"] == "PICKLE"
    assert DEFAULTS["LOG_LEVEL"] == "INFO"
    assert {"N_PROCESSES", "DATA_COLLECTORS"} <= set(DEFAULTS)


def test_facts_about_the_release_are_texts():
    for name in BY_PATH["icarus.release"].split():
        assert isinstance(resolve("icarus.release", name), str)


def test_constants():
    assert resolve("icarus.scenarios.topology", "INTERNAL_LINK_DELAY") == 2
    assert resolve("icarus.scenarios.topology", "EXTERNAL_LINK_DELAY") == 34
    assert isinstance(resolve("icarus.scenarios.topology", "TOPOLOGY_RESOURCES_DIR"), str)


def test_the_comparison_of_signatures_finds_what_is_wrong():
    stated = signature("a, b=1, **kwargs")
    for same in ("a, b=1, **kwargs", "a, b=1, c=None, **kwargs", "a=3, b=1, *, s=0, **others"):
        assert differences(signature(same), stated) == []
    for other, problem in {
        "b, a=1, **kwargs": "parameter 0 is not 'a'",
        "a, b=2, **kwargs": "the default of 'b' is 2",
        "a, b=1": "it does not take **kwargs",
        "a, b=1, *, c, **kwargs": "it needs 'c' too",
        "a, **kwargs": "parameter 1 is not 'b'",
    }.items():
        assert problem in differences(signature(other), stated)
