"""What is kept in a journal comes back with the same bits and types, and executes nothing."""

from __future__ import annotations

import json
import math
import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from icarus.errors import ResultsError
from icarus.orchestration.journal.encoding import _text, dumps, loads
from icarus.util import Tree

ATOMS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
    st.floats().map(np.float64), st.integers(-(2**31), 2**31 - 1).map(np.int32),
)  # fmt: skip
KEYS = st.one_of(st.integers(), st.text(), st.tuples(st.integers(), st.text()), st.booleans())
VALUES = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(KEYS, inner),
        st.dictionaries(KEYS, inner).map(Tree),
    ),
    max_leaves=30,
)


def same(a: object, b: object) -> bool:
    """Whether two values have the same types and bits, in the same order."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, dict):
        pairs = zip(a.items(), b.items(), strict=False)
        return len(a) == len(b) and all(same(k, q) and same(v, w) for (k, v), (q, w) in pairs)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@given(value=VALUES)
def test_all_comes_back_as_it_was(value):
    assert same(loads(dumps(value)), value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.array([], dtype=np.uint8),
        np.array([1 + 2j]),
        np.array(["a", "bc"]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.array([1, 2], dtype=">i4"),
        np.arange(10)[::-2],
    ],
    ids=lambda array: array.dtype.str,
)
def test_arrays_come_back_as_they_were(array):
    back = loads(dumps(array))
    assert back.dtype == array.dtype
    assert back.shape == array.shape
    assert np.array_equal(back, array)
    back.flags.writeable = True


def test_figures_of_links_and_nodes():
    tree = Tree({"links": {(0, 1): 0.1, ("a", 2): 3}, "nodes": {1: 2.0, 5: None}, "none": {}})
    tree["mixed"] = {(0, 1): [1, (2,)], 7: Tree({"k": 1})}
    assert same(loads(dumps(tree)), tree)


class Own:
    def __repr__(self) -> str:
        return "my object"


def test_objects_of_users_are_kept_as_text():
    assert loads(dumps(Tree({"a": [Own(), {1, 2}]}))) == {"a": ["my object", {1, 2}]}


def test_reading_executes_nothing(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'executed'}",)

    evil = json.dumps(["p", _text(pickle.dumps(Evil()))]).encode()
    with pytest.raises(ResultsError, match="refers to"):
        loads(evil)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("raw", [b"", b"[", b'["?"]', b"[]", b'["a","O",[1],""]', b"[" * 100_000])
def test_nonsense_is_refused(raw):
    with pytest.raises((ValueError, TypeError, LookupError, RecursionError)):
        loads(raw)


def test_what_contains_itself_is_refused():
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(RecursionError):
        dumps(loop)
