"""Digests of values and of code: equal where the meaning is, different where it is not."""

from __future__ import annotations

import copy
import functools
import logging
import os
import pickle
import random
import subprocess
import sys
import threading
import time
from collections import Counter, OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.core.meaning import Meanings


def meaning(value: object) -> str:
    return Meanings().of(value)[0]


def unknown(value: object) -> list[str]:
    return Meanings().of(value)[1]


@dataclass
class Curve:
    points: list[float]
    slope: float = 1.0


class Slotted:
    __slots__ = ("a",)

    def __init__(self, a: object) -> None:
        self.a = a


class Chosen:
    """Says itself what belongs to it."""

    def __init__(self, value: int) -> None:
        self.value, self.cache = value, object()

    def __getstate__(self) -> object:
        return self.value

    def __setstate__(self, state: int) -> None:
        self.__init__(state)


PAIRS = [
    ([1, 2], [1, 3]),
    ([1, 2], (1, 2)),
    ([1], [1.0]),
    ([1], [True]),
    ([0.1, 0.2], [0.1, 0.3]),
    ([[1], [2]], [[1, 2], []]),
    ([["a", (1, 2)]], [["a", [1, 2]]]),
    ({"a": 1}, {"a": 2}),
    ({1: 2}, {"1": 2}),
    ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}),
    ({"a": {1: 2}}, {"a": {"1": 2}}),
    ({(1, 2): [1]}, {(1, 3): [1]}),
    ({1, 2}, {1, 3}),
    ({"a", 1}, {"a", 2}),
    (np.arange(3), np.arange(4)),
    (np.arange(3), np.arange(3.0)),
    (np.arange(6).reshape(2, 3), np.arange(6).reshape(3, 2)),
    (np.array([object, 1]), np.array([object, 2])),
    (np.float32(1), np.float64(1)),
    (deque([1, 2]), deque([1, 3])),
    (Counter("aab"), Counter("abb")),
    (OrderedDict(a=1, b=2), OrderedDict(b=2, a=1)),
    (SimpleNamespace(a=1), SimpleNamespace(a=2)),
    (Curve([1]), Curve([2])),
    (Curve([1], 1.0), Curve([1], 2.0)),
    (Slotted([1]), Slotted([2])),
    (Chosen(1), Chosen(2)),
    ([Curve([1])], [Curve([2])]),
    (nx.path_graph(3), nx.path_graph(4)),
    (functools.partial(max, 1), functools.partial(max, 2)),
    (np.random.default_rng(1), np.random.default_rng(2)),
    (lambda x: x + 1, lambda x: x + 2),
    (range(3), range(4)),
    (10**5000, 10**5000 + 1),
    ([10**5000], [10**5000 + 1]),
]


@pytest.mark.parametrize(("one", "other"), PAIRS, ids=range(len(PAIRS)))
def test_other_values_have_other_digests_and_copies_the_same(one, other):
    assert meaning(one) != meaning(other)
    for value in (one, other):
        assert meaning(copy.deepcopy(value)) == meaning(value)
        assert meaning([value, value]) == meaning([value, copy.deepcopy(value)])


def test_neither_order_nor_layout_counts():
    assert meaning({"a": 1, "b": [2]}) == meaning({"b": [2], "a": 1})
    assert meaning({(1, 2): {}, (0, 1): {}}) == meaning({(0, 1): {}, (1, 2): {}})
    mixed = {"a": object, 1: 2, None: [3]}
    assert meaning(mixed) == meaning(dict(reversed(mixed.items())))
    values = np.arange(6).reshape(2, 3)
    assert meaning(np.asfortranarray(values)) == meaning(values)
    padded = np.dtype([("a", "i1"), ("b", "i8")], align=True)
    one, other = (np.frombuffer(bytes([fill]) * 32, padded).copy() for fill in (0, 255))
    one[:], other[:] = (1, 2), (1, 2)
    assert one.tobytes() != other.tobytes()
    assert meaning(one) == meaning(other)


def test_what_contains_itself():
    def ring(size: int, value: int = 0) -> list:
        items: list = [value]
        inner = items
        for _ in range(size - 1):
            inner.append([0])
            inner = inner[-1]
        inner.append(items)
        return items

    assert meaning(ring(2)) == meaning(ring(2)) != meaning(ring(3))
    assert meaning(ring(2, 1)) != meaning(ring(2, 2))
    shared = ring(2)
    assert meaning([shared, shared]) == meaning([ring(2), ring(2)])
    deep: list = [object]
    for _ in range(2000):
        deep = [deep]
    assert meaning(deep) == meaning(copy_of(deep))
    for _ in range(100_000):
        deep = [deep]
    assert unknown(deep) == ["list: RecursionError"]


def copy_of(nested: list) -> list:
    """Copy a list in a list in a list; `copy.deepcopy` cannot."""
    levels = 0
    while isinstance(nested[0], list):
        nested, levels = nested[0], levels + 1
    made = list(nested)
    for _ in range(levels):
        made = [made]
    return made


def test_shared_containers_are_looked_at_once():
    shared: list = [object]
    for _ in range(60):
        shared = [shared, shared]
    assert meaning(shared)
    shared = [1]
    for _ in range(60):
        shared = [shared, shared]
    assert meaning(shared)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        (threading.Lock(), []),
        (logging.getLogger("x"), []),
        ({"lock": threading.Lock()}, []),
        (random.Random(1), ["Random"]),
        (np.random.default_rng(), ["PCG64"]),
        (np.random.RandomState(1), ["RandomState"]),
        ((i for i in range(3)), ["generator"]),
    ],
)
def test_what_cannot_be_known_is_named_and_does_not_count(value, kinds):
    assert unknown(value) == kinds
    assert meaning([value, 1]) != meaning([value, 2])


def define(source: str, **names: object) -> dict:
    namespace = {"__name__": "icarus_settings_here", **names}
    exec(compile(dedent(source), "<made>", "exec"), namespace)
    return namespace


FUNCTION = """
def component(x=DEFAULT):
    import logging
    def inner():
        return TABLE[x] + helper(x)
    return inner() + CONFIG.alpha + Holder.value

def helper(x):
    return x + FACTOR["f"]

class Holder:
    value = VALUE
    def method(self):
        return OTHER
"""
NAMES = {
    "DEFAULT": 1, "TABLE": [1, 2], "CONFIG": SimpleNamespace(alpha=1), "FACTOR": {"f": 1},
    "VALUE": 3, "OTHER": {4}, "UNUSED": 5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("DEFAULT", 2),
        ("TABLE", [1, 3]),
        ("CONFIG", SimpleNamespace(alpha=2)),
        ("FACTOR", {"f": 2}),
        ("VALUE", 4),
        ("OTHER", {5}),
    ],
)
def test_what_a_function_reads_is_part_of_it(name, other):
    before = define(FUNCTION, **NAMES)["component"]
    assert meaning(define(FUNCTION, **NAMES)["component"]) == meaning(before)
    assert meaning(define(FUNCTION, **{**NAMES, name: other})["component"]) != meaning(before)
    unused = define(FUNCTION, **{**NAMES, "UNUSED": 6})["component"]
    assert meaning(unused) == meaning(before)


@pytest.mark.parametrize(
    "source",
    [
        "def made(a):\n    def f(x):\n        return x + a\n    return f\nf = made(A)",
        "class C:\n    a = A\n    def f(self):\n        return self.a\nf = C",
        "class C:\n    def f(self):\n        return self.a\nf = C\nC.a = A",
        "class C:\n    def __init__(self, a):\n        self.a = a\n    def f(self): 1\nf = C(A).f",
        "class B:\n    def f(self):\n        return A\nclass C(B):\n    pass\nf = C",
        "import functools\n@functools.lru_cache\ndef f():\n    return A",
        "import functools\ndef g(x):\n    return x\nf = functools.partial(g, A)",
        "def f():\n    return [x for x in (lambda: A)()]",
        "class C:\n    @property\n    def p(self):\n        return A\nf = C",
        "class C:\n    @staticmethod\n    def s():\n        return A\nf = C",
        "from numba import njit\n@njit\ndef f(x):\n    return x + A",
        "def f(*, a=A):\n    return a",
        "def f():\n    return f.a\nf.a = A",
        "def wrap(a):\n    def deco(g):\n        import functools\n        @functools.wraps(g)\n"
        "        def h(x):\n            return g(x) * a\n        return h\n    return deco\n"
        "@wrap(A)\ndef f(x):\n    return x",
    ],
)  # fmt: skip
@pytest.mark.parametrize(("a", "b"), [(1, 2), ({"x": [1]}, {"x": [2]})])
def test_wherever_it_keeps_it(source, a, b):
    one, again, other = (define(source, A=value)["f"] for value in (a, copy.deepcopy(a), b))
    assert meaning(one) == meaning(again)
    assert meaning(one) != meaning(other)
    assert unknown(one) == []


def test_a_global_that_is_called_like_an_attribute_does_not_count():
    source = "def f(lines):\n    return [one.base for one in lines]"
    one, other = (define(source, base=value)["f"] for value in (1, 2))
    assert meaning(one) == meaning(other)


def test_functions_that_call_each_other():
    source = "def f(x):\n    return g(x) if x else A\ndef g(x):\n    return f(x - 1)"
    one, again, other = (define(source, A=[value]) for value in (1, 1, 2))
    assert meaning(one["f"]) == meaning(again["f"]) != meaning(other["f"])
    assert meaning(one["g"]) != meaning(other["g"])


def test_whose_value_it_is_counts(tmp_path, monkeypatch):
    """Two modules that have swapped the values of a name are not as they were."""
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("first_one", "second_one"):
        (tmp_path / f"{name}.py").write_text("ALPHA = [0]\ndef get():\n    return ALPHA\n")
    source = "import first_one, second_one\ndef f():\n    return first_one.get(), second_one.get()"
    made = define(source)
    found = set()
    for one, other in ((1, 2), (2, 1), (1, 1)):
        made["first_one"].ALPHA, made["second_one"].ALPHA = [one], [other]
        found.add(meaning(made["f"]))
    assert len(found) == 3


@pytest.mark.parametrize("where", ["", "    "])
def test_attributes_of_modules_and_modules_that_functions_import(tmp_path, monkeypatch, where):
    monkeypatch.syspath_prepend(tmp_path)
    name = f"config_{len(where)}"
    (tmp_path / f"{name}.py").write_text("ALPHA = {'a': 1}\nOTHER = 1\n")
    imported = f"import {name}"
    outside, inside = ("", imported) if where else (imported, "pass")
    source = f"{outside}\ndef f():\n    {inside}\n    return {name}.ALPHA"
    before = meaning(define(source)["f"])
    module = __import__(name)
    loaded = meaning(define(source)["f"])
    module.OTHER = 2
    assert meaning(define(source)["f"]) == loaded
    module.ALPHA = {"a": 2}
    assert meaning(define(source)["f"]) not in (loaded, before)


def test_environment_variables_that_code_names(monkeypatch):
    function = define("import os\ndef f():\n    return os.environ.get('MY_ALPHA')")["f"]
    monkeypatch.setenv("MY_ALPHA", "1")
    before = meaning(function)
    monkeypatch.setenv("OTHER", "2")
    assert meaning(function) == before
    monkeypatch.setenv("MY_ALPHA", "2")
    assert meaning(function) != before


OPENING = {
    "itself": "def f():\n    return open('links.txt').read()",
    "a default": "def f(path='links.txt'):\n    return open(path).read()",
    "a global": "TABLE = 'links.txt'\ndef f():\n    return open(TABLE).read()",
    "a path": "TABLE = Path('links.txt')\ndef f():\n    return TABLE.open().read()",
    "an attribute": "class f:\n    table = 'links.txt'\n    def g(self):\n        open(self.table)",
    "a helper": "def f():\n    read('links.txt')\ndef read(path):\n    open(path, 'rb')",
}


@pytest.mark.parametrize("source", OPENING.values(), ids=OPENING)
def test_files_that_code_names(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "links.txt"
    found = set()
    for text in ("1 2", "1 3", None, "1 2"):
        file.unlink(missing_ok=True) if text is None else file.write_text(text)
        found.add(meaning(define(source, Path=Path)["f"]))
    assert len(found) == 3


@pytest.mark.parametrize(
    "line",
    ["open('log.txt', 'a')", "open('log.txt', mode='w+b')", "np.savetxt('log.txt', [])"],
)
def test_files_that_code_writes_are_not_among_these(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    function = define(f"def f():\n    return {line}", np=np)["f"]
    before = meaning(function)
    (tmp_path / "log.txt").write_text("made by the first run")
    assert meaning(function) == before


def test_files_that_are_open_are_unknown(tmp_path):
    with (tmp_path / "log").open("w") as file:
        assert unknown({"log": file}) == ["TextIOWrapper"]


def test_what_is_unknown_has_the_name_it_is_read_by():
    made = define("import random\nRNG = random.Random()\ndef f():\n    return RNG.random()")
    assert unknown(made["f"]) == ["RNG (Random)"]


IN_A_PROCESS = """
import sys
sys.path.insert(0, {tests!r})
from test_meaning import FUNCTION, NAMES, define, meaning
import networkx as nx
names = dict(NAMES, TABLE={{"x", "y", 3, None, ("a", frozenset("abc"))}},
             FACTOR={{key: {{key, "z"}} for key in {order}}}, CONFIG=nx.karate_club_graph())
print(meaning(define(FUNCTION, **names)["component"]))
"""


def test_it_is_the_same_in_every_process():
    found = set()
    for seed, order in (("1", "'abc'"), ("2", "'cab'")):
        code = IN_A_PROCESS.format(tests=str(Path(__file__).parent), order=order)
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        found.add(done.stdout)
    assert len(found) == 1


@pytest.mark.parametrize(
    "value",
    [
        list(range(10**6)),
        {i: i / 3 for i in range(10**6)},
        np.arange(10**7),
        [{"a": i, "b": [1]} for i in range(10**5)],
    ],
    ids=["list", "dict", "array", "dicts"],
)
def test_large_values_are_quick(value):
    began = time.process_time()
    meaning(value)
    assert time.process_time() - began < 8


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), st.binary()
)
HASHABLE = SCALARS | st.tuples(SCALARS, SCALARS) | st.frozensets(SCALARS, max_size=3)
VALUES = st.recursive(
    SCALARS | st.builds(np.array, st.lists(st.integers(-9, 9))),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
        | st.builds(SimpleNamespace, a=inner)
        | st.builds(Curve, inner)
        | st.builds(deque, st.lists(inner, max_size=3))
    ),
    max_leaves=12,
)


def reordered(value: object) -> object:
    """Return an equal value whose mappings and sets were filled the other way round."""
    match value:
        case dict():
            return {key: reordered(item) for key, item in reversed(value.items())}
        case set() | frozenset():
            return type(value)(reversed(list(value)))
        case list() | tuple() | deque():
            return type(value)(map(reordered, value))
        case SimpleNamespace():
            return SimpleNamespace(a=reordered(value.a))
        case Curve():
            return Curve(reordered(value.points), value.slope)
    return value


def text_of(value: object) -> object:
    """Return something that is equal for two values exactly if they mean the same."""
    match value:
        case dict():
            return ("dict", frozenset((text_of(k), text_of(v)) for k, v in value.items()))
        case set() | frozenset():
            return ("set", frozenset(map(text_of, value)))
        case list() | tuple() | deque():
            return (type(value).__name__, *map(text_of, value))
        case SimpleNamespace() | Curve():
            return (type(value).__name__, text_of(vars(value)))
        case np.ndarray():
            return (str(value.dtype), value.shape, value.tobytes())
    return (type(value).__name__, repr(value))


@pytest.mark.fuzz
@settings(deadline=None)
@given(VALUES)
def test_copies_and_other_orders_mean_the_same(value):
    before = meaning(value)
    assert meaning(pickle.loads(pickle.dumps(value))) == before
    assert meaning(reordered(value)) == before
    assert unknown(value) == []
    read = "def f():\n    return X"
    assert meaning(define(read, X=value)["f"]) == meaning(define(read, X=reordered(value))["f"])


@pytest.mark.fuzz
@settings(deadline=None)
@given(VALUES, VALUES)
def test_other_values_mean_something_else(one, other):
    assert (meaning(one) == meaning(other)) == (text_of(one) == text_of(other))
    # One leaf alone, far inside, tells them apart.
    assert meaning([[{"a": [one]}]]) != meaning([[{"a": [one, 1]}]])


@pytest.mark.fuzz
@settings(deadline=None)
@given(VALUES, SCALARS, SCALARS)
def test_a_value_far_inside_counts(around, one, other):
    pairs = [{"around": around, "inside": [Curve([leaf])]} for leaf in (one, other)]
    assert (meaning(pairs[0]) == meaning(pairs[1])) == (text_of(one) == text_of(other))
