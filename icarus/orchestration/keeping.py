"""Whether what a job returned can be kept, which is found out before the job counts."""

from __future__ import annotations

import dataclasses

from icarus.errors import UnwritableError
from icarus.orchestration.jobs import Outcome
from icarus.orchestration.kinds import Product
from icarus.orchestration.status import Status
from icarus.results.encoding import Encoder

__all__ = ["keepable"]

_MEMBERS = dataclasses.fields(Product)


def keepable(outcome: Outcome) -> Outcome:
    """Return an outcome that journal and results file can keep.

    Parameters
    ----------
    outcome : Outcome
        How a job ended.

    Returns
    -------
    Outcome
        The same, or FAILED in the place of one whose value contains itself, is nested too deeply
        or is too large; the error names the metric.
    """
    if outcome.value is None:
        return outcome
    encoder = Encoder()
    try:
        told = [encoder.encode(getattr(outcome.value, one.name)) for one in _MEMBERS]
        encoder.payload([*told, encoder.encode(outcome.messages)])
    except UnwritableError as error:
        return dataclasses.replace(
            outcome,
            status=Status.FAILED,
            value=None,
            error=f"its result cannot be kept: {error}",
        )
    return outcome
