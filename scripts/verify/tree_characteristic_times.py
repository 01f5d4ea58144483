"""Scenario V of Tortelli et al.: characteristic times of the caches of a binary tree, by level.

Four levels of LRU caches, leave copy everywhere, a client at each of the 8 leaves, and the
repository beyond the root, which has a cache as well. The characteristic time of an LRU cache
is measured as what it means: how long a content stays after its last use.

References
----------
M. Tortelli, D. Rossi and E. Leonardi, A hybrid methodology for the performance evaluation of
Internet-scale cache networks, Computer Networks 125, 2017.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.figure import Figure

from icarus.execution.simulation import Simulation
from icarus.results.style import COLOURS
from scripts.verify import lru_trees
from scripts.verify import verify_components as verify_components  # registers them
from scripts.verify.checks import Check, Effort, Results, Row, simulation

__all__ = ["CHECK", "Case", "expected_levels"]

NAME = "tree_characteristic_times"
RATE = 20.0
"""Requests of each client a second."""
LEVELS = ("leaf", "level 2", "level 1", "root")

AGREEMENT = {Effort.QUICK: 0.05, Effort.USUAL: 0.01, Effort.FULL: 0.01}
"""With published times, as a share of them. The time of one cache of C contents varies by some
1 / sqrt(C), and a run averages over a thousand such times and more, except a quick one."""

MODEL_AGREEMENT = {Effort.QUICK: 0.05, Effort.USUAL: 0.03, Effort.FULL: 0.03}
"""With the times of the model, which are up to 2.8 % above those of the published simulations: at
M = 10^7, level 2."""

HIT_RATIO_AGREEMENT = {Effort.QUICK: 0.05, Effort.USUAL: 0.02, Effort.FULL: 0.02}
"""With the mean hit ratio of the model, as a share of it."""

PUBLISHED_MODEL = {1.0: 0.3316, 0.8: 0.0794, 1.2: 0.5266}
"""Mean hit ratio of the 15 caches by alpha, which the authors solved the refined model for at
M = 10^9 and C = 10^6."""


@dataclass(frozen=True)
class Case:
    """A catalogue, caches, and the characteristic times that were published, leaf to root, s."""

    alpha: float
    n_contents: int
    cache: int
    n_measured: int
    published: tuple[float, ...] = ()

    @property
    def key(self) -> str:
        """Name for people and of the simulation."""
        return f"M = {self.n_contents:.0e}, alpha {self.alpha}".replace("e+0", "e")


_SMALL = Case(0.8, 1_000_000, 1_000, 1_000_000, (53.7, 28.0, 14.18, 7.17))
_LARGE = Case(1.2, 10_000_000, 10_000, 10_000_000, (2693, 1734, 917, 479.6))
CASES = {
    Effort.QUICK: (Case(0.8, 10_000, 100, 40_000),),
    Effort.USUAL: (_SMALL,),
    Effort.FULL: (_SMALL, _LARGE),
}


@cache
def expected_levels(alpha: float, n_contents: int, size: int) -> tuple[tuple[float, float], ...]:
    """Return characteristic time in s and hit ratio of each level by the model, leaf to root."""
    popularity = lru_trees.zipf_popularity(alpha, n_contents)
    streams = [lru_trees.Stream(RATE * popularity.probability)]
    levels = []
    for _ in LEVELS:
        node = lru_trees.lru_node(streams, size, popularity.contents)
        asked = float(popularity.contents @ node.requested)
        levels.append((node.time, float(popularity.contents @ node.hit) / asked))
        streams = [node.misses, node.misses]
    return tuple(levels)


def _mean_hit_ratio(by_level: list[float]) -> float:
    """Return the mean over the 15 caches."""
    return float(np.average(by_level, weights=[8, 4, 2, 1]))


def _simulations(effort: Effort) -> dict[str, Simulation]:
    return {
        case.key: simulation(
            topology={"name": "VERIFY_TREE", "levels": len(LEVELS)},
            workload={
                "n_contents": case.n_contents,
                "alpha": case.alpha,
                "rate": RATE * 8,
                # The leaves see 20 requests a second, and fill in little more than their time.
                "n_warmup": int(3 * 8 * RATE * _times(case)[0]),
                "n_measured": case.n_measured,
            },
            network_cache=15 * case.cache / case.n_contents,
            strategy={"name": "LCE"},
            policy="VERIFY_LRU_TIMED",
            collectors={"VERIFY_CHARACTERISTIC_TIME": {}},
        )
        for case in CASES[effort]
    }


def _times(case: Case) -> list[float]:
    return [time for time, _ in expected_levels(case.alpha, case.n_contents, case.cache)]


def _by_level(results: Results, case: Case, measure: str) -> list[float]:
    """Return the mean of a measure over the caches of each level, leaf to root."""
    by_node = results[case.key].results["VERIFY_CHARACTERISTIC_TIME"][measure]
    levels = [range(2**k - 1, 2 ** (k + 1) - 1) for k in reversed(range(len(LEVELS)))]
    return [float(np.mean([by_node[node] for node in level])) for level in levels]


def _rows(results: Results, effort: Effort) -> list[Row]:
    rows = []
    for alpha, published in PUBLISHED_MODEL.items():
        ours = _mean_hit_ratio([hit for _, hit in expected_levels(alpha, 10**9, 10**6)])
        what = f"M = 1e9, alpha {alpha}: mean hit ratio by the refined model, published and ours"
        rows.append(Row(NAME, what, published, ours, 6e-5, "half the last digit"))
    for case in CASES[effort]:
        measured = _by_level(results, case, "TIME")
        for i, level in enumerate(LEVELS):
            what = f"{case.key}: characteristic time in s, {level}"
            model, agreed = _times(case)[i], MODEL_AGREEMENT[effort]
            if case.published:
                theirs, near = case.published[i], AGREEMENT[effort]
                rows.append(Row(NAME, f"{what}, published", theirs, measured[i], near * theirs,
                                f"{near:.0%}: noise of two runs"))  # fmt: skip
            rows.append(Row(NAME, f"{what}, model", model, measured[i], agreed * model,
                            f"{agreed:.0%}: what the model is known to be off by"))  # fmt: skip
        hits = _mean_hit_ratio([h for _, h in expected_levels(case.alpha, case.n_contents,
                                                              case.cache)])  # fmt: skip
        simulated = _mean_hit_ratio(_by_level(results, case, "HIT_RATIO"))
        what = f"{case.key}: mean hit ratio of the 15 caches, model"
        agreed = HIT_RATIO_AGREEMENT[effort]
        reason = f"{agreed:.0%} of the hit ratio for the model"
        rows.append(Row(NAME, what, hits, simulated, agreed * hits, reason))
    return rows


def _draw(results: Results, effort: Effort, figure: Figure) -> None:
    cases = CASES[effort]
    axes = figure.subplots(1, len(cases), squeeze=False)[0]
    places = np.arange(len(LEVELS))
    for ax, case in zip(axes, cases, strict=True):
        bars = {"refined model": _times(case), "simulation": _by_level(results, case, "TIME")}
        if case.published:
            bars = {"published": list(case.published), **bars}
        width = 0.8 / len(bars)
        for i, (label, times) in enumerate(bars.items()):
            at = places + (i - (len(bars) - 1) / 2) * width
            ax.bar(at, times, width * 0.95, color=COLOURS[i], label=label)
            for x, time in zip(at, times, strict=True):
                ax.annotate(f"{time:.4g}", (x, time), (0, 3), textcoords="offset points",
                            ha="center", va="bottom", fontsize=7, rotation=90)  # fmt: skip
        ax.margins(y=0.15)
        ax.set_xticks(places, LEVELS)
        ax.set_ylabel("characteristic time, s")
        ax.set_title(case.key)
        ax.legend(frameon=False)


CHECK = Check(NAME, "Binary tree: characteristic times", _simulations, _rows, _draw)
