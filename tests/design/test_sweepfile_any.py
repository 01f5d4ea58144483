"""Any sweep file, right or wrong: it is loaded, or its problems are told with their places."""

from __future__ import annotations

import copy
import json
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.design.sweepfile import read_sweep
from icarus.errors import SettingsError
from icarus.planning.loading import SettingsSource, execute_settings

NUMBERS = st.integers(-5, 20) | st.floats(0.01, 100, allow_nan=False).map(lambda x: round(x, 3))
SCALARS = NUMBERS | st.booleans() | st.sampled_from(["LCE", "LCD", "", "GEANT", "x.y"])
PATHS = [f"{section}.{name}" for section in ("workload", "strategy", "s") for name in "abcdef"]


@st.composite
def axes(draw):
    """An axis that can be: a list of different values, or a table."""
    kind = draw(
        st.sampled_from(
            ["list", "choice", "range", "linspace", "logspace", "uniform", "normal", "loguniform"]
        )
    )
    if kind in ("list", "choice"):
        values = draw(st.lists(SCALARS, min_size=1, max_size=4, unique_by=lambda x: (x == x, x)))
        return values if kind == "list" else {"choice": values}
    lo = draw(st.integers(1, 10))
    ends = [lo, lo + draw(st.integers(1, 10))]
    n = {"n": draw(st.integers(2, 4))}
    match kind:
        case "range":
            return {"range": ends, "step": draw(st.sampled_from([1, 2, 0.5]))}
        case "normal":
            return {"normal": ends, **n, "lo": 0}
    return {kind: ends, **n}


@st.composite
def sweeps(draw):
    """A sweep that can be."""
    paths = iter(draw(st.permutations(PATHS)))
    content: dict = {
        "base": {"workload": {"z": draw(SCALARS)}, "topology": {"name": draw(SCALARS)}},
        "axes": {next(paths): draw(axes()) for _ in range(draw(st.integers(0, 3)))},
    }
    if draw(st.booleans()):
        n = draw(st.integers(1, 3))
        content["zip"] = [
            {next(paths): [draw(SCALARS) for _ in range(n)] for _ in range(draw(st.integers(1, 2)))}
        ]
    if draw(st.booleans()):
        content["derive"] = {next(paths): draw(st.sampled_from(["1 + 1", "_i", "'x'"]))}
    if draw(st.booleans()):
        content["where"] = {"why: not": draw(st.sampled_from(["_i < 3", "True", "_i % 2 == 0"]))}
    if draw(st.booleans()):
        content["settings"] = {"N_REPLICATIONS": draw(st.integers(1, 3))}
    if draw(st.booleans()):
        content |= {"seed": draw(st.integers(0, 10**20)), "title": draw(st.text(max_size=5))}
    return content


HOSTILE = st.one_of(
    SCALARS,
    st.none(),
    st.sampled_from([math.nan, math.inf, -math.inf, 10**400, -(10**30), 1e308, 5e-324, "\0", "é"]),
    st.sampled_from(["9**9**9", "a.b.c", "().__class__", "[x for x in y]", "(" * 300, "\ud800"]),
    st.recursive(
        SCALARS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["linspace", "linspce", "n", "choice", "a", "a.b", ".", "lhs"]),
                inner,
                max_size=3,
            )
        ),
        max_leaves=8,
    ),
)


def places(value, place=()):
    """Return the paths of all that is in a document."""
    found = [place] if place else []
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        inside = (*place, key)
        found += places(item, inside) if isinstance(item, dict | list) else [inside]
    return found


@st.composite
def mutated(draw):
    """A sweep with a few things in it replaced, renamed or taken out."""
    content = copy.deepcopy(draw(sweeps()))
    for _ in range(draw(st.integers(1, 3))):
        there = places(content)
        if not there:
            break
        *above, last = draw(st.sampled_from(there))
        branch = content
        for key in above:
            branch = branch[key]
        match draw(st.sampled_from(["replace", "rename", "remove"])):
            case "replace":
                branch[last] = draw(HOSTILE)
            case "rename" if isinstance(branch, dict):
                name = draw(st.sampled_from(["linspce", "ranges", "a..b", "", "axes", "n", "SEED"]))
                branch[name] = branch.pop(last)
            case _:
                del branch[last]
    return content


def loaded(content):
    """Load a sweep from its content; return the design, or None if it has problems."""
    began = time.process_time()
    design, problems = None, []
    try:
        source = SettingsSource("sweep.json", json.dumps(content))
        design = execute_settings(source)["EXPERIMENT_QUEUE"]
    except SettingsError as error:
        problems = error.problems
    # What takes time is importing SciPy.
    assert time.process_time() - began < 20
    assert len(set(problems)) == len(problems)
    assert all(one.startswith("sweep.json: ") for one in problems)
    assert (design is None) == bool(problems)
    return design


@pytest.mark.fuzz
@given(sweeps())
def test_a_sweep_that_can_be_is_loaded(content):
    design = loaded(content)
    assert design is not None
    # What is recorded of it says the same.
    again = loaded(json.loads(read_sweep("sweep.json", json.dumps(content)).text()))
    assert design.size == again.size
    assert [one.dict() for one in design[:20]] == [one.dict() for one in again[:20]]


@pytest.mark.fuzz
@given(mutated())
def test_one_that_was_changed_is_loaded_or_its_problems_are_told(content):
    design = loaded(content)
    if design is not None and design.size:
        design[0].dict()


@pytest.mark.fuzz
@given(st.text(max_size=200), st.sampled_from(["sweep.toml", "sweep.json"]))
def test_any_text_is_loaded_or_its_problems_are_told(text, path):
    problems = []
    try:
        execute_settings(SettingsSource(path, text))
    except SettingsError as error:
        problems = error.problems
    assert all(one.startswith(path) for one in problems)
