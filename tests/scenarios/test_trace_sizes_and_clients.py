"""Traces whose requests have sizes, and clients that are receivers."""

import logging
import re

import fnss
import numpy as np
import pytest

from icarus.core.hashing import stable_hash
from icarus.errors import TraceError
from icarus.registry import WORKLOAD
from icarus.scenarios.workload import TraceDrivenWorkload
from icarus.scenarios.workload.tracedriven import _tell
from icarus.tools import convert_trace
from icarus.traces.trace_sizes import FirstSizes

TABLE = (
    "time,size,url,who\n"
    "1,10,a,rec_0\n"
    "2,20,b,rec_1\n"
    "3,11,a,rec_0\n"
    "4,0,c,rec_2\n"
    "5,10,a,rec_1\n"
    "6,20,b,rec_3\n"
)
ZERO = "4,0,c,rec_2\n"
CLF = (
    '10.0.0.{} - - [10/Oct/2000:13:55:3{} -0700] "GET /{} HTTP/1.0" 200 {}\n'.format(*row)
    for row in ((1, 0, "a", 5), (2, 1, "b", 6), (1, 2, "b", 6))
)
CLF_TEXT = "".join(CLF)


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="reqs.csv"):
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write_file


def star():
    """Return four receivers around a router."""
    topology = fnss.Topology()
    for i in range(4):
        topology.add_edge(f"rec_{i}", "router")
        fnss.add_stack(topology, f"rec_{i}", "receiver")
    fnss.add_stack(topology, "router", "router")
    return topology


def replay(path, **kwargs):
    return TraceDrivenWorkload(star(), path, **kwargs)


def requests(workload, *at_once):
    """Return names of contents, sizes and receivers of all requests."""
    rows = [
        (workload.contents[content], size, workload.receivers[receiver])
        for batch in workload.batches(*at_once)
        for content, size, receiver in zip(
            batch.content.tolist(), batch.size.tolist(), batch.receiver.tolist(), strict=True
        )
    ]
    return [list(column) for column in zip(*rows, strict=True)]


class TestZeroSizes:
    def test_are_errors_with_the_line(self, write):
        path = write(TABLE)
        with pytest.raises(TraceError) as caught:
            replay(path)
        assert str(caught.value) == (
            f"{path}:5: the size of content 'c' is 0, but must be 1 byte at least; "
            'zero_size="skip" leaves such requests out, and zero_size="one" counts a byte'
        )

    def test_may_be_left_out(self, write):
        workload = replay(write(TABLE), zero_size="skip")
        assert list(workload.contents) == ["a", "b"]
        assert workload.n_requests == 5
        for at_once in (1, 2, 100):
            names, sizes, _ = requests(workload, at_once)
            assert names == ["a", "b", "a", "a", "b"]
            assert sizes == [10, 20, 11, 10, 20]
        assert workload.catalogue_bytes == 30

    def test_may_count_a_byte(self, write):
        workload = replay(write(TABLE), zero_size="one")
        names, sizes, _ = requests(workload)
        assert names == ["a", "b", "a", "c", "a", "b"]
        assert sizes == [10, 20, 11, 1, 10, 20]
        assert workload.catalogue_bytes == 31

    @pytest.mark.parametrize("zero_size", ["skip", "one"])
    def test_of_a_converted_trace(self, write, tmp_path, zero_size):
        path = write(TABLE)
        convert_trace(path, tmp_path / "reqs.itrace")
        converted = replay(tmp_path / "reqs.itrace", zero_size=zero_size, seed=1)
        plain = replay(path, zero_size=zero_size, seed=1)
        assert requests(converted) == requests(plain)
        assert converted.n_requests == plain.n_requests
        assert converted.catalogue_bytes == plain.catalogue_bytes
        assert converted.n_size_changes == plain.n_size_changes == 1
        assert converted.has_sizes

    def test_of_a_converted_trace_are_errors(self, write, tmp_path):
        convert_trace(write(TABLE), tmp_path / "reqs.itrace")
        with pytest.raises(TraceError, match="the size of content 'c' is 0"):
            list(replay(tmp_path / "reqs.itrace").batches())

    def test_negative_ones_are_never_right(self, write):
        with pytest.raises(TraceError, match=":5: the size must be a whole number"):
            replay(write(TABLE.replace("4,0", "4,-1")), zero_size="one")


class TestSizesThatChange:
    def test_are_counted_and_warned_of_once(self, write, caplog):
        path = write(TABLE.replace(ZERO, ""))
        _tell.cache_clear()
        with caplog.at_level(logging.WARNING, "workload"):
            for _ in range(2):
                assert replay(path).n_size_changes == 1
        assert caplog.messages == [
            f"{path}: 1 of 5 requests have another size than the first one for the same content"
        ]

    def test_may_make_other_contents(self, write):
        workload = replay(write(TABLE.replace(ZERO, "")), size_change="new")
        assert list(workload.contents) == [("a", 10), ("b", 20), ("a", 11)]
        for at_once in (1, 2, 100):
            names, sizes, _ = requests(workload, at_once)
            assert names == [("a", 10), ("b", 20), ("a", 11), ("a", 10), ("b", 20)]
            assert sizes == [10, 20, 11, 10, 20]
        assert (workload.n_contents, workload.catalogue_bytes) == (3, 41)
        assert workload.n_size_changes == 0

    def test_of_a_converted_trace(self, write, tmp_path):
        convert_trace(write(TABLE.replace(ZERO, "")), tmp_path / "reqs.itrace")
        workload = replay(tmp_path / "reqs.itrace", size_change="new")
        assert requests(workload)[0] == [("a", 10), ("b", 20), ("a", 11), ("a", 10), ("b", 20)]

    def test_need_sizes(self, write):
        with pytest.raises(ValueError, match="the trace has none; say size_column"):
            replay(write("a\nb\n", "reqs.txt"), size_change="new")
        catalogue = write("a\nb\n", "contents.txt")
        with pytest.raises(ValueError, match="which contents_file does not list"):
            replay(write(TABLE), size_change="new", contents_file=catalogue)

    def test_first_sizes_against_a_loop(self):
        rng = np.random.default_rng(1)
        sizes, first, changes = FirstSizes(), {}, 0
        for n in rng.integers(1, 50, 40).tolist():
            contents, given = rng.integers(0, 300, n), rng.integers(1, 4, n)
            sizes.add(contents, given)
            for content, size in zip(contents.tolist(), given.tolist(), strict=True):
                changes += first.setdefault(content, size) != size
        assert (sizes.total, sizes.n_changes) == (sum(first.values()), changes)
        assert sizes.n_contents == len(first)


class TestClients:
    @pytest.mark.parametrize("clients", ["value", "hash"])
    @pytest.mark.parametrize("zero_size", ["one", "skip"])
    def test_of_a_converted_trace(self, write, tmp_path, clients, zero_size):
        path = write(TABLE)
        convert_trace(path, tmp_path / "reqs.itrace", client_column="who")
        rules = {"zero_size": zero_size, "clients": clients}
        converted = replay(tmp_path / "reqs.itrace", **rules)
        plain = replay(path, client_column="who", **rules)
        for at_once in (2, 100):
            assert requests(converted, at_once) == requests(plain, at_once)
        assert converted.catalogue_bytes == plain.catalogue_bytes

    def test_of_a_converted_trace_that_tells_none(self, write, tmp_path):
        convert_trace(write(TABLE), tmp_path / "reqs.itrace")
        with pytest.raises(ValueError, match="the trace does not tell who requests"):
            replay(tmp_path / "reqs.itrace", zero_size="one", clients="hash")

    def test_by_value(self, write):
        workload = replay(write(TABLE), zero_size="one", client_column="who", clients="value")
        expected = ["rec_0", "rec_1", "rec_0", "rec_2", "rec_1", "rec_3"]
        for at_once in (1, 4, 100):
            assert requests(workload, at_once)[2] == expected

    def test_by_hash(self, write):
        workload = replay(write(TABLE), zero_size="one", client_column=3)
        clients = ["rec_0", "rec_1", "rec_0", "rec_2", "rec_1", "rec_3"]
        expected = [workload.receivers[stable_hash(client) % 4] for client in clients]
        assert requests(workload)[2] == expected

    def test_by_a_mapping(self, write):
        table = {"rec_0": "rec_3", "rec_1": "rec_2", "rec_2": "rec_1", "rec_3": "rec_3"}
        workload = replay(write(TABLE), zero_size="one", client_column="who", clients=table)
        assert requests(workload)[2] == ["rec_3", "rec_2", "rec_3", "rec_1", "rec_2", "rec_3"]

    def test_at_random_as_ever(self, write):
        path = write(TABLE)
        drawn = [
            requests(replay(path, zero_size="one", seed=5, **more))[2]
            for more in ({}, {"client_column": "who", "clients": "random"})
        ]
        assert drawn[0] == drawn[1]

    def test_logs_tell_by_themselves(self, write):
        path = write(CLF_TEXT, "access.log")
        workload = replay(path, format="clf", clients="hash")
        expected = [workload.receivers[stable_hash(f"10.0.0.{i}") % 4] for i in (1, 2, 1)]
        assert requests(workload)[2] == expected

    def test_twitter_tells_by_itself(self, write):
        path = write("0,a,1,10,7,get,0\n1,b,1,20,8,get,0\n2,b,1,20,7,get,0\n")
        workload = replay(path, format="twitter", clients={7: "rec_1", 8: "rec_2"})
        assert requests(workload)[2] == ["rec_1", "rec_2", "rec_1"]

    def test_repeated_requests_come_from_one_client(self, write):
        path = write("id,size,n,who\na,1,3,rec_1\nb,2,1,rec_2\n")
        options = {"content_column": "id", "size_column": "size", "count_column": "n"}
        workload = replay(path, client_column="who", clients="value", **options)
        assert requests(workload)[2] == ["rec_1"] * 3 + ["rec_2"]

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                {"clients": "value"},
                "{path}:7: client 'rec_4' is no receiver of the topology; did you mean 'rec_3'?",
            ),
            (
                {"clients": {"rec_0": "rec_0", "rec_1": "rec_1", "rec_2": "rec_2"}},
                "{path}:7: client 'rec_4' has no receiver in clients; did you mean 'rec_2'?",
            ),
            (
                {"clients": {"rec_0": "rec0"}},
                "clients: 'rec0', given to 'rec_0', is no receiver of the topology; did you mean "
                "'rec_0'?",
            ),
            (
                {"beta": 1},
                "beta, 1, says how receivers are drawn, but clients says where requests come "
                "from; leave out one of them",
            ),
            ({"client_column": "hwo"}, "no column 'hwo'; did you mean 'who'?"),
        ],
    )
    def test_mistakes(self, write, options, message):
        path = write(TABLE.replace("rec_3", "rec_4"))
        pattern = re.escape(message.format(path=path))
        with pytest.raises(ValueError, match=pattern):
            replay(path, **{"zero_size": "one", "client_column": "who", **options})

    def test_nobody_tells(self, write):
        for text, name, options in (
            ("a\nb\n", "reqs.txt", {}),
            ("1 1190146243.3 http://a.org/ -\n", "log", {"format": "wikibench"}),
        ):
            with pytest.raises(ValueError, match="does not tell who requests; say client_column"):
                replay(write(text, name), clients="hash", **options)

    def test_checked_before_anything_runs(self, write):
        given = {"reqs_file": write(TABLE), "client_column": "hwo"}
        (problem,) = WORKLOAD.checks["TRACE_DRIVEN"](given)
        assert "no column 'hwo'; did you mean 'who'?" in problem
