"""Files that were cut short are told before they are read."""

from __future__ import annotations

import bz2
import gzip
import lzma

import numpy as np
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from icarus.errors import TraceError
from icarus.policies.next_uses import check_trace
from icarus.registry import WORKLOAD
from icarus.tools import TraceReader
from icarus.traces.stream_ends import check_whole

COMPRESSORS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.ZstdCompressor(write_checksum=True).compress,
}
LINES = "".join(f"content{k * k % 9973}\n" for k in range(60_000)).encode()


@pytest.fixture(scope="module")
def compressed():
    return {suffix: compress(LINES) for suffix, compress in COMPRESSORS.items()}


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_wherever_it_was_cut(suffix, compressed, tmp_path_factory):
    path = tmp_path_factory.mktemp("cut") / f"trace.txt{suffix}"
    raw = compressed[suffix]

    @given(st.integers(9, len(raw) - 1) | st.integers(len(raw) - 12, len(raw) - 1))
    def law(n):
        path.write_bytes(raw[:n])
        with pytest.raises(TraceError, match="the compressed stream is truncated or damaged"):
            check_whole(path)

    law()


@pytest.mark.parametrize("suffix", COMPRESSORS)
def test_whole_ones_are_right(suffix, compressed, tmp_path):
    raw = compressed[suffix]
    small = COMPRESSORS[suffix](b"a\n")
    for number, content in enumerate((raw, raw + small, small, b"")):
        path = tmp_path / f"{number}.txt{suffix}"
        path.write_bytes(content)
        check_whole(path)
    if suffix in (".gz", ".xz"):
        path.write_bytes(small + bytes(64))
        check_whole(path)


@given(
    st.lists(st.binary(max_size=3000), min_size=1, max_size=4),
    st.integers(1, 19),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_frames_of_all_kinds(tmp_path_factory, parts, level, sized, checked, skipped):
    """Of any size of the header, with and without checksums, blocks of one byte among them."""
    path = tmp_path_factory.getbasetemp() / "frames.zst"
    compressor = zstandard.ZstdCompressor(
        level=level, write_content_size=sized, write_checksum=checked
    )
    frames = [compressor.compress(part * 90) for part in parts]
    if skipped:
        frames.insert(1, b"\x53\x2a\x4d\x18\x05\0\0\0hello")
    path.write_bytes(b"".join(frames))
    check_whole(path)
    path.write_bytes(b"".join(frames)[:-1])
    with pytest.raises(TraceError, match="truncated"):
        check_whole(path)


def test_it_is_told_with_the_settings(compressed, tmp_path):
    path = tmp_path / "trace.txt.xz"
    path.write_bytes(compressed[".xz"][:-50])
    next(TraceReader(path).blocks(1))  # the start can be read
    text = f"{path}: the compressed stream is truncated or damaged (the last stream is incomplete)"
    assert WORKLOAD.checks["TRACE_DRIVEN"]({"reqs_file": str(path)}) == [f"reqs_file: {text}"]
    assert check_trace({"trace": str(path)}) == [f"trace: {text}"]
    whole = tmp_path / "whole.txt"
    whole.write_bytes(LINES)
    given = {"reqs_file": str(whole), "contents_file": str(path)}
    assert WORKLOAD.checks["TRACE_DRIVEN"](given) == [f"contents_file: {text}"]


def test_records_that_were_cut(tmp_path):
    path = tmp_path / "t.oracleGeneral"
    record = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
    records = np.ones(1000, record)
    path.write_bytes(records.tobytes()[:-7])
    (problem,) = WORKLOAD.checks["TRACE_DRIVEN"]({"reqs_file": str(path)})
    assert "17 bytes are left after 999 records of 24 bytes; the file is truncated" in problem
