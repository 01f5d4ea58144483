"""Whatever is given with ``-c``: settings that can be planned, or problems in one line each."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.errors import SettingsError
from icarus.planning.loading import load_settings, parse_overrides
from icarus.planning.plan import make_plan
from icarus.planning.settings import GENERAL_SETTINGS

STUDY = """
ALPHA = [0.8]
NAME = "LCE"
N_REQUESTS = 100
SIZES = {"small": 0.1}
EXPERIMENT_QUEUE = [
    {
        "topology": {"name": "PATH", "n": 4},
        "workload": {"name": "STATIONARY", "n_contents": 9, "alpha": alpha,
                     "n_warmup": 0, "n_measured": N_REQUESTS},
        "cache_placement": {"name": "UNIFORM", "network_cache": size},
        "content_placement": {"name": "UNIFORM"},
        "strategy": {"name": NAME},
        "cache_policy": {"name": "LRU"},
    }
    for alpha in ALPHA
    for size in SIZES.values()
]
"""
NAMES = st.sampled_from(["ALPHA", "NAME", "N_REQUESTS", "SIZES", "OTHER", *GENERAL_SETTINGS])
LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)
TEXTS = st.one_of(
    LITERALS.map(repr),
    st.text(st.characters(exclude_categories=[]), max_size=20),
    st.text("[](){}'\"0.1eE-+,: x", max_size=12),
)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("overrides") / "study.py"
    path.write_text(STUDY)
    return path


def problems_of(study: Path, assignments: list[str]) -> list[str]:
    """Return what is wrong with overrides; nothing if the campaign can be planned."""
    try:
        make_plan(load_settings(study, parse_overrides(assignments)))
    except SettingsError as error:
        return error.problems or ["refused for nothing"]
    return []


@pytest.mark.fuzz
@given(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=3))
def test_any_value_is_taken_or_refused_in_a_line_for_each_problem(study, overrides):
    found = problems_of(study, [f"{name}={text}" for name, text in overrides.items()])
    assert all(len(problem.splitlines()) == 1 for problem in found)
    assert "refused for nothing" not in found


@pytest.mark.fuzz
@given(st.text(st.characters(exclude_categories=[]), max_size=20))
def test_any_assignment_is_taken_or_refused_in_a_line_for_each_problem(study, assignment):
    assert all(len(problem.splitlines()) == 1 for problem in problems_of(study, [assignment]))
