from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

from icarus.core.kinds import COMPONENT_SECTIONS, REQUIRED_SECTIONS
from icarus.core.random_streams import STREAMS, legacy_seed, root_seed, stream, with_seed
from icarus.planning.identity import experiment_id
from icarus.types import Seed
from icarus.util import Tree


def first_draws(sequence):
    return tuple(np.random.default_rng(sequence).integers(2**63, size=4))


class TestExperimentId:
    def test_is_that_of_the_parameters_but_their_description(self):
        one = Tree({"strategy": {"name": "LCE"}, "workload": {"alpha": 0.8}, "desc": "one"})
        same = {"workload": {"alpha": 0.8}, "strategy": {"name": "LCE"}}
        assert experiment_id(one) == experiment_id(same)
        same["workload"]["alpha"] = 0.9
        assert experiment_id(one) != experiment_id(same)

    def test_only_the_description_at_the_top_is_left_out(self):
        assert experiment_id({"workload": {"desc": 1}}) != experiment_id({"workload": {"desc": 2}})

    def test_leaves_the_parameters_alone(self):
        params = Tree({"desc": "text", "a": {"b": 1}})
        experiment_id(params)
        assert params == {"desc": "text", "a": {"b": 1}}


class TestStreams:
    def test_every_seed_replication_and_name_has_a_stream_of_its_own(self):
        streams = {
            first_draws(stream(root_seed(seed, replication), name))
            for seed, replication, name in itertools.product((0, 1, 2), range(4), STREAMS)
        }
        assert len(streams) == 3 * 4 * len(STREAMS)

    def test_roots_differ_from_the_streams_grown_on_them(self):
        draws = {first_draws(root_seed(1, 0)), first_draws(stream(root_seed(1, 0), "topology"))}
        assert len(draws) == 2

    def test_asking_for_streams_changes_none_of_them(self):
        fresh = [first_draws(stream(root_seed(7, 2), name)) for name in STREAMS]
        root = root_seed(7, 2)
        backwards = [first_draws(stream(root, name)) for name in reversed(STREAMS)]
        assert backwards[::-1] == fresh

    def test_every_component_section_has_a_stream(self):
        assert set(COMPONENT_SECTIONS) <= set(STREAMS)
        assert set(REQUIRED_SECTIONS) <= set(COMPONENT_SECTIONS)

    def test_an_unknown_stream_is_refused(self):
        with pytest.raises(ValueError, match="not in"):
            stream(root_seed(1, 0), "nonsense")

    def test_are_the_same_in_another_process(self):
        code = (
            "import numpy as np; from icarus.core.random_streams import *;"
            "print(np.random.default_rng(stream(root_seed(3, 1), 'workload')).integers(2**63))"
        )
        process = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": "99"},
            capture_output=True,
            text=True,
            check=True,
        )
        here = np.random.default_rng(stream(root_seed(3, 1), "workload")).integers(2**63)
        assert int(process.stdout) == here

    def test_have_not_changed(self):
        """Results that others published hang on these; see the order of STREAMS."""
        assert STREAMS == (
            "topology",
            "workload",
            "cache_placement",
            "content_placement",
            "strategy",
            "cache_policy",
            "legacy",
            "task",
        )
        expected = np.random.SeedSequence(1, spawn_key=(0, 1))
        assert first_draws(stream(root_seed(1, 0), "workload")) == first_draws(expected)


class TestWithSeed:
    def typed(self, view, seed: Seed = None):
        pass

    def untyped(self, view, seed=None):
        pass

    def integer(self, view, seed: int = 0):
        pass

    def seedless(self, view, **kwargs):
        pass

    def test_a_typed_seed_gets_the_stream_itself(self):
        sequence = stream(root_seed(1, 0), "strategy")
        given = {"p": 0.5}
        assert with_seed(self.typed, given, sequence) == {"p": 0.5, "seed": sequence}
        assert given == {"p": 0.5}

    def test_other_seeds_get_an_integer_of_32_bits(self):
        sequence = stream(root_seed(1, 0), "strategy")
        for component in (self.untyped, self.integer):
            seed = with_seed(component, {}, sequence)["seed"]
            assert type(seed) is int
            assert 0 <= seed < 2**32
            assert seed == legacy_seed(sequence)

    @pytest.mark.parametrize("seed", [5, None])
    def test_a_seed_from_settings_stays(self, seed):
        assert with_seed(self.typed, {"seed": seed}, root_seed(1, 0)) == {"seed": seed}

    def test_nothing_is_added_where_none_is_taken_or_there_is_none(self):
        assert with_seed(self.seedless, {}, root_seed(1, 0)) == {}
        assert with_seed(self.typed, {}, None) == {}

    def test_legacy_seeds_are_stable_and_differ(self):
        seeds = [legacy_seed(root_seed(1, i)) for i in range(100)]
        assert seeds == [legacy_seed(root_seed(1, i)) for i in range(100)]
        assert len(set(seeds)) == 100
