"""Twins by the names of the registry: a policy and its parameters, and what admits to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from twins.scored_twin import Item, ScoredTwin
from twins.sized_adaptsize import AdaptSizeRule
from twins.sized_admission import (
    AdmissionRule,
    AdmittingTwin,
    ProbabilityRule,
    SecondHitRule,
    SizeProbabilityRule,
    SizeRule,
    TinyLfuRule,
)
from twins.sized_cacheus import SizedCacheus
from twins.sized_lecar import SizedLecar
from twins.sized_lhd import SizedLhd
from twins.sized_lirs import SizedLirs
from twins.sized_lookahead import SizedBelady, SizedBeladySize, SizedMin
from twins.sized_scores import SizedGdsf, SizedHyperbolic, SizedLruProb
from twins.sized_tinylfu import SizedWTinyLfu

__all__ = ["ADMISSION_TWINS", "SCORE_TWINS", "build_score_twin"]

SCORE_TWINS: dict[str, type[ScoredTwin]] = {
    "BELADY": SizedBelady,
    "BELADY_SIZE": SizedBeladySize,
    "CACHEUS": SizedCacheus,
    "GDSF": SizedGdsf,
    "HYPERBOLIC": SizedHyperbolic,
    "LECAR": SizedLecar,
    "LHD": SizedLhd,
    "LIRS": SizedLirs,
    "LRU_PROB": SizedLruProb,
    "MIN": SizedMin,
    "W_TINYLFU": SizedWTinyLfu,
}
"""From registry name to the twin of the policy."""

ADMISSION_TWINS: dict[str, type[AdmissionRule]] = {
    "ADAPTSIZE": AdaptSizeRule,
    "PROBABILITY": ProbabilityRule,
    "SECOND_HIT": SecondHitRule,
    "SIZE": SizeRule,
    "SIZE_PROBABILITY": SizeProbabilityRule,
    "TINYLFU": TinyLfuRule,
}
"""From registry name to the twin of the admission rule."""

LOOK_AHEAD = ("BELADY", "BELADY_SIZE", "MIN")
DRAWING = ("BELADY_SIZE", "CACHEUS", "HYPERBOLIC", "LECAR", "LHD", "LRU_PROB", "W_TINYLFU")
DRAWING_RULES = ("ADAPTSIZE", "PROBABILITY", "SIZE_PROBABILITY", "TINYLFU")


def build_score_twin(
    policy: str,
    parameters: Mapping[str, Any],
    capacity: int,
    trace: Sequence[Item],
    generator: np.random.Generator,
) -> ScoredTwin:
    """Return the twin of a policy, within that of its rule if it has ``admission``.

    Parameters
    ----------
    policy : str
        ``"LRU"``, too, which is LRU_PROB with p=1 here; its draws come from a generator of its own.
    parameters : mapping
    capacity : int
    trace : sequence
        All requests, for policies that look ahead.
    generator : numpy.random.Generator
        For both policy and rule.
    """
    given = dict(parameters)
    admission = given.pop("admission", None)
    if policy == "LRU":
        cache: ScoredTwin = SizedLruProb(capacity, np.random.default_rng(0), p=1.0)
    else:
        if policy in LOOK_AHEAD:
            given["trace"] = trace
        if policy in DRAWING:
            given["seed"] = generator
        cache = SCORE_TWINS[policy](capacity, **given)
    if admission is None:
        return cache
    rule = dict(admission)
    name = rule.pop("name")
    if name == "ADAPTSIZE":
        rule["capacity"] = capacity
    if name in DRAWING_RULES:
        rule["seed"] = generator
    return AdmittingTwin(cache, ADMISSION_TWINS[name](**rule))
