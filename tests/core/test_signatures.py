from __future__ import annotations

import functools
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest

from icarus.core.signatures import (
    accepts_seed,
    parameters,
    summary,
    takes_any_keyword,
    takes_seed_sequence,
)
from icarus.registry import REGISTRIES
from icarus.types import Fraction, NonNegative, Seed

if TYPE_CHECKING:
    from nowhere import Unknown


class Strategy:
    """Keep some copies.

    More about it.
    """

    def __init__(
        self, view, controller, p: Fraction = 0.5, *, mode: Literal["a", "b"], seed: Seed = None
    ) -> None:
        pass


class Inheriting(Strategy):
    pass


class Swallowing(Strategy):
    def __init__(self, *args, **kwargs) -> None:
        pass


@dataclass
class Workload:
    topology: object
    alpha: NonNegative = 0.8


def unresolvable(topology: Unknown, alpha: NonNegative, cache: Unknown | None = None):
    pass


def legacy(topology, seed=None, **kwargs):
    pass


class TestParameters:
    def test_are_those_of_the_constructor_in_order(self):
        found = parameters(Strategy)
        assert list(found) == ["view", "controller", "p", "mode", "seed"]
        assert [one.required for one in found.values()] == [True, True, False, True, False]
        assert [one.typed for one in found.values()] == [False, False, True, True, True]
        assert found["p"].annotation == Fraction
        assert found["p"].default == 0.5
        assert found["mode"].annotation == Literal["a", "b"]

    def test_are_inherited_with_the_constructor(self):
        assert parameters(Inheriting) == parameters(Strategy)

    def test_are_none_where_everything_is_swallowed(self):
        assert parameters(Swallowing) == {}

    def test_are_the_fields_of_a_dataclass(self):
        assert parameters(Workload)["alpha"].annotation == NonNegative

    def test_an_annotation_that_cannot_be_resolved_spoils_no_other(self):
        found = parameters(unresolvable)
        assert not found["topology"].typed
        assert not found["cache"].typed
        assert found["alpha"].annotation == NonNegative

    def test_follow_a_wrapper_to_what_it_wraps(self):
        @functools.wraps(legacy)
        def wrapper(*args, **kwargs):
            return legacy(*args, **kwargs)

        assert list(parameters(wrapper)) == ["topology", "seed"]

    def test_none_as_a_default_is_a_default(self):
        assert not parameters(legacy)["seed"].required


def test_components_that_take_any_keyword():
    assert takes_any_keyword(Swallowing)
    assert takes_any_keyword(legacy)
    assert not takes_any_keyword(Strategy)


def test_seeds():
    assert accepts_seed(Strategy)
    assert takes_seed_sequence(Strategy)
    assert accepts_seed(legacy)
    assert not takes_seed_sequence(legacy)
    assert not accepts_seed(unresolvable)

    def integer(seed: int | None = None):
        pass

    assert not takes_seed_sequence(integer)

    def sequence(seed: int | np.random.SeedSequence | np.random.Generator | None = None):
        pass

    assert takes_seed_sequence(sequence)


def test_a_summary_is_the_first_line_of_the_docstring():
    assert summary(Strategy) == "Keep some copies."
    assert summary(legacy) == ""


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.plural)
def test_built_in_components_say_the_type_of_all_their_parameters(registry):
    untyped = [
        f"{name}.{parameter.name}"
        for name, component in registry.items()
        if component.__module__.startswith("icarus.")
        for parameter in parameters(component).values()
        if not parameter.typed
    ]
    framework = ("topology", "view", "controller", "contents", "results")
    assert [one for one in untyped if one.split(".")[1] not in framework] == []


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.plural)
def test_built_in_components_are_summed_up_in_one_line(registry):
    for name, component in registry.items():
        line = summary(component)
        assert line.endswith((".", "...")), f"{name}: {line!r}"
        assert len(line) < 100
        assert inspect.getdoc(component).splitlines()[1:2] in ([], [""]), name
