"""The random streams of a replication.

Each replication has one root seed, from which every part that draws at random gets a stream
by name. A stream depends on the campaign's ``SEED``, on the replication and on its name, and
on nothing else: not on the order of experiments, not on the number of processes, and not on
the other parameters. So all designs of a campaign see the same requests (common random
numbers), comparisons are sharper than replications alone would make them, and moving a trace
to another folder changes no result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from icarus.core.signatures import accepts_seed, takes_seed_sequence

__all__ = [
    "STREAMS",
    "legacy_seed",
    "root_seed",
    "stream",
    "with_seed",
]

STREAMS = (
    "topology",
    "workload",
    "cache_placement",
    "content_placement",
    "strategy",
    "cache_policy",
    "legacy",
    "task",
)
"""Names of the random streams. Their order is part of every result: new names go last."""


def root_seed(seed: int, replication: int) -> np.random.SeedSequence:
    """Return the seed of a replication, counted from 0, of a campaign with the given ``SEED``."""
    return np.random.SeedSequence(seed, spawn_key=(replication,))


def stream(root: np.random.SeedSequence, name: str) -> np.random.SeedSequence:
    """Return the stream called `name` of a replication.

    Raises
    ------
    ValueError
        If there is no stream of that name.
    """
    return np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, STREAMS.index(name)))


def legacy_seed(sequence: np.random.SeedSequence) -> int:
    """Return a 32-bit seed derived from a stream, for code that wants an integer."""
    return int(sequence.generate_state(1)[0])


def with_seed(
    component: Callable[..., Any],
    params: Mapping[str, Any],
    sequence: np.random.SeedSequence | None,
) -> dict[str, Any]:
    """Return a component's parameters with its stream added where it takes a seed.

    A seed that the settings give stays; see ``icarus.types.Seed`` for what is added.
    """
    complete = dict(params)
    if sequence is not None and "seed" not in complete and accepts_seed(component):
        typed = takes_seed_sequence(component)
        complete["seed"] = sequence if typed else legacy_seed(sequence)
    return complete
