"""Types that components annotate their parameters with.

Settings are checked against these annotations before anything runs, so that a parameter
annotated ``alpha: NonNegative`` needs no further code to have ``alpha = -1`` refused with a
clear message. They follow ``annotated_types`` and are understood by pydantic.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Annotated, TypeAlias

import numpy as np
from annotated_types import Ge, Gt, Interval, Lt

__all__ = [
    "Content",
    "Correlation",
    "Fraction",
    "Node",
    "NonNegative",
    "NonNegativeInt",
    "Positive",
    "PositiveInt",
    "Seed",
]

Node: TypeAlias = Hashable
"""Name of a node; anything hashable."""

Content: TypeAlias = Hashable
"""Name of a content; anything hashable."""

Seed: TypeAlias = int | np.random.SeedSequence | np.random.Generator | None
"""What ``numpy.random.default_rng`` takes; None is unpredictable.

A component whose parameter ``seed`` is annotated so gets, where settings give no seed of their
own, the stream that the campaign derived for it. One that has a parameter ``seed`` without
this annotation, as written for Icarus 0.8, gets a 32-bit integer derived from it.
"""

NonNegative: TypeAlias = Annotated[float, Ge(0), Lt(math.inf)]
NonNegativeInt: TypeAlias = Annotated[int, Ge(0)]
Positive: TypeAlias = Annotated[float, Gt(0), Lt(math.inf)]
PositiveInt: TypeAlias = Annotated[int, Gt(0)]
Correlation: TypeAlias = Annotated[float, Interval(ge=-1, le=1)]
Fraction: TypeAlias = Annotated[float, Interval(ge=0, le=1)]
"""A share of a whole, from 0 to 1."""
