"""Whatever bytes a trace has, it is read, or refused with the file and what is wrong."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from icarus.cli.trace_reports import info_lines
from icarus.errors import TraceError
from icarus.tools import TraceReader, convert_trace
from icarus.traces.binary import MAGIC
from icarus.traces.formats import FORMATS

CELLS = st.sampled_from(
    [
        *("", " ", "a", "b", "#", "# c", "1", "2", "10.0", "1e3", "-1", "nan", "inf", "1_0"),
        *("0x10", "1e400", "9" * 19, "9" * 30, '"', '"a"', '"a,b"', "'", "\0", "\r", "\u0661"),
        *("2020-01-01", "2020-01-01T00:00:00.1234567Z", "GET", "set", "FETCH", "1,024", "\u2028"),
        *("id", "time", "time_us", "size", "size [KB]", "op", "op_count", "op [Put:0, Get:1]"),
        *("[10/Oct/2000:13:55:36 -0700]", '"GET / HTTP/1.0"', "200", "-", "TCP_MISS/200", "\udcff"),
        *("key", "\ufeff"),
    ]
)
ROWS = st.tuples(
    st.sampled_from([",", ";", "\t", " "]),
    st.lists(st.lists(CELLS, min_size=1, max_size=5), max_size=8),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
).map(lambda t: t[2].join(map(t[0].join, t[1])).encode(errors="surrogateescape"))
BINARY = st.binary(max_size=200).flatmap(
    lambda data: st.sampled_from(
        [
            *(data, MAGIC + data, MAGIC + struct.pack("<I", len(data)) + data),
            data[: len(data) // 24 * 24],
        ]
    )
)
COLUMN = st.sampled_from([None, None, 0, 1, 2, "id", "time", "size", "op"])
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "content_column": COLUMN,
        "time_column": COLUMN,
        "size_column": COLUMN,
        "operation_column": COLUMN,
        "count_column": COLUMN,
        "header": st.sampled_from([None, True, False]),
        "delimiter": st.sampled_from([None, ",", " ", "\n"]),
        "time_unit": st.sampled_from([None, "ms", "ns"]),
        "operations": st.sampled_from([None, ("get",), ("1", "a")]),
        "format": st.sampled_from([None, None, *FORMATS]),
    },
)
NAMES = st.sampled_from(
    ["t.txt", "t.csv", "t.oracleGeneral", "t.gz", "t.csv.bz2", "t.xz", "t.itrace.zst", "t"]
)
QUIET = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def requests(path, **options):
    """Return all that is read of a trace, in blocks of two."""
    found = []
    for block in TraceReader(path, **options).blocks(2):
        assert 0 < len(block.ids) <= 2
        times = [None] * len(block.ids) if block.time is None else block.time.tolist()
        sizes = [None] * len(block.ids) if block.size is None else block.size.tolist()
        found += list(zip(block.ids, times, sizes, strict=True))
    return found


@pytest.mark.fuzz
@QUIET
@given(content=ROWS | BINARY, options=OPTIONS, name=NAMES)
def test_a_trace_is_read_or_refused(tmp_path, content, options, name):
    path = tmp_path / name
    path.write_bytes(content)
    try:
        reader = TraceReader(path, **options)
    except ValueError:
        return  # options that contradict each other
    try:
        reader.check_head()
        found = requests(path, **options)
        assert all(line.isprintable() for line in info_lines(path, **options)[1:])
    except TraceError as error:
        told = str(error)
    else:
        told = None
    if told is not None:
        assert str(path) in told
        return
    ids, times, sizes = zip(*found, strict=True)
    assert all(name.strip() for name in ids)
    if times[0] is not None:
        assert np.isfinite(times).all()
        assert (np.diff(times) >= 0).all()
    assert sizes[0] is None or min(sizes) >= 0
    converted = tmp_path / "converted.itrace"
    convert_trace(path, converted, overwrite=True, **options)
    assert requests(converted) == found


@pytest.mark.fuzz
@QUIET
@given(
    rows=st.lists(
        st.tuples(
            st.text("ab #\u00e9,\"'", min_size=1).filter(str.strip),
            st.floats(0, 1e12),
            st.integers(0, 2**40),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_a_table_holds_is_what_is_read(tmp_path, rows):
    rows = sorted(rows, key=lambda row: row[1])
    path = tmp_path / "t.csv"
    cells = [(name.replace('"', '""'), repr(time), size) for name, time, size in rows]
    path.write_text("time,id,size\n" + "".join(f'{t},"{n}",{s}\n' for n, t, s in cells))
    assert requests(path) == [(name.strip(), time, size) for name, time, size in rows]
