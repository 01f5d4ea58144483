"""Definitions of policies, compiled, against the misses that other simulators count on traces.

The slow twins are held against the same figures in ``test_reference_misses``.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pytest
from policies.reference_misses import DRAWN, MIB, REFERENCES, TRACES, DrawnReference, Reference

from icarus.curves.decoded import decode_trace
from icarus.curves.replaying import Misses, PolicyAsked, SharedTrace, replay
from icarus.traces import TraceReader

QUICK = {"GDSF"}
"""Policies that the ordinary suite compiles, for cdn at 16 MiB: some seconds each."""


@functools.cache
def shared_trace(folder: Path, name: str) -> SharedTrace:
    file, columns = TRACES[name]
    return SharedTrace(decode_trace(TraceReader(folder / file, **columns)))


def misses_of(reference: Reference | DrawnReference, folder: Path, seed: int = 1) -> Misses:
    parameters = dict(reference.parameters)
    if "admission" in parameters:
        parameters["insert"] = parameters.pop("admission")
    asked = PolicyAsked(reference.policy, parameters, str(reference))
    trace = shared_trace(folder / "traces", reference.trace)
    return replay(trace, asked, reference.capacity, seed, reference.unit)


def is_quick(reference: Reference) -> bool:
    place = reference.trace, reference.unit, reference.capacity
    return reference.policy in QUICK and place == ("cdn", "bytes", 16 * MIB)


def as_parameters(references):
    return [
        pytest.param(
            reference,
            id=str(reference),
            marks=() if is_quick(reference) else (pytest.mark.exhaustive,),
        )
        for reference in references
    ]


@pytest.mark.parametrize("reference", as_parameters(REFERENCES))
def test_definitions_miss_what_the_reference_does(reference: Reference, shared_data):
    misses = misses_of(reference, shared_data)
    assert misses.requests == reference.misses
    if reference.missed_bytes is not None:
        assert misses.n_bytes == reference.missed_bytes


FURTHER_OFF = {"LHD": 0.12, "CACHEUS": 0.05}
"""By how much policies may differ of which the published rules do not say all; their entries say
what was measured."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("reference", DRAWN, ids=str)
def test_definitions_that_draw_miss_as_much_on_average(reference: DrawnReference, shared_data):
    misses = [misses_of(reference, shared_data, seed).requests for seed in range(1, 6)]
    tolerance = reference.tolerance + FURTHER_OFF.get(reference.policy, 0) * reference.misses
    assert np.mean(misses) == pytest.approx(reference.misses, abs=tolerance)
