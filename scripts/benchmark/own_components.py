"""A user's own policy and strategy, those of ``config/extension.py``, beside built-in ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from icarus.execution.simulation import SimulationResult
from icarus.planning.loading import load_settings
from icarus.registry import CACHE_POLICY
from icarus.util import Tree
from scripts.benchmark.experiments import MAPS, beside_python, network_experiment, run, warm_up
from scripts.benchmark.measuring import PROJECT, Row, attempted, interleaved, ratio
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT", "measure_kind"]

_CASES = {
    "cache_policy": ("MY_SIEVE", ("LRU", "FIFO", "SLRU")),
    "strategy": ("LCE_NEAR", ("LCE", "LCD")),
}
"""By section of experiments: the user's component, and the built-in ones that it is beside."""


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each pair of a user's component and a built-in one."""
    for section in _CASES:
        row = attempted(
            measure_kind,
            section=section,
            requests=options.requests(3_000_000),
            requests_python=options.requests(60_000),
            repeat=options.repeat,
        )
        if "error" in row:
            yield {**row, "pair": section}
        else:
            yield from row["pairs"]


def measure_kind(section: str, requests: int, requests_python: int, repeat: int) -> Row:
    """Return the figures of a user's component and of built-in ones, measured in turn.

    Raises
    ------
    MeasurementError
        If the engines give different results.
    """
    own, built_in = _CASES[section]
    if "MY_SIEVE" not in CACHE_POLICY:
        load_settings(PROJECT / "config" / "extension.py")

    def experiment(name: str, number: int) -> Tree:
        return Tree(network_experiment(MAPS["GEANT"], requests=number), **{section: {"name": name}})

    names = (own, *built_in)
    for name in names:
        warm_up(experiment(name, requests))
    calls: list[Callable[[], SimulationResult]] = [
        partial(run, experiment(name, requests)) for name in names
    ]
    ours, *others = interleaved(repeat, *calls)
    agreed: dict[str, Any] = beside_python(experiment(own, requests_python), requests_python)
    pairs = [
        {
            "pair": f"{own} / {name}",
            "requests": requests,
            "compiled": ours.rates(requests),
            "built_in": theirs.rates(requests),
            "to_built_in": ratio(ours, theirs),
            **agreed,
        }
        for name, theirs in zip(built_in, others, strict=True)
    ]
    return {"pairs": pairs}


SUBJECT = Subject(
    name="own-components",
    title="A user's own policy and strategy beside built-in ones: GEANT, LCE or LRU",
    columns=(
        Column("own / built-in", "pair"),
        Column("requests/s", "compiled.per_second", ",.0f"),
        Column("from", "compiled.lowest", ",.0f"),
        Column("to", "compiled.highest", ",.0f"),
        Column("built-in", "built_in.per_second", ",.0f"),
        Column("from", "built_in.lowest", ",.0f"),
        Column("to", "built_in.highest", ",.0f"),
        Column("own / built-in", "to_built_in", ".2f"),
        Column("python", "python_per_second", ",.0f"),
    ),
    measure=measure,
    y=("to_built_in",),
    label="times as fast as the built-in one",
)
