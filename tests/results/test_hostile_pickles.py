"""Pickles of a few bytes that ask for gigabytes, or never end: refused in bounded room and time."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct

import pytest
from bounded import run_bounded
from hypothesis import given
from hypothesis import strategies as st
from kept_values import UNHURRIED
from old_pickles import dump

from icarus.results import ResultSet

GIGABYTES = struct.pack("<Bq", 8, 8_000_000_000)
HUGE = b"\x8a" + GIGABYTES
"""The opcode of a long int."""


def called(module, name, arguments):
    return b"\x80\x04c" + f"{module}\n{name}\n".encode() + b"(" + arguments + b"tR."


def doubled(first, levels=60, pair=b"\x86"):
    """Nest `first` in pairs of the same thing over and over."""
    return b"\x80\x04" + first + b"".join(b"2" + pair for _ in range(levels))


TREE = b"cicarus.util\nTree\n)R"
RESULTS = b"\x80\x04cicarus.results.resultset\nResultSet\n)\x81}("
IN_SET = (
    RESULTS + b"\x8c\x08_resultsccollections\ndeque\n]"
    + TREE + TREE + b"\x8c\x01x%ss\x86a\x85R"
    + b"\x8c\x09_metadataccollections\ndeque\n]}a\x85Rub."
)  # fmt: skip
RANGE = b"c__builtin__\nrange\n(" + HUGE + b"tR"
DTYPE = b"cnumpy\ndtype\n(\x8c\x02%s\x89\x88tR"
ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85C\x01btR"
OBJECTS = DTYPE % b"O8" + b"(K\x03\x8c\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb"

ATTACKS = {
    "bytearray": called("builtins", "bytearray", HUGE),
    "bytes": called("builtins", "bytes", HUGE),
    "python 2": called("__builtin__", "bytearray", HUGE),
    **{
        kind: called("builtins", kind, RANGE)
        for kind in ("list", "tuple", "set", "frozenset", "bytearray", "bytes", "dict", "str")
    },
    "deque": called("collections", "deque", RANGE),
    "ordered": called("collections", "OrderedDict", RANGE),
    "reconstructor": called(
        "copyreg", "_reconstructor", b"cbuiltins\nbytearray\ncbuiltins\nbytearray\n" + HUGE
    ),
    "newobj": b"\x80\x04cbuiltins\nbytearray\n" + HUGE + b"\x85\x81.",
    "newobj_ex": b"\x80\x04cbuiltins\nbytearray\n" + HUGE + b"\x85}\x92.",
    "inst": b"(" + HUGE + b"ibuiltins\nbytearray\n.",
    "obj": b"(cbuiltins\nbytearray\n" + HUGE + b"o.",
    "bytearray8": b"\x80\x05\x96" + GIGABYTES[1:] + b".",
    "binbytes8": b"\x80\x04\x8e" + GIGABYTES[1:] + b".",
    "frame": b"\x80\x04\x95" + GIGABYTES[1:] + b"N.",
    "long4": b"\x8b\xff\xff\xff\x7f.",
    "memo": b"N" + b"".join(b"r" + struct.pack("<I", 2**32 - 1 - i) for i in range(100)) + b".",
    "int of text": called("builtins", "int", b"X" + struct.pack("<I", 10**6) + b"9" * 10**6),
    "objects": b"\x80\x04" + ARRAY + b"(K\x01" + HUGE + b"\x85" + OBJECTS + b"\x89]tb.",
    "bytes of a shape": b"\x80\x04" + ARRAY + b"(K\x01" + HUGE + b"\x85" + DTYPE % b"f8"
    + b"\x89C\x00tb.",
    "elements without a size": b"\x80\x04" + ARRAY + b"(K\x01" + HUGE + b"\x85" + DTYPE % b"S0"
    + b"\x89C\x00tb.",
    "pairs": doubled(b"N") + b".",
    "pairs as text": b"\x80\x04cbuiltins\nstr\n" + doubled(b"N")[2:] + b"\x85R.",
    "pairs as a key": b"\x80\x04}" + doubled(b"N")[2:] + b"Ns.",
    "pairs as a member": b"\x80\x04\x8f(" + doubled(b"N")[2:] + b"\x90.",
    "pairs as a function": doubled(b"N") + b")R.",
    "pairs in a set of results": IN_SET % doubled(b"N")[2:],
    "ranges in a set of results": IN_SET % RANGE,
    "mappings in a tree": IN_SET % doubled(b"}", pair=b"0}q\x00\x8c\x01a").split(b"0", 1)[0],
    "copies": b"\x80\x04]q\x00(" + b"N" * 200_000 + b"e0" + b"cbuiltins\nlist\nh\x00\x85R0" * 9_000
    + b"N.",
    "nested": b"\x80\x04" + b"]" * 200_000 + b"a" * 199_999 + b".",
    "nested in a set of results": IN_SET % (b"]" * 20_000 + b"a" * 19_999),
    "contains itself": IN_SET % b"]q\x00h\x00a",
    "same long text": IN_SET % (
        b"X" + struct.pack("<I", 10**6) + b"a" * 10**6 + b"q\x000(" + b"h\x00" * 10**5 + b"l"
    ),
}  # fmt: skip

LOOK = """
import sys, time
from icarus.cli import main
begin = time.process_time()
try: main(["results", sys.argv[1], sys.argv[2]], standalone_mode=False)
except SystemExit as end: code = end.code
else: code = 0
print("seconds", time.process_time() - begin, file=sys.stderr)
sys.exit(code)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("hostile")


def test_no_attack_takes_much_room_or_time(folder):
    """All in one process, as starting one takes longer than any of them may."""
    for i, attack in enumerate(ATTACKS.values()):
        (folder / f"{i}.pickle").write_bytes(attack)
    process = run_bounded("-c", ALL, folder, len(ATTACKS), memory=2 << 30, seconds=240)
    lines = process.stdout.splitlines()
    assert len(lines) == len(ATTACKS), process.stderr
    for name, line in zip(ATTACKS, lines, strict=True):
        seconds, _, text = line.partition(" ")
        assert float(seconds) < 20, (name, line)
        assert "MemoryError" not in text, (name, line)
        assert text.startswith("refused") or name == "ranges in a set of results", (name, line)


ALL = """
import pathlib, sys, time
from icarus.errors import ResultsError
from icarus.results import read_results_pickle
for i in range(int(sys.argv[2])):
    begin = time.process_time()
    try:
        results = read_results_pickle(pathlib.Path(sys.argv[1], f"{i}.pickle"))
        text = f"read {len(results.prettyprint())} {len(results.json())}"
    except ResultsError as error:
        text = f"refused {error}"
    print(time.process_time() - begin, text, flush=True)
"""


def test_the_command_line_says_so_in_one_line(folder):
    path = folder / "x.pickle"
    path.write_bytes(ATTACKS["bytearray"])
    process = run_bounded("-m", "icarus", "results", "show", path, memory=3 << 30, seconds=120)
    assert process.returncode == 2
    assert process.stderr.count("\n") == 1
    assert "it is damaged" in process.stderr


def test_endless_files_are_refused():
    process = run_bounded(
        "-m", "icarus", "results", "print", "/dev/zero", memory=3 << 30, seconds=120
    )
    assert process.returncode == 2
    assert "it is a device" in process.stderr


OPCODES = [op.code.encode("latin-1") for op in pickletools.opcodes]
SMALL = io.BytesIO()
dump(ResultSet({"a": [1, (2,), {"b": {3}}]}), SMALL)
PIECES = st.sampled_from(
    [*OPCODES, HUGE, RANGE, TREE, ARRAY, DTYPE % b"f8", DTYPE % b"S0", OBJECTS, b"]q\x00", b"h\x00",
     b"2\x86" * 40, b"cbuiltins\nlist\n", b"cbuiltins\nbytearray\n", b"ccollections\ndeque\n"]
) | st.binary(max_size=4)  # fmt: skip


def mutated(draw, raw):
    raw = bytearray(raw)
    for _ in range(draw(st.integers(1, 4))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw)


PROGRAMS = st.lists(PIECES, max_size=30).map(b"".join).map(lambda raw: b"\x80\x04" + raw + b".")
MUTATED = st.composite(mutated)(SMALL.getvalue()) | st.composite(mutated)(
    pickle.dumps(ResultSet({"x": bytearray(9)}), 5)
)


@pytest.mark.fuzz
@UNHURRIED
@given(raws=st.lists(PROGRAMS | MUTATED, min_size=1, max_size=8))
def test_no_program_takes_much_room_or_time(raws):
    hostile_process().try_all(raws)


class HostileProcess:
    """A process of little memory that loads what it is sent, and says how long it took."""

    def __init__(self):
        import resource
        import subprocess
        import sys

        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30)),
        )

    def try_all(self, raws):
        for raw in raws:
            self.process.stdin.write(struct.pack("<I", len(raw)) + raw)
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
            assert answer.strip(), f"the process died of {raw!r}"
            seconds, _, text = answer.decode().partition(" ")
            assert float(seconds) < 10, raw
            assert "MemoryError" not in text, raw


SERVE = """
import io, struct, sys, time
from icarus.errors import ResultsError
from icarus.results import ResultSet, safepickle
while header := sys.stdin.buffer.read(4):
    raw = sys.stdin.buffer.read(*struct.unpack("<I", header))
    begin = time.process_time()
    try:
        loaded = safepickle.load(io.BytesIO(raw))
        text = str(len(loaded.json() + loaded.prettyprint() if type(loaded) is ResultSet else ""))
    except ResultsError as error:
        text = repr(str(error))
    print(time.process_time() - begin, text, flush=True)
"""
_process: list[HostileProcess] = []


def hostile_process():
    if not _process:
        _process.append(HostileProcess())
    return _process[0]
