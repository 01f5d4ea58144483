"""Hostile and special files: bounded memory and time, one line, exit code 2."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import socket
import struct
import threading
import time
import tracemalloc
import zlib

import numpy as np
import pytest
import zstandard
from bounded import run_bounded

from icarus.errors import TraceError
from icarus.tools import TraceReader, convert_trace, trace_info
from icarus.traces import pipes
from icarus.traces.binary import MAGIC
from icarus.traces.text_lines import missing_file
from icarus.traces.trace_catalogue import file_version

COMPRESSORS = {
    ".gz": lambda: zlib.compressobj(wbits=31),
    ".bz2": bz2.BZ2Compressor,
    ".xz": lambda: lzma.LZMACompressor(preset=1),
    ".zst": lambda: zstandard.ZstdCompressor().compressobj(),
}
N = 3 * 10**8
HEADER = {
    "version": 1,
    "n_requests": N,
    "n_contents": N,
    "catalogue_bytes": N,
    "columns": [["content", "<u4"]],
}


def expanding(suffix, unit, times):
    compressor = COMPRESSORS[suffix]()
    return b"".join([compressor.compress(unit) for _ in range(times)]) + compressor.flush()


def itrace(header, rest=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return MAGIC + struct.pack("<I", len(text)) + text + rest


def message_of(path, **options):
    """Return what is wrong with a trace, which takes little memory to find."""
    tracemalloc.start()
    try:
        with pytest.raises(TraceError) as caught:
            trace_info(path, **options)
        assert tracemalloc.get_traced_memory()[1] < 60e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    return caught.value.message


@pytest.mark.parametrize("suffix", COMPRESSORS)
@pytest.mark.parametrize("unit", [b"a", b"\0"])
def test_one_long_line(tmp_path, suffix, unit):
    path = tmp_path / f"t{suffix}"
    path.write_bytes(expanding(suffix, unit * 2**20, 96))
    assert "longer than 1,048,576 bytes" in message_of(path)


@pytest.mark.parametrize("format_", ["text", "clf", "squid"])
def test_endless_empty_lines(tmp_path, format_):
    path = tmp_path / "t.zst"
    path.write_bytes(expanding(".zst", b"\n" * 2**20, 300))
    assert "empty line" in message_of(path, format=format_)


def test_a_zst_of_3_gb_in_a_process_of_its_own(tmp_path):
    path = tmp_path / "t.zst"
    path.write_bytes(expanding(".zst", bytes(2**20), 3000))
    done = run_bounded("-m", "icarus", "trace", "info", path, memory=3 * 2**30, seconds=120)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "longer than" in done.stderr


def test_lines_up_to_the_limit_are_read(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(b"b\n" + b"a" * 2**20 + b"\nc")
    assert [len(name) for name in TraceReader(path)] == [1, 2**20, 1]
    path.write_bytes(b"b\n" + b"a" * (2**20 + 1) + b"\nc")
    with pytest.raises(TraceError, match=":2: the line is longer"):
        list(TraceReader(path))


def test_an_xz_file_that_asks_for_much_memory(tmp_path):
    path = tmp_path / "t.xz"
    filters = [{"id": lzma.FILTER_LZMA1, "dict_size": 2**20}]
    raw = bytearray(lzma.compress(b"a\n", format=lzma.FORMAT_ALONE, filters=filters))
    raw[1:5] = struct.pack("<I", 2**32 - 1)
    path.write_bytes(raw)
    assert "truncated or damaged" in message_of(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (itrace(HEADER), "truncated or damaged"),
        (itrace(b"[" * 10_000), "header"),
        (MAGIC + b"\xff\xff\xff\xff", "header"),
        (itrace({**HEADER, "n_requests": 1e400}), "header"),
        (itrace({**HEADER, "n_contents": True}), "header"),
        (itrace({**HEADER, "n_contents": 2**80}), "header"),
        (itrace({**HEADER, "columns": [["content", "<u4"]] * 2}), "header"),
        (itrace({**HEADER, "columns": {}}), "header"),
        (itrace([]), "header"),
    ],
)
@pytest.mark.parametrize("compressed", [False, True])
def test_converted_traces_that_declare_nonsense(tmp_path, content, message, compressed):
    path = tmp_path / ("t.itrace.zst" if compressed else "t.itrace")
    path.write_bytes(zstandard.compress(content) if compressed else content)
    assert message in message_of(path)


def test_a_converted_trace_of_many_empty_ids_that_takes_no_room(tmp_path):
    path = tmp_path / "t.itrace"
    path.write_bytes(itrace(HEADER))
    os.truncate(path, path.stat().st_size + 9 * N)
    assert "an id is empty" in message_of(path)


@pytest.mark.parametrize(
    ("ids", "time", "message"), [(b"aa", 0.0, "twice"), (b"ab", np.inf, "impossible")]
)
def test_what_a_converted_trace_cannot_hold(tmp_path, ids, time, message):
    path = tmp_path / "t.itrace"
    header = {"version": 1, "n_requests": 1, "n_contents": 2, "catalogue_bytes": 2}
    header["columns"] = [["content", "<u4"], ["time", "<f8"]]
    rest = struct.pack("<II", 1, 1) + ids + struct.pack("<Id", 0, time)
    path.write_bytes(itrace(header, rest))
    assert message in message_of(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(24 * 100), "record 1 is all zeros"),
        (b"hello, world 1\n" * 24 * 8, "a file of text"),
        (b"\xff" * 24 + bytes(23), "bytes are left"),
    ],
)
def test_what_is_not_in_the_format_oracle_general(tmp_path, content, message):
    path = tmp_path / "t.oracleGeneral"
    path.write_bytes(content)
    assert message in message_of(path)


@pytest.mark.parametrize("unit", [" [", " []", "  ", ' [] "', ' [x] "\\', "a [x] "])
def test_a_line_that_is_nearly_one_of_a_log(tmp_path, unit):
    path = tmp_path / "t.log"
    path.write_text("a b c" + unit * (2**19 // len(unit)) + "d\n")
    start = time.process_time()
    assert "not a line of the Common" in message_of(path, format="clf")
    assert time.process_time() - start < 30  # 2 s; without a limit it takes hours


def test_sizes_of_logs_have_a_limit(tmp_path):
    path = tmp_path / "t.log"
    path.write_text(f'a - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 {2**63}\n')
    assert "number of bytes" in message_of(path, format="clf")


class TestSpecialFiles:
    @pytest.mark.parametrize("name", ["/dev/zero", "/dev/null", "/dev"])
    def test_devices_and_folders(self, name):
        assert "a file is needed" in message_of(name)

    def test_sockets(self, tmp_path):
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(tmp_path / "s"))
            assert "a socket" in message_of(tmp_path / "s")

    def test_a_name_that_no_file_can_have(self):
        assert "no file can have this name" in message_of("a\0b")

    def test_a_pipe_that_nothing_writes_to(self, tmp_path, monkeypatch):
        monkeypatch.setattr(pipes, "_WRITER_WAIT", 0.3)
        os.mkfifo(tmp_path / "p")
        assert "nothing has written to" in message_of(tmp_path / "p")

    @pytest.mark.parametrize("name", ["p", "p.gz"])
    def test_a_pipe_is_read_as_it_comes(self, tmp_path, name):
        ids = [f"content-{i % 1000}" for i in range(200_000)]
        text = "\n".join(ids).encode()
        path = tmp_path / name
        os.mkfifo(path)
        content = gzip.compress(text) if name.endswith("gz") else text
        writer = threading.Thread(target=path.write_bytes, args=(content,))
        writer.start()
        assert list(TraceReader(path)) == ids
        writer.join()

    def test_a_large_pipe_is_read_once_only(self, tmp_path, monkeypatch):
        monkeypatch.setattr(pipes, "_KEPT", 300_000)
        path = tmp_path / "p"
        os.mkfifo(path)
        writer = threading.Thread(target=path.write_bytes, args=(b"a\n" * 500_000,))
        writer.start()
        reader = TraceReader(path, delimiter="\n")
        assert sum(len(block.ids) for block in reader.blocks()) == 500_000
        writer.join()
        with pytest.raises(TraceError, match="can be read only once"):
            list(reader)

    def test_what_reads_twice_needs_a_file(self, tmp_path):
        os.mkfifo(tmp_path / "p")
        with pytest.raises(TraceError, match="cat PIPE > FILE"):
            convert_trace(tmp_path / "p", tmp_path / "t.itrace")
        assert "cat PIPE > FILE" in (missing_file(tmp_path / "p") or "")
        with pytest.raises(TraceError, match="cat PIPE > FILE"):
            file_version("/dev/stdin")
