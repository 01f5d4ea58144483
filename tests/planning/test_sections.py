"""Sections that experiments share: one object for one meaning, and the same answers as before."""

from __future__ import annotations

import copy

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from icarus import design as d
from icarus.core.hashing import canonical_text, digest, digest_of_text, text_of_mapping
from icarus.core.once import OncePerObject
from icarus.planning.identity import Fingerprints, experiment_id, identities_of
from icarus.planning.plan import make_plan
from icarus.planning.sections import SharedSections
from icarus.util import Settings, Tree

LEAVES = st.one_of(
    st.integers(-3, 3),
    st.floats(allow_nan=False),
    st.text(max_size=3),
    st.booleans(),
    st.none(),
    st.just(np.float64(1.5)),
    st.just(len),
    st.builds(np.arange, st.integers(0, 3)),
)
VALUES = st.recursive(
    LEAVES,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=2), inside),
    max_leaves=6,
)
EXPERIMENTS = st.dictionaries(st.sampled_from(["workload", "strategy", "desc", "-"]), VALUES)


def exact(value):
    """Return a value with the type of each part of it."""
    if isinstance(value, dict):
        return type(value), [(key, exact(item)) for key, item in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [exact(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.dtype, value.tolist()
    return type(value), value


@given(st.lists(EXPERIMENTS, max_size=6))
def test_sharing_changes_no_experiment(queue):
    sections = SharedSections()
    for entry in map(Tree, queue):
        before = exact(copy.deepcopy(entry))
        assert not sections.share(entry)
        assert exact(entry) == before


@given(st.lists(EXPERIMENTS, max_size=4))
def test_keys_are_those_of_each_experiment_alone(queue):
    sections, experiments = SharedSections(), [*map(Tree, queue), *map(Tree, queue)]
    for one in experiments:
        sections.share(one)
    together = identities_of(experiments, {}, 1)
    assert together.experiments == [experiment_id(one) for one in experiments]
    for key, one in zip(together.keys, experiments, strict=True):
        assert identities_of([copy.deepcopy(one)], {}, 1).keys == [key]
        assert Fingerprints().of(one) == Fingerprints().of(copy.deepcopy(one))


@given(st.dictionaries(st.text(max_size=3), VALUES))
def test_text_of_a_mapping_is_made_of_those_of_its_values(mapping):
    texts = {key: canonical_text(value) for key, value in mapping.items()}
    assert digest_of_text(text_of_mapping(texts)) == digest(mapping)


def test_copies_share_what_is_the_same_to_the_type():
    base = Tree({"workload": {"name": "STATIONARY", "n": 1, "of": [1, {"a": len}]}})
    same, other = copy.deepcopy(base), copy.deepcopy(base)
    other["workload"]["n"] = 1.0
    sections = SharedSections()
    for one in (base, same, other):
        sections.share(one)
    assert same["workload"] is base["workload"]
    assert other["workload"] is not base["workload"]
    assert type(other["workload"]["n"]) is float


def test_what_cannot_be_compared_stays_as_it_is():
    one, other = (Tree({"workload": {"values": np.arange(2)}}) for _ in range(2))
    kept = other["workload"]
    sections = SharedSections()
    assert not sections.share(one)
    assert not sections.share(other)
    assert other["workload"] is kept is not one["workload"]


def test_a_veto_that_changes_an_experiment_changes_no_other():
    def veto(experiment):
        experiment["workload"]["n_measured"] = 1
        return False

    settings, queue = Settings(), []
    for share in (0.01, 0.02):
        experiment = Tree(
            topology={"name": "TREE", "k": 2, "h": 3},
            workload={"name": "STATIONARY", "n_contents": 10, "alpha": 1.0, "n_warmup": 5},
            content_placement={"name": "UNIFORM"},
            cache_placement={"name": "UNIFORM", "network_cache": share},
            cache_policy={"name": "LRU"},
            strategy={"name": "LCE"},
        )
        queue.append(experiment)
    settings["EXPERIMENT_QUEUE"], settings["VETO"] = queue, veto
    plan = make_plan(settings)
    assert all("n_measured" not in one["workload"] for one in plan.experiments)


def test_an_experiment_that_one_design_excludes_and_another_admits_is_run():
    base = {
        "topology": {"name": "TREE", "k": 2, "h": 3},
        "workload": {"name": "STATIONARY", "n_contents": 10, "alpha": 1.0, "n_warmup": 5},
        "content_placement": {"name": "UNIFORM"},
        "cache_policy": {"name": "LRU"},
        "strategy": {"name": "NO_CACHE"},
    }
    axes = {"workload.n_measured": [5, 6, 7]}
    some = d.product(base, axes, where={"few": "n_measured < 6"})
    settings = Settings()
    settings["EXPERIMENT_QUEUE"] = [*some, *d.product(base, {"workload.n_measured": [6]})]
    plan = make_plan(settings)
    assert [one["workload"]["n_measured"] for one in plan.experiments] == [5, 6, 7]
    assert plan.vetoes == {plan.ids[2]: "few"}


def test_answers_are_by_object_and_order():
    once, a, b = OncePerObject(), [1], [1]
    assert once.find((a, b), lambda: 1) == 1
    assert once.find((a, b), lambda: 2) == 1
    assert once.find((b, a), lambda: 3) == 3
