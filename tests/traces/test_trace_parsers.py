"""Logs as servers write them, binary traces, conversion, and what the commands print."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

import fnss
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from icarus.cli.trace_reports import column, convert_lines, info_lines
from icarus.errors import TraceError
from icarus.registry import WORKLOAD
from icarus.scenarios.workload import TraceDrivenWorkload
from icarus.tools import (
    TraceReader,
    convert_trace,
    parse_common_log_format,
    parse_squid,
    parse_wikibench,
    parse_youtube_umass,
    trace_info,
    trace_stats,
)
from icarus.traces.binary import write_trace

COMPRESSORS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstandard.compress,
}

CLF = (
    '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326\n'
    'unicomp6.unicomp.net - - [10/Oct/2000:22:55:37 +0200] "GET /a?q=\\"x y\\" HTTP/1.1" 304 -\n'
    '::1 id "a user" [10/Oct/2000:20:55:38 +0000] "GET /old" 200 5\n'
    '10.0.0.9 - - [10/Oct/2000:20:55:38 +0000] "-" 408 -\n'
)
COMBINED = (
    '127.0.0.1 - - [10/Oct/2000:13:55:36 -0700] "GET /b.gif HTTP/1.0" 200 2326 '
    '"http://www.example.com/start.html" "Mozilla/4.08 [en] (Win98; I ;Nav) \\"x\\""\n'
    '127.0.0.1 - - [10/Oct/2000:13:55:40 -0700] "GET /c HTTP/1.0" 200 7 "-" "curl" 0.003 "more"\n'
)
SQUID = (
    "1066036250.603    310 192.168.0.227 TCP_MISS/200 2326 GET http://a.org/x.gif - "
    "DIRECT/10.0.0.1 image/gif\n"
    "1066036251.129  98765 192.168.0.227 TCP_CLIENT_REFRESH_MISS/304     0 GET "
    "http://a.org/y?z=1 joe NONE/- -\n"
    "1066036251.000      1 ::1 TCP_TUNNEL/200 5 CONNECT b.org:443 - HIER_DIRECT/2001:db8::1 - "
    "[Host: b.org] []\n"
)
WIKIBENCH = (
    "929840852 1190146243.303 http://upload.wikimedia.org/x.png -\n"
    "929840894 1190146243.326 http://en.wikipedia.org/wiki/Cache save\n"
    "929840895 1190146243.330 http://en.wikipedia.org/\n"
)
YOUTUBE = (
    "1189828805.159824 63.22.65.73 140.8.48.66 GETVIDEO lML9dik8QNw&origin=b.com 158.102.125.12\n"
    "1189828813.480943 1058423113 105.136.1.41 GETVIDEO IQT_nXZsFkU 154.161.11.2\n"
)
PARSERS = {
    "clf": (parse_common_log_format, CLF),
    "squid": (parse_squid, SQUID),
    "wikibench": (parse_wikibench, WIKIBENCH),
    "youtube": (parse_youtube_umass, YOUTUBE),
}
SHARED = {
    "cloudPhysicsIO.txt": ({}, 113_872, 48_974),
    "cloudPhysicsIO.csv": ({}, 113_872, 48_974),
    "cloudPhysicsIO.oracleGeneral.bin": ({}, 113_872, 48_974),
    "cdn_request.trace.xz": (
        {"content_column": 1, "time_column": 0, "size_column": 2},
        66_987,
        36_815,
    ),
    "web12.txt.xz": ({}, 95_607, 13_756),
    "scarab_recs.txt.xz": ({}, 1_245_184, 258_368),
}


@pytest.fixture
def write(tmp_path):
    """Write a file and return its path."""

    def write_file(name, text):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_file


def replay(path, **options):
    topology = fnss.Topology()
    for node, stack in (("r", "receiver"), ("s", "source")):
        topology.add_node(node)
        fnss.add_stack(topology, node, stack, {})
    topology.add_edge("r", "s")
    return TraceDrivenWorkload(topology, path, seed=1, **options)


def everything(reader):
    """Return all ids, times and sizes of a trace."""
    blocks = list(reader.blocks())
    return [
        [name for block in blocks for name in block.ids],
        *(
            None
            if getattr(blocks[0], column) is None
            # A time or a size is the same whatever blocks it comes in.
            else np.concatenate([getattr(block, column) for block in blocks]).tolist()
            for column in ("time", "size")
        ),
    ]


class TestCommonLogFormat:
    def test_fields(self, write):
        first, second, third, fourth = parse_common_log_format(write("access.log", CLF))
        assert first == (
            971211336.0,
            {
                "client_addr": "127.0.0.1",
                "user_ident": None,
                "auth_user": "frank",
                "request": "GET /apache_pb.gif HTTP/1.0",
                "status": 200,
                "bytes": 2326,
            },
        )
        assert second[0] == 971211337.0
        assert second[1]["request"] == 'GET /a?q="x y" HTTP/1.1'
        assert (second[1]["status"], second[1]["bytes"]) == (304, 0)
        assert (third[1]["user_ident"], third[1]["auth_user"]) == ("id", '"a user"')
        assert fourth[1]["request"] == "-"

    def test_the_combined_format_has_two_more(self, write):
        (_, first), (_, second) = parse_common_log_format(write("access.log", COMBINED))
        assert first["referer"] == "http://www.example.com/start.html"
        assert first["user_agent"] == 'Mozilla/4.08 [en] (Win98; I ;Nav) "x"'
        assert (second["referer"], second["user_agent"]) == (None, "curl")

    def test_as_a_trace(self, write):
        assert everything(TraceReader(write("access.log", CLF), format="clf")) == [
            ["/apache_pb.gif", '/a?q="x y"', "/old", "-"],
            [971211336.0, 971211337.0, 971211338.0, 971211338.0],
            [2326, 0, 5, 0],
        ]

    @pytest.mark.parametrize(
        ("broken", "message"),
        [
            (CLF.splitlines()[0].replace("Oct", "Okt"), "no date such as '10/Oct/2000"),
            (CLF.splitlines()[0].replace("10/Oct", "32/Oct"), "is no date"),
            (CLF.splitlines()[0].replace("200 ", "OK "), "not a line of the Common"),
            (CLF.splitlines()[0].replace('0"', "0"), "not a line of the Common"),
            ("x" * 500, "x... expected".replace(" ", "', ")),
        ],
    )
    def test_broken_lines(self, write, broken, message):
        with pytest.raises(TraceError) as caught:
            list(parse_common_log_format(write("access.log", CLF + broken + "\n" + CLF)))
        assert caught.value.line == 5
        assert message in caught.value.message
        assert "expected a line such as '127.0.0.1 - - [" in caught.value.message


class TestSquid:
    def test_fields(self, write):
        first, second, third = parse_squid(write("access.log", SQUID))
        assert first == {
            "time": "1066036250.603",
            "duration": 310,
            "client_addr": "192.168.0.227",
            "log_tag": "TCP_MISS",
            "http_code": 200,
            "bytes_len": 2326,
            "req_method": "GET",
            "url": "http://a.org/x.gif",
            "client_ident": None,
            "hierarchy_data": "DIRECT",
            "hostname": "10.0.0.1",
            "content_type": "image/gif",
        }
        assert (second["duration"], second["client_ident"]) == (98765, "joe")
        assert (second["hostname"], second["content_type"]) == ("-", None)
        assert (third["url"], third["hostname"]) == ("b.org:443", "2001:db8::1")

    def test_as_a_trace_whose_lines_are_a_little_out_of_order(self, write):
        path = write("access.log", SQUID)
        urls = ["http://a.org/x.gif", "http://a.org/y?z=1", "b.org:443"]
        times = [1066036250.603, 1066036251.129, 1066036251.129]
        assert everything(TraceReader(path, format="squid")) == [urls, times, [2326, 0, 5]]
        (*_, last) = TraceReader(path, format="squid").blocks(1)
        assert (last.time.tolist(), list(last.lines)) == (times[-1:], [3])

    def test_by_more_than_a_day_is_broken(self, write):
        path = write("access.log", SQUID + SQUID.replace("106603625", "106593625"))
        with pytest.raises(TraceError, match="time goes backwards by 100000") as caught:
            list(TraceReader(path, format="squid"))
        assert caught.value.line == 4

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("TCP_MISS/200", "TCP_MISS", "not a line of Squid's native"),
            (" image/gif", "", "not a line of Squid's native"),
            ("  310", "fast", "duration must be a whole number, found 'fast'"),
            (" 2326", " -1", "number of bytes must be a whole number >= 0"),
            ("1066036250.603", "nan", "time must be a number of seconds"),
        ],
    )
    def test_broken_lines(self, write, old, new, message):
        line = SQUID.splitlines()[0]
        assert old in line
        with pytest.raises(TraceError) as caught:
            list(parse_squid(write("access.log", SQUID + line.replace(old, new))))
        assert caught.value.line == 4
        assert message in caught.value.message


class TestWikibenchAndYoutube:
    def test_wikibench(self, write):
        first, *_, last = parse_wikibench(write("wiki", WIKIBENCH))
        assert first == {
            "counter": 929840852,
            "timestamp": "1190146243.303",
            "url": "http://upload.wikimedia.org/x.png",
        }
        assert last["url"] == "http://en.wikipedia.org/"
        ids, times, sizes = everything(TraceReader(write("wiki", WIKIBENCH), format="wikibench"))
        assert (len(ids), times[0], sizes) == (3, 1190146243.303, None)

    def test_youtube(self, write):
        path = write("youtube.parsed.012908.dat", YOUTUBE)
        first, second = parse_youtube_umass(path)
        assert first == {
            "time": "1189828805.159824",
            "youtube_server_addr": 63 << 24 | 22 << 16 | 65 << 8 | 73,
            "client_addr": "140.8.48.66",
            "request": "GETVIDEO",
            "video_id": "lML9dik8QNw&origin=b.com",
            "content_server_addr": "158.102.125.12",
        }
        assert second["youtube_server_addr"] == first["youtube_server_addr"]
        assert list(TraceReader(path, format="youtube")) == [
            "lML9dik8QNw&origin=b.com",
            "IQT_nXZsFkU",
        ]

    @pytest.mark.parametrize(
        ("parser", "line", "message"),
        [
            (parse_wikibench, "x 1 http://a", "counter must be a whole number"),
            (parse_wikibench, "1 noon http://a", "timestamp must be a number"),
            (parse_wikibench, "1 2", "not a line of a WikiBench trace"),
            (parse_youtube_umass, "1 nowhere c GETVIDEO v s", "address must be a number"),
            (parse_youtube_umass, "1 2 c GETVIDEO v", "not a line of a YouTube trace"),
        ],
    )
    def test_broken_lines(self, write, parser, line, message):
        with pytest.raises(TraceError, match=message) as caught:
            list(parser(write("trace", line)))
        assert caught.value.line == 1


@pytest.mark.parametrize("name", PARSERS)
class TestEveryLog:
    @pytest.mark.parametrize("suffix", COMPRESSORS)
    def test_compressed(self, write, name, suffix):
        parser, text = PARSERS[name]
        path = write("log" + suffix, COMPRESSORS[suffix](text.encode()))
        assert len(list(parser(path))) == len(text.splitlines())
        assert len(list(TraceReader(path, format=name))) == len(text.splitlines())

    def test_lazily(self, write, name):
        parser, text = PARSERS[name]
        requests = parser(write("log", text + "broken\n"))
        for _ in text.splitlines():
            next(requests)
        with pytest.raises(TraceError):
            next(requests)

    def test_a_missing_file_fails_on_the_first_request(self, tmp_path, name):
        requests = PARSERS[name][0](tmp_path / "nowhere")
        with pytest.raises(TraceError, match="no such file"):
            next(requests)

    def test_empty_lines(self, write, name):
        parser, text = PARSERS[name]
        assert len(list(parser(write("log", text + "\n \n")))) == len(text.splitlines())
        with pytest.raises(TraceError, match="empty line") as caught:
            list(parser(write("log", "\n" + text)))
        assert caught.value.line == 1

    def test_any_bytes(self, write, name):
        parser, text = PARSERS[name]
        assert list(parser(write("log", text.replace("a", "ä").encode("latin-1"))))

    def test_replayed(self, write, name):
        path = write("log", PARSERS[name][1])
        assert WORKLOAD.checks["TRACE_DRIVEN"]({"reqs_file": str(path), "format": name}) == []
        # Logs have replies without a body.
        workload = replay(path, format=name, zero_size="one")
        (batch,) = workload.batches()
        expected = everything(TraceReader(path, format=name))
        assert [workload.contents[i] for i in batch.content] == expected[0]
        assert batch.time.tolist() == expected[1]

    def test_checked_before_anything_runs(self, write, name):
        path = write("log", "broken\n")
        (problem,) = WORKLOAD.checks["TRACE_DRIVEN"]({"reqs_file": str(path), "format": name})
        assert "expected a line such as" in problem


class TestFormats:
    @pytest.mark.parametrize("name", ["clf", "squid"])
    def test_a_log_is_not_taken_for_a_list(self, write, name):
        path = write("log", PARSERS[name][1])
        with pytest.raises(TraceError, match=f"say so with format='{name}'"):
            list(TraceReader(path))
        assert len(list(TraceReader(path, delimiter="\n"))) > 2

    def test_unknown(self):
        with pytest.raises(ValueError, match="did you mean 'squid'"):
            TraceReader("log", format="squit")

    def test_contradictions(self):
        with pytest.raises(ValueError, match="'clf' says where everything stands"):
            TraceReader("log", format="clf", time_column=1)

    def test_text_can_be_said(self, write):
        assert list(TraceReader(write("t.oracleGeneral", "a\nb\n"), format="text")) == ["a", "b"]

    def test_text_may_have_a_catalogue(self, write):
        path, contents = write("t", "a 1\nb 2\n"), write("c", "b 2\na 1\n")
        assert replay(path, contents_file=contents, format="text").n_requests == 2


def oracle(*records):
    return b"".join(struct.pack("<IQIq", *record) for record in records)


class TestOracleGeneral:
    RECORDS = oracle((5, 2**63 + 1, 10, 2), (5, 7, 20, -1), (9, 2**63 + 1, 10, -1))

    @pytest.mark.parametrize(
        "name", ["t.oracleGeneral", "t.oracleGeneral.bin", "t.oracleGeneral.zst", "t.bin"]
    )
    def test_requests(self, write, name):
        raw = zstandard.compress(self.RECORDS) if name.endswith(".zst") else self.RECORDS
        options = {"format": "oracleGeneral"} if name == "t.bin" else {}
        reader = TraceReader(write(name, raw), **options)
        assert everything(reader) == [
            [str(2**63 + 1), "7", str(2**63 + 1)],
            [5, 5, 9],
            [10, 20, 10],
        ]
        assert [list(block.lines) for block in reader.blocks(2)] == [[1, 2], [3]]

    def test_broken(self, write):
        with pytest.raises(TraceError, match="4 bytes are left after 2 records"):
            list(TraceReader(write("t.oracleGeneral", self.RECORDS[:52])))
        with pytest.raises(TraceError, match="backwards at record 4"):
            list(TraceReader(write("t.oracleGeneral", self.RECORDS * 2)).blocks(3))
        with pytest.raises(TraceError, match="oracleGeneral"):
            list(TraceReader(write("t.bin", self.RECORDS)))


class TestConversion:
    @pytest.fixture
    def converted(self, write, tmp_path):
        convert_trace(write("t.csv", "time,size,id\n1,5,b\n2,6,ä\n2,5,b\n"), tmp_path / "t.itrace")
        return tmp_path / "t.itrace"

    def test_everything_is_kept(self, converted):
        assert everything(TraceReader(converted)) == [["b", "ä", "b"], [1, 2, 2], [5, 6, 5]]
        assert TraceReader(converted).own_catalogue() == (["b", "ä"], 3)
        (first, last) = TraceReader(converted).blocks(2)
        assert (first.ids[1], list(first.ids[:1]), list(last.lines)) == ("ä", ["b"], [3])

    @pytest.mark.parametrize("name", PARSERS)
    def test_logs(self, write, tmp_path, name):
        path = write("log", PARSERS[name][1])
        convert_trace(path, tmp_path / "log.itrace", format=name)
        expected = everything(TraceReader(path, format=name))
        assert everything(TraceReader(tmp_path / "log.itrace")) == expected

    @pytest.mark.parametrize("suffix", COMPRESSORS)
    def test_may_be_compressed_afterwards(self, converted, write, suffix):
        path = write("other.itrace" + suffix, COMPRESSORS[suffix](converted.read_bytes()))
        assert everything(TraceReader(path)) == everything(TraceReader(converted))
        assert replay(path).n_contents == 2

    def test_again(self, converted, tmp_path):
        convert_trace(converted, tmp_path / "u.itrace")
        assert (tmp_path / "u.itrace").read_bytes() == converted.read_bytes()

    @settings(max_examples=50, deadline=None)
    @given(
        ids=st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
                lambda text: text == text.strip()
            ),
            min_size=1,
        )
    )
    def test_any_ids(self, tmp_path_factory, ids):
        folder = tmp_path_factory.getbasetemp()
        contents = list(dict.fromkeys(ids))
        numbers = np.array([contents.index(name) for name in ids])
        write_trace(folder / "any.itrace", contents, len(ids), [(numbers, None, None, None)], [])
        assert list(TraceReader(folder / "any.itrace")) == ids

    @given(
        st.lists(
            st.tuples(
                st.sampled_from("abc"), st.floats(0, 5), st.integers(0, 2**40), st.text("xyä, ")
            ),
            min_size=1,
        ),
        st.booleans(),
        st.booleans(),
    )
    def test_clients_are_kept(self, tmp_path_factory, rows, timed, sized):
        path = tmp_path_factory.getbasetemp() / "clients.itrace"
        ids, times, sizes, who = map(list, zip(*rows, strict=True))
        times.sort()
        contents, clients = list(dict.fromkeys(ids)), list(dict.fromkeys(who))
        columns = [name for name, there in (("time", timed), ("size", sized)) if there]
        block = (
            np.array([contents.index(one) for one in ids]),
            np.array(times) if timed else None,
            np.array(sizes) if sized else None,
            np.array([clients.index(one) for one in who]),
        )
        write_trace(path, contents, len(ids), [block], [*columns, "client"], clients)
        found = list(TraceReader(path).blocks(3))
        assert [one for part in found for one in part.clients] == who
        assert [one for part in found for one in part.ids] == ids
        if timed:
            assert [one for part in found for one in part.time.tolist()] == times
        if sized:
            assert [one for part in found for one in part.size.tolist()] == sizes
        cut = path.with_name("cut.itrace")
        cut.write_bytes(path.read_bytes()[: -1 - len(ids)])
        with pytest.raises(TraceError, match="damaged"):
            list(TraceReader(cut))

    def test_without_clients_it_is_as_it_always_was(self, converted):
        assert b'"version": 1,' in converted.read_bytes()
        assert next(TraceReader(converted).blocks()).clients is None

    def test_clients_of_a_column_and_of_a_log(self, write, tmp_path):
        table = write("t.csv", "id,who\na,x\nb,\na,x\nc,y\n")
        convert_trace(table, tmp_path / "t.itrace", client_column="who")
        convert_trace(write("log", CLF), tmp_path / "log.itrace", format="clf")
        for path, options in (
            (table, {"client_column": "who"}),
            (tmp_path / "log", {"format": "clf"}),
        ):
            original = [
                one for block in TraceReader(path, **options).blocks() for one in block.clients
            ]
            copy = TraceReader(path.with_suffix(".itrace"))
            assert [one for block in copy.blocks(2) for one in block.clients] == original
        convert_trace(tmp_path / "t.itrace", tmp_path / "again.itrace")
        assert (tmp_path / "again.itrace").read_bytes() == (tmp_path / "t.itrace").read_bytes()

    def test_with_a_catalogue_of_its_own_order(self, converted, write):
        contents = write("contents", "a\nä\nb\n")
        workload = replay(converted, contents_file=contents)
        (batch,) = workload.batches()
        assert batch.content.tolist() == [2, 1, 2]
        with pytest.raises(TraceError, match="'b' is not in the catalogue") as caught:
            replay(converted, contents_file=write("contents", "ä\n"))
        assert caught.value.line == 1

    def test_needs_no_first_reading(self, converted, monkeypatch):
        readings = []
        blocks = TraceReader.blocks
        monkeypatch.setattr(
            TraceReader, "blocks", lambda self, *size: readings.append(1) or blocks(self, *size)
        )
        workload = replay(converted)
        assert (workload.n_requests, workload.contents, readings) == (3, ("b", "ä"), [])

    def test_refused(self, converted, write, tmp_path):
        source = write("t.txt", "a\nb\n")
        with pytest.raises(TraceError, match=r"must end in \.itrace, as in t\.itrace"):
            convert_trace(source, tmp_path / "t.csv")
        before = converted.read_bytes()
        with pytest.raises(TraceError, match="exists"):
            convert_trace(source, converted)
        with pytest.raises(TraceError, match="no requests"):
            convert_trace(write("e.txt", ""), converted, overwrite=True)
        with pytest.raises(TraceError, match="backwards"):
            convert_trace(write("b.csv", "time,id\n2,a\n1,b\n"), converted, overwrite=True)
        assert converted.read_bytes() == before
        convert_trace(source, converted, overwrite=True)
        assert list(TraceReader(converted)) == ["a", "b"]

    def test_a_conversion_that_fails_leaves_nothing(self, tmp_path):
        def blocks():
            yield np.array([0, 1]), None, None, None
            raise TraceError("source", "broken", 3)

        with pytest.raises(TraceError, match="broken"):
            write_trace(tmp_path / "t.itrace", ["a", "b"], 3, blocks(), [])
        with pytest.raises(TraceError, match="changed"):
            write_trace(tmp_path / "t.itrace", ["a"], 2, [(np.array([0, 1]), None, None, None)], [])
        with pytest.raises(TraceError, match="cannot write"):
            write_trace(tmp_path / "none" / "t.itrace", ["a"], 0, [], [])
        assert list(tmp_path.iterdir()) == []

    def test_makes_folders(self, write, tmp_path):
        convert_trace(write("t.txt", "a\nb\n"), tmp_path / "new" / "t.itrace")
        assert list(TraceReader(tmp_path / "new" / "t.itrace")) == ["a", "b"]


class TestDamage:
    @pytest.fixture
    def raw(self, write, tmp_path):
        convert_trace(write("t.csv", "time,size,id\n1,5,b\n2,6,a\n"), tmp_path / "t.itrace")
        return (tmp_path / "t.itrace").read_bytes()

    def test_truncated_anywhere(self, raw, write):
        for n in range(8, len(raw)):
            for path in (
                write("cut.itrace", raw[:n]),
                write("cut.itrace.gz", gzip.compress(raw[:n])),
            ):
                with pytest.raises(TraceError, match=r"damaged") as caught:
                    list(TraceReader(path))
                assert caught.value.path == str(path)

    def test_longer_than_it_should_be(self, raw, write):
        with pytest.raises(TraceError, match="instead of"):
            TraceReader(write("t.itrace", raw + b"x")).check_head()

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            (b'"version": 1', b'"version": 3', "version 3 of the format"),
            (b'"version": 1', b'"version": 2', "header"),
            (b'"version": 1', b'"version": x', "header"),
            (b'"<u4"', b'"<O4"', "header"),
            (b'"n_contents": 2', b'"n_contents":-2', "header"),
            (struct.pack("<d", 2), struct.pack("<d", 0), "impossible"),
            (struct.pack("<q", 6), struct.pack("<q", -6), "impossible"),
            (struct.pack("<Id", 1, 2), struct.pack("<Id", 2, 2), "impossible"),
            (struct.pack("<II", 1, 1), struct.pack("<II", 1, 2), "lengths of its ids"),
            (b"ba", b"\xffa", "not UTF-8"),
        ],
    )
    def test_changed(self, raw, write, old, new, message):
        assert raw.count(old) == 1
        with pytest.raises(TraceError, match=message):
            list(TraceReader(write("t.itrace", raw.replace(old, new))))

    def test_not_a_converted_trace(self, write):
        with pytest.raises(TraceError, match="no trace that Icarus converted"):
            list(TraceReader(write("t.itrace", "a\nb\n"), format="itrace"))


class TestInfo:
    def test_figures(self, write):
        path = write("t.csv", "time,size,id\n10,5,b\n12,6,a\n14,7,b\n14,1,c\n")
        info = trace_info(path)
        assert {key: getattr(info, key) for key in trace_stats("babc")} == trace_stats("babc")
        assert (info.time, info.bytes_reqs, info.bytes_contents) == ((10, 14), 19, 7 + 6 + 1)
        assert (info.format, info.best_hit_ratio) == ("text", 0.25)

    def test_one_content(self, write):
        info = trace_info(write("t.txt", "a\na\n"))
        assert (info.n_reqs, info.n_contents) == (2, 1)
        assert np.isnan(info.alpha)

    def test_nothing(self, write):
        with pytest.raises(TraceError, match="no requests"):
            trace_info(write("t.txt", ""))

    def test_lines(self, write):
        path = write("log", WIKIBENCH)
        text = "\n".join(info_lines(path, format="wikibench"))
        assert text.startswith(str(path))
        assert "2007-09-18 20:10:43" in text
        assert "wikibench" in text
        for text in ("a\na\n", "a\nb\n"):
            assert len(info_lines(write("t.txt", text))) == 11
        assert any(
            "2 s, 1.5 req" in row for row in info_lines(write("t.csv", "time,id\n0,a\n1,b\n2,a\n"))
        )

    def test_lines_of_a_conversion(self, write, tmp_path):
        (line,) = convert_lines(write("log", CLF), tmp_path / "log.itrace", format="clf")
        assert line.endswith("log.itrace: 4 requests for 4 contents, with times and sizes")

    def test_columns_of_the_command_line(self):
        assert (column("3"), column("url")) == (3, "url")


# The one of a million requests takes as long as all others together.
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.exhaustive] if n_requests > 10**6 else [])
        for name, (_, n_requests, _) in SHARED.items()
    ],
)
def test_shared_traces_are_the_same_after_conversion(shared_data, tmp_path, name):
    options, n_requests, n_contents = SHARED[name]
    source, target = shared_data / "traces" / name, tmp_path / "t.itrace"
    info = convert_trace(source, target, **options)
    assert (info.n_reqs, info.n_contents) == (n_requests, n_contents)
    original, converted = replay(source, **options), replay(target)
    assert converted.contents == original.contents
    for one, other in zip(original.batches(), converted.batches(), strict=True):
        for column_of_one, column_of_other in zip(one, other, strict=True):
            assert np.array_equal(column_of_one, column_of_other)


def test_shared_trace_in_all_its_forms(shared_data):
    folder = shared_data / "traces"
    forms = [
        replay(folder / f"cloudPhysicsIO.{end}") for end in ("txt", "csv", "oracleGeneral.bin")
    ]
    assert len({tuple(workload.contents) for workload in forms}) == 1
    contents = [
        np.concatenate([batch.content for batch in workload.batches()]) for workload in forms
    ]
    assert (contents[0] == contents[1]).all()
    assert (contents[0] == contents[2]).all()
