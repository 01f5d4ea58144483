from __future__ import annotations

import pytest

from icarus.cli import listing
from icarus.errors import ComponentError
from icarus.registry import CACHE_POLICY, REGISTRIES, STRATEGY
from icarus.types import Fraction, NonNegativeInt, Seed


@pytest.fixture
def strategy(monkeypatch):
    """Enter a strategy for the length of a test."""

    def enter(component):
        monkeypatch.setitem(STRATEGY, "MINE", component)
        return listing.component("strategies", "MINE")

    return enter


def test_every_kind_has_a_line_with_its_components():
    lines = listing.kinds()
    assert len(lines) == len(REGISTRIES)
    for line, registry in zip(lines, REGISTRIES, strict=True):
        plural, count, names = line.split(maxsplit=2)
        assert (plural, int(count)) == (registry.plural, len(registry))
        assert names.split(", ") == sorted(registry)


@pytest.mark.parametrize(
    "kind",
    [
        "strategies",
        "strategy",
        "STRATEGIES",
        "cache-policies",
        "cache_policy",
        "cache policy",
        "collectors",
        "collector",
        "data collector",
        "topologies",
        "results-writers",
    ],
)
def test_kinds_may_be_written_in_many_ways(kind):
    assert listing.components(kind)


def test_components_are_listed_in_order_with_their_summaries():
    lines = listing.components("cache-policies")
    assert [line.split()[0] for line in lines] == sorted(CACHE_POLICY)
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


@pytest.mark.parametrize(
    ("kind", "hint"), [("strategis", "'strategies'"), ("polcies", "known|did you mean")]
)
def test_an_unknown_kind_is_refused(kind, hint):
    with pytest.raises(ComponentError, match=hint):
        listing.components(kind)
    with pytest.raises(ComponentError, match=hint):
        listing.component(kind, "LCE")


def test_an_unknown_component_is_refused():
    with pytest.raises(ComponentError, match=r"unknown strategy 'lce'; did you mean 'LCE'\?"):
        listing.component("strategies", "lce")


def test_every_component_can_be_described():
    for registry in REGISTRIES:
        for name, entry in registry.items():
            lines = listing.component(registry.plural, name)
            assert lines[0].startswith(f"{name} ({registry.kind}): ")
            assert entry.__doc__.strip().splitlines()[0] in "\n".join(lines)
            assert "Annotated" not in "\n".join(lines)
            assert " at 0x" not in "\n".join(lines)


def test_a_description_says_types_limits_and_defaults(strategy):
    class Mine:
        """Keep copies."""

        def __init__(
            self, view, controller, n: NonNegativeInt, p: Fraction = 0.5, x=None, seed: Seed = None
        ):
            pass

    lines = strategy(Mine)
    assert lines[-4:] == [
        "n : int >= 0, required",
        "p : float >= 0 <= 1, default 0.5",
        "x : any, default None",
        "seed : int, default derived from SEED and the replication",
    ]
    assert not any(line.startswith(("view", "controller")) for line in lines)


def test_a_placement_is_told_to_need_its_cache_fraction():
    lines = listing.component("cache-placements", "UNIFORM")
    assert any(line.startswith("network_cache : float > 0, required") for line in lines)
    assert not any(line.startswith(("topology :", "cache_budget :")) for line in lines[-2:])


def test_components_without_parameters_or_description_say_so(strategy):
    class Mine:
        def __init__(self, view, controller):
            pass

    lines = strategy(Mine)
    assert "It has no description." in lines
    assert lines[-1] == "It takes no parameters."


def test_a_users_component_that_takes_any_keyword_says_so(strategy):
    class Mine:
        """Keep copies."""

        def __init__(self, view, controller, **kwargs):
            pass

    assert strategy(Mine)[-1] == "It takes any other parameter too."


def test_resources_are_described_with_attributes_traces_and_commands():
    lines = listing.component("resources", "Simulation")
    assert any(
        line.startswith("pace : float at least 1e-09 simulated s/s, default") for line in lines
    )
    assert "results.json : what its collectors have measured" in lines
    (apply,) = [line for line in lines if line.startswith("apply(")]
    assert apply.startswith("apply(event: Mapping[str, Any]): Have an event happen at the next cut")
    assert any(line.startswith("grace : duration in s, default 5.0, at any time") for line in lines)
    assert [line for line in lines if set(line) == {"-"}]
