#!/usr/bin/env python3
"""Draw the results of config/onpath_vs_offpath.py, as an example of plots described in full.

    python scripts/plot_onpath_vs_offpath.py RESULTS [FOLDER]

Writes, for each topology, lines over the size of caches, bars at one size and the network with
the loads of its links. `icarus plot RESULTS` draws figures without any description.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from icarus.registry import TOPOLOGY_FACTORY
from icarus.results import (
    ResultSet,
    draw_network_load,
    plot_bar_chart,
    plot_lines,
    read_results_pickle,
)
from icarus.results.style import MARKERS

OFF_PATH = ("HR_SYMM", "HR_ASYMM", "HR_MULTICAST", "NRR")
"""Drawn with dashes."""

METRICS = {
    "hit_ratio": (("CACHE_HIT_RATIO", "MEAN"), "Cache hit ratio"),
    "latency": (("LATENCY", "MEAN"), "Latency (ms)"),
    "internal_load": (("LINK_LOAD", "MEAN_INTERNAL"), "Mean load of internal links (bytes/s)"),
    "stretch": (("PATH_STRETCH", "MEAN"), "Path stretch"),
}


def values(results: ResultSet, *path: str) -> list[Any]:
    """Return the values that a parameter takes, in the order of the experiments."""
    return list(dict.fromkeys(parameters.getval(path) for parameters, _ in results))


def draw_topology(results: ResultSet, topology: str, folder: Path) -> None:
    """Draw what was measured on one topology."""
    chosen = {"topology": {"name": topology}}
    strategies = values(results, "strategy", "name")
    sizes = sorted(values(results, "cache_placement", "network_cache"))
    for name, (metric, label) in METRICS.items():
        desc = {
            "title": topology,
            "ylabel": label,
            "xlabel": "Size of all caches (share of the catalogue)",
            "filter": chosen,
            "xparam": ("cache_placement", "network_cache"),
            "xvals": sizes,
            "ymetrics": [metric] * len(strategies),
            "ycondnames": [("strategy", "name")] * len(strategies),
            "ycondvals": strategies,
            "legend": {strategy: strategy for strategy in strategies},
            "legend_args": {"bbox_to_anchor": (1.02, 1), "borderaxespad": 0},
            "legend_loc": "upper left",
        }
        lines = {
            "xscale": "log",
            "xticks": sizes,
            "line_style": {
                strategy: MARKERS[i % len(MARKERS)] + ("--" if strategy in OFF_PATH else "-")
                for i, strategy in enumerate(strategies)
            },
        }
        plot_lines(results, {**desc, **lines}, f"{name}_{topology}.png", folder)
        if name == "hit_ratio":
            plot_bar_chart(results, {**desc, "group_width": 0.8}, f"bars_{topology}.png", folder)
    largest = {**chosen, "cache_placement": {"network_cache": sizes[-1]}}
    for strategy in ("LCE", "HR_SYMM"):
        found = results.filter({**largest, "strategy": {"name": strategy}})
        if len(found):
            network = TOPOLOGY_FACTORY[topology]()
            draw_network_load(network, found[0], f"network_{topology}_{strategy}.png", folder)


def main() -> None:
    """Draw all topologies of a results file."""
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    source = Path(sys.argv[1])
    folder = Path(sys.argv[2]) if len(sys.argv) == 3 else source.with_suffix("")
    results = read_results_pickle(source)
    for topology in values(results, "topology", "name"):
        draw_topology(results, topology, folder)
    print(f"figures: {folder}")


if __name__ == "__main__":
    main()
