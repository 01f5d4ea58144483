"""What is handed to scipy.sparse.csgraph has the index arrays that all versions of it take.

Those of scipy 1.11 refuse indices of 64 bits, which later ones make smaller by themselves.
"""

from __future__ import annotations

from pathlib import Path

import fnss
import networkx as nx
import numpy as np
import pytest

import icarus
from icarus.execution import NetworkController, NetworkModel, NetworkView
from icarus.models.strategy import NearestReplicaRouting
from icarus.scenarios import location
from icarus.strategies import nearest_replica


@pytest.fixture
def handed_over(monkeypatch):
    """The matrices that csgraph got."""
    matrices = []

    def noting(real):
        def dijkstra(matrix, **options):
            matrices.append(matrix)
            return real(matrix, **options)

        return dijkstra

    for module in (location, nearest_replica):
        monkeypatch.setattr(module, "dijkstra", noting(module.dijkstra))
    return matrices


def nearest_replica_routing():
    topology = fnss.Topology(nx.path_graph(4))
    fnss.add_stack(topology, 0, "receiver", {})
    fnss.add_stack(topology, 1, "router", {"cache_size": 1})
    fnss.add_stack(topology, 2, "router", {})
    fnss.add_stack(topology, 3, "source", {"contents": {"x"}})
    model = NetworkModel(topology, {"name": "LRU"})
    strategy = NearestReplicaRouting(NetworkView(model), NetworkController(model), "LCE")
    strategy.process_event(0.0, 0, "x", True)


def distances():
    location.distances(nx.path_graph(4), [0], [3], None)


@pytest.mark.parametrize("use", [nearest_replica_routing, distances])
def test_indices_have_32_bits(use, handed_over):
    use()
    assert handed_over
    for matrix in handed_over:
        assert matrix.indices.dtype == matrix.indptr.dtype == np.int32


def test_no_other_module_uses_csgraph():
    package = Path(icarus.__file__).parent
    using = {path.stem for path in package.rglob("*.py") if "csgraph import" in path.read_text()}
    assert using == {"location", "nearest_replica"}
