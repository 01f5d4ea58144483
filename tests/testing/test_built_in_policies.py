"""The laws of policies, for all that come with Icarus."""

from __future__ import annotations

import hypothesis
import pytest

from icarus.core.kinds import is_built_in
from icarus.registry import CACHE_POLICY
from icarus.testing import PolicyLaws

SYSTEMS = {"PATH", "TREE", "ARRAY"}
"""Systems of several caches, which are built from caches and have laws of their own."""

LOOK_AHEAD = {"BELADY", "BELADY_SIZE", "MIN"}
"""Policies that know a trace."""

REFUSING = {"NULL", "IN_CACHE_LFU", "PERFECT_LFU", "MIN", "K_LRU", "GDSF", "BELADY_SIZE"}
"""Policies that may refuse an item that is put."""

PARAMETERS = {
    **{name: {"trace": [*PolicyLaws.items] * 20} for name in LOOK_AHEAD},
    # No more segments and shards than places.
    "SHARD": {"nodes": 2, "policy": "RAND"},
    # A small queue of less than two takes nothing.
    "S3_FIFO": {"small": 0.5},
    "QD_LP_FIFO": {"small": 0.5},
    "CLOCK2Q_PLUS": {"small": 0.5},
}

SIZES = {
    **dict.fromkeys(("SLRU", "SHARD"), (2, 3, 5)),
    **dict.fromkeys(("S3_FIFO", "QD_LP_FIFO", "CLOCK2Q_PLUS", "TWO_Q"), (4, 5, 7)),
    # With a remainder, which belongs to no segment, a hit may evict.
    "S4LRU": (4, 8),
}

POLICIES = sorted(
    name for name, one in CACHE_POLICY.items() if is_built_in(one) and name not in SYSTEMS
)


STRUCTURES = {
    *("LRU", "RAND", "CLIMB", "NULL", "IN_CACHE_LFU", "PERFECT_LFU", "SLRU", "MIN", "SHARD"),
    *("SIEVE", "S3_FIFO", "GDSF"),
}
"""What the ordinary suite tries in full, one for each structure, and compiles for the laws,
which takes up to ten seconds. All are compiled by ``make test-exhaustive``."""


def be(laws, name):
    """Have laws be those of a policy."""
    laws.policy = name
    laws.parameters = PARAMETERS.get(name, {})
    laws.sizes = SIZES.get(name, PolicyLaws.sizes)
    laws.may_refuse = name in REFUSING


class _Policy(PolicyLaws):
    test_the_compiled_form_does_what_the_class_does = None

    @pytest.fixture(autouse=True)
    def _which(self, name):
        be(self, name)
        in_full = hypothesis.settings.get_profile("suite")
        if name in STRUCTURES or hypothesis.settings().max_examples != in_full.max_examples:
            yield
            return
        hypothesis.settings.load_profile("few")
        yield
        hypothesis.settings.load_profile("suite")


@pytest.mark.fuzz
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in STRUCTURES else (pytest.mark.exhaustive,))
        for name in POLICIES
    ],
)
def test_the_compiled_form_does_what_the_class_does(name):
    laws = PolicyLaws()
    be(laws, name)
    laws.test_the_compiled_form_does_what_the_class_does()


@pytest.mark.fuzz
@pytest.mark.parametrize("name", [name for name in POLICIES if name not in LOOK_AHEAD])
class TestPolicies(_Policy):
    pass


@pytest.mark.fuzz
@pytest.mark.parametrize("name", sorted(LOOK_AHEAD))
class TestLookAhead(_Policy):
    # A cleared cache is as far in its trace as before.
    test_after_clear_a_cache_is_as_new = None
