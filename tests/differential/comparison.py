"""Runs one simulation on both engines and compares all that can be seen of it."""

from __future__ import annotations

import os
from collections.abc import Mapping

import numpy as np
from hypothesis import event

from icarus.core.random_streams import root_seed, stream
from icarus.execution.building import build_scenario
from icarus.execution.engine import Run
from icarus.execution.simulation import Simulation, simulate
from icarus.util import Tree

JIT = os.environ.get("NUMBA_DISABLE_JIT", "0") in ("", "0")
"""Whether kernels are compiled in this process."""

QUICK = JIT and "ICARUS_ALL_PAIRS" not in os.environ
"""Whether to compile as little as possible, as all is run as plain Python besides."""

COLLECTORS = {
    "CACHE_HIT_RATIO": {"off_path_hits": True, "per_node": True, "content_hits": True},
    "LATENCY": {"cdf": True, "percentiles": True},
    "LINK_LOAD": {"req_size": 100, "content_size": 1000},
    "PATH_STRETCH": {"cdf": True},
    "DUMMY": {},
}


def assert_same_results(experiment, seed=1, replication=0, collectors=COLLECTORS):
    """Both engines give equal results, floating-point numbers included."""
    done = {}
    for engine in ("python", "compiled"):
        try:
            done[engine] = simulate(
                Simulation(Tree(experiment), collectors, seed, replication, engine)
            )
        except (ValueError, KeyError, RuntimeError) as error:
            done[engine] = error
    reference, compiled = done["python"], done["compiled"]
    if isinstance(reference, Exception):
        assert repr(compiled) == repr(reference)
        event(f"both fail: {type(reference).__name__}")
        return
    if isinstance(compiled, Exception):
        raise compiled
    assert (reference.engine, compiled.engine) == ("python", "compiled")
    assert compiled.n_requests == reference.n_requests
    assert_equal(compiled.results, reference.results)


def assert_equal(compiled, reference, place="results"):
    """Compare trees of results to the last bit."""
    if isinstance(reference, Mapping):
        compiled, reference = (dict(tree.items()) for tree in (compiled, reference))
        assert list(compiled) == list(reference), place
        for key in reference:
            assert_equal(compiled[key], reference[key], f"{place}.{key}")
    elif isinstance(reference, np.ndarray):
        np.testing.assert_array_equal(compiled, reference, err_msg=place)
    elif isinstance(reference, tuple):
        for one, other in zip(compiled, reference, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=place)
    else:
        assert compiled == reference or (compiled != compiled and reference != reference), place


def assert_same_caches(experiment, seed=1, replication=0):
    """Both engines leave the same contents in all caches, in the same order."""
    root = root_seed(seed, replication)
    try:
        reference, compiled = (_caches(experiment, root, compiled) for compiled in (False, True))
    except ValueError as error:
        event(f"cannot be built: {type(error).__name__}")
        return
    assert compiled == reference


def _caches(experiment, root, compiled):
    params = Tree(experiment)
    topology, workload = build_scenario(params, root)
    run = Run(
        *(topology, workload, {}, params["strategy"], params["cache_policy"], {}),
        strategy_seed=stream(root, "strategy"),
        policy_seed=stream(root, "cache_policy"),
        engine="compiled" if compiled else "python",
    )
    model = run.view.model
    caches = [*model.cache.values(), *model.local_cache.values()]
    run.advance()
    if compiled:
        return [run.engine.cache_dump(i) for i in range(len(caches))]
    return [cache.dump() for cache in caches]
