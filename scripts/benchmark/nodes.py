"""Networks of 10 to 10^4 routers: speed, time to set up, memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from icarus.policies.slots import all_hashed
from scripts.benchmark.experiments import beside_python, network_experiment, run, warm_up
from scripts.benchmark.measuring import (
    Row,
    attempted,
    interleaved,
    peak_mb,
    timed,
)
from scripts.benchmark.networks import random_network
from scripts.benchmark.subject import Column, Options, Subject

__all__ = ["SUBJECT", "measure_network"]

N_CONTENTS = 100_000
CACHE = 100
"""Contents in each cache."""


def measure(options: Options) -> Iterator[Row]:
    """Yield a row for each size of network."""
    for n_routers in (10, 100) if options.quick else (10, 100, 1000, 10_000):
        yield attempted(
            measure_network,
            n_routers=n_routers,
            requests=options.requests(2_000_000),
            requests_python=options.requests(30_000),
            repeat=options.repeat,
        )


def measure_network(n_routers: int, requests: int, requests_python: int, repeat: int) -> Row:
    """Return the figures of one size of network.

    Raises
    ------
    MeasurementError
        If the engines give different results.
    """

    def experiment(number: int) -> Any:
        return network_experiment(
            random_network(n_routers),
            requests=number,
            n_contents=N_CONTENTS,
            network_cache=n_routers * CACHE / N_CONTENTS,
        )

    # The kernels are those of any network; setting up this one is what is measured.
    small = network_experiment(random_network(11), requests=10, n_contents=N_CONTENTS)
    warm_up(small)
    with all_hashed():
        warm_up(small)
    setting_up, _ = timed(lambda: run(experiment(1)))
    peak_of_set_up = peak_mb()
    (ours,) = interleaved(repeat, lambda: run(experiment(requests)))
    row: Row = {
        "routers": n_routers,
        "receivers": max(n_routers // 10, 1),
        "sources": max(n_routers // 100, 1),
        "requests": requests,
        "set_up_seconds": setting_up.wall,
        "set_up_peak_mb": peak_of_set_up,
        "compiled": ours.rates(requests),
        "whole_seconds": ours.rates(1)["per_second"] ** -1,
        "peak_mb": peak_mb(),
    }
    row |= beside_python(experiment(requests_python), requests_python)
    row["to_python"] = row["compiled"]["per_second"] / row["python_per_second"]
    return row


SUBJECT = Subject(
    name="nodes",
    title=(
        f"Size of the network: LCE, LRU, {CACHE} contents in the cache of each router, "
        f"{N_CONTENTS:,} contents"
    ),
    columns=(
        Column("routers", "routers", ","),
        Column("receivers", "receivers", ","),
        Column("sources", "sources", ","),
        Column("set-up s", "set_up_seconds", ".2f"),
        Column("set-up MB", "set_up_peak_mb", ".0f"),
        Column("requests/s", "compiled.per_second", ",.0f"),
        Column("whole s", "whole_seconds", ".2f"),
        Column("python", "python_per_second", ",.0f"),
        Column("/ python", "to_python", ".0f"),
        Column("MB", "peak_mb", ".0f"),
    ),
    measure=measure,
    x="routers",
    y=("compiled.per_second", "python_per_second"),
    label="requests per second",
)
