"""All kinds of values that a collector may return, and whether two are the same."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import struct

import hypothesis
import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from icarus.util import AnyValue, Tree

UNHURRIED = hypothesis.settings(
    deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
"""Values of all kinds take their time to be made on a machine that is busy."""

__all__ = ["ARRAYS", "KEPT", "KEYS", "OTHERS", "UNHURRIED", "same"]


class Color(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


@dataclasses.dataclass
class Point:
    x: float


Pair = collections.namedtuple("Pair", "a b")


class Speechless:
    """An object that cannot be written, not even as text."""

    def __repr__(self):
        raise RuntimeError("no text")


class Sub(np.ndarray):
    pass


@st.composite
def fields(draw, inner):
    """Types with fields that are nested, apart, aligned, titled or arrays."""
    formats = draw(st.lists(inner, max_size=3))
    formats = [
        np.dtype((one, tuple(draw(st.lists(st.integers(0, 3), max_size=2)))))
        if one.itemsize
        else one
        for one in formats
    ]
    spec = {"names": [f"{i}{draw(st.text(max_size=2))}" for i in range(len(formats))]}
    spec["formats"] = formats
    apart = draw(st.booleans())
    if apart:
        offsets, end = [], 0
        for one in formats:
            offsets.append(end + draw(st.integers(0, 5)))
            end = offsets[-1] + one.itemsize
        spec |= {"offsets": offsets, "itemsize": end + draw(st.integers(0, 5))}
    if draw(st.booleans()):
        spec["titles"] = [draw(st.none() | st.just(f"title {i}")) for i in range(len(formats))]
    return np.dtype(spec, align=not apart and draw(st.booleans()))


TYPES = st.recursive(
    npst.scalar_dtypes()
    | st.sampled_from(
        ["S0", "U0", "V3", "S5", ">U2", "g", "G", "e", ">i4", "M8", "M8[25s]", "m8[W]"]
    ).map(np.dtype),
    fields,
    max_leaves=4,
)


@st.composite
def arrays(draw):
    dtype = draw(TYPES)
    shape = draw(npst.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    size = int(np.prod(shape)) * dtype.itemsize
    content = bytearray(draw(st.binary(min_size=size, max_size=size)))
    if dtype.kind == "U" or dtype.names is not None:
        # Any bytes are a number, but not a character.
        content = bytearray(size)
    array = np.ndarray(shape, dtype, content, order=draw(st.sampled_from("CF")))
    match draw(st.integers(0, 4)):
        case 1:
            return array.T
        case 2 if array.ndim:
            return array[:: draw(st.sampled_from([2, -1, -2]))]
        case 3:
            return np.asfortranarray(array)
    return array


ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**400), 10**400),
    st.floats(),
    st.complex_numbers(),
    st.text(),
    st.text(st.characters(categories=["Cs", "L"])),
    st.binary(),
    st.binary(min_size=5000, max_size=5010),
    st.binary().map(np.bytes_),
    st.text().map(np.str_),
    st.builds(range, st.integers(), st.integers(), st.integers(1)),
    st.floats().map(np.float64),
    st.floats(width=16).map(np.float16),
    st.floats().map(np.longdouble),
    st.booleans().map(np.bool_),
    st.integers(-(2**31), 2**31 - 1).map(np.int32),
    st.integers(0, 2**64 - 1).map(np.uint64),
    st.sampled_from([np.datetime64("NaT"), np.timedelta64(5, "W"), np.datetime64("2020-01-01")]),
    st.sampled_from([int, Tree, np.dtype(">f4"), np.dtype([("a", "i4")])]),
)
KEYS = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(), st.binary(),
        st.floats(allow_nan=False), st.text().map(np.str_), st.integers(0, 9).map(np.int64),
    ),
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.frozensets(inner, max_size=3),
    max_leaves=4,
)  # fmt: skip
ARRAYS = arrays()


def containers(inner):
    lists = st.lists(inner, max_size=4)
    dicts = st.dictionaries(KEYS, inner, max_size=4)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(collections.deque),
        lists.map(lambda values: collections.deque(values, 3)),
        lists.map(lambda values: objects(values)),
        dicts,
        dicts.map(Tree),
        dicts.map(collections.OrderedDict),
        dicts.map(lambda pairs: collections.defaultdict(list, pairs)),
        st.sets(KEYS, max_size=4),
        st.frozensets(KEYS, max_size=4),
        st.binary().map(bytearray),
        st.builds(slice, inner, inner),
    )


def objects(values):
    array = np.empty(len(values), object)
    for i, value in enumerate(values):
        array[i] = value
    return array


KEPT = st.recursive(ATOMS | ARRAYS, containers, max_leaves=12)
"""What comes back as it was."""

ODD = st.one_of(
    st.sampled_from(
        [
            Color.RED, Level.LOW, Point(1.0), Pair(1, 2), len, Point, ..., Tree.dict,
            datetime.datetime(2020, 1, 1), datetime.timedelta(1), pathlib.PurePath("a"), AnyValue(),
            decimal.Decimal("1.5"), fractions.Fraction(1, 3), collections.Counter("aab"),
            np.ma.masked, np.ma.array([1, 2], mask=[0, 1]), np.arange(3).view(Sub),
            np.rec.array([(1, 2.0)], names="a,b"), np.rec.array([(1, 2.0)], names="a,b")[0],
            np.ma.array([(1, 2.0)], mask=[(0, 1)], dtype=[("a", "i4"), ("b", "f8")]),
            np.array([(1, {})], dtype=[("a", "i4"), ("b", "O")]),
            np.array([(1, {})], dtype=[("a", "i4"), ("b", "O")])[0],
            np.array(["a", "bcd"], dtype=np.dtypes.StringDType()),
            np.dtype([("a", "O")]), np.random.default_rng(1), memoryview(b"a"), iter([]),
            {Color.RED: 1, Point: 2, Level.LOW: 3}, {Pair(1, 2), Color.RED}, {(1, Color.RED): 1},
        ]
    ),
    # Not one of those above, as Hypothesis looks at what it chooses from.
    st.builds(lambda: Speechless()),
    ATOMS,
)  # fmt: skip
OTHERS = st.recursive(ODD, containers, max_leaves=8)
"""What is kept at least as its text."""


def _significant(array: np.ndarray) -> np.ndarray:
    """Return the bytes of an array without those that extended precision does not use.

    NumPy leaves them as they happen to be in memory whenever it makes a scalar.
    """
    if array.dtype.type not in (np.longdouble, np.clongdouble):
        return np.frombuffer(array.tobytes(), np.uint8)
    size = np.dtype(np.longdouble).itemsize
    unused = 6 if np.finfo(np.longdouble).nmant == 63 and size == 16 else 0
    numbers = np.frombuffer(array.tobytes(), np.uint8).reshape(-1, size)
    little = array.dtype.newbyteorder("=") == array.dtype
    return numbers[:, : size - unused] if little else numbers[:, unused:]


def same(a: object, b: object) -> bool:
    """Whether two values have the same types and bits, in the same order."""
    if type(a) is not type(b):
        return False
    match a:
        case float() if type(a) is float:
            return struct.pack("d", a) == struct.pack("d", b)
        case complex() if type(a) is complex:
            return same([a.real, a.imag], [b.real, b.imag])
        case np.ndarray():
            if (a.dtype, a.shape) != (b.dtype, b.shape):
                return False
            if a.dtype.names is not None:
                # What is between fields is no part of the value.
                return all(same(a[name], b[name]) for name in a.dtype.names)
            if a.dtype.hasobject:
                return same(a.ravel().tolist(), b.ravel().tolist())
            return bool(np.array_equal(_significant(a), _significant(b)))
        case np.str_():
            return str.__str__(a) == str.__str__(b)
        case np.bytes_():
            return bytes(a) == bytes(b)
        case np.generic():
            return same(np.asarray(a), np.asarray(b))
        case dict():
            alike = getattr(a, "default_factory", 0) == getattr(b, "default_factory", 0)
            return alike and same(list(a.items()), list(b.items()))
        case list() | tuple() | collections.deque():
            ends = getattr(a, "maxlen", 0) == getattr(b, "maxlen", 0)
            return ends and len(a) == len(b) and all(map(same, a, b))
        case slice():
            return same([a.start, a.stop, a.step], [b.start, b.stop, b.step])
    return bool(a == b)
