"""Traces of every format, and every way in which a line can be broken."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tracemalloc

import numpy as np
import pytest
import zstandard

from icarus.errors import TraceError
from icarus.tools import (
    TraceReader,
    frequencies,
    one_timers,
    parse_url_list,
    trace_stats,
    zipf_fit,
)
from icarus.traces.trace_file import missing_file

COMPRESSORS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}
TABLE = "time,size,url,note\n0,10,a,x\n1.5,0,b,y\n1.5,7,a,z\n"


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def write_file(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file


def error_of(path, size=2**14, **columns):
    """Return the TraceError that reading a trace raises."""
    with pytest.raises(TraceError) as caught:
        list(TraceReader(path, **columns).blocks(size))
    assert str(path) in str(caught.value)
    return caught.value


class TestLists:
    def test_one_id_a_line(self, write):
        assert list(TraceReader(write("t.txt", "a\nb c\n\xe9\na\n"))) == ["a", "b c", "\xe9", "a"]

    def test_ids_are_stripped_and_the_last_line_feed_is_optional(self, write):
        text = b"\xef\xbb\xbfa\r\n b\t\r\na"
        assert list(TraceReader(write("t.txt", text))) == ["a", "b", "a"]

    def test_empty_lines_at_the_end_do_not_count(self, write):
        path = write("t.txt", "a\nb\n\n  \n\n")
        for size in (1, 2, 3, 100):
            assert [i for block in TraceReader(path).blocks(size) for i in block.ids] == ["a", "b"]

    @pytest.mark.parametrize("size", [1, 2, 3, 100])
    def test_an_empty_line_before_is_broken(self, write, size):
        error = error_of(write("t.txt", "a\nb\n \n\nc\n"), size)
        assert error.line == 3
        assert "empty line" in error.message

    def test_blocks_know_their_lines(self, write):
        blocks = list(TraceReader(write("t.txt", "a\nb\nc\n")).blocks(2))
        assert [(block.ids, list(block.lines)) for block in blocks] == [
            (["a", "b"], [1, 2]),
            (["c"], [3]),
        ]

    def test_rows_of_a_table_are_not_taken_for_ids(self, write):
        path = write("t.txt", "1 7 512\n2 8 512\n")
        assert "content_column" in error_of(path).message
        assert list(TraceReader(path, delimiter="\n")) == ["1 7 512", "2 8 512"]
        assert list(TraceReader(path, content_column=1)) == ["7", "8"]

    def test_an_empty_list_has_no_requests(self, write):
        assert list(TraceReader(write("t.txt", ""))) == []


class TestTables:
    def test_columns_found_by_well_known_names(self, write):
        (block,) = TraceReader(write("t.csv", TABLE)).blocks()
        assert block.ids == ["a", "b", "a"]
        assert block.time.tolist() == [0, 1.5, 1.5]
        assert block.size.tolist() == [10, 0, 7]
        assert list(block.lines) == [2, 3, 4]

    def test_only_the_columns_asked_for_are_read(self, write):
        (block,) = TraceReader(write("t.csv", TABLE), content_column="note").blocks()
        assert (block.ids, block.time, block.size) == (["x", "y", "z"], None, None)

    def test_a_column_that_is_not_numeric_is_not_the_time(self, write):
        (block,) = TraceReader(write("t.csv", "id,time\na,noon\nb,one\n")).blocks()
        assert (block.ids, block.time) == (["a", "b"], None)

    @pytest.mark.parametrize(
        ("text", "columns"),
        [
            ("0\ta\t5\n2\tb\t6\n", {}),
            ("0;a;5\n2;b;6\n", {}),
            ("0 a 5\n2 b 6\n", {}),
            ("  0   a  5\n  2   b  6\n", {"delimiter": " "}),
            ("0|a|5\n2|b|6\n", {"delimiter": "|"}),
            ("0\ta\t5\n2\tb\t6\n", {"delimiter": r"\t"}),
            ("when,what,much\n0,a,5\n2,b,6\n", {"header": True}),
            ("0, a ,5\n2, b,6\n", {"header": False}),
        ],
    )
    def test_columns_by_number(self, write, text, columns):
        reader = TraceReader(
            write("t.log", text), content_column=1, time_column=0, size_column=2, **columns
        )
        (block,) = reader.blocks()
        assert block.ids == ["a", "b"]
        assert block.time.tolist() == [0, 2]
        assert block.size.tolist() == [5, 6]

    def test_quoted_cells_may_hold_delimiters_and_line_feeds(self, write):
        text = 'time,id\n0,"a,\nb"\n1,c\nnoon,d\n'
        error = error_of(write("t.csv", text), content_column="id", time_column="time")
        assert error.line == 5
        (block,) = TraceReader(write("u.csv", text), content_column="id").blocks()
        assert block.ids == ["a,\nb", "c", "d"]
        assert list(block.lines) == [2, 4, 5]

    def test_a_suffix_before_that_of_compression_counts(self, write):
        path = write("t.csv.gz", gzip.compress(TABLE.encode()))
        assert list(TraceReader(path)) == ["a", "b", "a"]

    def test_empty_lines(self, write):
        assert list(TraceReader(write("t.csv", TABLE + "\n\n"))) == ["a", "b", "a"]
        assert error_of(write("u.csv", TABLE + "\n2,1,c,w\n")).line == 5

    @pytest.mark.parametrize(
        ("columns", "message"),
        [
            ({"content_column": "ulr"}, "no column 'ulr'; did you mean 'url'?"),
            ({"content_column": "ulr"}, "time, size, url, note"),
            ({"content_column": "url", "time_column": "zzz"}, "no column 'zzz'; the first"),
            ({"content_column": 4}, "no column 4, counted from 0; the first line has 4 columns"),
            ({"header": False}, "content_column, from 0 to 3"),
        ],
    )
    def test_columns_that_are_not_there(self, write, columns, message):
        error = error_of(write("t.csv", TABLE), **columns)
        assert error.line == 1
        assert message in error.message

    def test_a_header_without_a_well_known_name(self, write):
        error = error_of(write("t.csv", "foo,bar\n1,2\n"), header=True)
        assert "columns: foo, bar" in error.message

    @pytest.mark.parametrize(
        "columns",
        [
            {"delimiter": ",,"},
            {"delimiter": ""},
            {"delimiter": "\n", "content_column": 1},
            {"header": False, "content_column": "url"},
        ],
    )
    def test_contradictions(self, columns):
        with pytest.raises(ValueError, match=r"delimiter|header"):
            TraceReader("t.csv", **columns)


class TestBrokenLines:
    @pytest.mark.parametrize(
        ("row", "message"),
        [
            ("2,5", "2 columns, but the header names 4: time, size, url, note"),
            ("2,5,a,x,y", "5 columns, but the header names 4"),
            ("soon,5,a,x", "the time must be a number of seconds, found 'soon'"),
            ("nan,5,a,x", "found 'nan'"),
            ("2,big,a,x", "the size must be a whole number of bytes >= 0, found 'big'"),
            ("2,-5,a,x", "found '-5'"),
            ("2,5.5,a,x", "found '5.5'"),
            ("2,9223372036854775808,a,x", "found '9223372036854775808'"),
            ("1,5,a,x", "time goes backwards, from 1.5 to 1"),
            ("2,5, ,x", "the content column is empty"),
            ('2,5,"a"b,x', "not a row of a table delimited by ','"),
        ],
    )
    @pytest.mark.parametrize("size", [1, 100])
    def test_rows(self, write, row, message, size):
        error = error_of(write("t.csv", f"{TABLE}{row}\n9,9,c,x\n"), size)
        assert error.line == 5
        assert message in error.message

    def test_too_few_columns_without_a_header(self, write):
        error = error_of(write("t.txt", "0 a\n1 b\n2\n"), content_column=1)
        assert error.line == 3
        assert "1 column, at least 2 are needed" in error.message

    def test_a_header_that_is_taken_for_a_request(self, write):
        error = error_of(write("t.csv", "when,what\n0,a\n"), content_column=1, time_column=0)
        assert error.line == 1
        assert "header=True" in error.message

    def test_bytes_that_are_not_utf_8(self, write):
        lines = [b"a%d" % i for i in range(20)]
        lines[12] = b"ok\xff"
        error = error_of(write("t.txt", b"\n".join(lines)))
        assert error.line == 13
        assert "byte 0xff at position 3" in error.message

    def test_binary_files(self, write):
        assert "binary" in error_of(write("t.bin", b"abc\0\0\0def\n")).message

    def test_an_open_quote(self, write):
        error = error_of(write("t.csv", TABLE + '2,5,"a,x\n'))
        assert "unexpected end of data" in error.message


class TestFiles:
    @pytest.mark.parametrize("suffix", COMPRESSORS)
    def test_compressed(self, write, suffix):
        text = "".join(f"content-{i % 97}\n" for i in range(50_000))
        path = write(f"t.txt{suffix.upper()}", COMPRESSORS[suffix](text.encode()))
        assert list(TraceReader(path)) == text.split()

    @pytest.mark.parametrize("suffix", COMPRESSORS)
    def test_several_streams_in_one_file(self, write, suffix):
        compress = COMPRESSORS[suffix]
        path = write(f"t.txt{suffix}", compress(b"a\nb\n") + compress(b"c\n"))
        assert list(TraceReader(path)) == ["a", "b", "c"]

    @pytest.mark.parametrize("suffix", COMPRESSORS)
    def test_truncated(self, write, suffix):
        text = "".join(f"{i}\n" for i in np.random.default_rng(1).integers(10**9, size=60_000))
        whole = COMPRESSORS[suffix](text.encode())
        error = error_of(write(f"t.txt{suffix}", whole[: len(whole) * 3 // 4]))
        assert "truncated or damaged" in error.message
        # All lines before the place can be read, and the error is on the one after.
        lines = text.split()
        assert 1 <= error.line <= len(lines)

    @pytest.mark.parametrize("suffix", COMPRESSORS)
    def test_not_compressed_at_all(self, write, suffix):
        error = error_of(write(f"t.txt{suffix}", "a\nb\n" * 10))
        assert error.line == 1

    def test_missing(self, write, tmp_path):
        write("requests.txt", "a\n")
        message = error_of(tmp_path / "request.txt").message
        assert f"did you mean '{tmp_path}/requests.txt'?" in message
        assert "no folder" in error_of(tmp_path / "nowhere" / "t.txt").message
        assert "folder" in error_of(tmp_path).message
        assert missing_file(tmp_path / "requests.txt") is None

    def test_only_one_block_is_in_memory(self, write):
        path = write("t.txt", "".join(f"content-{i % 10}\n" for i in range(300_000)))
        tracemalloc.start()
        n_requests = sum(len(block.ids) for block in TraceReader(path).blocks())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert n_requests == 300_000
        assert peak < 4e6  # the whole trace would take some 20 MB


class TestSharedTraces:
    @pytest.mark.parametrize("name", ["cloudPhysicsIO.txt", "cloudPhysicsIO.csv"])
    def test_both_forms_of_a_trace_are_the_same_requests(self, shared_data, name):
        ids = list(TraceReader(shared_data / "traces" / name))
        assert (len(ids), len(set(ids))) == (113_872, 48_974)
        assert ids[:2] == ["42932745", "42932746"]

    def test_space_delimited(self, shared_data):
        reader = TraceReader(
            shared_data / "traces" / "cdn_request.trace.xz",
            content_column=1,
            time_column=0,
            size_column=2,
        )
        blocks = list(reader.blocks())
        assert sum(len(block.ids) for block in blocks) == 66_987
        assert (blocks[0].ids[0], blocks[0].time[0], blocks[0].size[0]) == ("0", 1.0, 68)


class TestStatistics:
    def test_frequencies(self):
        assert frequencies(iter("abacab")).tolist() == [3, 2, 1]
        assert frequencies([]).tolist() == []

    def test_one_timers(self):
        assert one_timers("abacab") == pytest.approx(1 / 3)
        with pytest.raises(ValueError, match="at least one"):
            one_timers([])

    def test_trace_stats(self, write):
        stats = trace_stats(TraceReader(write("t.txt", "\n".join("abacab"))))
        assert (stats["n_contents"], stats["n_reqs"], stats["n_onetimers"]) == (3, 6, 1)
        assert stats["onetimers_contents_ratio"] == pytest.approx(1 / 3)
        assert stats["onetimers_reqs_ratio"] == pytest.approx(1 / 6)
        assert stats["mean_reqs_per_content"] == 2

    @pytest.mark.parametrize("alpha", [0.2, 0.5, 0.8, 1.0, 1.5, 2.5])
    @pytest.mark.parametrize("scale", [1, 1e5])
    def test_zipf_fit_recovers_alpha(self, alpha, scale):
        exact = np.arange(1, 1001) ** -alpha
        fitted, p = zipf_fit(scale * exact / exact.sum())
        assert fitted == pytest.approx(alpha, abs=0.02)
        assert p >= 0.99

    def test_zipf_fit_rejects_what_is_not_zipf(self):
        counts = np.random.default_rng(1).integers(0, 100, size=1000)
        assert zipf_fit(counts, need_sorting=True)[1] < 1e-6
        assert zipf_fit(np.arange(1, 1001))[1] == 0.0

    @pytest.mark.parametrize("wrong", [[], [1], [0, 0], [1, -1]])
    def test_zipf_fit_needs_frequencies(self, wrong):
        with pytest.raises(ValueError, match="frequenc"):
            zipf_fit(wrong)

    def test_parse_url_list(self, write):
        path = write("t.txt", "http://a/1 2\nhttp://b/2 3")
        assert list(parse_url_list(path)) == ["http://a/1 2", "http://b/2 3"]
        missing = parse_url_list(str(path) + "x")
        with pytest.raises(TraceError):
            next(missing)
