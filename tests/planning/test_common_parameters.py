"""What settings may give with any cache policy: checked, told apart, counted and drawn."""

from __future__ import annotations

import numpy as np
import pytest

from icarus.core.kinds import conformed_section
from icarus.errors import SettingsError
from icarus.execution.compiled.engine_choice import choose_engine, pair_of
from icarus.planning.identity import identities_of
from icarus.planning.plan import make_plan
from icarus.policies import Cache
from icarus.registry import CACHE_POLICY
from icarus.results.variation import dimensions_of, rows_of
from icarus.util import Settings, Tree


def experiment(**policy):
    workload = {"n_contents": 100, "alpha": 0.8, "n_warmup": 10, "n_measured": 10}
    return Tree(
        topology={"name": "PATH", "n": 5},
        workload={"name": "STATIONARY", **workload},
        cache_placement={"name": "UNIFORM", "network_cache": 0.1},
        content_placement={"name": "UNIFORM"},
        strategy={"name": "LCE"},
        cache_policy={"name": "LRU", **policy},
    )


def plan_of(*experiments):
    settings = Settings()
    settings.EXPERIMENT_QUEUE = list(experiments)
    return make_plan(settings)


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ({"inert": {"p": 0.1}}, "inert: LRU has no parameter 'inert'; did you mean 'insert'?"),
        ({"tll": 3}, "tll: LRU has no parameter 'tll'; did you mean 'ttl'?"),
        (
            {"insertion": {"k": 2}},
            "insertion: LRU has no parameter 'insertion'; did you mean 'insert'?",
        ),
        ({"insert": {"q": 1}}, "insert.q: unknown parameter; known: k, memory, p, seed"),
        ({"insert": {"memry": 1}}, "insert.memry: unknown parameter; did you mean 'memory'?"),
        (
            {"insert": {"k": 2, "memry": 1}},
            "insert.memry: unknown parameter of insertion by 'k'; did you mean 'memory'?",
        ),
        (
            {"insert": {"p": 0.1, "memory": 1}},
            "insert.memory: unknown parameter of insertion by 'p'; known: p, seed",
        ),
        (
            {"insert": {"name": "SECOND"}},
            "insert.name: unknown rule 'SECOND'; did you mean 'SECOND_HIT'?",
        ),
        ({"insert": {"name": "SIZE"}}, "insert.max: is missing: SIZE needs it"),
        ({"insert": {"p": 1.5}}, "insert.p: should be less than or equal to 1, found 1.5"),
        ({"insert": {"p": -0.5}}, "insert.p: should be greater than or equal to 0, found -0.5"),
        ({"insert": {"p": "0.1"}}, "insert.p: should be a valid number, found '0.1'"),
        ({"insert": {"p": None}}, "insert.p: should be a valid number, found None"),
        ({"insert": {"k": 0}}, "insert.k: should be greater than 0, found 0"),
        ({"insert": {"k": 2.5}}, "insert.k: should be a valid integer, found 2.5"),
        ({"insert": {"k": 2, "memory": 0}}, "insert.memory: should be greater than 0, found 0"),
        (
            {"insert": {"p": 0.1, "k": 2}},
            "insert: p and k choose different rules; give one of them, found {'p': 0.1, 'k': 2}",
        ),
        (
            {"insert": {"memory": 3}},
            "insert: should be a mapping such as {'p': 0.1} or {'k': 2}: one of p, k is missing, "
            "found {'memory': 3}",
        ),
        (
            {"insert": 0.1},
            "insert: should be a mapping such as {'p': 0.1} or {'k': 2}, found 0.1",
        ),
        ({"ttl": 0}, "ttl: should be greater than 0, found 0; it is a time in seconds"),
        ({"ttl": "30"}, "ttl: should be a valid number, found '30'; it is a time in seconds"),
        ({"ttl": {"seconds": 3, "renew": 2}}, "ttl.renew: should be a valid boolean, found 2"),
        (
            {"ttl": {"seconds": 3, "renw": True}},
            "ttl.renw: there is no such parameter; did you mean 'renew'?",
        ),
        (
            {"ttl": {"dist": "LOGNORML"}},
            "ttl.dist: unknown distribution 'LOGNORML'; did you mean 'LOGNORMAL'?",
        ),
        ({"ttl": {"dist": "EXPONENTIAL"}}, "ttl.mean: missing; EXPONENTIAL needs it"),
        (
            {"ttl": {"dist": "EXPONENTIAL", "mean": "1 s"}},
            "ttl.mean: should be a valid number, found '1 s'; it is a time in seconds",
        ),
        (
            {"ttl": {"dist": "UNIFORM", "low": 3, "high": 2}},
            "ttl.high: should be at least low, 3.0, found 2.0",
        ),
        (
            {"ttl": {"dist": "EMPIRICAL", "path": "/nofile"}},
            "ttl.path: /nofile: there is no such file",
        ),
        (
            {"name": "SHARD", "policy_attr": {"insert": {"p": 0.1}}},
            "name: SHARD: policy_attr.insert: shards have none of their own; give it beside "
            "policy_attr, for all shards",
        ),
    ],
)
def test_each_mistake_is_a_line(policy, problem):
    with pytest.raises(SettingsError) as info:
        plan_of(experiment(**policy))
    assert info.value.problems == [f"EXPERIMENT_QUEUE[0].cache_policy.{problem}"]


def test_all_mistakes_are_found_at_once():
    with pytest.raises(SettingsError) as info:
        plan_of(experiment(insert={"k": 0, "memory": "all", "x": 1}, ttl=-1))
    assert len(info.value.problems) == 4


@pytest.mark.parametrize("name", sorted(CACHE_POLICY.keys() - {"PATH", "TREE", "ARRAY"}))
def test_every_policy_may_have_them(name):
    looks_ahead = name in {"MIN", "BELADY", "BELADY_SIZE"}
    given = {"trace": [1, 2, 3]} if looks_ahead else {}
    section = experiment(name=name, insert={"k": 2, "memory": 10}, ttl=30, **given)
    plan = plan_of(section)
    assert plan.warnings == []
    assert choose_engine(section, {}).engine == "compiled"


def test_none_is_as_if_it_was_not_there():
    assert plan_of(experiment(insert=None, ttl=None)).warnings == []


def test_a_tag_that_is_only_a_little_like_it_stays_a_tag():
    (warning,) = plan_of(experiment(title="x")).warnings
    assert "cache_policy.title (of LRU)" in warning


def test_numbers_are_taken_as_the_rule_annotates_them():
    section = {"name": "LRU", "insert": {"k": 2.0, "memory": np.float64(1e3)}, "ttl": np.int64(30)}
    taken = conformed_section("cache_policy", section)
    assert taken == {"name": "LRU", "insert": {"k": 2, "memory": 1000}, "ttl": 30}
    assert [type(one) for one in taken["insert"].values()] == [int, int]


def test_a_users_policy_gets_what_it_names_itself(monkeypatch):
    class Own(Cache):
        def __init__(self, maxlen, ttl="long"):
            super().__init__(maxlen)

    monkeypatch.setitem(CACHE_POLICY, "OWN", Own)
    section = experiment(name="OWN", ttl="short", insert={"k": 2})
    assert plan_of(section).warnings == []
    assert choose_engine(section, {}).reason == "cache_policy: OWN has no kernel"


def test_a_check_of_a_policy_is_not_bothered_with_them(monkeypatch):
    seen = []
    monkeypatch.setitem(CACHE_POLICY.checks, "LRU", lambda given: seen.append(given) or [])
    plan_of(experiment(ttl=3, insert={"p": 0.5}))
    assert seen == [{}]


def test_what_is_around_caches_tells_experiments_apart():
    different = [
        experiment(),
        experiment(insert={"p": 0.1}),
        experiment(insert={"p": 0.2}),
        experiment(insert={"k": 2}),
        experiment(insert={"k": 2, "memory": 5}),
        experiment(ttl=30),
        experiment(ttl=30.5),
        experiment(ttl=30, insert={"p": 0.1}),
    ]
    keys = identities_of(different, {}, 1).keys
    assert len(set(keys)) == len(different)
    assert len({pair_of(one) for one in different}) == len(different)
    again = [experiment(insert={"memory": 5.0, "k": 2}), experiment(ttl=30.0)]
    assert identities_of(again, {}, 1).keys == [keys[4], keys[5]]
    assert len(plan_of(*different).experiments) == len(different)


def test_what_varies_is_told_and_drawn():
    queue = [experiment(insert={"p": p}, ttl=ttl) for p in (0.1, 0.5) for ttl in (10, 20)]
    described = "\n".join(plan_of(*queue).describe())
    assert "cache_policy.insert.p  0.1, 0.5" in described
    assert "cache_policy.ttl       10, 20" in described
    dimensions, notes = dimensions_of(rows_of(queue))
    assert notes == []
    found = {one.label: [one.texts[value] for value in one.values] for one in dimensions}
    assert found == {
        "Cache policy: insert": ["{p: 0.1}", "{p: 0.5}"],
        "Cache policy: ttl": ["10", "20"],
    }


@pytest.mark.parametrize(
    ("policy", "in_bytes", "problem"),
    [
        ({"name": "CLIMB"}, True, "cache_policy.name: CLIMB counts contents and knows no sizes"),
        (
            {"name": "NULL", "insert": {"name": "TINYLFU"}},
            False,
            "cache_policy.insert: TINYLFU has to know what NULL would evict",
        ),
        ({"name": "SIEVE", "insert": {"name": "TINYLFU"}}, False, None),
        ({"name": "RAND", "size_change": "update"}, True, None),
        ({"name": "LRU", "insert": {"name": "TINYLFU"}, "size_change": "update"}, True, None),
        ({"name": "CLIMB", "size_change": "update"}, False, None),
    ],
)
def test_what_a_policy_cannot_do_is_told_before_anything_runs(policy, in_bytes, problem):
    asked = experiment(**policy)
    if in_bytes:
        asked["workload"]["content_size"] = 10
        asked["cache_placement"]["capacity_unit"] = "bytes"
    if problem is None:
        assert len(plan_of(asked).experiments) == 1
        return
    with pytest.raises(SettingsError) as info:
        plan_of(asked)
    (found,) = info.value.problems
    assert problem in found
