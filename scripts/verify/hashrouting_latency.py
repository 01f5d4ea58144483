"""Latency of hash-routing against the model of Saino et al. on RING, MESH and RocketFuel maps.

The model has every cache draw the same share of requests and takes the hit ratio as given. Here
that is Che's approximation of one LRU cache as large as all together, so that nothing measured
goes into what is expected. It covers symmetric and multicast routing. The hit ratio of
asymmetric routing differs from cache to cache, and no model of it was published.

References
----------
L. Saino, I. Psaras and G. Pavlou, Modeling and analysis of hash-routing for cache networks, IEEE
Transactions on Network and Service Management 17(1), 2020, doi 10.1109/TNSM.2019.2956525.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from icarus.execution.simulation import Simulation
from icarus.registry import TOPOLOGY_FACTORY
from icarus.results.style import COLOURS
from icarus.tools import TruncatedZipfDist, cacheperf
from scripts.verify.checks import Check, Effort, Results, Row, noise_of_ratio, simulation

__all__ = ["CHECK", "expected_hit_ratio", "expected_latency"]

NAME = "hashrouting_latency"
N_CONTENTS = 100_000
ALPHA = 0.6
NETWORK_CACHE = 0.1
REQUESTS = {Effort.QUICK: 20_000, Effort.USUAL: 400_000, Effort.FULL: 400_000}
AGREEMENT = 0.02
"""Of latencies, as a share of them."""

ROUTINGS = ("SYMM", "MULTICAST")
MAPS = {1221: "Telstra", 1239: "Sprintlink", 1755: "EBONE", 3257: "Tiscali",
        3967: "Exodus", 6461: "Abovenet"}  # fmt: skip
_FOLDER = "rocketfuel-latency"
N_ROUTERS = 20
INSIDE, OUTSIDE = 2.0, 34.0
"""Delays in ms within the network, and to the origin."""

_DELAYS = {"delay_int": INSIDE, "delay_ext": OUTSIDE}
_SYNTHETIC: dict[str, dict[str, Any]] = {
    "RING": {"name": "RING", "n": N_ROUTERS, **_DELAYS},
    "MESH, 5 sources": {"name": "MESH", "n": N_ROUTERS, "m": 5, **_DELAYS},
    "MESH, 1 source": {"name": "MESH", "n": N_ROUTERS, "m": 1, **_DELAYS},
}


def _map_folder() -> Path | None:
    """Return the folder with RocketFuel's latency maps, if there is one."""
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "topologies"
    named = os.environ.get("ICARUS_DATA")
    folders = [Path(named), Path(named) / "topologies"] if named else []
    return next((f / _FOLDER for f in (*folders, beside) if (f / _FOLDER).is_dir()), None)


def _topologies(effort: Effort) -> dict[str, dict[str, Any]]:
    folder = _map_folder()
    if folder is None or effort is Effort.QUICK:
        return _SYNTHETIC
    maps = {
        f"RocketFuel {name}": {"name": "ROCKET_FUEL", "asn": asn, "path": str(folder)}
        for asn, name in MAPS.items()
        if (folder / str(asn) / "latencies.intra").is_file()
    }
    return _SYNTHETIC | maps


def _left_out(effort: Effort) -> list[str]:
    if effort is Effort.QUICK:
        return []
    missing = [name for name in MAPS.values() if f"RocketFuel {name}" not in _topologies(effort)]
    if not missing:
        return []
    return [
        f"RocketFuel {', '.join(missing)}: no map; set ICARUS_DATA to a folder that holds "
        f"{_FOLDER}/<asn>/latencies.intra of https://research.cs.washington.edu/networking/"
        "rocketfuel/"
    ]


@cache
def expected_hit_ratio() -> float:
    """Return the hit ratio of one LRU cache as large as all together, by Che's approximation."""
    pdf = TruncatedZipfDist(ALPHA, N_CONTENTS).pdf
    return cacheperf.che_cache_hit_ratio_simplified(pdf, NETWORK_CACHE * N_CONTENTS)


def expected_latency(parameters: Mapping[str, Any], routing: str) -> float:
    """Return the mean latency in ms by the general model, of SYMM or MULTICAST."""
    given = dict(parameters)
    topology = TOPOLOGY_FACTORY.resolve(given.pop("name"))(**given)
    for node in topology.graph["icr_candidates"]:
        topology.nodes[node]["stack"][1]["cache_size"] = 1
    sources, receivers = topology.sources(), topology.receivers()
    return cacheperf.hashrouting_model(
        topology,
        routing,
        expected_hit_ratio(),
        source_content_ratio=dict.fromkeys(sources, 1 / len(sources)),
        req_rates=dict.fromkeys(receivers, 1.0),
    )


def _closed_forms() -> dict[str, float]:
    """Return the latency of SYMM by the closed forms, with the receivers' own links added.

    The closed form of a mesh holds for the topology MESH where there is one source.
    """
    h = expected_hit_ratio()
    ring = cacheperf.hashrouting_model_ring(N_ROUTERS, h, INSIDE, OUTSIDE)
    mesh = cacheperf.hashrouting_model_mesh(N_ROUTERS, 1, h, INSIDE, OUTSIDE)
    return {"RING": ring + 2 * INSIDE, "MESH, 1 source": mesh + 2 * INSIDE}


def _simulations(effort: Effort) -> dict[str, Simulation]:
    return {
        f"{name} {routing}": simulation(
            topology=topology,
            workload={
                "n_contents": N_CONTENTS,
                "alpha": ALPHA,
                "n_warmup": max(REQUESTS[effort] // 2, N_CONTENTS // 2),
                "n_measured": REQUESTS[effort],
            },
            network_cache=NETWORK_CACHE,
            strategy={"name": f"HR_{routing}"},
            policy="LRU",
            collectors={"LATENCY": {}, "CACHE_HIT_RATIO": {"per_node": False}},
        )
        for name, topology in _topologies(effort).items()
        for routing in ROUTINGS
    }


def _latency(results: Results, name: str, routing: str) -> float:
    return float(results[f"{name} {routing}"].results["LATENCY"]["MEAN"])


def _rows(results: Results, effort: Effort) -> list[Row]:
    rows = []
    reason = f"{AGREEMENT:.0%} of the latency"
    h = expected_hit_ratio()
    for name, topology in _topologies(effort).items():
        for routing in ROUTINGS:
            expected = expected_latency(topology, routing)
            what = f"{name}, HR_{routing}: latency in ms, model"
            rows.append(Row(NAME, what, expected, _latency(results, name, routing),
                            AGREEMENT * expected, reason))  # fmt: skip
        measured = float(results[f"{name} SYMM"].results["CACHE_HIT_RATIO"]["MEAN"])
        noise = max(AGREEMENT * h, 4 * noise_of_ratio(h, REQUESTS[effort]))
        what = f"{name}: hit ratio, one cache of the total size"
        rows.append(Row(NAME, what, h, measured, noise, f"{AGREEMENT:.0%} of the hit ratio"))
    for name, expected in _closed_forms().items():
        what = f"{name}, HR_SYMM: latency in ms, closed form"
        rows.append(Row(NAME, what, expected, _latency(results, name, "SYMM"),
                        AGREEMENT * expected, reason))  # fmt: skip
    return rows


def _draw(results: Results, effort: Effort, figure: Figure) -> None:
    ax = figure.subplots()
    topologies = _topologies(effort)
    places = np.arange(len(topologies))
    width = 0.2
    for i, routing in enumerate(ROUTINGS):
        model = [expected_latency(topology, routing) for topology in topologies.values()]
        simulated = [_latency(results, name, routing) for name in topologies]
        at = places + (2 * i - 1) * width
        ax.bar(at - width / 2, model, width * 0.95, color=COLOURS[i], label=f"{routing}, model")
        ax.bar(at + width / 2, simulated, width * 0.95, color=COLOURS[i], alpha=0.5, hatch="///",
               edgecolor="white", linewidth=0, label=f"HR_{routing}, simulation")  # fmt: skip
    ax.set_xticks(places, [name.replace(" ", "\n", 1) for name in topologies])
    ax.tick_params(axis="x", labelsize=8)
    ax.set_ylabel("mean latency, ms")
    ax.legend(frameon=False)


CHECK = Check(NAME, "Latency of hash-routing", _simulations, _rows, _draw, left_out=_left_out)
