from __future__ import annotations

import collections
import copy
import copyreg
import functools
import io
import math
import os
import pathlib
import pickle
import random
import subprocess
import sys

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from old_pickles import dump

import icarus.util
from icarus.errors import ResultsError
from icarus.results import ResultSet, readwrite, safepickle
from icarus.util import AnyValue, Tree

TESTS = str(pathlib.Path(__file__).parents[1])
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)

KEYS = st.text(max_size=3) | st.integers() | st.tuples(st.integers(), st.text(max_size=2))

# {!r} is the path of a file that must not come into being.
TOUCH = "open({!r}, 'w').close()"
ATTACKS = [
    ("os", "system", ["touch {}"]),
    ("posix", "system", ["touch {}"]),
    ("subprocess", "Popen", ["touch {}"]),
    ("subprocess", "check_output", ["touch {}"]),
    ("pty", "spawn", ["touch {}"]),
    ("builtins", "eval", [TOUCH]),
    ("builtins", "exec", [TOUCH]),
    ("__builtin__", "eval", [TOUCH]),
    ("__builtin__", "execfile", ["{}"]),
    ("builtins", "open", ["{}", "w"]),
    ("io", "open", ["{}", "w"]),
    ("_io", "FileIO", ["{}", "w"]),
    ("builtins", "getattr", ["text", "upper"]),
    ("builtins", "setattr", ["text", "upper"]),
    ("builtins", "__import__", ["os"]),
    ("builtins", "compile", [TOUCH, "x", "exec"]),
    ("builtins", "globals", []),
    ("builtins", "type", ["text"]),
    ("builtins", "map", []),
    ("builtins", "super", []),
    ("builtins", "memoryview", []),
    ("builtins", "property", []),
    ("builtins", "object.__subclasses__", []),
    ("builtins", "str.format", ["{}"]),
    ("importlib", "import_module", ["os"]),
    ("runpy", "run_path", ["{}"]),
    ("timeit", "timeit", [TOUCH]),
    ("functools", "partial", []),
    ("functools", "reduce", []),
    ("operator", "attrgetter", ["x"]),
    ("operator", "methodcaller", ["x"]),
    ("pickle", "loads", ["x"]),
    ("_pickle", "loads", ["x"]),
    ("types", "FunctionType", []),
    ("types", "CodeType", []),
    ("copyreg", "add_extension", ["os", "system"]),
    ("copyreg", "__newobj__", []),
    ("copy_reg", "pickle", []),
    ("collections", "namedtuple", ["x", "y"]),
    ("collections", "_sys.modules", []),
    ("numpy", "load", ["{}"]),
    ("numpy", "memmap", ["{}"]),
    ("numpy", "fromfile", ["{}"]),
    ("numpy", "ndarray.tofile", ["{}"]),
    ("numpy", "save", ["{}"]),
    ("numpy", "f2py.crackfortran.myeval", [TOUCH]),
    ("numpy.f2py.crackfortran", "myeval", [TOUCH]),
    ("numpy.f2py.crackfortran", "getlincoef", [TOUCH]),
    ("numpy.f2py.diagnose", "run_command", ["touch {}"]),
    ("numpy.testing", "runstring", [TOUCH]),
    ("numpy.testing._private.utils", "runstring", [TOUCH]),
    ("numpy.testing", "measure", [TOUCH]),
    ("numpy.lib.utils", "safe_eval", [TOUCH]),
    ("numpy._core.multiarray", "fromfile", ["{}"]),
    ("numpy.core.multiarray", "fromstring", ["x"]),
    ("icarus.util", "config_logging", ["DEBUG"]),
    ("icarus.util", "logging.os.system", ["touch {}"]),
    ("icarus.util", "Tree.__init__", []),
    ("icarus.util", "Settings", []),
    ("icarus.planning.loading", "load_settings", ["{}"]),
    ("icarus.results.readwrite", "os.system", ["touch {}"]),
    ("icarus.results.resultset", "ResultSet.json", []),
    ("icarus.results.safepickle", "pickle.loads", ["x"]),
    ("__main__", "anything", []),
]


class Calls:
    """Anything that calls `function` when it is unpickled."""

    def __init__(self, function, *args):
        self.function, self.args = function, args

    def __reduce__(self):
        return self.function, self.args


def assembled(module, name, args, protocol):
    """A pickle of a call, written down opcode by opcode: nothing is imported for it."""
    header = b"\x80" + bytes([protocol]) if protocol >= 2 else b""
    if protocol >= 4:
        callee = b"".join(
            b"\x8c" + bytes([len(part.encode())]) + part.encode() for part in (module, name)
        )
        callee += b"\x93"
    else:
        callee = f"c{module}\n{name}\n".encode()
    arguments = b"".join(b"V" + arg.encode("raw-unicode-escape") + b"\n" for arg in args)
    return header + callee + b"(" + arguments + b"tR."


def load(raw):
    return safepickle.load(io.BytesIO(raw))


def dumped(obj):
    file = io.BytesIO()
    dump(obj, file)
    return file.getvalue()


def round_trip(obj):
    return load(dumped(obj))


def same(a, b):
    """Equality of type and content, in which NaN equals NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and same(a.tolist(), b.tolist())
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    if isinstance(a, (list, tuple, collections.deque)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (float, np.floating)) and math.isnan(a):
        return math.isnan(b)
    return bool(a == b)


@pytest.fixture
def canary(tmp_path):
    path = tmp_path / "canary"
    yield path
    assert not path.exists()


class TestMaliciousPickles:
    @pytest.mark.parametrize("protocol", PROTOCOLS)
    @pytest.mark.parametrize(("module", "name", "args"), ATTACKS)
    def test_nothing_is_called(self, canary, module, name, args, protocol):
        args = [arg.format(str(canary)) for arg in args]
        with pytest.raises(ResultsError, match="it refers to"):
            load(assembled(module, name, args, protocol))

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    @pytest.mark.parametrize("function", [os.system, eval, exec, subprocess.Popen])
    def test_nor_by_reduce(self, canary, function, protocol):
        raw = pickle.dumps(Calls(function, f"touch {canary}"), protocol)
        with pytest.raises(ResultsError, match="it refers to"):
            load(raw)

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    @pytest.mark.parametrize("place", ["parameters", "results", "metadata", "failures", "attr"])
    def test_nor_from_inside_a_result_set(self, canary, place, protocol):
        bad = {"x": [Calls(os.system, f"touch {canary}")]}
        results = ResultSet(bad if place == "attr" else None)
        results.add(
            bad if place == "parameters" else {},
            bad if place == "results" else {},
            bad if place == "metadata" else {},
        )
        if place == "failures":
            results.add_failure(bad, {})
        with pytest.raises(ResultsError, match=r"it refers to (posix|os)\.system"):
            load(pickle.dumps(results, protocol))

    @pytest.mark.parametrize(
        "raw",
        [
            b"(V{}\nios\nsystem\n.",
            b"(cos\nsystem\nV{}\no.",
            b"cos\nsystem\n(V{}\nt\x81.",
            b"cos\nsystem\n(V{}\nt}}\x92.",
            b"cos\nsystem\n.",
            b"]cos\nsystem\na.",
            b"cicarus.util\nTree\n)R(cos\nsystem\n]u.",
            b"cicarus.util\nTree\n)Rcos\nsystem\nb.",
            b"\x8c\x02os\x8c\x06system\x93.",
            b"\x80\x04\x8c\x02os\x8c\x0asys.exit\n\x93.",
            b"Pos.system\n.",
            b"\x80\x02V{}\nQ.",
            b"\x80\x05\x97\x98.",
        ],
    )
    def test_nor_by_other_opcodes(self, canary, raw):
        with pytest.raises(ResultsError):
            load(raw.replace(b"{}", f"touch {canary}".encode()))

    def test_nor_by_the_extension_registry(self, canary):
        copyreg.add_extension("posix", "system", 0xF0)
        try:
            with pytest.raises(ResultsError, match=r"posix\.system"):
                load(b"\x80\x02\x82\xf0(Vtouch " + str(canary).encode() + b"\ntR.")
        finally:
            copyreg.remove_extension("posix", "system", 0xF0)

    def test_no_module_is_imported(self, tmp_path, monkeypatch, canary):
        (tmp_path / "evil_module_of_a_pickle.py").write_text(f"open({str(canary)!r}, 'w')")
        monkeypatch.syspath_prepend(tmp_path)
        for protocol in PROTOCOLS:
            with pytest.raises(ResultsError):
                load(assembled("evil_module_of_a_pickle", "anything", [], protocol))
        assert "evil_module_of_a_pickle" not in sys.modules

    def test_what_is_admitted_is_not_much(self):
        """Whoever adds to the list should think twice; nothing on it may run code."""
        admitted = {
            (module, name) for module, names in safepickle._ADMITTED.items() for name in names
        }
        for module, name in admitted - {("copyreg", "_reconstructor")}:
            thing = getattr(sys.modules[module], name)
            assert isinstance(thing, type), (module, name)
            assert not issubclass(thing, type)


@pytest.fixture(scope="module")
def small():
    results = ResultSet({"k": 1})
    results.add(
        {"strategy": {"name": "LCE"}, "workload": {"alpha": 0.8, "any": AnyValue()}},
        {"LATENCY": {"MEAN": 71.2, "PER_NODE": {(0, 1): None}}},
        {"seed": 2**70},
    )
    return results


@pytest.fixture(scope="module")
def small_with_arrays(small):
    results = copy.deepcopy(small)
    results.add({}, {"CDF": (np.array([1.0]), np.array([1.0])), "MEAN": np.float64(0.5)})
    return results


class TestDamage:
    @pytest.mark.parametrize("protocol", [None, *PROTOCOLS])
    def test_a_file_cut_short_at_any_length_is_refused(self, small, protocol):
        raw = dumped(small) if protocol is None else pickle.dumps(small, protocol)
        assert isinstance(load(raw), ResultSet)
        for length in range(len(raw)):
            with pytest.raises(ResultsError) as info:
                load(raw[:length])
            assert "\n" not in str(info.value)

    @pytest.mark.parametrize("protocol", [None, 3, 4, 5])
    def test_nor_one_with_arrays(self, small_with_arrays, protocol):
        whole = small_with_arrays
        raw = dumped(whole) if protocol is None else pickle.dumps(whole, protocol)
        assert isinstance(load(raw), ResultSet)
        for length in range(len(raw)):
            with pytest.raises(ResultsError):
                load(raw[:length])

    def test_the_message_says_what_to_do(self, small):
        with pytest.raises(ResultsError, match="cut short"):
            load(dumped(small)[:-1])
        with pytest.raises(ResultsError, match="empty"):
            load(b"")

    @pytest.mark.parametrize(
        "raw",
        [
            b"\n",
            b"not a pickle at all\n",
            b'[{"json": true}]',
            b"\x89PNG\r\n\x1a\n" + bytes(50),
            b"PK\x03\x04" + bytes(30),
            b"\x1f\x8b\x08" + bytes(30),
            bytes(1000),
            b"\xff" * 1000,
            b"." * 10,
            b"(" * 10_000 + b".",
            b"N" * 10_000,
            b"\x80\xff.",
        ],
        ids=lambda raw: repr(raw[:12]),
    )
    def test_other_files_are_refused(self, raw):
        with pytest.raises(ResultsError):
            load(raw)

    def test_flipped_bytes_run_nothing_and_give_no_other_error(self, tmp_path):
        # In a process of its own: a damaged length may ask for more memory than there is.
        process = subprocess.run(
            [sys.executable, "-W", "error", "-c", FLIPS.replace("TESTS", repr(TESTS))],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(pathlib.Path(icarus.util.__file__).parents[1])},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert process.returncode == 0, process.stderr[-2000:]
        refused, read = map(int, process.stdout.split())
        assert refused > 1000
        assert read > 100
        assert list(tmp_path.iterdir()) == []


FLIPS = """
import encodings.latin_1, encodings.raw_unicode_escape, encodings.unicode_escape
import io, os, random, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
from icarus.errors import ResultsError
from icarus.results import ResultSet, safepickle
from icarus.util import AnyValue, Tree

sys.path.insert(0, TESTS)
from old_pickles import dump
results = ResultSet({"k": 1})
results.add(
    {"strategy": {"name": "LCE"}, "workload": {"alpha": 0.8, "any": AnyValue()}},
    {"LATENCY": {"MEAN": 71.2}, "LINK_LOAD": {"PER_LINK": {(0, 1): 1.5}}, "more": [1, None, b"x"]},
    {"seed": 2**70},
)
file = io.BytesIO()
dump(results, file)
raw = file.getvalue()

# Damage is not aimed: that no process starts and no file opens is all that can be seen.
allowed = ("object.", "builtins.id", "pickle.find_class", "sys.excepthook", "sys.unraisablehook")
watching = False

def watch(event, args):
    if watching and not event.startswith(allowed):
        os.write(2, f"{event} {args}".encode())
        os._exit(3)

sys.addaudithook(watch)
dice = random.Random(20)
refused = read = 0
for _ in range(8000):
    damaged = bytearray(raw)
    for _ in range(dice.choice([1, 1, 2, 5])):
        damaged[dice.randrange(len(raw))] = dice.randrange(256)
    watching = True
    try:
        safepickle.load(io.BytesIO(bytes(damaged)))
        read += 1
    except ResultsError:
        refused += 1
    watching = False
print(refused, read)
"""


class TestRoundTrip:
    arrays = st.lists(st.floats(), max_size=4).map(np.array) | st.lists(
        st.integers(-(2**31), 2**31), max_size=4
    ).map(lambda values: np.array(values, dtype=np.int64))
    values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.complex_numbers(allow_nan=False)
        | st.text()
        | st.binary()
        | arrays
        | st.floats().map(np.float64)
        | st.integers(0, 255).map(np.uint8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(KEYS, inner, max_size=3)
            | st.dictionaries(KEYS, inner, max_size=3).map(Tree)
        ),
        max_leaves=8,
    )

    @hypothesis.settings(deadline=None)
    @given(values)
    def test_plain_data(self, value):
        assert same(round_trip(value), value)

    @hypothesis.settings(deadline=None)
    @given(st.dictionaries(KEYS, values, max_size=4))
    def test_result_sets(self, data):
        results = ResultSet({"n": 1})
        results.add(data, data, {"seed": 1})
        results.add_failure(data, {"status": "FAILED"})
        again = round_trip(results)
        assert type(again) is ResultSet
        assert same(again.dump(), results.dump())
        assert same(again.failures, results.failures)
        assert (again.attr, again.metadata) == (results.attr, results.metadata)

    @pytest.mark.parametrize(
        "value",
        [
            Tree(),
            Tree(a=Tree(), b={"c": {}}),
            {(0, 1): 0.5, ("a", (2, 3)): 1},
            {1, 2},
            frozenset("ab"),
            range(2, 10, 3),
            slice(1, 2),
            collections.deque([1], maxlen=3),
            collections.OrderedDict(b=1, a=2),
            collections.defaultdict(int, a=1),
            bytearray(b"x"),
            10**4000,
            -0.0,
            "\udce9 \0 \U0001f600",
            np.array(5),
            np.zeros((2, 0, 3)),
            np.arange(6).reshape(2, 3).T,
            np.asfortranarray(np.arange(6.0).reshape(2, 3)),
            np.array(["a", "bcd"]),
            np.array([b"a", b"bcd"]),
            np.array([True, False]),
            np.array([{"a": 1}, None, "x"], dtype=object),
            np.array([(1, 2.5)], dtype=[("a", "i4"), ("b", "f8")]),
            np.array(["2020-01-01"], dtype="datetime64[s]"),
            np.float32(0.5),
            np.bool_(True),
            np.longdouble(0.5),
            np.datetime64("2020-01-01"),
            np.dtype(">f4"),
            int,
        ],
    )
    def test_other_plain_data(self, value):
        assert same(round_trip(value), value)

    def test_any_value(self):
        assert type(round_trip(AnyValue())) is AnyValue
        assert type(round_trip(Tree(a={"b": AnyValue()}))["a"]["b"]) is AnyValue

    def test_arrays_can_be_written_to(self):
        array = round_trip(np.arange(3))
        array[0] = 5
        assert array.tolist() == [5, 1, 2]

    def test_what_stands_in_two_places_still_does(self):
        shared = [1]
        again = round_trip({"a": shared, "b": shared})
        assert again["a"] is again["b"]


class Color:
    def __repr__(self):
        return "Color(red)"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Color(), "Color(red)"),
        (Color, f"{Color.__module__}.Color"),
        (len, "builtins.len"),
        (os.system, "posix.system"),
        (round_trip, f"{round_trip.__module__}.round_trip"),
        (lambda: 1, f"{__name__}.<lambda>"),
        (type(None), "builtins.NoneType"),
        (pathlib.PurePosixPath("/data/trace"), "PurePosixPath('/data/trace')"),
        (ValueError("x"), "ValueError('x')"),
        (..., "Ellipsis"),
        (collections.Counter("a"), "Counter({'a': 1})"),
        (random, repr(random)),
        (Calls(os.system, "touch x"), None),
        (functools.partial(len), "functools.partial(<built-in function len>)"),
        (np.random.SeedSequence(5), repr(np.random.SeedSequence(5))),
    ],
)
def test_what_would_be_refused_is_stored_as_text(value, text):
    results = ResultSet()
    results.add({"x": {"value": [value]}}, {"y": np.array([value, 1], dtype=object)}, {"z": value})
    again = round_trip(results)
    text = repr(value) if text is None else text
    assert again[0][0].getval(["x", "value"]) == [text]
    assert again[0][1]["y"].tolist() == [text, 1]
    assert again.metadata == [{"z": text}]


class TestFilesOfIcarus08:
    """Their ResultSet had the state ``_results`` and ``attr`` and lived in ``readwrite``."""

    @pytest.fixture
    def old_file(self, monkeypatch):
        class OldResultSet:
            pass

        OldResultSet.__module__ = "icarus.results.readwrite"
        OldResultSet.__qualname__ = OldResultSet.__name__ = "ResultSet"

        def old_file(protocol, *pairs, attr=None):
            old = OldResultSet()
            old._results = collections.deque(pairs)
            old.attr = attr or {}
            with monkeypatch.context() as patch:
                patch.setattr(readwrite, "ResultSet", OldResultSet)
                return pickle.dumps(old, protocol)

        return old_file

    @pytest.mark.parametrize("protocol", PROTOCOLS)
    def test_load(self, old_file, protocol):
        params = Tree(strategy={"name": "LCE"}, workload={"range": range(3), "set": {1}}, empty={})
        metrics = Tree(LATENCY={"MEAN": 71.2}, LINK_LOAD={"PER_LINK": {(0, 1): 0.5}})
        raw = old_file(protocol, (params, metrics), (params, Tree()), attr={"a": 1})
        assert b"icarus.results.readwrite" in raw
        assert b"_metadata" not in raw
        results = load(raw)
        assert type(results) is ResultSet
        assert same(results.dump(), [(params, metrics), (params, Tree())])
        assert results.attr == {"a": 1}
        assert results.metadata == [{}, {}]
        assert results.failures == []
        assert len(results.filter({"strategy": {"name": "LCE"}})) == 2
        assert len(results + ResultSet({"a": 1})) == 2

    @pytest.mark.parametrize("protocol", [3, 4, 5])
    def test_load_with_arrays(self, old_file, protocol):
        metrics = Tree(CDF=(np.array([1.0, 2.0]), np.array([0.5, 1.0])), MEAN=np.float64(0.5))
        assert same(load(old_file(protocol, (Tree(), metrics)))[0][1], metrics)

    def test_load_as_written_down(self):
        # Protocol 2, opcode by opcode: an instance without arguments, its state, and trees
        # that are an empty call with items.
        tree = b"cicarus.util\nTree\n)R(X\x04\x00\x00\x00name%su"
        raw = (
            b"\x80\x02cicarus.results.readwrite\nResultSet\n)\x81}("
            b"X\x08\x00\x00\x00_results"
            b"ccollections\ndeque\n]"
            + tree % b"X\x03\x00\x00\x00LCE"
            + tree % b"G?\xe0\x00\x00\x00\x00\x00\x00"
            + b"\x86a\x85RX\x04\x00\x00\x00attr}ub."
        )
        assert load(raw).dump() == [({"name": "LCE"}, {"name": 0.5})]

    def test_arrays_of_numpy_before_2(self, old_file):
        array = np.array([0.5, 1.5])
        for value in (array, array[0]):
            raw = old_file(3, (Tree(), Tree(x=value)))
            raw = raw.replace(b"cnumpy._core.multiarray\n", b"cnumpy.core.multiarray\n")
            assert b"numpy._core" not in raw
            assert same(load(raw)[0][1]["x"], value)
