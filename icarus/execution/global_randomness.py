"""The global random generators of a simulation, for what does not draw from streams of ours."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from icarus.core.random_streams import legacy_seed, stream
from icarus.core.randomness import copied, unseeded_on

__all__ = ["GlobalRandomness", "global_states", "legacy_random_state", "set_global_states"]


class GlobalRandomness:
    """What a simulation draws from that nobody gave a seed, put in place while it runs.

    Nothing in Icarus draws from the generators of ``random`` and NumPy, but classes that users
    wrote for Icarus 0.8 do, or build components of ours without a seed; their results are to be
    reproducible too. Meanwhile the caller's state is put aside.

    Parameters
    ----------
    root : SeedSequence
        The seed of the replication.
    legacy : bool, optional
        Whether the global generators may be drawn from. Their state takes 0.4 ms to set and to put
        back: a tenth of a simulation of 1,000 requests.
    """

    def __init__(self, root: np.random.SeedSequence, legacy: bool = True) -> None:
        sequence = stream(root, "legacy")
        self._unseeded = copied(sequence)
        self._states: tuple[Any, Any] | None = None
        self._is_entered = False
        if legacy:
            seed = legacy_seed(sequence)
            self._states = (
                random.Random(seed).getstate(),
                np.random.RandomState(seed).get_state(),
            )

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Have it in place, going on from where it was left."""
        if self._states is None:
            with unseeded_on(self._unseeded):
                yield
            return
        before = global_states()
        set_global_states(self._states)
        self._is_entered = True
        try:
            with unseeded_on(self._unseeded):
                yield
        finally:
            self._is_entered = False
            self._states = global_states()
            set_global_states(before)

    def __getstate__(self) -> dict[str, Any]:
        # Meanwhile the generators themselves know how far they are.
        states = global_states() if self._is_entered else self._states
        return {**vars(self), "_states": states, "_is_entered": False}


def global_states() -> tuple[Any, Any]:
    """Return the states of the global generators of ``random`` and NumPy."""
    return random.getstate(), np.random.get_state()  # noqa: NPY002


def set_global_states(states: tuple[Any, Any]) -> None:
    """Put states back that ``global_states`` returned."""
    random.setstate(states[0])
    np.random.set_state(states[1])  # noqa: NPY002


@contextmanager
def legacy_random_state(root: np.random.SeedSequence) -> Iterator[None]:
    """Make what nobody gave a seed start from the replication's, global generators included."""
    with GlobalRandomness(root).entered():
        yield
