"""What is kept of results comes back with the same bits and types, and executes nothing."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import os
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kept_values import ARRAYS, KEPT, OTHERS, UNHURRIED, same
from old_pickles import dump

from icarus.errors import ResultsError, UnwritableError
from icarus.results import encoding
from icarus.results.encoding import dumps, loads
from icarus.util import Tree

DAMAGE = (ValueError, TypeError, LookupError, RecursionError, OverflowError, ResultsError)


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

    evil = json.dumps(["p", base64.b85encode(pickle.dumps(Evil())).decode()]).encode()
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
    with pytest.raises(UnwritableError, match="contains itself"):
        dumps(loop)


@pytest.mark.fuzz
@UNHURRIED
@given(value=KEPT)
def test_what_is_kept_comes_back_with_the_same_bits_and_types(value):
    assert same(loads(dumps(value)), value)


@pytest.mark.fuzz
@UNHURRIED
@given(array=ARRAYS)
def test_arrays_of_all_types_come_back(array):
    back = loads(dumps(array))
    assert same(back, array)
    assert back.dtype.isalignedstruct == array.dtype.isalignedstruct
    assert same(loads(dumps(list(array.ravel()[:2]))), list(array.ravel()[:2]))
    back.flags.writeable = True


@pytest.mark.fuzz
@UNHURRIED
@given(value=OTHERS)
def test_whatever_is_written_can_be_read_and_is_then_kept(value):
    once = loads(dumps(value))
    assert same(loads(dumps(once)), once)


@pytest.mark.fuzz
@UNHURRIED
@given(raw=st.binary(), value=KEPT, data=st.data())
def test_damaged_bytes_are_refused_or_read(raw, value, data):
    damaged = bytearray(dumps(value))
    for _ in range(data.draw(st.integers(0, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    for one in (raw, bytes(damaged)):
        with contextlib.suppress(*DAMAGE):
            loads(one)


@pytest.mark.parametrize("array", [np.zeros(3, "S0"), np.zeros((2, 0), "f4"), np.zeros(2, "V0")])
def test_arrays_without_bytes_come_back(array):
    assert same(loads(dumps(array)), array)


def nested(levels):
    return functools.reduce(lambda inner, _: [inner], range(levels - 1), [])


def test_nesting_has_a_limit_that_is_the_same_for_writing_and_reading():
    assert same(loads(dumps(nested(100))), nested(100))
    for levels in (101, 1_000, 10_000, 100_000):
        with pytest.raises(UnwritableError, match="nested more than 100 deep"):
            dumps(nested(levels))


def test_the_error_says_which_metric():
    with pytest.raises(UnwritableError, match=r"^MINE\.DEEP: it is nested"):
        dumps(Tree(MINE=Tree(FLAT=1, DEEP=nested(1_000))))


def test_lists_that_stand_for_more_than_there_is_room_for_are_refused():
    laughs = functools.reduce(lambda inner, _: [inner, inner], range(60), [])
    with pytest.raises(UnwritableError, match="over and over again"):
        dumps(laughs)


def test_what_is_too_large_is_refused_and_says_what_to_do(monkeypatch):
    monkeypatch.setattr(encoding, "LARGEST", 10_000)
    assert len(dumps(np.zeros(1_000))) > 8_000
    for large in (np.zeros(2_000), "a" * 11_000, [b"a" * 6_000] * 2, list(range(10_000))):
        with pytest.raises(UnwritableError, match=r"takes 0\.0 MB.*a file of its own"):
            dumps(Tree(large=large))
    # A view of one number that stands for eight terabytes.
    with pytest.raises(UnwritableError, match="8,000,000 MB"):
        dumps(np.broadcast_to(1.0, 10**12))


def test_whatever_an_object_does_when_it_is_looked_at_is_one_error():
    class Odd(Tree):
        def items(self):
            raise OSError("gone")

    with pytest.raises(UnwritableError, match="OSError: gone"):
        dumps([Odd({(1, 2): [3]})])


def test_large_arrays_are_not_copied():
    array = np.zeros(1_000_000)
    pieces = list(encoding.encoded([array]))
    assert np.shares_memory(np.frombuffer(pieces[-1], np.uint8), array)
    assert sum(map(len, pieces[:-1])) < 200


def test_little_material_does_not_stand_for_much():
    raw = b"\x01" + struct.pack("<Q", len(twice := b'["l",["b",[0,9]],["b",[0,9]]]')) + twice
    with pytest.raises(ValueError, match="missing"):
        loads(raw + bytes(9))
    for shape in (b"[1000000000000]", b"[1000000000000,0]", b"[-1]"):
        with pytest.raises(ValueError, match="array"):
            loads(b'["N","|S0",' + shape + b',"C",""]')


def test_what_earlier_versions_wrote_is_read():
    file = io.BytesIO()
    dump({1, 2}, file)
    text, pickled = (
        base64.b85encode(raw).decode() for raw in (np.arange(2.0).tobytes(), file.getvalue())
    )
    one = base64.b85encode(np.int32(1).tobytes()).decode()
    material = [
        "l",
        ["a", "<f8", [2], text],
        ["p", pickled],
        ["n", "<i4", one],
    ]
    array, made, number = loads(json.dumps(material).encode())
    assert same(array, np.arange(2.0))
    assert made == {1, 2}
    assert same(number, np.int32(1))
