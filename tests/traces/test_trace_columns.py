"""What the columns of a table may hold: it is read as it stands, or told in a line."""

from __future__ import annotations

import pytest

from icarus.cli.trace_reports import info_lines
from icarus.errors import TraceError
from icarus.tools import TraceReader, trace_info


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="t.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file


def columns(path, **options):
    """Return ids, times and sizes of a whole trace, and the notes on it."""
    reader = TraceReader(path, **options)
    ids, times, sizes = [], [], []
    for block in reader.blocks(3):
        assert 0 < len(block.ids) <= 3
        ids += block.ids
        times += [] if block.time is None else block.time.tolist()
        sizes += [] if block.size is None else block.size.tolist()
    return ids, times, sizes, list(reader.notes)


def error_of(path, **options):
    with pytest.raises(TraceError) as caught:
        columns(path, **options)
    return caught.value


class TestSizes:
    @pytest.mark.parametrize(
        ("cell", "size"),
        [("10.0", 10), ("1e3", 1000), (" 7 ", 7), ('"7"', 7), ("0", 0), ("4e18", 4 * 10**18)],
    )
    def test_whole_numbers_however_they_are_written(self, write, cell, size):
        assert columns(write(f"id,size\na,1\nb,{cell}\n"))[2] == [1, size]
        assert columns(write(f"id,size\na,{cell}\nb,1\n"))[2] == [size, 1]

    @pytest.mark.parametrize(
        "cell",
        [
            *("", "nan", "inf", "-1", "1.5", "1e-3", '"1,024"', "0x10", "1_000", "\u0661", "1KB"),
            *("1e999999999", "9" * 5000, "9223372036854775808", "1\u00a0000"),
        ],
    )
    def test_anything_else_is_told(self, write, cell):
        error = error_of(write(f"id,size\na,1\nb,{cell}\n"))
        assert (error.line, "whole number of bytes >= 0, found" in error.message) == (3, True)
        assert len(error.message) < 200
        ids, _, sizes, notes = columns(write(f"id,size\na,{cell}\nb,1\n"))
        assert (ids, sizes) == (["a", "b"], [])
        assert "column 'size' is not read as the size: on line 2 it is" in notes[0]

    def test_a_sum_that_cannot_be_counted_is_refused(self, write):
        most = 2**63 - 1
        assert error_of(write(f"id,size\na,{most}\nb,{most}\n")).line == 2
        path = write(f"id,size\na,{2**61}\nb,{2**60}\n")
        assert trace_info(path).bytes_reqs == 2**61 + 2**60
        assert error_of(write(f"id,size\na,{2**61}\nb,{2**61}\n")).line == 3

    def test_units_other_than_bytes_are_told(self, write):
        assert columns(write("id,size (B)\na,1\n"))[2] == [1]
        *_, sizes, notes = columns(write("id,size_kb\na,1\n"))
        assert sizes == []
        assert "'size_kb' is not read as the size, which must be in bytes" in notes[0]


class TestTimes:
    @pytest.mark.parametrize(
        ("cell", "time"),
        [
            ("2020-01-01T00:00:00Z", 1577836800),
            ("2020-01-01 01:00:00+01:00", 1577836800),
            ("2020-01-01", 1577836800),
            ("2020-01-01T00:00:00.250", 1577836800.25),
            ("2020-01-01T00:00:00.000000250Z", 1577836800 + 2.5e-7),
        ],
    )
    def test_dates(self, write, cell, time):
        assert columns(write(f"time,id\n{cell},a\n2021-01-01,b\n"))[1] == [time, 1609459200]

    def test_a_date_among_numbers_and_a_number_among_dates(self, write):
        assert "a number of seconds" in error_of(write("time,id\n1,a\n2020-01-01,b\n")).message
        assert "an ISO 8601 date" in error_of(write("time,id\n2020-01-01,a\n1,b\n")).message

    def test_dates_have_no_unit(self, write):
        error = error_of(write("time,id\n2020-01-01,a\n"), time_unit="ms")
        assert "time_unit='ms' is for numbers" in error.message

    @pytest.mark.parametrize(
        ("unit", "first", "second"),
        [
            ("ms", 10**12, 10**12 + 1500),
            ("us", 10**15, 10**15 + 1_500_000),
            ("s", 10**9, 1000000001.5),
        ],
    )
    def test_units(self, write, unit, first, second):
        expected = [1e9, 1e9 + 1.5]
        assert columns(write(f"time,id\n{first},a\n{second},b\n"), time_unit=unit)[1] == expected
        for name in (f"time_{unit}", f"time [{unit}]", f'"TIME({unit})"'):
            assert columns(write(f"{name},id\n{first},a\n{second},b\n"))[1] == expected

    def test_nanoseconds_have_more_digits_than_a_float(self, write):
        path = write("time,id\n1600000000123456789,a\n1600000000500000000,b\n")
        assert columns(path, time_unit="ns")[1] == [1600000000.123456789, 1600000000.5]

    @pytest.mark.parametrize(
        ("time", "unit"), [("1600000000000", "ms"), ("1600000000000000", "us"), ("1" * 19, "ns")]
    )
    def test_what_is_hardly_in_seconds_is_told(self, write, time, unit):
        path = write(f"time,id\n{time},a\n")
        assert f"time_unit={unit!r}" in columns(path)[3][0]
        assert columns(path, time_unit=unit)[3] == []

    def test_an_unknown_unit(self):
        with pytest.raises(ValueError, match="there is no time_unit 'mss'; did you mean 'ms'"):
            TraceReader("t.csv", time_unit="mss")

    @pytest.mark.parametrize("cell", ["", "nan", "inf", "1e999", "1_0", "12:00", "\uff11"])
    def test_what_is_neither_is_told(self, write, cell):
        ids, times, _, notes = columns(write(f"time,id\n{cell},a\n2,b\n"))
        assert (ids, times) == (["a", "b"], [])
        assert "column 'time' is not read as the time: on line 2 it is" in notes[0]
        assert error_of(write(f"time,id\n1,a\n{cell},b\n")).line == 3
        assert error_of(write(f"time,id\n{cell},a\n2,b\n"), time_column="time").line == 2


class TestOperations:
    CACHELIB = (
        "key,op,size,op_count,key_size\n"
        "a,GET,100,3,1\nb,SET,50,1,1\na,GET_LEASE,100,1,1\nc,DELETE,0,9,1\nb,get,50,0,1\n"
    )

    def test_only_reads_of_a_key_value_cache_are_requests(self, write):
        path = write(self.CACHELIB)
        ids, _, sizes, notes = columns(path)
        assert (ids, sizes) == (["a"] * 4, [100] * 4)
        assert notes == ["rows whose 'op' is not GET, GETS or GET_LEASE are no requests"]
        assert trace_info(path).left_out == {"SET": 1, "DELETE": 1}
        assert "2 that are no requests (DELETE 1, SET 1)" in "\n".join(info_lines(path))

    def test_others_can_be_asked_for(self, write):
        assert columns(write(self.CACHELIB), operations=["set", "Get"])[0] == ["a"] * 3 + ["b"]
        path = write("1 R a\n2 W b\n3 x c\n", "t.txt")
        options = {"content_column": 2, "operation_column": 1}
        assert columns(path, operations=["r"], **options)[0] == ["a"]
        error = error_of(path, **options)
        assert (error.line, "'R' is no operation that Icarus knows" in error.message) == (1, True)

    def test_a_column_that_is_not_read_is_told(self, write):
        ids, *_, notes = columns(write(self.CACHELIB), content_column="key")
        assert len(ids) == 5
        assert "column 'op' is not read" in notes[0]
        assert "column 'op_count' is not read" in notes[1]
        ids, *_, notes = columns(write("id,op\na,2a\nb,28\n"))
        assert (ids, "'2a' is no operation that Icarus knows" in notes[0]) == (["a", "b"], True)

    def test_an_operation_that_is_unknown_further_on(self, write):
        assert error_of(write("id,op\n" + "a,GET\n" * 20 + "b,FETCH\n")).line == 22

    def test_operations_need_a_column(self, write):
        assert "operation_column" in error_of(write("id,x\na,1\n"), operations=["GET"]).message
        with pytest.raises(ValueError, match="operations must be words"):
            TraceReader("t.csv", operations=[])

    @pytest.mark.parametrize("count", ["-1", "1.5", "1000001", "x"])
    def test_counts(self, write, count):
        error = error_of(write(f"id,n\na,2\nb,{count}\n"), content_column="id", count_column="n")
        assert error.line == 3

    def test_requests_of_a_row_are_spread_over_blocks(self, write):
        path = write("time,id,op_count\n1,a,5\n2,b,0\n3,c,2\n")
        assert columns(path)[:2] == (["a"] * 5 + ["c"] * 2, [1] * 5 + [3] * 2)
        lines = [line for block in TraceReader(path).blocks(2) for line in block.lines]
        assert lines == [2] * 5 + [4] * 2

    def test_the_traces_of_twitter(self, write):
        path = write("0,k,1,10,7,get,0\n1,l,1,20,7,set,60\n1,l,1,20,7,gets,0\n", "cluster01")
        assert columns(path, format="twitter")[:3] == (["k", "l"], [0, 1], [10, 20])


class TestHeaders:
    def test_a_name_may_hold_the_delimiter_in_brackets(self, write):
        rows = "1, a, 1, 10\n2, b, 0, 20\n"
        for header in ("# time, id, op [Put:0, Get:1], size", "time,id,op [Put:0, Get:1],size"):
            for options in ({}, {"header": True}):
                ids, times, sizes, notes = columns(write(f"{header}\n{rows}"), **options)
                assert (ids, times, sizes) == (["a", "b"], [1, 2], [10, 20])
                assert "'op [Put:0, Get:1]' is not read" in notes[0]

    def test_comments_before_a_table_are_left_out(self, write):
        ids, _, sizes, notes = columns(write("# one\n# two\nid,size\na,1\n"))
        assert (ids, sizes) == (["a"], [1])
        assert notes == ["lines 1 to 2 begin with '#' and are left out"]
        path = write("# op [Put:0, Get:1]\n1,a,1,10\n")
        assert columns(path, content_column=1)[0] == ["a"]
        # What the user says is done, and told.
        assert "though it holds numbers" in columns(path, content_column=1, header=True)[3][1]

    def test_comments_elsewhere_are_broken_lines(self, write):
        assert error_of(write("id,size\na,1\n# b\nc,1\n")).line == 3
        error = error_of(write("# one\nid\na\n# b\n"))
        assert (error.line, "begins with '#'" in error.message) == (4, True)

    def test_in_a_list_they_are_ids(self, write):
        ids, *_, notes = columns(write("# one\na\n", "t.txt"))
        assert (ids, "counts as ids" in notes[0]) == (["# one", "a"], True)
        assert columns(write("#a\n#b\n", "t.txt"))[3] == []

    def test_names_that_are_there_twice(self, write):
        assert "2 columns are named 'size'" in error_of(write("id,size,size\na,1,2\n")).message
        error = error_of(write("id,n,n\na,1,2\n"), content_column="id", size_column="n")
        assert "2 columns are named 'n'" in error.message
        path = write("id,n,n\na,1,2\n")
        assert columns(path, content_column="id", size_column=2)[2] == [2]

    def test_a_header_that_counts_as_a_request_is_told(self, write):
        path = write("when,what\n0,a\n1,b\n")
        assert "counts as a request" in columns(path, content_column=1)[3][0]
        assert columns(path, content_column=1, header=False)[3] == []

    def test_quoted_names(self, write):
        assert columns(write('"id","size"\r\n"a","1"\r\n'))[2] == [1]


class TestRows:
    def test_rows_of_different_widths(self, write):
        error = error_of(write("1,a\n2,b,c\n"), content_column=1)
        assert (error.line, "3 columns, but the first row has 2" in error.message) == (2, True)
        # Spaces at the end of a line are no column.
        path = write("1 a\n2 b \n3  c\n", "t.txt")
        assert columns(path, content_column=1)[0] == ["a", "b", "c"]
        assert error_of(write("1 a\n2\tb\n", "t.txt"), content_column=1).line == 2

    @pytest.mark.parametrize(
        ("text", "message", "line"),
        [
            ("a\rb\r", "carriage return at position 2", 1),
            ("a\nb\0c\n", "NUL byte at position 2", 2),
            ("a\n".encode("utf-16"), "UTF-16", 1),
            (b"\x1f\x8b\x08\0\0\0", "its name must end in .gz", 1),
        ],
    )
    def test_bytes_that_are_no_text(self, write, text, message, line):
        error = error_of(write(text, "t.txt"))
        assert (message in error.message, error.line) == (True, line)

    def test_line_ends_of_windows(self, write):
        assert columns(write("\ufeffid,time\r\na,1\r\nb,2\r\n"))[:2] == (["a", "b"], [1, 2])
