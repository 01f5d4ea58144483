"""Catalogues of 10^4 to 10^8 contents on GEANT, and 10^7 contents with large caches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from scripts.benchmark.experiments import (
    ALPHA,
    MAPS,
    NETWORK_CACHE,
    beside_python,
    network_experiment,
    run,
    warm_up,
)
from scripts.benchmark.measuring import (
    Row,
    attempted,
    interleaved,
    peak_mb,
)
from scripts.benchmark.networks import random_network
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT", "measure_catalogue"]

_PYTHON_UP_TO = 1_000_000
"""Contents up to which the reference engine is run, too."""


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each size of catalogue."""
    requests = options.requests(3_000_000)
    for power in (4, 5) if options.quick else (4, 5, 6, 7, 8):
        yield attempted(
            measure_catalogue,
            case="GEANT",
            n_contents=10**power,
            network_cache=NETWORK_CACHE,
            requests=requests,
            requests_python=options.requests(60_000),
            repeat=options.repeat,
        )
    if not options.quick:
        yield attempted(
            measure_catalogue,
            case="100 caches of 10,000",
            n_contents=10**7,
            network_cache=0.1,
            requests=requests,
            requests_python=0,
            repeat=options.repeat,
        )


def measure_catalogue(
    case: str,
    n_contents: int,
    network_cache: float,
    requests: int,
    requests_python: int,
    repeat: int,
) -> Row:
    """Return the figures of one size of catalogue.

    Raises
    ------
    MeasurementError
        If the engines give different results.
    """
    topology = MAPS["GEANT"] if case == "GEANT" else random_network(100)

    def experiment(number: int) -> Any:
        return network_experiment(
            topology, requests=number, n_contents=n_contents, network_cache=network_cache
        )

    warm_up(experiment(requests))
    (ours,) = interleaved(repeat, lambda: run(experiment(requests)))
    row: Row = {
        "case": case,
        "contents": n_contents,
        "requests": requests,
        "compiled": ours.rates(requests),
        "peak_mb": peak_mb(),
    }
    if requests_python and n_contents <= _PYTHON_UP_TO:
        row |= beside_python(experiment(requests_python), requests_python)
        row["to_python"] = row["compiled"]["per_second"] / row["python_per_second"]
    return row


SUBJECT = Subject(
    name="contents",
    title=(
        f"Size of the catalogue: LCE, LRU, alpha {ALPHA}, caches of {NETWORK_CACHE:.1%} of the "
        "catalogue together"
    ),
    columns=(
        Column("network", "case"),
        Column("contents", "contents", ","),
        Column("requests/s", "compiled.per_second", ",.0f"),
        Column("from", "compiled.lowest", ",.0f"),
        Column("to", "compiled.highest", ",.0f"),
        Column("python", "python_per_second", ",.0f"),
        Column("/ python", "to_python", ".0f"),
        Column("MB", "peak_mb", ".0f"),
    ),
    measure=measure,
    x="contents",
    y=("compiled.per_second", "python_per_second"),
    label="requests per second",
)
